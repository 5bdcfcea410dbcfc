/** The same executables under `cmodx run` and qemu-aarch64: the same output on both streams, and the same exit status. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { executable } from "../../support/executable.js";
import { library, programs } from "./programs.js";

const hasQemu = spawnSync("qemu-aarch64", ["--version"]).status === 0;
const main = fileURLToPath(new URL("../../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const INPUT = "a line\nand another one, longer than the buffer that the program has for it: it comes in two pieces\n";

function result(command: string, args: readonly string[]): object {
  const run: SpawnSyncReturns<string> = spawnSync(command, args, {
    input: INPUT,
    encoding: "utf8",
    maxBuffer: 2 ** 24,
    timeout: 60_000,
  });
  return { status: run.status, signal: run.signal, stdout: run.stdout, stderr: run.stderr };
}

describe.skipIf(!hasQemu)("beside qemu-aarch64 (skipped where that is not installed)", () => {
  test.each(Object.entries(programs))("%s", (name, text) => {
    const file = join(folder, `${name.replaceAll(" ", "-")}.elf`);
    writeFileSync(file, executable(library + text), { mode: 0o755 });
    const theirs = result("qemu-aarch64", [file]);
    expect(theirs).toMatchObject({ signal: null });
    for (const engine of ["mixed", "interpreter", "jit"]) {
      expect(result(process.execPath, [main, "run", file, "--engine", engine]), engine).toEqual(theirs);
    }
  });
});
