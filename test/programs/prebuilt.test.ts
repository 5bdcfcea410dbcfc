/** Executables that gcc and clang made of C programs (bench/programs), kept here so that no compiler is needed. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { prebuilt, prebuiltPath, readManifest, sourcesHash } from "../../bench/programs/prebuilt.js";
import { withRounds } from "../../bench/programs/rounds.js";
import { type Mode, modes, runProgram } from "../support/programs.js";

const manifest = readManifest();

test("all that should be kept is kept", () => {
  expect(manifest.map(({ program, compiler, level }) => ({ program, compiler, level }))).toEqual(prebuilt);
});

describe.each(manifest)("$program by $compiler -$level", (each) => {
  const elf = readFileSync(prebuiltPath(each));

  test.each(Object.keys(modes) as Mode[])("checks itself, and prints what it does under QEMU: %s", async (mode) => {
    const { status, text, stats } = await runProgram(elf, mode);
    expect({ status, text }).toEqual({ status: 0, text: each.output });
    if (mode === "interpreter") expect(stats.regions.entries).toBe(0);
    if (mode === "jit") expect(stats.regions.entries).toBeGreaterThan(0);
  });

  test("is made of the sources as they are now; otherwise: npm run build:prebuilt", () => {
    expect(sourcesHash(each.program)).toBe(each.sources);
  });
});

test("the number of rounds is a word of the file", async () => {
  const elf = readFileSync(prebuiltPath({ program: "rangecoder", compiler: "gcc", level: "Os" }));
  const none = await runProgram(withRounds(elf, 0), "interpreter");
  const two = await runProgram(withRounds(elf, 2), "interpreter");
  const one = await runProgram(elf, "interpreter");
  expect([none.text, two.text, one.text]).toEqual([
    expect.stringContaining("rangecoder 0 of 0 bytes"),
    expect.stringContaining("of 12000 bytes"),
    expect.stringContaining("of 6000 bytes"),
  ]);
});
