/**
 * The read-modify-write instructions against qemu-aarch64: what Unicorn 2.0.1 gets wrong (see exclusions.ts), and for
 * good measure the rest of the family.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { dataWindows, fuzzWindows, TEXT } from "../fuzz/layout.js";
import { wordFor } from "../support/encode.js";
import { Random, runSeed } from "../support/random.js";
import { Rig, windowNamed } from "../support/rig.js";
import { registerValue } from "../support/values.js";

const CASES = 2000;
const DATA = windowNamed(dataWindows, "data").address;
const compiler = "aarch64-linux-gnu-gcc";

const instructions = ["ldadd", "ldclr", "ldeor", "ldset", "ldsmax", "ldsmin", "ldumax", "ldumin", "swp"].flatMap(
  (name) => ["b", "h", "", "x"].map((size) => (size === "x" ? `${name} x1, x2, [x0]` : `${name}${size} w1, w2, [x0]`)),
);

function missingTools(): string | undefined {
  for (const tool of [compiler, "qemu-aarch64"]) {
    try {
      execFileSync(tool, ["--version"], { stdio: "pipe" });
    } catch {
      return `${tool} is not installed`;
    }
  }
  return undefined;
}

/** Functions that execute one instruction each, and the array of them. */
function assemblyText(): string {
  const functions = instructions.map((text, i) => `f${i}: ${text}\n\tmov x0, x2\n\tret\n`).join("");
  const array = instructions.map((_, i) => `\t.quad f${i}\n`).join("");
  return `\t.arch armv8.1-a\n\t.text\n${functions}\t.data\n\t.align 3\n\t.globl instructions\ninstructions:\n${array}`;
}

/** Old value and memory of every case, as QEMU has them. */
function runQemu(cases: BigUint64Array): BigUint64Array {
  const folder = mkdtempSync(join(tmpdir(), "cmodx-atomics-"));
  const at = (name: string): string => join(folder, name);
  try {
    writeFileSync(at("instructions.s"), assemblyText());
    const main = fileURLToPath(new URL("./harness/atomics.c", import.meta.url));
    execFileSync(compiler, ["-static", "-O1", "-o", at("atomics"), main, at("instructions.s")], { stdio: "pipe" });
    writeFileSync(at("cases"), new Uint8Array(cases.buffer));
    execFileSync("qemu-aarch64", ["-cpu", "max", at("atomics"), at("cases"), at("results")], { stdio: "pipe" });
    const bytes = readFileSync(at("results"));
    return new BigUint64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const missing = missingTools();

test.skipIf(missing !== undefined)(
  `atomics as qemu-aarch64 has them${missing === undefined ? "" : ` (${missing})`}`,
  async () => {
    const random = new Random(`${runSeed}/atomics`);
    const value = (): bigint => BigInt.asUintN(64, registerValue(dataWindows, random));
    const cases = new BigUint64Array(instructions.length * CASES * 3);
    for (let i = 0; i < cases.length; i += 3) cases.set([BigInt(Math.floor(i / 3 / CASES)), value(), value()], i);
    const expected = runQemu(cases);
    const rig = await Rig.create({ windows: fuzzWindows, jit: false });
    const failures: string[] = [];
    for (let i = 0; i < cases.length / 3; i++) {
      const number = Number(cases[3 * i]);
      if (i % CASES === 0) rig.place(TEXT, [wordFor(instructions[number] as string)]);
      rig.machine.writeU64(DATA, cases[3 * i + 1] as bigint);
      rig.state.set64(layout.X, DATA);
      rig.state.set64(layout.X + 8, cases[3 * i + 2] as bigint);
      rig.state.set64(layout.PC, TEXT);
      rig.run(1);
      const [old, memory] = [rig.state.get64(layout.X + 16), rig.machine.readU64(DATA)];
      if (old === expected[2 * i] && memory === expected[2 * i + 1]) continue;
      const hex = (...values: (bigint | undefined)[]): string => values.map((v) => v?.toString(16)).join(", ");
      failures.push(
        `${instructions[number]}: memory and operand ${hex(cases[3 * i + 1], cases[3 * i + 2])} give ${hex(old, memory)}, QEMU ${hex(expected[2 * i], expected[2 * i + 1])}`,
      );
    }
    rig.dispose();
    expect(failures.slice(0, 10)).toEqual([]);
  },
);
