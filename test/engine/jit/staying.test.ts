/** What regions stay in: loops in which slices end, callees that have no region, branches whose targets keep changing. */
import { GuestFault, type JitOptions } from "cmodx/engine";
import { expect, test } from "vitest";
import { HOST_RETURN_ADDRESS } from "#engine/machine/memory-map.js";
import { DATA, Guest } from "./guest.js";

const soon = { threshold: 40, background: false } satisfies JitOptions;

/** Runs a function of two arguments to its end in slices; gives its result, and what part of the later half of the slices was interpreted. */
function inSlices(guest: Guest, symbol: string, args: readonly [number, number], slices: number): [bigint, number] {
  const { core } = guest.rig.machine;
  const executed = (): { all: number; regions: number } => {
    const { instructions, regions } = guest.rig.machine.stats();
    return { all: instructions, regions: regions.instructions };
  };
  args.forEach((value, n) => {
    core.setX(n, value);
  });
  core.setX(30, HOST_RETURN_ADDRESS);
  core.pc = guest.at(symbol);
  let before = executed();
  for (let slice = 0; ; slice++) {
    if (slice === slices / 2) before = executed();
    const { reason } = core.run({ maxInstructions: 9973 });
    if (reason === "returned") break;
    expect(reason).toBe("fuel");
  }
  const after = executed();
  const all = after.all - before.all;
  return [core.x(0), (all - (after.regions - before.regions)) / all];
}

test("a loop that is entered in its middle is entered at the place to which all ways lead", async () => {
  // As gcc has it: what moves registers for the next turn stands before what the first turn begins with.
  const guest = await Guest.create(
    `
mixed:	mov	x2, #1
	mov	x3, #2
	b	first
again:	mov	x3, x2
	mov	x2, x4
first:	add	x4, x2, x3, lsl #1
	eor	x4, x4, x2, lsr #7
	subs	x0, x0, #1
	b.ne	again
	mov	x0, x4
	ret
`,
    { jit: soon },
  );
  const expected = ((turns: number): bigint => {
    let [x2, x3, x4] = [1n, 2n, 0n];
    for (let turn = 0; turn < turns; turn++) {
      if (turn > 0) [x3, x2] = [x2, x4];
      x4 = BigInt.asUintN(64, x2 + (x3 << 1n)) ^ (x2 >> 7n);
    }
    return x4;
  })(400_000);
  const [result, interpreted] = inSlices(guest, "mixed", [400_000, 0], 240);
  expect(result).toBe(expected);
  expect(interpreted).toBeLessThan(0.02);
  guest.dispose();
});

const BYTECODE = `
// Executes x1 times a program of three instructions, each of which goes to the next one's code; adds up in x0.
vm:	adr	x9, table
	mov	x0, #0
	adr	x10, code
	ldrb	w11, [x10], #1
	ldr	x12, [x9, x11, lsl #3]
	br	x12
one:	bti	j
	add	x0, x0, #1
	ldrb	w11, [x10], #1
	ldr	x12, [x9, x11, lsl #3]
	br	x12
ten:	bti	j
	add	x0, x0, #10
	ldrb	w11, [x10], #1
	ldr	x12, [x9, x11, lsl #3]
	br	x12
loop:	bti	j
	subs	x1, x1, #1
	b.eq	end
	adr	x10, code
	ldrb	w11, [x10], #1
	ldr	x12, [x9, x11, lsl #3]
	br	x12
end:	ret
	.balign	8
table:	.quad	one, ten, loop
code:	.byte	0, 1, 0, 2
`;

test("an interpreter in which slices end is entered by way of its dispatch", async () => {
  const guest = await Guest.create(BYTECODE, { jit: soon });
  const [result, interpreted] = inSlices(guest, "vm", [0, 100_000], 180);
  expect(result).toBe(1_200_000n);
  expect(interpreted).toBeLessThan(0.02);
  guest.dispose();
});

const SELDOM = `
// x0 rounds of a loop, a call, and another loop; x5 is an address that the callee reads.
rounds:	stp	x29, x30, [sp, #-16]!
	mov	x1, #0
	mov	x5, x2
again:	mov	x3, #300
2:	add	x1, x1, x3
	subs	x3, x3, #1
	b.ne	2b
	bl	seldom
	mov	x3, #300
3:	eor	x1, x1, x3
	subs	x3, x3, #1
	b.ne	3b
	subs	x0, x0, #1
	b.ne	again
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
seldom:	ldr	x4, [x5]
	adds	x1, x1, x4
	adc	x1, x1, x1
	cmp	x1, x4
	csinv	x4, x4, x1, hi
	eor	x1, x1, x4
	ret
`;

