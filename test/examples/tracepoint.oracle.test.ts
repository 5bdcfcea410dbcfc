/** The example compiled afresh at several optimisation levels. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, test } from "vitest";
import { readObjects } from "../../examples/tracepoint/load.js";
import {
  engines,
  expectAlternation,
  expectDefinitions,
  expectTracepoint,
  expectTransitions,
  prebuilt,
} from "./tracepoint.js";

const isPresent = (tool: string): boolean => spawnSync(tool, ["--version"]).status === 0;
const hasLinker = isPresent("aarch64-linux-gnu-ld");
const compilers = [
  { compiler: "gcc", tool: "aarch64-linux-gnu-gcc" },
  { compiler: "clang", tool: "clang" },
].map((each) => ({ ...each, present: hasLinker && isPresent(each.tool) }));
for (const { tool, present } of compilers)
  if (!present) console.log(`SKIPPED: ${tool} or aarch64-linux-gnu-ld is not installed`);

const script = fileURLToPath(new URL("../build.sh", prebuilt));
const folder = mkdtempSync(join(tmpdir(), "cmodx-tracepoint-"));
const levels = ["-O2", "-O0", "-Os", "-O3"];
const folderOf = (level: string): string => join(folder, level.slice(1));

beforeAll(() => {
  if (compilers.some(({ present }) => present))
    for (const level of levels) execFileSync("bash", [script, folderOf(level), level]);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(compilers)("$compiler", ({ compiler, present }) => {
  describe.skipIf(!present).each(levels)("%s", (level) => {
    const objects = () => readObjects(pathToFileURL(`${folderOf(level)}/`), compiler);

    test("keys are found in the file, with the targets that C gives them", () => expectDefinitions(objects()));

    describe.each(engines)("$engine", ({ jit }) => {
      test("every transition, by the host and by the guest", () => expectTransitions(objects(), jit));
      test("guest code that patches what it calls", () => expectAlternation(objects(), jit, 20_000));
      test("a tracepoint with 0, 1 and n probes", () => expectTracepoint(objects(), jit));
    });
  });
});
