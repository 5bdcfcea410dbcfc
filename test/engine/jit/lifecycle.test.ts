/** Regions in great number, regions that come late, regions of machines that are gone. */
import { expect, test } from "vitest";
import { Guest } from "./guest.js";

/** More functions than there is room for regions. */
const FUNCTIONS = 30;
const ROOM = 20;
const LOADS = 30;
const many = Array.from(
  { length: FUNCTIONS },
  (_, i) => `f${i}: mov x1, x0\n${" ldr x2, [x1]\n".repeat(LOADS)} add x0, x2, #${i}\n ret\n`,
).join("");

test("a full translation cache starts again, and nothing is lost or miscounted", async () => {
  const guest = await Guest.create(many, { jit: { threshold: 4095, background: false, maxRegions: ROOM } });
  const data = guest.rig.machine.window("data").address;
  guest.rig.machine.writeU64(data, 1000n);
  for (let i = 0; i < FUNCTIONS; i++) {
    // The first call notes which window is used.
    expect(guest.call(`f${i}`, data)).toBe(BigInt(1000 + i));
    expect(guest.compile(`f${i}`)).toBe(true);
    const reads = guest.rig.machine.stats().dataReads;
    expect(guest.call(`f${i}`, data)).toBe(BigInt(1000 + i));
    expect(guest.rig.machine.stats().dataReads - reads).toBe(LOADS);
    guest.check();
  }
  expect(guest.rig.machine.stats().dataReads).toBe(2 * FUNCTIONS * LOADS);
  expect(guest.isCompiled("f0")).toBe(false);
  expect(guest.isCompiled(`f${FUNCTIONS - 1}`)).toBe(true);
  expect(guest.call("f0", data)).toBe(1000n);
  expect(guest.compile("f0")).toBe(true);
  expect(guest.call("f0", data)).toBe(1000n);
  guest.dispose();
});

test("a region is never larger than V8 takes", async () => {
  const loads = 9000;
  const text = `f: mov x1, x0\n .rept ${loads}\n ldr x2, [x1]\n .endr\n mov x0, x2\n ret\n`;
  const guest = await Guest.create(text, { jit: { threshold: 4095, background: false, maxInstructions: 1_000_000 } });
  const data = guest.rig.machine.window("data").address;
  guest.rig.machine.writeU64(data, 42n);
  expect(guest.compile("f")).toBe(true);
  for (let i = 1; i <= 3; i++) {
    expect(guest.call("f", data)).toBe(42n);
    expect(guest.rig.machine.stats().dataReads).toBe(i * loads);
  }
  guest.dispose();
});

const LOOP = `
f:	add	x1, x1, #1
	ret
loop:	mov	x10, x30
	mov	x1, #0
1:	bl	f
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x1
	ret	x10
`;

/** Takes answers until a region has been compiled. */
function waitForCompilation(guest: Guest): void {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < 3000 && guest.regions.compiled === 0; i++) {
    Atomics.wait(sleeper, 0, 0, 10);
    guest.rig.regions.poll();
  }
  expect(guest.regions.compiled).toBeGreaterThan(0);
}

/**
 * A machine that has asked for a region of `f` and has not taken it. The core looks for answers at every hot branch,
 * so that it may already have one if this thread was kept waiting at the wrong moment: then again, with another.
 */
async function guestWithPendingRegion(): Promise<Guest> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const guest = await Guest.create(LOOP, { jit: { threshold: 1, background: true } });
    // The compile worker takes its time to begin.
    const deadline = performance.now() + 30_000;
    while (guest.rig.regions.outstanding === 0 && guest.regions.compiled === 0 && performance.now() < deadline)
      expect(guest.call("loop", 2)).toBe(2n);
    if (guest.rig.regions.outstanding > 0 && guest.regions.compiled === 0) return guest;
    guest.dispose();
  }
  throw new Error("in 50 attempts every region was there before the call had ended");
}

test("a region that arrives after its code was patched is not linked", async () => {
  const guest = await guestWithPendingRegion();
  guest.patch(guest.at("f"), "add x1, x1, #2");
  waitForCompilation(guest);
  guest.check();
  for (const name of ["f", "loop"]) expect(guest.isCompiled(name)).toBe(false);
  expect(guest.call("loop", 1000)).toBe(2000n);
  // The words come back, and with them the region that came too late.
  guest.patch(guest.at("f"), "add x1, x1, #1");
  expect(guest.call("loop", 1000)).toBe(1000n);
  guest.dispose();
});

test("the core goes on while its regions are compiled, and uses them when they are there", async () => {
  const guest = await Guest.create(LOOP, { jit: { threshold: 2, background: true } });
  expect(guest.call("loop", 100)).toBe(100n);
  waitForCompilation(guest);
  const { entries } = guest.regions;
  expect(guest.call("loop", 100)).toBe(100n);
  expect(guest.regions.entries).toBeGreaterThan(entries);
  guest.dispose();
});

test("a machine can be disposed of while regions are being compiled for it", async () => {
  const guest = await Guest.create(LOOP, { jit: { threshold: 1, background: true } });
  expect(guest.call("loop", 3)).toBe(3n);
  guest.dispose();
  const other = await Guest.create(LOOP);
  expect(other.call("loop", 100)).toBe(100n);
  expect(other.regions.compiled).toBeGreaterThan(0);
  other.dispose();
});
