/** Registers that the region knows the contents of: constants that come to a loop from everywhere, as far as anybody has seen. */
import { GuestFault } from "cmodx/engine";
import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { DATA, Guest } from "./guest.js";

/** Only what the test asks for is compiled; regions are entered at all of their loops. */
const asked = { threshold: layout.HEAT_MAX, background: false, enterLoops: true } as const;

const TABLE = `
// The sum of x0 bytes, looked up by the number of the turn; x9 is the table, w10 what each is multiplied by.
sum:	mov	x1, #0
	adr	x9, table
	mov	w10, #3
	mov	x11, #0
turn:	and	x2, x11, #7
	ldrb	w3, [x9, x2]
	madd	x1, x3, x10, x1
	add	x11, x11, #1
	cmp	x11, x0
	b.ne	turn
	mov	x0, x1
	ret
table:	.byte	1, 2, 3, 4, 5, 6, 7, 8
other:	.byte	8, 8, 8, 8, 8, 8, 8, 8
`;

/** Runs from an address with these registers to the end of a function, in slices of so many instructions; gives X0. */
function runFrom(guest: Guest, at: bigint, registers: ReadonlyMap<number, bigint>, slice: number): bigint {
  const { core } = guest.rig.machine;
  for (const [n, value] of registers) core.setX(n, value);
  core.setX(30, guest.at("done"));
  core.pc = at;
  while (core.pc !== guest.at("done")) core.run({ maxInstructions: slice });
  return core.x(0);
}

test("a loop entered in another state than its function leaves it in goes on with that", async () => {
  const guest = await Guest.create(`${TABLE}\n\t.balign 4\ndone:	b	done`, { jit: asked });
  expect(guest.call("sum", 800)).toBe(3n * 36n * 100n);
  expect(guest.compile("sum")).toBe(true);
  expect(guest.isCompiled("turn")).toBe(true);
  const state = (multiplier: bigint, table: string): ReadonlyMap<number, bigint> =>
    new Map([
      [0, 800n],
      [1, 5n],
      [9, guest.at(table)],
      [10, multiplier],
      [11, 0n],
    ]);
  expect(runFrom(guest, guest.at("turn"), state(3n, "table"), 1000)).toBe(5n + 3n * 36n * 100n);
  expect(runFrom(guest, guest.at("turn"), state(2n, "table"), 1000)).toBe(5n + 2n * 36n * 100n);
  expect(runFrom(guest, guest.at("turn"), state(3n, "other"), 1000)).toBe(5n + 3n * 64n * 100n);
  guest.dispose();
});

test("a loop that is entered so all the time is compiled without what its function sets", async () => {
  const guest = await Guest.create(`${TABLE}\n\t.balign 4\ndone:	b	done`, { jit: { ...asked, threshold: 20 } });
  guest.call("sum", 8);
  expect(guest.compile("sum")).toBe(true);
  const registers = new Map([
    [0, 400_000n],
    [1, 0n],
    [9, guest.at("table")],
    [10, 2n],
    [11, 0n],
  ]);
  for (let i = 0; i < 8; i++) runFrom(guest, guest.at("turn"), registers, 500);
  const before = guest.rig.machine.stats();
  expect(runFrom(guest, guest.at("turn"), registers, 500)).toBe(2n * 36n * 50_000n);
  const after = guest.rig.machine.stats();
  const all = after.instructions - before.instructions;
  const interpreted = all - (after.regions.instructions - before.regions.instructions);
  expect(interpreted / all).toBeLessThan(0.1);
  guest.dispose();
});

test("a region that begins at the loop assumes what stands before it, as long as that is so", async () => {
  const guest = await Guest.create(`${TABLE}\n\t.balign 4\ndone:	b	done`, {
    jit: { threshold: 20, background: false },
  });
  const interpreted = (run: () => void): number => {
    const before = guest.rig.machine.stats();
    run();
    const after = guest.rig.machine.stats();
    const all = after.instructions - before.instructions;
    return (all - (after.regions.instructions - before.regions.instructions)) / all;
  };
  expect(guest.call("sum", 80_000)).toBe(3n * 36n * 10_000n);
  expect([guest.isCompiled("turn"), guest.isCompiled("sum")]).toEqual([true, false]);
  expect(interpreted(() => guest.call("sum", 80_000))).toBeLessThan(0.01);
  const other = (turns: bigint): ReadonlyMap<number, bigint> =>
    new Map([
      [0, turns],
      [1, 5n],
      [9, guest.at("other")],
      [10, 2n],
      [11, 0n],
    ]);
  expect(runFrom(guest, guest.at("turn"), other(80n), 100)).toBe(5n + 2n * 64n * 10n);
  for (let i = 0; i < 8; i++) runFrom(guest, guest.at("turn"), other(400_000n), 500);
  expect(interpreted(() => runFrom(guest, guest.at("turn"), other(400_000n), 500))).toBeLessThan(0.1);
  guest.dispose();
});

