/**
 * The patchers of a campaign: take the lock, write down what is to come, run the design's own patch procedure, say that it has
 * returned. The order of all that is part of the check; see caller-text.ts.
 *
 *   x19  ticket                x22  entry of the history     x25  the patcher's block
 *   x20  the control block     x23  entry of the target      x27  random numbers
 *   x21  number of the update  x24  when it began            x28  transition
 */
import { breaks, caller, control, history, patcher, target } from "./layout.js";
import { addressText, framed, randomText } from "./text.js";

/** Updates that may be under way or unseen by the slowest caller; a caller searches the history while more of them come. */
const MOST_AHEAD = history.entries / 4;
/** Binary logarithm of the ticks of CNTVCT_EL0 that a patcher waits for the slowest caller: half a minute. */
const PATIENCE_BITS = 35;

/** How many periods a patcher may be behind what is due, as a binary logarithm. */
const LATE_BITS = 6;

const lockText = `	mov	w9, #1
	add	x10, x20, #${control.ticket}
	ldadda	w9, w19, [x10]
	add	x10, x20, #${control.owner}
2:	ldar	w9, [x10]
	cmp	w9, w19
	b.eq	3f
	ldr	w9, [x20, #${control.stop}]
	cbnz	w9, 9f
	wfe
	b	2b
3:
`;

const unlockText = `	add	w9, w19, #1
	add	x10, x20, #${control.owner}
	stlr	w9, [x10]
	sev
`;

/** Waits until no caller is so far behind that the history it may need would be overwritten. */
const waitForCallersText = (callers: number): string => `	mrs	x12, cntvct_el0
	mov	x11, #1 << ${PATIENCE_BITS}
	add	x12, x12, x11
4:${addressText("x9", "stress_callers")}	mov	x10, #0
5:	ldr	x11, [x9, #${caller.synchronised}]
	subs	x11, x21, x11
	b.ls	6f
	cmp	x11, #${MOST_AHEAD}
	b.ls	6f
	ldr	w11, [x20, #${control.stop}]
	cbnz	w11, 8f
	wfe
	mrs	x11, cntvct_el0
	cmp	x11, x12
	b.lo	4b
	str	x10, [x25, #${patcher.slowCaller}]
	brk	#${breaks.slowCaller}
6:	add	x9, x9, #1 << ${caller.shift}
	add	x10, x10, #1
	cmp	x10, #${callers}
	b.ne	5b
`;

/** The next target of the schedule, and the transition to it. */
const nextTargetText = (scheduled: number): string => `	ldr	x9, [x20, #${control.position}]
${addressText("x10", "stress_schedule")}	ldrb	w11, [x10, x9]
	add	x9, x9, #1
	mov	w10, #${scheduled}
	cmp	x9, x10
	csel	x9, x9, xzr, ne
	str	x9, [x20, #${control.position}]
	ldr	x12, [x20, #${control.current}]
	str	x11, [x20, #${control.current}]
${addressText("x9", "stress_targets")}	add	x23, x9, x11, lsl #${target.shift}
	add	x9, x9, x12, lsl #${target.shift}
	ldr	x9, [x9, #${target.state}]
	ldr	x10, [x23, #${target.state}]
	add	x28, x10, x9, lsl #2
`;

/** What is written before the first store; the barrier keeps the stores of the procedure behind it. */
const beginText = `${addressText("x22", "stress_history")}	and	x9, x21, #${history.entries - 1}
	add	x22, x22, x9, lsl #${history.shift}
	ldr	x9, [x23, #${target.value}]
	str	x9, [x22, #${history.value}]
	str	x10, [x22, #${history.state}]
	mrs	x24, cntvct_el0
	str	x24, [x22, #${history.begun}]
	add	x9, x20, #${control.begin}
	stlr	x21, [x9]
	dmb	ish
`;

const procedureText = (
  procedure: string,
): string => `${addressText("x0", "stress_arguments")}	ldr	x2, [x23, #${target.address}]
	ldr	x3, [x0, #16]
	ldp	x0, x1, [x0]
	bl	${procedure}
`;

const endText = `	mrs	x9, cntvct_el0
	str	x9, [x22, #${history.returned}]
	stlr	x21, [x20]		// done
	sub	x10, x9, x24
	ldr	x11, [x25, #${patcher.ticks}]
	add	x11, x11, x10
	str	x11, [x25, #${patcher.ticks}]
	add	x10, x25, x28, lsl #3
	ldr	x11, [x10, #${patcher.transitions}]
	add	x11, x11, #1
	str	x11, [x10, #${patcher.transitions}]
	ldr	x11, [x25, #${patcher.updates}]
	add	x11, x11, #1
	str	x11, [x25, #${patcher.updates}]
`;

/**
 * Waits until the next update is due, so that other cores see this state of the trampoline alone; WFE leaves the host's thread to them. Updates are
 * due a random time after one another, on average the period; a patcher that is late makes up for it, up to a limit.
 */
const pauseText = `	ldr	x10, [x20, #${control.period}]
	cbz	x10, 1b
${randomText("x27", "x11")}	lsr	x11, x27, #32
	lsl	x12, x10, #1
	mul	x12, x12, x11
	ldr	x24, [x25, #${patcher.due}]
	add	x24, x24, x12, lsr #32
	mrs	x9, cntvct_el0
	subs	x12, x9, x10, lsl #${LATE_BITS}
	csel	x12, x12, xzr, hi
	cmp	x24, x12
	csel	x24, x24, x12, hi
	str	x24, [x25, #${patcher.due}]
7:	mrs	x9, cntvct_el0
	cmp	x9, x24
	b.hs	1b
	ldr	w9, [x20, #${control.stop}]
	cbnz	w9, 9f
	wfe
	b	7b
`;

export interface PatcherText {
  /** The symbol of the patch procedure. */
  readonly procedure: string;
  readonly callers: number;
  /** Entries of the schedule. */
  readonly scheduled: number;
}

/** stress_patcher(index): updates until it is told to stop or no updates are left; returns 0. */
export function patcherText({ procedure, callers, scheduled }: PatcherText): string {
  const body = `${addressText("x20", "stress_control")}${addressText("x25", "stress_patchers")}	add	x25, x25, x0, lsl #${patcher.shift}
	ldr	x27, [x25, #${patcher.seed}]
1:	ldr	w9, [x20, #${control.stop}]
	cbnz	w9, 9f
${lockText}	ldr	x9, [x20, #${control.updatesLeft}]
	cbz	x9, 8f
	sub	x9, x9, #1
	str	x9, [x20, #${control.updatesLeft}]
	ldr	x21, [x20, #${control.done}]
	add	x21, x21, #1
${waitForCallersText(callers)}${nextTargetText(scheduled)}${beginText}${procedureText(procedure)}${endText}${unlockText}${pauseText}8:
${unlockText}9:	str	x27, [x25, #${patcher.seed}]
	mov	x0, #0
`;
  return `	.text\n${framed("stress_patcher", body, true)}`;
}
