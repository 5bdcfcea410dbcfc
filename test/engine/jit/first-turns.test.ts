/** Loops within loops, whose first turns are made on the way into them: left after any number of instructions as the interpreter leaves them. */
import { expect, test } from "vitest";
import { sameState } from "../../support/rig.js";
import { DATA, Guest } from "./guest.js";

/**
 * An inner loop of up to eight turns, left at its end or in its midst; one that is left for the outer one's head; and one that goes
 * through an array in the frame, of as many turns as that has elements, which nobody has to count.
 */
const NESTED = `
sums:	mov	x2, #0
outer:	and	x3, x0, #7
inner:	add	x2, x2, x3
	tbnz	x2, #6, left
	str	x2, [x1]
	subs	x3, x3, #1
	b.pl	inner
left:	add	x2, x2, #1
	subs	x0, x0, #1
	b.ne	outer
	mov	x0, x2
	ret
backs:	add	x2, x2, #1
again:	nop
	sub	x0, x0, #1
	cbz	x0, 1f
	tbnz	x0, #1, backs
	b	again
1:	ret
frames:	sub	sp, sp, #64
	add	x6, sp, #48
	mov	x2, #0
row:	mov	x4, sp
	stp	x0, x2, [sp]
	stp	x2, x0, [sp, #16]
	stp	x0, x0, [sp, #32]
	mov	w5, #0
column:	ldr	x3, [x4], #8
	eor	x2, x2, x3, ror #3
	add	w5, w5, #1
	str	x2, [x1]
	cmp	x4, x6
	b.ne	column
	add	x2, x2, x5
	mov	w5, #3
fixed:	add	x2, x2, x5, lsl #4
	subs	w5, w5, #1
	b.hs	fixed
	subs	x0, x0, #1
	b.ne	row
	mov	x0, x2
	add	sp, sp, #64
	ret
`;
const TURNS = 40;

/** What a core is before the first instruction. */
function beginning({ rig }: Guest, pc: bigint): Uint32Array {
  const { core } = rig.machine;
  core.setX(0, TURNS);
  core.setX(1, DATA);
  core.setX(2, 0);
  core.pc = pc;
  return rig.snapshot();
}

/** Numbers of instructions after which the two are not in the same state. */
function differing(start: string, compiled: Guest, interpreted: Guest, most: number): number[] {
  const state = beginning(interpreted, interpreted.at(start));
  const isDifferent = (instructions: number): boolean => {
    const stored = [compiled, interpreted].map(({ rig }) => {
      rig.restore(state);
      rig.machine.core.run({ maxInstructions: instructions });
      return rig.machine.readU64(DATA);
    });
    return stored[0] !== stored[1] || !sameState(compiled.rig, interpreted.rig);
  };
  return Array.from({ length: most }, (_, n) => n + 1).filter(isDifferent);
}

test.each(["sums", "backs", "frames"])("%s is left after any number of instructions as it should be", async (start) => {
  const compiled = await Guest.create(NESTED);
  const interpreted = await Guest.create(NESTED, { jit: false });
  for (const guest of [compiled, interpreted]) guest.call(start, TURNS, DATA, 0);
  expect(compiled.compile(start)).toBe(true);
  expect(differing(start, compiled, interpreted, 150)).toEqual([]);
  expect(compiled.regions.instructions).toBeGreaterThan(1000);
  compiled.dispose();
  interpreted.rig.dispose();
});
