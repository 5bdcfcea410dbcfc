import { defineConfig } from "vitest/config";
import { suite } from "./vitest.shared.js";

const { test, ...rest } = suite("oracles", ["test/**/*.oracle.test.ts"], [], 300_000);

// Much of the time goes to processes that are compared with: two files at once, also where there are two processors.
export default defineConfig({ ...rest, test: { ...test, maxWorkers: 2 } });
