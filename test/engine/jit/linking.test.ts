/** Regions come and go with the words that they were made from. */
import type { Invalidation } from "cmodx/engine";
import { expect, test } from "vitest";
import { wordFor } from "../../support/encode.js";
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
  // Once before the code behind the loop has been executed, and until f, which then is called once in between, has got hot twice.
  const versions = [1, 2, 1, 2, 1, 2].map((amount) => {
    guest.patch(guest.at("f"), `add x1, x1, #${amount}`);
    return guest.call("loop", 50);
  });
  expect(versions).toEqual([50n, 100n, 50n, 100n, 50n, 100n]);
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

test("a version that is known is linked when its words come, before anything is executed", async () => {
  const guest = await Guest.create(LOOP, { jit: { threshold: 4095 } });
  for (const amount of [1, 2]) {
    guest.patch(guest.at("f"), `add x1, x1, #${amount}`);
    for (const name of ["f", "outer"]) expect(guest.compile(name)).toBe(true);
  }
  guest.patch(guest.at("f"), "add x1, x1, #3");
  expect(["f", "outer"].map((name) => guest.isCompiled(name))).toEqual([false, false]);
  guest.patch(guest.at("f"), "add x1, x1, #1");
  // Nobody had them linked when these words came; they are when they are reached.
  expect(guest.isCompiled("f")).toBe(false);
  expect(guest.compile("f")).toBe(true);
  guest.patch(guest.at("f"), "add x1, x1, #2");
  expect(guest.isCompiled("f")).toBe(true);
  guest.check();
  guest.dispose();
});

/** x0 calls of a function whose address stands in a literal beside the branch. */
const LITERAL = `
	.balign	64
there:	.quad	f
call:	ldr	x16, there
	cbz	x16, 1f
	br	x16
1:	ret
	.balign	64
f:	bti	c
	add	x1, x1, #1
	ret
g:	bti	c
	add	x1, x1, #100
	ret
loop:	stp	x29, x30, [sp, #-16]!
	mov	x1, #0
1:	bl	call
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
`;

test("a literal that is patched with the code tells where the branch will go", async () => {
  const guest = await Guest.create(LITERAL, { jit: { threshold: 100, background: false } });
  const { machine } = guest.rig;
  const point = (name: string): void => {
    machine.writeU64(guest.at("there"), guest.at(name));
    machine.cleanAndInvalidate(guest.at("there"), 8);
  };
  for (const name of ["f", "g", "f", "g"]) {
    point(name);
    expect(guest.call("loop", 2000)).toBe(name === "f" ? 2000n : 200_000n);
  }
  const { compiled, exits } = guest.regions;
  for (const name of ["f", "g", "f", "g"]) {
    point(name);
    expect(guest.call("loop", 2000)).toBe(name === "f" ? 2000n : 200_000n);
    guest.check();
  }
  // No region was made, and none was left because it assumed the target before.
  expect(guest.regions.compiled).toBe(compiled);
  expect(guest.regions.exits["indirect"]).toBe(exits["indirect"]);
  // Without maintenance nobody hears of it: the branch goes there all the same.
  machine.writeU64(guest.at("there"), guest.at("f"));
  expect(guest.call("loop", 2000)).toBe(2000n);
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

test("a callee that patches its caller returns to the new instruction", async () => {
  const guest = await Guest.create(
    `loop:	stp	x29, x30, [sp, #-16]!
	mov	x1, #0
1:	blr	x3
site:	add	x1, x1, #1
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
patch:	bti	c
	str	w5, [x4]
	dc	cvau, x4
	dsb	ish
	ic	ivau, x6
	dsb	ish
	isb
	ret
`,
    { jit: { threshold: 4095 } },
  );
  expect(guest.compile("loop")).toBe(true);
  const site = guest.at("site");
  const alias = PATCH + (site - TEXT);
  for (const amount of [1n, 100n, 1n, 7n]) {
    const word = BigInt(wordFor(`add x1, x1, #${amount}`));
    expect(guest.call("loop", 3, 0, 0, guest.at("patch"), alias, word, site)).toBe(3n * amount);
    guest.compile("loop");
    guest.check();
  }
  guest.dispose();
});
