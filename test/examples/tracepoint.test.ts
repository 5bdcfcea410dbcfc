/** The example's objects as they are checked in: C that gcc and clang have compiled, its static calls changed from both sides. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { loadExample, readObjects } from "../../examples/tracepoint/load.js";
import { story } from "../../examples/tracepoint/story.js";
import {
  engines,
  expectAlternation,
  expectDefinitions,
  expectTracepoint,
  expectTransitions,
  prebuilt,
} from "./tracepoint.js";

const MAX_BYTES = 12 * 1024;

describe.each(["gcc", "clang"])("%s", (compiler) => {
  const objects = readObjects(prebuilt, compiler);

  test("the objects are small", () => {
    expect(objects.kernel.bytes.length + objects.module.bytes.length).toBeLessThan(MAX_BYTES);
  });

  test("keys are found in the file, with the targets that C gives them", () => expectDefinitions(objects));

  describe.each(engines)("$engine", ({ jit }) => {
    test("every transition, by the host and by the guest", () => expectTransitions(objects, jit));
    test("guest code that patches what it calls", () => expectAlternation(objects, jit, 3000));
    test("a tracepoint with 0, 1 and n probes", () => expectTracepoint(objects, jit));
  });

  test("prints what its README shows", async () => {
    const readme = readFileSync(new URL("../README.md", prebuilt), "utf8");
    const loaded = await loadExample(objects);
    const lines = [`compiled by ${compiler}`, ...[...story(loaded)].map((line) => `  ${line}`)];
    loaded.machine.dispose();
    const shown = readme.replaceAll("compiled by gcc", `compiled by ${compiler}`);
    expect(shown).toContain(`\n${lines.join("\n")}\n`);
  });
});