/** The machine with a region of the loop around both, and one that only interprets. */
async function withRounds(): Promise<readonly [Guest, Guest]> {
  const jit = { ...soon, maxInlined: 1, threshold: 1000 } satisfies JitOptions;
  const pair = [await Guest.create(SELDOM, { jit }), await Guest.create(SELDOM, { jit: false })] as const;
  for (const { rig } of pair) rig.machine.writeU64(DATA, 0x1234_5678_9abc_def0n);
  expect(pair[0].compile("again")).toBe(true);
  return pair;
}

test("a callee that is executed too seldom for a region of its own is interpreted, and its caller goes on", async () => {
  const [guest, plain] = await withRounds();
  expect(guest.call("rounds", 60, 0, DATA)).toBe(plain.call("rounds", 60, 0, DATA));
  expect(guest.isCompiled("seldom")).toBe(false);
  const { exits, entries } = guest.regions;
  expect(guest.call("rounds", 40, 0, DATA)).toBe(plain.call("rounds", 40, 0, DATA));
  expect(guest.isCompiled("seldom")).toBe(false);
  expect(guest.regions.exits["call"]).toBe(exits["call"]);
  expect(guest.regions.entries - entries).toBeLessThan(5);
  guest.dispose();
  plain.rig.dispose();
});

test("such a callee ends where fuel does, and faults as it does elsewhere", async () => {
  const [guest, plain] = await withRounds();
  // A round and the callee of the next one, instruction by instruction around both calls.
  for (const maxInstructions of Array.from({ length: 24 }, (_, i) => (i < 12 ? 900 + i : 2716 + i))) {
    const states = [guest, plain].map(({ rig: { machine }, ...each }) => {
      const { core } = machine;
      [5, 0, DATA].forEach((value, n) => {
        core.setX(n, value);
      });
      core.setX(30, HOST_RETURN_ADDRESS);
      core.pc = machine.symbols.get("rounds") as bigint;
      const { reason } = core.run({ maxInstructions });
      return {
        ...each,
        rig: undefined,
        reason,
        pc: core.pc,
        x: Array.from({ length: 31 }, (_, n) => core.x(n)),
        nzcv: core.nzcv,
      };
    });
    expect(states[0]).toEqual(states[1]);
  }
  const faults = [guest, plain].map((each) => {
    try {
      each.call("rounds", 5, 0, 8);
      return undefined;
    } catch (error) {
      return error instanceof GuestFault ? error.message : error;
    }
  });
  expect(faults[0]).toMatch(/seldom/);
  expect(faults[0]).toBe(faults[1]);
  guest.dispose();
  plain.rig.dispose();
});

test("where targets change all the time, a region assumes none of them", async () => {
  // Two trampolines by pointers in memory, changed every 500 turns in turn, so that four versions would have to take turns.
  const guest = await Guest.create(
    `
turns:	stp	x29, x30, [sp, #-16]!
	mov	x9, x1
	mov	x1, #0
1:	bl	first
	bl	second
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
first:	ldr	x16, [x9]
	br	x16
second:	ldr	x16, [x9, #8]
	br	x16
a:	bti	c
	add	x1, x1, #1
	ret
b:	bti	c
	add	x1, x1, #2
	ret
`,
    { jit: soon },
  );
  const turn = (round: number): void => {
    guest.rig.machine.writeU64(DATA, guest.at(round % 2 === 0 ? "a" : "b"));
    guest.rig.machine.writeU64(DATA + 8n, guest.at(round % 4 < 2 ? "a" : "b"));
    const each = (round % 2 === 0 ? 1 : 2) + (round % 4 < 2 ? 1 : 2);
    expect(guest.call("turns", 500, DATA)).toBe(BigInt(500 * each));
  };
  for (let round = 0; round < 60; round++) turn(round);
  const { exits, compiled } = guest.regions;
  for (let round = 0; round < 40; round++) turn(round);
  expect((guest.regions.exits["indirect"] ?? 0) - (exits["indirect"] ?? 0)).toBeLessThan(40 * 20);
  expect(guest.regions.compiled).toBe(compiled);
  guest.dispose();
});

