/** Patching while hot: regions come back without being compiled again, and no call is ever wrong. */
import { StaticCall } from "cmodx";
import { assemble, type Core, OutOfFuelError } from "cmodx/engine";
import { expect, test } from "vitest";
import { callLoop } from "#src/dispatch/program.js";
import { adder, loadCaller, machineWithTargets } from "../support/static-calls.js";

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

test("what another core has patched is executed by regions that hold it, whatever it was before", async () => {
  const machine = await machineWithTargets({ cores: 2, jit: { background: false } });
  machine.load(assemble(adder("far2", 4), { base: machine.window("modules").address + 4096n }));
  const key = StaticCall.define(machine, { name: "patched", design: "hybrid", target: "near1" });
  loadCaller(machine, callLoop("caller", key.site));
  const caller = machine.cores[1] as Core;
  caller.limits.maxInstructions = 1;
  expect(() => caller.call("caller", Number.MAX_SAFE_INTEGER)).toThrow(OutOfFuelError);
  const entries: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const target of ["near1", "near2", "far", "far2", null]) {
      // In the midst of the caller's loop, which its core leaves and enters again with other words in its cache.
      key.update(target);
      const before = machine.stats().regions.entries;
      expect(caller.run({ maxInstructions: 100_000 })).toMatchObject({ reason: "fuel" });
      if (round >= ROUNDS / 2) entries.push(machine.stats().regions.entries - before);
    }
  }
  // Nine thousand calls each time, and a few hundred of them before it is noticed that a literal leads elsewhere.
  expect(Math.max(...entries)).toBeLessThan(2000);
  await machine.dispose();
});
