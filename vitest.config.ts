import { defineConfig } from "vitest/config";
import { suite } from "./vitest.shared.js";

export default defineConfig(suite("unit", ["test/**/*.test.ts"], ["test/**/*.{long,oracle}.test.ts"], 30_000));
