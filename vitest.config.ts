import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";
import { suite } from "./vitest.shared.js";

const { test, ...rest } = suite("unit", ["test/**/*.test.ts"], ["test/**/*.{long,oracle}.test.ts"], 30_000);

// Many tests wait for processes and threads: two files at once, also where there are two processors.
export default defineConfig({ ...rest, test: { ...test, maxWorkers: Math.max(2, availableParallelism() - 1) } });
