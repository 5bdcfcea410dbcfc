/** The words that are measured do the same under qemu-aarch64: every design and state, by the number of calls made. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Machine } from "cmodx/engine";
import { afterAll, describe, expect, test } from "vitest";
import { cases, loadCases } from "#src/dispatch/program.js";
import { parseRuns, windows, writeElf } from "../../bench/image.js";
import { installed } from "../../bench/support.js";

const TURNS = 1000;
const folder = mkdtempSync(join(tmpdir(), "cmodx-oracle-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!installed("qemu-aarch64"))(
  "dispatch cases under qemu-aarch64 (skipped where it is not installed)",
  () => {
    test.each(cases.map((each, index) => [each.design, each.state, index] as const))(
      "%s in state %s",
      async (...args) => {
        const index = args[2];
        const machine = await Machine.create({ windows, jit: false });
        const each = loadCases(machine)[index];
        if (each === undefined) throw new Error(`no case ${index}`);
        const path = join(folder, `${each.loop}.elf`);
        writeElf(path, machine, machine.symbols.get(each.loop) ?? 0n, TURNS, 2);
        const own = machine.core.call(each.loop, TURNS);
        expect(own).toBe(each.calls ? BigInt(TURNS) : 0n);
        expect(parseRuns(execFileSync("qemu-aarch64", [path])).map((run) => run.x0)).toEqual([own, own]);
        machine.dispose();
      },
    );
  },
);
