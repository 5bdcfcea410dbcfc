/**
 * From the patcher's first store to the moment at which the last core has made its first call to the new target: each caller calls without pause
 * and notes the counter (CNTVCT_EL0) whenever a call comes back from another target than the one before.
 */

import { StaticCall } from "cmodx";
import { assemble, type Machine } from "cmodx/engine";
import { makeMachine, type Qemu, symbolOf } from "./machine.js";

export interface Latency {
  /** Nanoseconds, ascending: until the last core's first new call. */
  readonly latencies: readonly number[];
  /** Nanoseconds, ascending: until the patch procedure returned. */
  readonly updates: readonly number[];
}

/** Updates at first whose latencies are those of an engine that is still compiling. */
const WARM_UP = 200;
const KEY = "latency";
const MAX_CALLERS = 16;

const target = (label: string, value: number): string => `
	.balign	64
${label}:
	bti	c
	mov	x0, #${value}
	ret
`;

/** What the trampoline is switched round: a branch, another branch, and the literal. */
const targets = ["near_a", "far", "near_b"] as const;

/**
 * caller(X0 = number): calls until told to stop. Its line: +0 when the target last changed, +8 which it has been since.
 * patcher(X0 = callers): makes all updates, each after a random pause of up to 131 microseconds, and waits for all callers to have noticed.
 */
const program = (rounds: number, site: string): string => `
	.data
	.balign	64
stop:	.skip	64
lines:	.skip	${MAX_CALLERS} * 64
frequency: .skip 8
samples: .skip	${rounds} * 16
	.balign	8
targets: .quad	${targets.map((label, index) => `${label}, ${index + 1}`).join(", ")}

	.text
	.balign	64
caller:	bti	c
	stp	x29, x30, [sp, #-48]!
	stp	x19, x20, [sp, #16]
	str	x21, [sp, #32]
	ldr	x20, =lines
	add	x20, x20, x0, lsl #6
	ldr	x21, =stop
	mov	x19, #0
	b	1f
2:	isb				// or the counter could be read before the call
	mrs	x9, cntvct_el0
	mov	x19, x0
	str	x9, [x20]
	add	x9, x20, #8
	stlr	x0, [x9]
1:	mov	x0, #0
${site}
	cmp	x0, x19
	b.ne	2b
	ldr	w9, [x21]
	cbz	w9, 1b
	mov	x0, #0
	ldr	x21, [sp, #32]
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #48
	ret

	.balign	64
patcher: bti	c
	stp	x29, x30, [sp, #-96]!
	stp	x19, x20, [sp, #16]
	stp	x21, x22, [sp, #32]
	stp	x23, x24, [sp, #48]
	stp	x25, x26, [sp, #64]
	stp	x27, x28, [sp, #80]
	mov	x19, x0
	ldr	x20, =samples
	ldr	x21, =${rounds}
	mov	x22, #0
	mrs	x9, cntfrq_el0
	ldr	x10, =frequency
	str	x9, [x10]
	ldr	x27, =0x9e3779b97f4a7c15
round:
	lsl	x9, x27, #13
	eor	x27, x27, x9
	lsr	x9, x27, #7
	eor	x27, x27, x9
	lsl	x9, x27, #17
	eor	x27, x27, x9
	mrs	x9, cntvct_el0
	mrs	x11, cntfrq_el0
	and	x10, x27, #0x1ffff
	mul	x10, x10, x11		// nanoseconds to ticks
	ldr	x11, =1000000000
	udiv	x10, x10, x11
	add	x10, x9, x10
1:	yield
	mrs	x9, cntvct_el0
	cmp	x9, x10
	b.lo	1b
	add	x22, x22, #1
	cmp	x22, #${targets.length}
	csel	x22, x22, xzr, ne
	ldr	x9, =targets
	add	x9, x9, x22, lsl #4
	ldp	x2, x23, [x9]
	ldr	x0, =__SCT__${KEY}
	mov	x1, x0
	ldr	x3, =__SCK__${KEY}
	dsb	ish
	isb
	mrs	x24, cntvct_el0
	bl	__static_call_update.hybrid
	mrs	x25, cntvct_el0
	mov	x26, x24		// when the last one has noticed
	ldr	x9, =lines
	mov	x10, x19
	b	3f
2:	yield
3:	add	x11, x9, #8
	ldar	x11, [x11]
	cmp	x11, x23
	b.ne	2b
	ldr	x11, [x9]
	cmp	x11, x26
	csel	x26, x11, x26, hi
	add	x9, x9, #64
	subs	x10, x10, #1
	b.ne	3b
	sub	x26, x26, x24
	sub	x25, x25, x24
	stp	x26, x25, [x20], #16
	subs	x21, x21, #1
	b.ne	round
	ldr	x9, =stop
	mov	w10, #1
	str	w10, [x9]
	mov	x0, #0
	ldp	x19, x20, [sp, #16]
	ldp	x21, x22, [sp, #32]
	ldp	x23, x24, [sp, #48]
	ldp	x25, x26, [sp, #64]
	ldp	x27, x28, [sp, #80]
	ldp	x29, x30, [sp], #96
	ret
	.ltorg
`;

async function loaded(callers: number, rounds: number): Promise<Machine> {
  const machine = await makeMachine(callers + 1);
  machine.load(assemble(target("near_a", 1) + target("near_b", 3), { base: machine.window("text").address }));
  machine.load(assemble(target("far", 2), { base: machine.window("modules").address }));
  const key = StaticCall.define(machine, { name: KEY, design: "hybrid", target: "near_a" });
  machine.load(
    assemble(program(rounds, key.site), {
      base: machine.window("text").address + 4096n,
      sections: { ".data": machine.window("data").address },
      symbols: machine.symbols,
    }),
  );
  return machine;
}

/** What the guest wrote: the counter's frequency, then two numbers of ticks for each update. */
function latencyOf([frequency = 1, ...ticks]: readonly number[]): Latency {
  const nanoseconds = ticks.map((each) => (each * 1e9) / frequency);
  const column = (parity: number): number[] =>
    nanoseconds.filter((_, index) => index % 2 === parity && index >= 2 * WARM_UP).sort((a, b) => a - b);
  return { latencies: column(0), updates: column(1) };
}

const wordsOf = (rounds: number): number => 1 + 2 * rounds;

export async function cmodxLatency(callers: number, measured: number): Promise<Latency> {
  const rounds = WARM_UP + measured;
  const machine = await loaded(callers, rounds);
  try {
    const entry = (index: number): [string, number] => (index < callers ? ["caller", index] : ["patcher", callers]);
    await Promise.all(machine.cores.map((core, index) => core.callAsync(...entry(index))));
    const first = symbolOf(machine, "frequency");
    return latencyOf(Array.from({ length: wordsOf(rounds) }, (_, i) => Number(machine.readU64(first + BigInt(8 * i)))));
  } finally {
    await machine.dispose();
  }
}

export async function qemuLatency(callers: number, measured: number, qemu: Qemu): Promise<Latency> {
  const rounds = WARM_UP + measured;
  const machine = await loaded(callers, rounds);
  const image = qemu.image(machine);
  const [caller, patcher, samples] = ["caller", "patcher", "frequency"].map((name) => symbolOf(machine, name));
  await machine.dispose();
  const args = [image, callers, caller ?? 0n, patcher ?? 0n, samples ?? 0n, wordsOf(rounds)];
  return latencyOf(qemu.run("samples", args, 120).map(Number));
}