test("a region that another machine has had is not given to one that assumes something else", async () => {
  // The region is of the loop alone, and knows only by what it assumes what the function sets before.
  const compiled: number[] = [];
  for (const multiplier of [3n, 5n]) {
    const text = TABLE.replace("mov	w10, #3", `mov	w10, #${multiplier}`);
    const guest = await Guest.create(text, { jit: { threshold: 20, background: false } });
    expect(guest.call("sum", 80_000)).toBe(multiplier * 36n * 10_000n);
    for (let i = 0; i < 4; i++) guest.call("sum", 80_000);
    compiled.push(guest.regions.compiled);
    guest.dispose();
  }
  expect(compiled).toEqual([1, 1]);
});

const FRAMED = `
// x0 times the doubleword at x9, which is x0 itself, in the frame.
framed:	sub	sp, sp, #64
	add	x9, sp, #16
	str	x0, [x9]
	mov	x1, #0
	mov	x11, #0
spin:	ldr	x3, [x9]
	add	x1, x1, x3
	add	x11, x11, #1
	cmp	x11, x0
	b.ne	spin
	mov	x0, x1
	add	sp, sp, #64
	ret
	.balign	4
done:	b	done
`;

test("a place in the frame is one only as long as the register holds that", async () => {
  const guest = await Guest.create(FRAMED, { jit: asked });
  expect(guest.call("framed", 800)).toBe(640_000n);
  expect(guest.compile("framed")).toBe(true);
  expect(guest.isCompiled("spin")).toBe(true);
  const { machine } = guest.rig;
  machine.writeU64(DATA, 3n);
  machine.core.sp -= 64n;
  const state = (place: bigint): ReadonlyMap<number, bigint> =>
    new Map([
      [0, 800n],
      [1, 5n],
      [9, place],
      [11, 0n],
    ]);
  expect(runFrom(guest, guest.at("spin"), state(DATA), 1000)).toBe(5n + 2400n);
  expect(runFrom(guest, guest.at("framed"), state(DATA), 1000)).toBe(640_000n);
  expect(machine.stats().regions.instructions).toBeGreaterThan(2000);
  guest.dispose();
});

const CALLER = `
// Adds up w20 behind x0 calls of a function, which sets it to another value if x1 is 0.
calls:	stp	x29, x30, [sp, #-32]!
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	mov	x2, #0
	mov	w20, #7
1:	bl	callee
	add	x2, x2, x20
	subs	x1, x1, #1
	subs	x19, x19, #1
	b.ne	1b
	mov	x0, x2
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
callee:	cbnz	x1, 1f
	mov	w20, #1000
1:	ret
`;

test("a callee that does not preserve what it should is seen behind the call", async () => {
  const guest = await Guest.create(CALLER, { jit: { ...asked, maxInlined: 0 } });
  expect(guest.call("calls", 100, 200)).toBe(700n);
  expect(guest.compile("calls")).toBe(true);
  // The callee's 51st call changes w20 for all that follow.
  expect(guest.call("calls", 100, 50)).toBe(50n * 7n + 50n * 1000n);
  expect(guest.call("calls", 100, 200)).toBe(700n);
  guest.dispose();
});

const LAST = `
// The word x0 & 255 of a table of 64 of them, at the end of a window.
word:	movz	x9, #0xff00
	movk	x9, #0x203f, lsl #16
	movk	x9, #0x8000, lsl #32
	movk	x9, #0xffff, lsl #48
	and	w0, w0, #0xff
	ldr	w0, [x9, w0, uxtw #2]
	ret
// The same of any place in the 16 bytes before that.
byte:	movz	x9, #0xfef0
	movk	x9, #0x203f, lsl #16
	movk	x9, #0x8000, lsl #32
	movk	x9, #0xffff, lsl #48
	and	w0, w0, #0xf
	ldrb	w0, [x9, x0]
	ret
`;

test("a table is looked up without a check only if none of its places is outside", async () => {
  const guest = await Guest.create(LAST, { jit: asked });
  const table = DATA + (4n << 20n) - 256n;
  for (let i = 0; i < 64; i++) guest.rig.machine.writeU32(table + BigInt(4 * i), i);
  guest.rig.machine.write(
    table - 16n,
    Uint8Array.from({ length: 16 }, (_, i) => 100 + i),
  );
  for (const name of ["word", "byte"]) {
    guest.call(name, 1);
    expect(guest.compile(name)).toBe(true);
  }
  expect([0, 1, 63, 256].map((i) => guest.call("word", i))).toEqual([0n, 1n, 63n, 0n]);
  expect(() => guest.call("word", 64)).toThrow(GuestFault);
  expect(() => guest.call("word", 255)).toThrow(GuestFault);
  expect([0, 15, 16].map((i) => guest.call("byte", i))).toEqual([100n, 115n, 100n]);
  guest.dispose();
});
