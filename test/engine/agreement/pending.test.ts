/**
 * Another thread wants a core out of compiled code, at a moment that nobody chose: the core stands between two instructions,
 * with the state that the interpreter has after as many, and takes an interrupt from there.
 */
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { Random, runSeed } from "../../support/random.js";
import { disagreements } from "./lockstep.js";
import { Precision } from "./precision.js";
import { DATA, type Subject, TABLE } from "./subjects.js";

/** Ways out of compiled code that are looked at, and how often a core may be called before it is in it. */
const WANTED = 20;
const MAX_ROUNDS = 1000;
const TURNS_REGISTER = 2;
const FOREVER = 1n << 60n;

const subject: Subject = {
  name: "loops within a loop",
  text: `
start:	mov	x15, x30
	mov	x9, #0
1:	and	x3, x9, #0xff8
	ldr	x4, [x0, x3]
	eor	x5, x5, x4, ror #7
	bl	stir
	str	x5, [x1, x3]
	mov	w7, #3
2:	adds	x8, x8, x6, lsl #1
	cinc	x6, x6, cs
	subs	w7, w7, #1
	b.ne	2b
	add	x9, x9, #8
	subs	x2, x2, #1
	b.ne	1b
	ret	x15
stir:	adds	x6, x6, x5
	ccmp	x6, x4, #2, cc
	b.hi	3f
	neg	x6, x6
3:	ret
	.balign	2048
vectors:	.rept	16
	.balign	128
	mrs	x20, elr_el1
	mrs	x21, spsr_el1
	eret
	.endr
`,
  registers: { 0: TABLE, 1: DATA, [TURNS_REGISTER]: 40n },
  memory: [],
  longer: [TURNS_REGISTER, FOREVER],
  landings: [],
  vectors: true,
};

/** Sets the pending word of a core some time after it is told to. */
const KNOCKER = `const { workerData: { memory, pending, go } } = require("node:worker_threads");
const words = new Int32Array(memory.buffer);
const turns = new Int32Array(go);
for (let round = 0; ; round++) {
  Atomics.wait(turns, 0, round);
  for (let i = Atomics.load(turns, 1); i > 0; i--) Atomics.load(turns, 0);
  Atomics.store(words, pending, 1);
}`;

test(`a core that is called out of compiled code, seed ${runSeed}`, async () => {
  const precision = await Precision.create(subject, {
    name: "compiled by force",
    jit: { threshold: 1, background: false },
    blind: true,
    cores: 2,
  });
  const { reference, rig } = precision;
  const go = new SharedArrayBuffer(8);
  const turns = new Int32Array(go);
  const pending = (rig.state.block + layout.PENDING) / 4;
  const worker = new Worker(KNOCKER, { eval: true, workerData: { memory: rig.internals.memory, pending, go } });
  const random = new Random(`${runSeed}/pending`);
  const granted = Number.MAX_SAFE_INTEGER;
  const exits = (): number => rig.machine.stats().regions.exits["pending"] ?? 0;
  const before = exits();
  for (let round = 1; exits() - before < WANTED; round++) {
    expect(round).toBeLessThan(MAX_ROUNDS);
    precision.begin({ register: TURNS_REGISTER, value: FOREVER });
    for (const { state } of [reference, rig]) state.set32(layout.DAIF, 0);
    Atomics.store(turns, 1, 20_000 + random.below(200_000));
    Atomics.store(turns, 0, round);
    Atomics.notify(turns, 0);
    expect(rig.run(granted)).toBe(layout.STOP_PENDING);
    Atomics.store(rig.state.signed32, layout.PENDING / 4, 0);
    const executed = granted - rig.state.getNumber(layout.FUEL);
    const interrupted = rig.state.get64(layout.PC);
    expect(reference.run(executed)).toBe(layout.STOP_FUEL);
    rig.state.set64(layout.FUEL, 0n);
    expect(disagreements(reference, rig, [layout.STOP_FUEL, layout.STOP_FUEL])).toEqual([]);
    // Three instructions of the handler, and on.
    for (const { state } of [reference, rig]) state.set32(layout.INTERRUPTS, layout.INTERRUPT_IRQ);
    for (const fuel of [2, 50]) expect(disagreements(reference, rig, [reference.run(fuel), rig.run(fuel)])).toEqual([]);
    expect(rig.state.get64(layout.X + 8 * 20)).toBe(interrupted);
  }
  await worker.terminate();
  precision.dispose();
});
