/**
 * Patching at every distance: the target changes after 1, 2, 3, 5, ... calls, with regions compiled in the background,
 * so that patches meet code in every stage of getting hot. Every call is checked.
 */
import { StaticCall } from "cmodx";
import { assemble, Machine } from "cmodx/engine";
import { describe, expect, test } from "vitest";

const SWITCHES = 100_000;
const MAX_CALLS = 2_000;
const TARGETS = [
  ["f1", 1n],
  ["f2", 2n],
  ["far", 3n],
  [null, 0n],
  ["RET0", undefined],
] as const;

const adds = (name: string, value: number): string => `${name}: bti c\n add x0, x0, #${value}\n ret\n`;

const caller = (site: string): string => `
caller:
	bti	c
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x19, x0
	mov	x0, #0
1:${site}
	subs	x19, x19, #1
	b.ne	1b
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
`;

/** A generator of numbers that are the same each time (xorshift32). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

describe.each(["hybrid", "literal"] as const)("%s", (design) => {
  test.each([1, 2, 3])("no call goes to an old target, seed %i", async (seed) => {
    const machine = await Machine.create({ jit: { threshold: 50 } });
    const base = (name: string): bigint => machine.windows.find((window) => window.name === name)?.address ?? 0n;
    machine.load(assemble(adds("f1", 1) + adds("f2", 2), { base: base("text") }));
    machine.load(assemble(adds("far", 3), { base: base("modules") }));
    const key = StaticCall.define(machine, { name: "patched", design });
    machine.load(assemble(caller(key.site), { base: base("text") + 4096n, symbols: machine.symbols }));
    const random = numbers(seed);
    for (let done = 0; done < SWITCHES; done++) {
      const [target, value] = TARGETS[random(TARGETS.length)] ?? [null, 0n];
      const calls = 1 + random(1 + random(MAX_CALLS));
      key.update(target);
      const expected = value === undefined ? 0n : value * BigInt(calls);
      const result = machine.core.call("caller", calls);
      if (result !== expected) expect([done, target, calls, result]).toEqual([done, target, calls, expected]);
    }
    expect(machine.stats().regions.compiled).toBeGreaterThan(0);
    machine.dispose();
  });
});
