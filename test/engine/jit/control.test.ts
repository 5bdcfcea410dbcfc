/** Where compiled code goes: predictions that fail, calls of every kind, loops of every shape. */
import { OutOfFuelError } from "cmodx/engine";
import { expect, test } from "vitest";
import { Random, runSeed } from "../../support/random.js";
import { DATA, eager, Guest } from "./guest.js";

const POINTER = `
${Array.from({ length: 12 }, (_, i) => `f${i}: bti c\n add x1, x1, #${3 * i + 1}\n ret\n`).join("")}
// x0 calls through the pointers at x2, one after the other
loop:	stp	x29, x30, [sp, #-16]!
	mov	x1, #0
1:	ldr	x16, [x2], #8
	blr	x16
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
`;

test("an indirect call goes where its register says, whatever was predicted", async () => {
  const guest = await Guest.create(POINTER);
  const random = new Random(`${runSeed}/pointers`);
  for (const spread of [1, 2, 12]) {
    for (let round = 0; round < 5; round++) {
      let sum = 0;
      const first = random.below(12);
      for (let i = 0; i < 2000; i++) {
        const target = (first + random.below(spread)) % 12;
        sum += 3 * target + 1;
        guest.rig.machine.writeU64(DATA + BigInt(8 * i), guest.at(`f${target}`));
      }
      expect(guest.call("loop", 2000, 0, DATA)).toBe(BigInt(sum));
      guest.check();
    }
  }
  // Twelve targets taken by turns do not make a region each time.
  expect(guest.regions.compiled).toBeLessThan(100);
  guest.dispose();
});

const SEVERAL = `
${Array.from({ length: 6 }, (_, i) => `g${i}: bti c\n add x1, x1, #${5 * i + 2}\n ret\n`).join("")}
all:	mov	x10, x30
	mov	x1, #0
turn:	ldr	x16, [x2], #8
	blr	x16
	subs	x0, x0, #1
	b.ne	turn
	mov	x0, x1
	ret	x10
`;

test("a few small functions that a BLR goes to become part of the loop, and many are called", async () => {
  const guest = await Guest.create(SEVERAL, { jit: { background: false } });
  const random = new Random(`${runSeed}/several`);
  const callSome = (functions: number): void => {
    let sum = 0;
    for (let i = 0; i < 4000; i++) {
      const target = random.below(functions);
      sum += 5 * target + 2;
      guest.rig.machine.writeU64(DATA + BigInt(8 * i), guest.at(`g${target}`));
    }
    for (let round = 0; round < 20; round++) expect(guest.call("all", 4000, 0, DATA)).toBe(BigInt(sum));
    guest.check();
  };
  callSome(3);
  expect(guest.isCompiled("turn")).toBe(true);
  expect(["g0", "g1", "g2"].some((name) => guest.isCompiled(name))).toBe(false);
  callSome(6);
  expect(guest.isCompiled("turn")).toBe(true);
  expect(["g0", "g1", "g2", "g3", "g4", "g5"].every((name) => guest.isCompiled(name))).toBe(true);
  guest.dispose();
});

const ELSEWHERE = `
skip:	add	x30, x30, #4
	ret
double:	mov	x30, x7
	ret
loop:	mov	x10, x30
	mov	x1, #0
1:	bl	skip
	add	x1, x1, #1000
	add	x1, x1, #1
	adr	x7, 3f
	bl	double
	add	x1, x1, #2000
3:	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ret	x10
`;

test.each([false, true])("a function that returns elsewhere, compiled by force: %s", async (isForced) => {
  const guest = await Guest.create(ELSEWHERE);
  if (isForced) expect(guest.compile("loop")).toBe(true);
  expect(guest.call("loop", 1000)).toBe(1000n);
  expect(guest.regions.exits["indirect"]).toBeGreaterThan(0);
  guest.dispose();
});

test("registers that change places at the end of a loop", async () => {
  const guest = await Guest.create(`
// x1, x2, x3 move round x0 times
loop:	mov	x4, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	subs	x0, x0, #1
	b.ne	loop
	add	x0, x1, x2, lsl #8
	add	x0, x0, x3, lsl #16
	ret
`);
  guest.compile("loop");
  for (const [turns, expected] of [
    [1, 0x01_0302],
    [2, 0x02_0103],
    [3, 0x03_0201],
    [1000, 0x01_0302],
  ] as const) {
    expect(guest.call("loop", turns, 1, 2, 3)).toBe(BigInt(expected));
  }
  guest.dispose();
});

test("a far module is part of the region that calls it, and unlinks it", async () => {
  const modules = "far: bti c\n add x1, x1, #5\n ret\n";
  const guest = await Guest.create(
    `
loop:	stp	x29, x30, [sp, #-16]!
	mov	x1, #0
1:	ldr	x16, =far
	blr	x16
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
`,
    { modules },
  );
  expect(guest.call("loop", 1000)).toBe(5000n);
  const { entries, unlinked } = guest.regions;
  expect(guest.call("loop", 1000)).toBe(5000n);
  expect(guest.regions.entries - entries).toBeLessThan(20);
  guest.patch(guest.at("far", 4), "add x1, x1, #7");
  expect(guest.regions.unlinked).toBeGreaterThan(unlinked);
  expect(guest.call("loop", 1000)).toBe(7000n);
  guest.dispose();
});

const RECURSION = `
// fibonacci(x0)
fib:	cmp	x0, #2
	b.lo	1f
	stp	x29, x30, [sp, #-32]!
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	sub	x0, x19, #1
	bl	fib
	mov	x20, x0
	sub	x0, x19, #2
	bl	fib
	add	x0, x0, x20
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
1:	ret
// 1 + 2 + ... + x0, x0 calls deep
sum:	cbz	x0, 1f
	stp	x0, x30, [sp, #-16]!
	sub	x0, x0, #1
	bl	sum
	ldp	x1, x30, [sp], #16
	add	x0, x0, x1
1:	ret
`;

test.each([0, 1, 6])("recursion, calls followed %i deep", async (maxDepth) => {
  const guest = await Guest.create(RECURSION, { jit: { ...eager, maxDepth } });
  for (let i = 0; i < 3; i++) {
    expect(guest.call("fib", 18)).toBe(2584n);
    expect(guest.call("sum", 5000)).toBe(12_502_500n);
    guest.check();
  }
  guest.dispose();
});

test("a chain of calls deeper than a region follows", async () => {
  const depth = 100;
  const chain = Array.from({ length: depth }, (_, i) =>
    i === depth - 1
      ? `c${i}: add x0, x0, #1\n ret\n`
      : `c${i}: stp x29, x30, [sp, #-16]!\n bl c${i + 1}\n add x0, x0, #1\n ldp x29, x30, [sp], #16\n ret\n`,
  ).join("");
  const guest = await Guest.create(chain);
  for (let i = 0; i < 50; i++) expect(guest.call("c0", 0)).toBe(BigInt(depth));
  expect(guest.compile("c0")).toBe(true);
  expect(guest.call("c0", 7)).toBe(BigInt(depth + 7));
  guest.dispose();
});

test("a branch to itself uses its fuel and nothing else", async () => {
  const guest = await Guest.create("self: b .\nwhile: cbnz x0, .\n ret\n");
  for (const compiled of [false, true]) {
    if (compiled) expect(guest.compile("self")).toBe(true);
    const { instructions } = guest.rig.machine.stats();
    expect(guest.rig.machine.core.run({ pc: "self", maxInstructions: 1_000_003 }).reason).toBe("fuel");
    expect(guest.rig.machine.core.pc).toBe(guest.at("self"));
    expect(guest.rig.machine.stats().instructions - instructions).toBe(1_000_003);
  }
  guest.compile("while");
  guest.rig.machine.core.limits.maxInstructions = 777;
  expect(() => guest.call("while", 1)).toThrow(OutOfFuelError);
  expect(guest.call("while", 0)).toBe(0n);
  guest.dispose();
});

const BYTECODE = `
// executes the x0 bytes at x1 as operations of 16 bytes behind ops, and returns how many it has executed
run:	mov	x5, #0
	adr	x4, ops
next:	cbz	x0, 9f
	sub	x0, x0, #1
	add	x5, x5, #1
	ldrb	w3, [x1], #1
	add	x6, x4, x3, lsl #4
	br	x6
	.balign	16
ops:	bti	j
	b	next
	.balign	16
	bti	j
	add	x7, x7, x5
	b	next
	.balign	16
// x5 is not read in compiled code from here on: DSB is for the interpreter
	bti	j
	dsb	sy
	b	next
	.balign	16
	bti	j
	cbnz	x5, next
9:	mov	x0, x5
	ret
`;

test("a branch to several places keeps what only some of them read", async () => {
  const guest = await Guest.create(BYTECODE, { jit: { threshold: 20, background: false } });
  guest.rig.machine.core.limits.maxInstructions = 100_000;
  const random = new Random(`${runSeed}/bytecode`);
  const [length, entries] = [1000, guest.regions.entries];
  for (let round = 0; round < 20; round++) {
    const bytecode = Uint8Array.from({ length }, () => random.below(4));
    guest.rig.machine.write(DATA, bytecode);
    expect(guest.call("run", length, DATA)).toBe(BigInt(length));
  }
  expect(guest.regions.entries).toBeGreaterThan(entries);
  guest.dispose();
});

const NOW_AND_THEN = `
small:	add	x1, x1, #100
	ret
deep:	cbz	x3, 1f
	stp	x29, x30, [sp, #-16]!
	sub	x3, x3, #1
	bl	deep
	ldp	x29, x30, [sp], #16
1:	add	x1, x1, #7
	ret
// x0 turns; those where x0 & x2 is zero call small, which becomes part of the region, where x0 & x5 is zero deep, which does not
loop:	stp	x29, x30, [sp, #-16]!
	mov	x1, #0
	mov	x6, #0
1:	add	x1, x1, #1
	ands	x4, x0, x2
	b.ne	2f
	bl	small
2:	tst	x0, x5
	b.ne	3f
	mov	x3, #3
	bl	deep
3:	eor	x6, x6, x1
	tbz	x1, #2, 4f
	add	x6, x6, x4
4:	subs	x0, x0, #1
	b.ne	1b
	add	x0, x1, x6, lsl #32
	ldp	x29, x30, [sp], #16
	ret
`;

function nowAndThen(turns: number, small: number, deep: number): bigint {
  let [x1, x6] = [0, 0];
  for (let x0 = turns; x0 > 0; x0--) {
    x1 += 1 + ((x0 & small) === 0 ? 100 : 0) + ((x0 & deep) === 0 ? 28 : 0);
    x6 ^= x1;
    if ((x1 & 4) !== 0) x6 += x0 & small;
  }
  return BigInt(x1) + (BigInt(x6) << 32n);
}

test("a loop that calls now and then comes back from its calls to the same code", async () => {
  const guest = await Guest.create(NOW_AND_THEN);
  for (const [small, deep] of [
    [15, 63],
    [255, 1],
    [0, 31],
    [1, 0],
  ] as const) {
    expect(guest.call("loop", 3000, 0, small, 0, 0, deep)).toBe(nowAndThen(3000, small, deep));
    guest.check();
  }
  guest.dispose();
});
