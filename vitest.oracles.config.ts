import { defineConfig } from "vitest/config";
import { suite } from "./vitest.shared.js";

export default defineConfig(suite("oracles", ["test/**/*.oracle.test.ts"], [], 300_000));
