/** Regions call one another. */
import { defaultWindows } from "cmodx/engine";
import { expect, test } from "vitest";
import { Guest, STACK } from "./guest.js";

/** Calls itself by a pointer for ever: the call is the last instruction that its region has fuel for. */
const BY_POINTER = `
f:	bti	c
	add	x1, x1, #1
	eor	x2, x2, x1
	blr	x3
	udf	#0
`;

test("a callee that there is no fuel for is still to be landed on", async () => {
  const jit = { threshold: 1, background: false, maxInlined: 0 };
  const guests = [await Guest.create(BY_POINTER, { jit }), await Guest.create(BY_POINTER, { jit: false })] as const;
  const stops = guests.map((guest) => {
    const { core } = guest.rig.machine;
    const stop = (maxInstructions: number): unknown[] => {
      core.setX(1, 0);
      core.setX(3, guest.at("f"));
      expect(core.run({ pc: "f", maxInstructions }).reason).toBe("fuel");
      return [core.pc, core.btype, core.x(1)];
    };
    stop(1000);
    return Array.from({ length: 8 }, (_, more) => stop(100 + more));
  });
  expect(stops[0]).toEqual(stops[1]);
  expect(stops[1]?.filter(([, btype]) => btype === 2)).toHaveLength(2);
  expect(guests[0].regions.instructions).toBeGreaterThan(900);
  guests[0].dispose();
  guests[1].rig.dispose();
});

const stack = { name: "stack", address: STACK, size: 2 ** 20, access: "rw" } as const;

test("calls may nest deeper than the thread's stack has room for", async () => {
  const guest = await Guest.create(
    `sum:	cbz	x0, 1f
	stp	x0, x30, [sp, #-16]!
	sub	x0, x0, #1
	bl	sum
	ldp	x1, x30, [sp], #16
	add	x0, x0, x1
1:	ret
`,
    { machine: { windows: [...defaultWindows.filter(({ name }) => name !== "stack"), stack] } },
  );
  for (const n of [10n, 100n, 1000n, 40_000n, 3n]) expect(guest.call("sum", n)).toBe((n * (n + 1n)) / 2n);
  expect(guest.isCompiled("sum")).toBe(true);
  guest.check();
  guest.dispose();
});

/** Each calls the next one and comes back through the stack; a and b call each other as well. */
const CHAIN = `
top:	stp	x29, x30, [sp, #-16]!
	bl	a
	ldp	x29, x30, [sp], #16
	ret
a:	cbz	x0, 1f
	stp	x29, x30, [sp, #-16]!
	sub	x0, x0, #1
	bl	b
	ldp	x29, x30, [sp], #16
1:	ret
b:	cbz	x0, 1f
	stp	x29, x30, [sp, #-16]!
	sub	x0, x0, #1
	bl	a
	bl	c
	ldp	x29, x30, [sp], #16
1:	ret
c:	stp	x29, x30, [sp, #-16]!
	bl	d
	ldp	x29, x30, [sp], #16
	ret
d:	add	x1, x1, #1
	ret
`;

test("calls go directly from region to region, whichever of them was compiled first", async () => {
  const orders = ["top a b c d", "d c b a top", "b top d a c", "c a d top b", "a d b c top"];
  for (const order of orders) {
    const jit = { threshold: 4095, background: false, maxInlined: 0 };
    const guest = await Guest.create(CHAIN, { jit });
    const { core } = guest.rig.machine;
    for (const name of order.split(" ")) expect(guest.compile(name)).toBe(true);
    core.setX(1, 0);
    const { entries } = guest.regions;
    expect(guest.call("top", 20)).toBe(0n);
    expect(core.x(1)).toBe(10n);
    // The run loop has entered the first one.
    expect(guest.regions.entries - entries, order).toBe(1);
    guest.dispose();
  }
});

test("a callee that gets another region is called directly again", async () => {
  const guest = await Guest.create(CHAIN, { jit: { threshold: 4095, background: false, maxInlined: 0 } });
  const { core } = guest.rig.machine;
  for (const name of ["top", "a", "b", "c", "d"]) guest.compile(name);
  guest.patch(guest.at("d"), "add x1, x1, #100");
  expect(guest.compile("d")).toBe(true);
  core.setX(1, 0);
  const { entries } = guest.regions;
  guest.call("top", 20);
  expect(core.x(1)).toBe(1000n);
  expect(guest.regions.entries - entries).toBe(1);
  guest.dispose();
});

/**
 * `taken` leaves bytes on the stack for `given` to take back, and what it was called with; `round` calls both over and over, and something
 * else in between. The loop's frame is found again by SP alone.
 */
const MOVING_STACK = `
round:	stp	x29, x30, [sp, #-32]!
	str	x0, [sp, #16]
	mov	x3, #0
1:	bl	taken
	bl	leaf
	bl	given
	ldr	x4, [sp, #16]
	subs	x4, x4, #1
	str	x4, [sp, #16]
	b.ne	1b
	mov	x0, x3
	ldp	x29, x30, [sp], #32
	ret
taken:	sub	sp, sp, #48
	str	x3, [sp, #8]
	ret
leaf:	add	x3, x3, #7
	ldr	x5, [sp, #8]
	eor	x3, x3, x5
	ret
given:	ldr	x5, [sp, #8]
	add	x3, x3, x5, lsl #1
	add	sp, sp, #48
	ret
`;

test.each([0, 64])(
  "callees that come back with another SP, with callees of up to %i instructions inlined",
  async (maxInlined) => {
    const jit = { threshold: 4095, background: false, maxInlined };
    const guests = [
      await Guest.create(MOVING_STACK, { jit }),
      await Guest.create(MOVING_STACK, { jit: false }),
    ] as const;
    for (const guest of guests) guest.call("round", 3);
    for (const name of ["given", "leaf", "round", "taken"]) expect(guests[0].compile(name)).toBe(true);
    for (const n of [1, 2, 100]) expect(guests[0].call("round", n)).toBe(guests[1].call("round", n));
    expect(guests[0].rig.machine.core.sp).toBe(guests[1].rig.machine.core.sp);
    guests[0].dispose();
    guests[1].rig.dispose();
  },
);

test("a callee that is patched is not called as it was, also while callers of it are being executed", async () => {
  const guest = await Guest.create(CHAIN, { jit: { threshold: 4095, background: false, maxInlined: 0 } });
  const { core } = guest.rig.machine;
  for (const name of ["top", "a", "b", "c", "d"]) guest.compile(name);
  const added = (n: number): bigint => {
    core.setX(1, 0);
    guest.call("top", n);
    guest.check();
    return core.x(1);
  };
  expect(added(20)).toBe(10n);
  // Somewhere among these d has been interpreted often enough for a region of its own, called by what was there before it.
  for (const each of [100n, 7n]) {
    guest.patch(guest.at("d"), `add x1, x1, #${each}`);
    for (const n of [1, 2, 3, 4, 5, 20, 40, 20]) expect(added(n)).toBe(each * BigInt(Math.floor(n / 2)));
    guest.patch(guest.at("d"), "add x1, x1, #1");
    for (const n of [1, 20, 40]) expect(added(n)).toBe(BigInt(Math.floor(n / 2)));
  }
  guest.dispose();
});
