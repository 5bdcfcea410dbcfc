/** Files that someone damaged, or made up: an ElfError or an image, never anything else, and nothing large. */
import { ElfError, type ElfImage, linkElf, loadElf, windowsFor } from "cmodx/engine";
import { expect, test } from "vitest";
import { countFromEnvironment, Random, runSeed } from "../../support/random.js";
import { data } from "./files.js";

const CASES = countFromEnvironment("CMODX_ELF_CASES", 10_000);

const executables = ["default.elf", "static-clang.elf", "pie-rela.elf", "pie-relr.elf", "dynamic.elf"].map(data);
const objects = ["first-gcc.o", "second-clang.o", "static-calls.o", "relocations.o", "comdat-1.o"].map(data);

/** Numbers that sizes, offsets and indices break at. */
const nasty = [
  0n,
  1n,
  7n,
  0xffn,
  0xffffn,
  0x7fff_ffffn,
  0xffff_ffffn,
  1n << 40n,
  1n << 53n,
  1n << 63n,
  (1n << 64n) - 1n,
];

function damage(random: Random, original: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from(original);
  const view = new DataView(bytes.buffer);
  const field = (first: number, length: number) => first + 4 * random.below(Math.floor(length / 4) - 1);
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length));
    case 1: {
      for (let flips = 1 + random.below(8); flips > 0; flips--) {
        const at = random.below(bytes.length);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      }
      return bytes;
    }
    // The header; the program headers behind it; the section headers at the end.
    case 2:
      view.setBigUint64(field(16, 48), random.pick(nasty), true);
      return bytes;
    case 3:
      view.setBigUint64(field(64, 400), random.pick(nasty), true);
      return bytes;
    case 4: {
      const table = Number(new DataView(original.buffer, original.byteOffset).getBigUint64(40, true));
      view.setBigUint64(field(table, bytes.length - table), random.pick(nasty), true);
      return bytes;
    }
    default: {
      for (let changes = 1 + random.below(20); changes > 0; changes--)
        view.setUint32(field(0, bytes.length), Number(random.pick(nasty) & 0xffff_ffffn), true);
      return bytes;
    }
  }
}

/** What an image asks for in all. */
function requested(image: ElfImage): number {
  windowsFor(image);
  return image.segments.reduce((sum, { memorySize }) => sum + memorySize, 0);
}

function outcome(action: () => ElfImage, describe: () => string): "accepted" | "refused" {
  try {
    expect(requested(action())).toBeLessThanOrEqual(2 ** 30);
    return "accepted";
  } catch (error) {
    if (!(error instanceof ElfError)) throw new Error(`${describe()}: ${String(error)}`, { cause: error });
    expect(error.message).toMatch(/^hostile: /);
    expect(Number.isSafeInteger(error.offset) && error.offset >= 0).toBe(true);
    return "refused";
  }
}

const symbols: Record<string, bigint> = {};
const undefinedNames = ["other", "shared", "sum_table", "counter", "missing", "outside", "far_away"];
for (const name of undefinedNames) symbols[name] = 0x50_0000n;

const loadIt = (bytes: Uint8Array) => () => loadElf(bytes, { name: "hostile", symbols });
const linkIt = (bytes: Uint8Array) => () =>
  linkElf([{ name: "hostile", bytes }], { text: 0x40_0000n, name: "hostile", symbols });

test.each([
  ["executables", executables, loadIt],
  ["objects", objects, linkIt],
] as const)(`${CASES / 2} damaged %s (CMODX_SEED=${runSeed})`, (_, originals, use) => {
  const counts = { accepted: 0, refused: 0 };
  for (let number = 0; number < CASES / 2; number++) {
    const random = new Random(`${runSeed}/${number}`);
    const bytes = damage(random, random.pick(originals));
    counts[outcome(use(bytes), () => `case ${number} of seed ${runSeed}`)]++;
  }
  // Damage in padding or in code goes unnoticed; most of it does not.
  expect(counts.refused).toBeGreaterThan(CASES / 10);
  expect(counts.accepted).toBeGreaterThan(0);
});

test("random bytes behind a correct start", () => {
  for (let number = 0; number < CASES / 10; number++) {
    const random = new Random(`${runSeed}/random/${number}`);
    const bytes = new Uint8Array(random.below(600));
    for (let at = 0; at < bytes.length; at++) bytes[at] = random.below(256);
    const original = random.pick([...executables, ...objects]);
    const start = random.below(65);
    bytes.set(original.subarray(0, Math.min(start, bytes.length)));
    for (const use of [loadIt, linkIt]) outcome(use(bytes), () => `random case ${number} of seed ${runSeed}`);
  }
});

test("undamaged files are accepted", () => {
  for (const bytes of executables) expect(outcome(loadIt(bytes), () => "undamaged")).toBe("accepted");
  for (const bytes of objects) expect(outcome(linkIt(bytes), () => "undamaged")).toBe("accepted");
});
