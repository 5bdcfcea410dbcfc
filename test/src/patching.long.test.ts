/**
 * Patching at every distance: the target changes after 1, 2, 3, 5, ... calls, with regions compiled in the background,
 * so that patches meet code in every stage of getting hot. Every call is checked.
 */
import { StaticCall } from "cmodx";
import { describe, expect, test } from "vitest";
import { callLoop } from "#src/dispatch/program.js";
import { Random, runSeed } from "../support/random.js";
import { loadCaller, machineWithTargets } from "../support/static-calls.js";

const SWITCHES = 100_000;
const MAX_CALLS = 2_000;
const TARGETS = [
  ["near1", 1n],
  ["near2", 2n],
  ["far", 3n],
  [null, 0n],
  ["RET0", undefined],
] as const;

describe.each(["hybrid", "literal"] as const)("%s", (design) => {
  test.each([`${runSeed}a`, `${runSeed}b`, `${runSeed}c`])("no call goes to an old target, seed %s", async (seed) => {
    const machine = await machineWithTargets({ jit: { threshold: 50 } });
    const key = StaticCall.define(machine, { name: "patched", design });
    loadCaller(machine, callLoop("caller", key.site));
    const random = new Random(`patching ${design} ${seed}`);
    for (let done = 0; done < SWITCHES; done++) {
      const [target, value] = random.pick(TARGETS);
      const calls = 1 + random.below(1 + random.below(MAX_CALLS));
      key.update(target);
      const expected = value === undefined ? 0n : value * BigInt(calls);
      const result = machine.core.call("caller", calls);
      if (result !== expected) expect([done, target, calls, result]).toEqual([done, target, calls, expected]);
    }
    expect(machine.stats().regions.compiled).toBeGreaterThan(0);
    machine.dispose();
  });
});