test("where a branch has gone to several places before its caller gets hot, no region of the caller takes it for one of them", async () => {
  const guest = await Guest.create(
    `
turns:	stp	x29, x30, [sp, #-16]!
	mov	x9, x1
	mov	x1, #0
1:	bl	hook
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ldp	x29, x30, [sp], #16
	ret
hook:	ldr	x16, [x9]
	br	x16
a:	bti	c
	add	x1, x1, #1
	ret
b:	bti	c
	add	x1, x1, #2
	ret
`,
    { jit: soon },
  );
  const round = (turns: number, to: "a" | "b"): void => {
    guest.rig.machine.writeU64(DATA, guest.at(to));
    expect(guest.call("turns", turns, DATA)).toBe(BigInt(turns * (to === "a" ? 1 : 2)));
  };
  for (let i = 0; i < 20; i++) round(3, i % 2 === 0 ? "a" : "b");
  for (let i = 0; i < 20; i++) round(100, i % 2 === 0 ? "a" : "b");
  expect(guest.isCompiled("hook")).toBe(true);
  expect(guest.regions.exits["indirect"] ?? 0).toBe(0);
  guest.dispose();
});

test("a loop goes on where a callee's region comes while it calls it", async () => {
  const guest = await Guest.create(
    `
outer:	stp	x29, x30, [sp, #-16]!
	mov	x9, #0
1:	mov	x2, x1
2:	bl	leaf
	subs	x2, x2, #1
	b.ne	2b
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x9
	ldp	x29, x30, [sp], #16
	ret
leaf:	add	x9, x9, #3
	ret
`,
    { jit: { ...soon, maxInlined: 0 } },
  );
  expect(guest.compile("outer")).toBe(true);
  expect(guest.isCompiled("leaf")).toBe(false);
  const turns = 2000;
  expect(guest.call("outer", 1, turns)).toBe(BigInt(3 * turns));
  expect(guest.isCompiled("leaf")).toBe(true);
  const { instructions, regions } = guest.rig.machine.stats();
  // But for what leaf took until it was hot.
  expect(instructions - regions.instructions).toBeLessThan(turns / 10);
  guest.dispose();
});

/** Two inner loops of x1 turns; from turn 60 on what stands between them is executed. */
const PHASES = `
phases:	mov	x3, #0
	mov	x4, #0
outer:	mov	x2, x1
1:	add	x4, x4, x2, lsr #3
	subs	x2, x2, #1
	b.ne	1b
	cmp	x3, #60
	b.lo	2f
	add	x4, x4, #1
2:	mov	x2, x1
3:	eor	x4, x4, x2
	subs	x2, x2, #1
	b.ne	3b
	add	x3, x3, #1
	cmp	x3, x0
	b.ne	outer
	mov	x0, x4
	ret
// The same for 3 turns and 20, 800 times.
short:	mov	x20, x30
	mov	x21, #800
4:	mov	x0, #3
	mov	x1, #20
	bl	phases
	subs	x21, x21, #1
	b.ne	4b
	ret	x20
`;

function phases(turns: number): bigint {
  let x4 = 0n;
  for (let x3 = 0; x3 < turns; x3++) {
    for (let x2 = 1500n; x2 > 0n; x2--) x4 += x2 >> 3n;
    if (x3 >= 60) x4++;
    for (let x2 = 1500n; x2 > 0n; x2--) x4 ^= x2;
  }
  return x4;
}

test("a region that is left once in a long turn for code that was cold is made anew with it", async () => {
  const runs = async (turns: number): Promise<{ result: bigint; compiled: number; cold: number | undefined }> => {
    const guest = await Guest.create(PHASES, { jit: soon });
    const result = guest.call("phases", turns, 1500);
    const { compiled, exits } = guest.regions;
    guest.dispose();
    return { result, compiled, cold: exits["cold"] };
  };
  const [some, more] = [await runs(900), await runs(1400)];
  expect([some.result, more.result]).toEqual([phases(900), phases(1400)]);
  expect(some.cold).toBeGreaterThan(0);
  expect([more.cold, more.compiled]).toEqual([some.cold, some.compiled]);
});

test("where the loop around such code is an entry of another region the next one begins at that code", async () => {
  const guest = await Guest.create(PHASES, { jit: { ...soon, enterLoops: true, maxInlined: 0 } });
  guest.call("short");
  expect([guest.isCompiled("phases"), guest.isCompiled("outer")]).toEqual([true, true]);
  expect(guest.call("phases", 1400, 1500)).toBe(phases(1400));
  const { compiled, exits } = guest.regions;
  expect(guest.call("phases", 400, 1500)).toBe(phases(400));
  expect(guest.regions.compiled).toBe(compiled);
  // Of 340 turns.
  expect((guest.regions.exits["cold"] ?? 0) - (exits["cold"] ?? 0)).toBeLessThan(10);
  guest.dispose();
});
