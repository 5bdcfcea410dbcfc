/** Every way out of a region is counted, and leaves the guest's state exact. */
import { Worker } from "node:worker_threads";
import { GuestFault } from "cmodx/engine";
import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { DATA, Guest, STACK, TEXT } from "./guest.js";

const forced = { threshold: layout.HEAT_MAX, background: false };

test("a loop whose one load walks several windows stays compiled", async () => {
  const guest = await Guest.create(`
// the sum of x0 words, read in turn at x1 and x2
loop:	mov	x5, #0
1:	ldr	x3, [x1], #8
	add	x5, x5, x3
	eor	x6, x1, x2
	eor	x1, x1, x6
	eor	x2, x2, x6
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x5
	ret
`);
  for (let i = 0; i < 2000; i++) {
    guest.rig.machine.writeU64(DATA + BigInt(8 * i), 1n);
    guest.rig.machine.writeU64(STACK + BigInt(8 * i), 100n);
  }
  const run = (): number => {
    const before = guest.regions.exits["memory"] ?? 0;
    expect(guest.call("loop", 4000, DATA, STACK)).toBe(BigInt(2000 * 101));
    return (guest.regions.exits["memory"] ?? 0) - before;
  };
  run();
  run();
  expect(run()).toBeLessThan(400);
  guest.dispose();
});

test("a loop over windows that go on into one another leaves for none of them", async () => {
  const base = 0x40_0000n;
  const windows = [
    { name: "text", address: TEXT, size: 4096, access: "rx" },
    { name: "data", address: base, size: 4096, access: "rw" },
    { name: "heap", address: base + 4096n, size: 8192, access: "rw" },
    { name: "stack", address: STACK, size: 4096, access: "rw" },
  ] as const;
  const guest = await Guest.create(
    `
// numbers x1 doublewords from x0 - 4 on, one of them across the windows' boundary
fill:	mov	x2, #0
1:	ldur	x3, [x0, #-4]
	add	x2, x2, #1
	stur	x2, [x0, #-4]
	add	x0, x0, #8
	cmp	x2, x1
	b.ne	1b
	mov	x0, x3
	ret
`,
    { machine: { windows } },
  );
  const run = (): bigint => guest.call("fill", base + 8n, 1024);
  run();
  const before = guest.regions.exits["memory"] ?? 0;
  expect(run()).toBe(1024n);
  expect(guest.rig.machine.readU32(base + 4092n)).toBe(512);
  expect((guest.regions.exits["memory"] ?? 0) - before).toBe(0);
  guest.dispose();
});

const REASONS = `
spin:	subs	x0, x0, #1
	b.ne	spin
	ret
cold:	cbz	x0, 1f
	mov	x0, #1
	ret
1:	mov	x0, #2
	ret
load:	ldr	x0, [x0]
	ret
system:	mov	x1, #3
	dsb	sy
	add	x0, x0, x1
	ret
jump:	br	x0
landed:	bti	j
	mov	x0, #9
	ret
`;

/** Exits by reason while `what` runs. */
function exitsDuring(guest: Guest, what: () => void): Record<string, number> {
  const before = guest.regions;
  what();
  const after = guest.regions;
  const exits = Object.entries(after.exits).map(
    ([reason, count]) => [reason, count - (before.exits[reason] ?? 0)] as const,
  );
  // Whatever entered a region left it once; one that had too little fuel never began.
  const total = exits.reduce((sum, [, count]) => sum + count, 0);
  expect(total).toBeLessThanOrEqual(after.entries - before.entries);
  return Object.fromEntries(exits.filter(([, count]) => count > 0));
}

test("exits are counted by their reason", async () => {
  const guest = await Guest.create(REASONS, { jit: forced });
  const { core } = guest.rig.machine;
  for (const name of ["spin", "load", "system", "jump"]) expect(guest.compile(name)).toBe(true);
  expect(exitsDuring(guest, () => guest.call("spin", 10))).toEqual({ return: 1 });
  const fuel = exitsDuring(guest, () => {
    core.setX(0, 1_000_000);
    expect(core.run({ pc: "spin", maxInstructions: 1001 }).reason).toBe("fuel");
  });
  expect(fuel).toEqual({ fuel: 1 });
  expect([core.x(0), core.pc]).toEqual([1_000_000n - 501n, guest.at("spin", 4)]);
  guest.rig.machine.writeU64(DATA, 77n);
  expect(exitsDuring(guest, () => expect(guest.call("load", DATA)).toBe(77n))).toEqual({ return: 1 });
  expect(exitsDuring(guest, () => expect(() => guest.call("load", 8)).toThrow(GuestFault))).toEqual({ memory: 1 });
  expect(core.pc).toBe(guest.at("load"));
  expect(exitsDuring(guest, () => expect(guest.call("system", 4)).toBe(7n))).toEqual({ system: 1 });
  expect(exitsDuring(guest, () => expect(guest.call("jump", guest.at("landed"))).toBe(9n))).toEqual({ indirect: 1 });
  guest.dispose();
});

test("code that had not been executed is left out, and its exit counted", async () => {
  const guest = await Guest.create(`${REASONS}
loop:	mov	x10, x30
	mov	x9, x0
1:	mov	x0, x9
	bl	cold
	subs	x9, x9, #1
	b.ne	1b
	mov	x0, #0
	bl	cold
	ret	x10
`);
  expect(guest.call("loop", 100)).toBe(2n);
  expect(guest.regions.exits["cold"]).toBeGreaterThan(0);
  guest.dispose();
});

test("a compiled loop looks for what others want of the core", async () => {
  // One that is alone need not look.
  const guest = await Guest.create(REASONS, { jit: forced, machine: { cores: 2 } });
  const { state, internals } = guest.rig;
  guest.compile("spin");
  const pending = (state.block + layout.PENDING) / 4;
  const code = `const { workerData } = require("node:worker_threads");
    setTimeout(() => Atomics.store(new Int32Array(workerData.memory.buffer), workerData.pending, 1), 50);`;
  const worker = new Worker(code, { eval: true, workerData: { memory: internals.memory, pending } });
  state.set64(layout.X, 10n ** 15n);
  state.set64(layout.PC, guest.at("spin"));
  expect(guest.rig.run(Number.MAX_SAFE_INTEGER)).toBe(layout.STOP_PENDING);
  expect(guest.regions.exits["pending"]).toBe(1);
  expect(state.get64(layout.PC)).toBe(guest.at("spin"));
  await worker.terminate();
  Atomics.store(state.signed32, layout.PENDING / 4, 0);
  guest.dispose();
});

test("BTYPE is that of the last branch wherever a region is left", async () => {
  const guest = await Guest.create(
    `
start:	mov	x16, x17
	br	x16
	nop
target:	bti	j
	subs	x0, x0, #1
	b.ne	start
	ret
`,
    { jit: { ...forced, maxInstructions: 2 } },
  );
  const { core } = guest.rig.machine;
  core.setX(17, guest.at("target"));
  core.run({ pc: "start", maxInstructions: 3 });
  expect(guest.compile("start")).toBe(true);
  const { entries } = guest.regions;
  core.run({ pc: "start", maxInstructions: 2 });
  expect(guest.regions.entries).toBe(entries + 1);
  expect([core.pc, core.btype]).toEqual([guest.at("target"), 1]);
  guest.dispose();
});
