/** Patching while hot: regions come back without being compiled again, and no call is ever wrong. */

import { StaticCall } from "cmodx";
import { assemble, Machine } from "cmodx/engine";
import { expect, test } from "vitest";

const CALLS_A_TARGET = 10_000;
const ROUNDS = 50;

const adds = (name: string, value: number): string => `${name}: bti c\n add x0, x0, #${value}\n ret\n`;

const CALLER = `
caller:
	bti	c
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x19, x0
	mov	x0, #0
1:	bl	__SCT__patched
	subs	x19, x19, #1
	b.ne	1b
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
`;

test("after the first round of targets no region is compiled", async () => {
  const machine = await Machine.create({ jit: { background: false } });
  const base = (name: string): bigint => machine.windows.find((window) => window.name === name)?.address ?? 0n;
  machine.load(assemble(adds("f1", 1) + adds("f2", 2), { base: base("text") }));
  machine.load(assemble(adds("far", 3), { base: base("modules") }));
  const key = StaticCall.define(machine, { name: "patched", design: "hybrid", target: "f1" });
  machine.load(assemble(CALLER, { base: base("text") + 4096n, symbols: machine.symbols }));
  const compiled: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [target, value] of [
      ["f1", 1],
      ["f2", 2],
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
