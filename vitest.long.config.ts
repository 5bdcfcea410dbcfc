import { defineConfig } from "vitest/config";
import { suite } from "./vitest.shared.js";

export default defineConfig(suite("long", ["test/**/*.long.test.ts"], [], 600_000));
