/** Regions that are entered elsewhere than at their heads: where slices end in their loops. */
import type { JitOptions } from "cmodx/engine";
import { expect, test } from "vitest";
import { HOST_RETURN_ADDRESS } from "#engine/machine/memory-map.js";
import { Guest } from "./guest.js";

/** Adds up 1 to x0, then those again that are odd, in two loops one after the other; x1 times over. */
const TWO_LOOPS = `
sum:	mov	x2, #0
again:	mov	x3, x0
first:	add	x2, x2, x3
	subs	x3, x3, #1
	b.ne	first
	mov	x3, x0
second:	tbz	x3, #0, even
	add	x2, x2, x3
even:	subs	x3, x3, #1
	b.ne	second
	subs	x1, x1, #1
	b.ne	again
	mov	x0, x2
	ret
often:	stp	x29, x30, [sp, #-16]!
	mov	x4, x0
1:	mov	x0, #1
	mov	x1, #1
	bl	sum
	subs	x4, x4, #1
	b.ne	1b
	ldp	x29, x30, [sp], #16
	ret
`;

function twoLoops(turns: number, times: number): bigint {
  const all = (turns * (turns + 1)) / 2;
  const odd = ((turns + 1) >> 1) ** 2;
  return BigInt((all + odd) * times);
}

/** Calls `sum` in slices of a few thousand instructions; gives its result, and what part of the last instructions was interpreted. */
function inSlices(guest: Guest, turns: number, times: number): { result: bigint; interpreted: number } {
  const { core } = guest.rig.machine;
  const executed = (): { all: number; regions: number } => {
    const { instructions, regions } = guest.rig.machine.stats();
    return { all: instructions, regions: regions.instructions };
  };
  core.setX(0, turns);
  core.setX(1, times);
  core.setX(30, HOST_RETURN_ADDRESS);
  core.pc = guest.at("sum");
  let before = executed();
  for (let slice = 0; ; slice++) {
    if (slice % 500 === 0) before = executed();
    const { reason } = core.run({ maxInstructions: 4999 });
    if (reason === "returned") break;
    expect(reason).toBe("fuel");
  }
  const after = executed();
  const all = after.all - before.all;
  return { result: core.x(0), interpreted: (all - (after.regions - before.regions)) / all };
}

const variants: readonly { name: string; jit: JitOptions }[] = [
  { name: "once much is interpreted in them", jit: { threshold: 40, background: false } },
  { name: "compiled in the background", jit: { threshold: 40 } },
  { name: "entered at all loops from the beginning", jit: { threshold: 40, background: false, enterLoops: true } },
];

for (const { name, jit } of variants)
  test(`loops in which slices end are entered there, ${name}`, async () => {
    const guest = await Guest.create(TWO_LOOPS, { jit });
    // So that the whole function is one region, made before its loops ever went round.
    guest.call("often", 20_000);
    const { result, interpreted } = inSlices(guest, 1_000_003, 3);
    expect(result).toBe(twoLoops(1_000_003, 3));
    expect(interpreted).toBeLessThan(0.05);
    guest.dispose();
  });
