/** Patching while hot: regions come back without being compiled again, and no call is ever wrong. */
import { StaticCall } from "cmodx";
import { expect, test } from "vitest";
import { callLoop } from "#src/dispatch/program.js";
import { loadCaller, machineWithTargets } from "../support/static-calls.js";

const CALLS_A_TARGET = 10_000;
const ROUNDS = 50;

test("after the first round of targets no region is compiled", async () => {
  const machine = await machineWithTargets({ jit: { background: false } });
  const key = StaticCall.define(machine, { name: "patched", design: "hybrid", target: "near1" });
  loadCaller(machine, callLoop("caller", key.site));
  const compiled: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [target, value] of [
      ["near1", 1],
      ["near2", 2],
      ["far", 3],
      [null, 0],
    ] as const) {
      key.update(target);
      expect(machine.core.call("caller", CALLS_A_TARGET)).toBe(BigInt(value * CALLS_A_TARGET));
    }
    compiled.push(machine.stats().regions.compiled);
  }
  expect(compiled[0]).toBeGreaterThan(0);
  expect(compiled.slice(1)).toEqual(compiled.slice(1).fill(compiled[0] ?? 0));
  expect(machine.stats().regions.unlinked).toBeGreaterThan(0);
  machine.dispose();
});
