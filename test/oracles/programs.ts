/** The C programs of bench/programs, built by one compiler, in every mode and under qemu-aarch64. */
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { withRounds } from "../../bench/programs/rounds.js";
import { type Compiler, levels, missingFor, programs, Toolchain } from "../../bench/programs/toolchain.js";
import { type Ended, type Mode, modes, runProgram } from "../support/programs.js";

const QEMU = "qemu-aarch64";

/** Status and text (which QEMU's semihosting writes to the standard error) of an executable under qemu-aarch64. */
function underQemu(path: string): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(QEMU, [path], { stdio: ["ignore", "ignore", "pipe"], timeout: 60_000 });
    const chunks: Buffer[] = [];
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.on("error", reject);
    child.on("close", (code, signal) =>
      resolve({ status: code ?? String(signal), text: Buffer.concat(chunks).toString() }),
    );
  });
}

function whyNot(compiler: Compiler): string | undefined {
  if (spawnSync(QEMU, ["--version"], { stdio: "ignore" }).status !== 0) return `${QEMU} not installed`;
  return missingFor(compiler);
}

/** A test for each program and level. */
export function describePrograms(compiler: Compiler): void {
  const missing = whyNot(compiler);
  const toolchain = new Toolchain();
  describe.skipIf(missing !== undefined)(
    `programs by ${compiler}${missing === undefined ? "" : ` (${missing})`}`,
    () => {
      for (const program of programs) {
        test(`${program} as qemu-aarch64 runs it`, async () => {
          for (const level of levels) {
            const path = await toolchain.elf(program, compiler, level);
            const expected = await underQemu(path);
            expect(expected.status, `-${level} under ${QEMU}: ${expected.text}`).toBe(0);
            const elf = readFileSync(path);
            // What a bench subtracts as start-up.
            expect((await runProgram(withRounds(elf, 0), "interpreter")).status, `-${level}, no rounds`).toBe(0);
            for (const mode of Object.keys(modes) as Mode[]) {
              const { status, text, stats } = await runProgram(elf, mode);
              expect({ status, text }, `-${level}, ${mode}`).toEqual(expected);
              if (mode === "jit") expect(stats.regions.entries, `-${level}: entries into regions`).toBeGreaterThan(0);
            }
          }
        });
      }
    },
  );
}
