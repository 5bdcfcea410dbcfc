/** Which callees become part of a region: those of its inner loops first. */
import { expect, test } from "vitest";
import { Guest } from "./guest.js";

const LARGE = 56;
const SMALL = 20;
const adds = (count: number, n: number): string => `	add	x1, x1, #${n}\n`.repeat(count);

/** A loop that calls five large functions, one after the other, for which alone there is room, and then a smaller one eight times. */
const CALLS = `
${Array.from({ length: 5 }, (_, n) => `large${n}:\n${adds(LARGE, n)}	ret\n`).join("")}
small:
${adds(SMALL, 5)}	ret
all:	mov	x10, x30
	mov	x1, #0
turn:	bl	large0
	bl	large1
	bl	large2
	bl	large3
	bl	large4
	mov	x3, #8
inner:	bl	small
	subs	x3, x3, #1
	b.ne	inner
	subs	x0, x0, #1
	b.ne	turn
	mov	x0, x1
	ret	x10
`;

test("there is room for what an inner loop calls, whatever is called before it", async () => {
  // Nothing gets hot by itself.
  const guest = await Guest.create(CALLS, { jit: { threshold: 2 ** 12 - 1, background: false } });
  expect(guest.compile("turn")).toBe(true);
  const turns = 20n;
  expect(guest.call("all", turns)).toBe(turns * BigInt(LARGE * 10 + 8 * SMALL * 5));
  expect(guest.isCompiled("small")).toBe(false);
  // The turns of the inner loop with all that it calls, and some of the large functions.
  const inner = 8 * (SMALL + 1 + 3);
  expect(guest.regions.instructions).toBeGreaterThan(Number(turns) * (inner + 3 * LARGE));
  guest.dispose();
});
