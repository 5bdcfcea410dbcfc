/** The address behind a call, reached otherwise than by RET: PSTATE.BTYPE is set there, and may not be landed with. */
import { GuestFault } from "cmodx/engine";
import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { DATA, Guest } from "./guest.js";

const TEXT = `
// x0: turns; calls function x1
start:	mov	x9, x30
1:	blr	x1
	nop
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, #7
	ret	x9
branches:
	bti	c
	br	x30
returns:
	bti	c
	ret
`;

test.each([
  { how: "BR X30", target: "branches", offset: 0, btype: 3 },
  { how: "BLR to there", target: "start", offset: 8, btype: 2 },
])("$how", async ({ target, offset, btype }) => {
  for (const isFirst of [true, false]) {
    const guest = await Guest.create(TEXT, { jit: { threshold: layout.HEAT_MAX, background: false } });
    const { core } = guest.rig.machine;
    if (!isFirst) core.call("start", 3, guest.at("returns"));
    for (const name of ["start", "branches"]) expect(guest.compile(name)).toBe(true);
    core.limits.maxInstructions = 1000;
    expect(() => core.call("start", 3, guest.at(target, offset))).toThrow(
      expect.objectContaining({
        fault: expect.objectContaining({ kind: "branch-target", pc: guest.at("start", 8), btype }),
      }),
    );
    expect([core.pc, core.x(0), core.btype]).toEqual([guest.at("start", 8), 3n, btype]);
    guest.dispose();
  }
});

test("where nothing is guarded it goes on, and BTYPE is gone an instruction later", async () => {
  const windows = [{ name: "text", address: 0xffff_8000_1000_0000n, size: 4096, access: "rx" }] as const;
  const guest = await Guest.create(TEXT, {
    jit: { threshold: layout.HEAT_MAX, background: false },
    machine: { windows },
  });
  const { core } = guest.rig.machine;
  for (const name of ["start", "branches"]) guest.compile(name);
  for (const target of [guest.at("branches"), guest.at("start", 8)]) {
    for (let count = 2; count < 12; count++) {
      core.setX(0, 3);
      core.setX(1, target);
      core.run({ pc: "start", maxInstructions: count });
      const before =
        core.pc === guest.at("start", 8) || core.pc === guest.at("branches") || core.pc === guest.at("returns");
      expect([count, core.btype !== 0]).toEqual([count, before]);
    }
  }
  guest.dispose();
});

const KNOWN_TARGET = `
start:	mov	x9, x30
	adr	x8, inside
1:	blr	x8
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, #7
	ret	x9
// no place to land on with BTYPE 2
inside:
	nop
	ret
null:	blr	xzr
`;

test("a call by a register whose value the region knows sets BTYPE as one by another register", async () => {
  const guest = await Guest.create(KNOWN_TARGET, { jit: { threshold: layout.HEAT_MAX, background: false } });
  const { core } = guest.rig.machine;
  for (const name of ["start", "null"]) expect(guest.compile(name)).toBe(true);
  const fault = expect.objectContaining({ kind: "branch-target", pc: guest.at("inside"), btype: 2 });
  expect(() => core.call("start", 3)).toThrow(expect.objectContaining({ fault }));
  expect([core.pc, core.btype]).toEqual([guest.at("inside"), 2]);
  core.run({ pc: "null", maxInstructions: 1 });
  expect([core.pc, core.btype]).toEqual([0n, 2]);
  guest.dispose();
});

/** Never ends; the first place that a goto leads to is where a region begins. x1: what the operations read. */
const ENDLESS = `
start:	adr	x9, table
	mov	x10, #0
one:	ldr	x2, [x1]
	add	x0, x0, x2
	eor	x10, x10, #1
	ldr	x12, [x9, x10, lsl #3]
	br	x12
two:	ldr	x3, [x1, #8]
	sub	x0, x0, x3
	eor	x10, x10, #1
	ldr	x12, [x9, x10, lsl #3]
	br	x12
	.balign	8
table:	.quad	one, two
`;

test("gotos that never end stop when fuel does, or a place that they lead to begins with a fault", async () => {
  const windows = [
    { name: "text", address: 0xffff_8000_1000_0000n, size: 4096, access: "rx" },
    { name: "data", address: DATA, size: 4096, access: "rw" },
  ] as const;
  const jits = [{ threshold: 1, background: false }, false] as const;
  const guests = await Promise.all(jits.map((jit) => Guest.create(ENDLESS, { jit, machine: { windows } })));
  const seen = guests.map(({ rig }) => {
    const { core } = rig.machine;
    const state = (): unknown[] => [core.pc, core.btype, core.x(0), core.x(10), core.x(12)];
    core.setX(1, DATA);
    rig.machine.writeU64(DATA, 5n);
    core.run({ pc: "start", maxInstructions: 5000 });
    const states = Array.from({ length: 40 }, (_, more) => {
      core.run({ maxInstructions: 1000 + more });
      return state();
    });
    // The end of the window: one of the two loads fails.
    core.setX(1, DATA + 4096n - 8n);
    expect(() => core.run({ maxInstructions: 1000 })).toThrow(GuestFault);
    return [...states, state()];
  });
  expect(seen[0]).toEqual(seen[1]);
  expect(guests[0]?.regions.instructions).toBeGreaterThan(30_000);
  for (const guest of guests) guest.rig.dispose();
});
