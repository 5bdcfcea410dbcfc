/** Fresh objects of gcc and clang at several optimisation levels, linked by GNU ld and by us. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadElf, Machine, windowsFor } from "cmodx/engine";
import { afterAll, describe, expect, test } from "vitest";
import { differences, linkAs } from "./gnu.js";
import { expectProgram } from "./program.js";

const isPresent = (tool: string): boolean => spawnSync(tool, ["--version"]).status === 0;
const LD = "aarch64-linux-gnu-ld";
const drivers = [
  { compiler: "gcc", command: ["aarch64-linux-gnu-gcc"] },
  { compiler: "clang", command: ["clang", "-target", "aarch64-linux-gnu"] },
].map((driver) => ({ ...driver, present: isPresent(LD) && isPresent(driver.command[0] ?? "") }));
for (const { command, present } of drivers)
  if (!present) console.log(`SKIPPED: ${command[0]} or ${LD} is not installed`);

const folder = mkdtempSync(join(tmpdir(), "cmodx-elf-"));
afterAll(() => rmSync(folder, { recursive: true }));
const source = (name: string): string => fileURLToPath(new URL(`data/${name}`, import.meta.url));

const flags = [
  "-ffreestanding",
  "-nostdlib",
  "-mgeneral-regs-only",
  "-fno-asynchronous-unwind-tables",
  "-fno-unwind-tables",
  "-fno-stack-protector",
  // GNU ld merges equal strings and constants; we do not.
  "-fno-merge-constants",
  "-fcommon",
];
const variants = ["-O0", "-O2", "-Os", "-O3"].flatMap((level) => [
  [level, "-fno-pic"],
  [level, "-fPIC"],
  [level, "-fpic"],
  [level, "-fno-pic", "-mcmodel=large"],
]);

/**
 * GNU ld has its table's entries in another order, so that loads from it have other offsets, and the table other contents. That they are
 * right is shown by running.
 */
function isEntryOrder(difference: string): boolean {
  if (difference.startsWith(".got+")) return true;
  const [, ours = "", theirs = ""] = /: (\w{8}), GNU ld has (\w{8})$/.exec(difference) ?? [];
  const [a, b] = [ours, theirs]
    .map((word) => Buffer.from(word, "hex"))
    .map((word) => (word.length === 4 ? word.readUInt32LE() : 0));
  const LDR = 0xf9400000;
  const OFFSET = 0xfff << 10;
  return a !== undefined && b !== undefined && (a & 0xffc00000) >>> 0 === LDR && ((a ^ b) & ~OFFSET) === 0;
}

describe.each(drivers)("$compiler", ({ command, present }) => {
  test.skipIf(!present).each(variants.map((variant) => variant.join(" ")))(
    "%s: the bytes of GNU ld, and the program runs",
    async (variant) => {
      const [driver = "", ...fixed] = command;
      const objects = ["first", "second"].map((half) => {
        const output = join(folder, `${half}.o`);
        execFileSync(driver, [...fixed, ...flags, ...variant.split(" "), "-c", source(`${half}.c`), "-o", output]);
        return { name: output, bytes: readFileSync(output) };
      });
      const linked = join(folder, "linked.elf");
      execFileSync(LD, ["-static", "-T", source("layout.ld"), ...objects.map(({ name }) => name), "-o", linked]);
      const theirs = loadElf(readFileSync(linked), { name: linked });
      const ours = linkAs(objects, theirs);
      expect(differences(ours, theirs).filter((line) => !isEntryOrder(line))).toEqual([]);
      for (const image of [ours, theirs]) {
        const machine = await Machine.create({ windows: windowsFor(image) });
        machine.load(image);
        machine.core.limits.maxInstructions = 1_000_000;
        expectProgram(machine);
        machine.dispose();
      }
    },
  );
});
