/** Regions come and go with the words that they were made from. */
import type { Invalidation } from "cmodx/engine";
import { expect, test } from "vitest";
import { Guest, PATCH, TEXT } from "./guest.js";

/** x0 calls of f, which adds what its first instruction says. */
const LOOP = `
f:	add	x1, x1, #1
	ret
g:	add	x1, x1, #100
	ret
outer:	stp	x29, x30, [sp, #-16]!
	bl	f
	ldp	x29, x30, [sp], #16
	ret
loop:	stp	x29, x30, [sp, #-16]!
	mov	x1, #0
1:	bl	f
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
`;

test("only regions made from a changed word are unlinked", async () => {
  const guest = await Guest.create(LOOP, { jit: { threshold: 4095 } });
  for (const name of ["f", "g", "outer"]) expect(guest.compile(name)).toBe(true);
  const seen: Invalidation[] = [];
  guest.rig.machine.onInvalidate((invalidation) => seen.push(invalidation));
  guest.patch(guest.at("f"), "add x1, x1, #2");
  expect(seen).toEqual([{ core: 0, address: guest.at("f"), length: 4, regionsUnlinked: 2 }]);
  expect(["f", "g", "outer"].map((name) => guest.isCompiled(name))).toEqual([false, true, false]);
  guest.check();
  guest.patch(guest.at("outer", 4), "nop");
  expect(seen.at(-1)?.regionsUnlinked).toBe(0);
  guest.dispose();
});

test("writing the same word again unlinks nothing", async () => {
  const guest = await Guest.create(LOOP, { jit: { threshold: 4095 } });
  guest.compile("f");
  guest.patch(guest.at("f"), "add x1, x1, #1");
  expect(guest.isCompiled("f")).toBe(true);
  expect(guest.regions.unlinked).toBe(0);
  guest.dispose();
});

test("a region is linked again without compiling when its words return", async () => {
  const guest = await Guest.create(LOOP);
  // Once before and once after the code behind the loop has been executed.
  const versions = [1, 2, 1, 2].map((amount) => {
    guest.patch(guest.at("f"), `add x1, x1, #${amount}`);
    return guest.call("loop", 50);
  });
  expect(versions).toEqual([50n, 100n, 50n, 100n]);
  const { compiled, linked } = guest.regions;
  for (let i = 0; i < 10; i++) {
    const amount = 1 + (i % 2);
    guest.patch(guest.at("f"), `add x1, x1, #${amount}`);
    expect(guest.call("loop", 50)).toBe(BigInt(50 * amount));
    guest.check();
  }
  expect(guest.regions.compiled).toBe(compiled);
  expect(guest.regions.linked).toBeGreaterThanOrEqual(linked + 10);
  guest.dispose();
});

test("heat outlives a patch: the next branch to a hot head gets a region", async () => {
  const guest = await Guest.create(LOOP, { jit: { threshold: 500, background: false } });
  guest.call("loop", 3000);
  const { compiled } = guest.regions;
  expect(compiled).toBeGreaterThan(0);
  // A word behind the head of the loop, so that its slot stays what it is.
  guest.patch(guest.at("f"), "add x1, x1, #3");
  expect(guest.call("loop", 2)).toBe(6n);
  expect(guest.regions.compiled).toBeGreaterThan(compiled);
  guest.dispose();
});

/** Patches the first instruction of its own loop before each turn, by the book. */
const SELF_PATCHING = `
patched: nop
	ret
loop:	stp	x29, x30, [sp, #-16]!
	mov	x9, #0
1:	tst	x0, #1
	csel	w4, w2, w3, ne
	str	w4, [x1]
	dc	cvau, x1
	dsb	ish
	ic	ivau, x1
	dsb	ish
	isb
	mov	x5, #20
2:	bl	patched
	subs	x5, x5, #1
	b.ne	2b
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x9
	ldp	x29, x30, [sp], #16
	ret
`;

test("a loop whose body patches the code that it calls", async () => {
  const guest = await Guest.create(SELF_PATCHING);
  // add x9, x9, #1 and add x9, x9, #16
  const words = [0x9100_0529, 0x9100_4129] as const;
  const patched = guest.at("patched") - TEXT + PATCH;
  expect(guest.call("loop", 4, patched, ...words)).toBe(BigInt(2 * 20 * 17));
  const { compiled } = guest.regions;
  expect(guest.call("loop", 100, patched, ...words)).toBe(BigInt(50 * 20 * 17));
  expect(guest.regions.compiled).toBeLessThanOrEqual(compiled + 2);
  const after = guest.regions.compiled;
  expect(guest.call("loop", 100, patched, ...words)).toBe(BigInt(50 * 20 * 17));
  expect(guest.regions.compiled).toBe(after);
  guest.dispose();
});

test("without maintenance compiled code stays what it was", async () => {
  const guest = await Guest.create(LOOP);
  expect(guest.call("loop", 50)).toBe(50n);
  guest.rig.machine.writeU32(guest.at("f"), 0x9100_0821); // add x1, x1, #2
  expect(guest.call("loop", 50)).toBe(50n);
  expect(guest.regions.unlinked).toBe(0);
  guest.rig.machine.cleanAndInvalidate(guest.at("f"), 4);
  expect(guest.call("loop", 50)).toBe(100n);
  guest.dispose();
});
