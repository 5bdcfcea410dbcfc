import { defineConfig } from "vitest/config";
import { reportersFor, suite } from "./vitest.shared.js";

const LIMIT_MILLISECONDS = 600_000;
const all = ["test/**/*.long.test.ts"];
/** Their machines have a thread for each processor. */
const parallel = ["test/engine/machine/**/*.long.test.ts", "test/src/{patching,stress/threads}.long.test.ts"];

const sequential = suite("long", all, parallel, LIMIT_MILLISECONDS);
const cores = suite("long, all processors", parallel, [], LIMIT_MILLISECONDS);

// First the tests that use one processor, two files at once; then those that use all, one after the other: that their threads meet is
// what they are about.
export default defineConfig({
  test: {
    reporters: reportersFor("long"),
    projects: [
      { ...sequential, test: { ...sequential.test, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { ...cores, test: { ...cores.test, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
