/**
 * The callers of a campaign: loops around real call sites, and the check of every call.
 *
 * A call is right if it came to a target that was current at some moment of it. Updates are numbered: before its first
 * store a patcher writes the number to `begin`, when its procedure has returned to `done`. A caller reads `done` before
 * a call and `begin` after it. What bounds the targets from below is `done` as read before the caller's last context
 * synchronisation: until the next one its fetches may still give older instructions.
 *
 *   x19  turns of the loop that are left           x24  address of `begin`
 *   x20  the control block; `done` stands first     x25  the caller's block
 *   x21  the last update after which all was quiet  x26  `begin` after the call before
 *   x22  what that update's target returns          x27  random numbers
 *   x23  `done` before the call                     x28  `done` before the last synchronisation
 */
import { breaks, caller, control, history, NOTHING } from "./layout.js";
import { addressText, framed, randomText } from "./text.js";

/** Calls between two synchronisations are 1 to 2 to the power of this. */
const BATCH_BITS = 10;
/** How far back a target is looked for that a violation may have come to. */
const SEARCHED_BACK = history.entries / 2;

/**
 * One checked call. What came to the target of the last quiet update is right, as long as no later one had returned before the call, which
 * LDAR orders it behind. `begin` only tells here whether there is more to be counted; nothing keeps its load behind the
 * trampoline's own, so that what decides about the other calls loads it again.
 */
const checkedCall = (site: string): string => `	ldar	x23, [x20]
	mov	x0, #0x${NOTHING.toString(16)}
${site}
	ldar	x10, [x24]
	cmp	x0, x22
	ccmp	x23, x21, #0, eq
	ccmp	x10, x21, #0, eq
	b.eq	. + 8
	bl	stress_check
`;

/** Work of a loop that does more than calling: a checksum over the caller's scratch words, in memory. */
const mixing = `	ldp	x11, x12, [x25, #${caller.scratch}]
	eor	x11, x11, x12, ror #23
	add	x12, x12, x19, lsl #1
	madd	x12, x12, x11, x19
	stp	x12, x11, [x25, #${caller.scratch}]
`;

/** The loops that hold the call sites, by the name of each. */
function loopTexts(site: string): Readonly<Record<string, string>> {
  return {
    tight: `1:
${checkedCall(site)}	subs	x19, x19, #1
	b.ne	1b
`,
    mixed: `1:
${mixing}${checkedCall(site)}${mixing}	tbz	x12, #3, 2f
	eor	x27, x27, x11
2:	subs	x19, x19, #1
	b.ne	1b
`,
    twice: `1:
${checkedCall(site)}	subs	x19, x19, #1
	b.eq	2f
	bl	stress_mix
${checkedCall(site)}	subs	x19, x19, #1
	b.ne	1b
2:
`,
    nested: `1:
	bl	stress_wrapper
	subs	x19, x19, #1
	b.ne	1b
`,
  };
}

/** The names of the loops. */
export const loopNames = Object.keys(loopTexts(""));

const loopFunction = ([name, body]: readonly [string, string]): string => framed(`stress_loop_${name}`, body);

/**
 * What a caller goes through when a call did not come to the target of the last quiet update: looks for the update whose target it
 * came to, from the newest that the call may have seen to the oldest that it may have, and counts. x0: what the call
 * returned. May change x6 to x15 and x21, x22, x26: x16 is left as the trampoline
 * left it, for the witness.
 */
const checkText = `
	.balign	16
stress_check:
	dmb	ishld			// behind what the call has loaded
	ldar	x10, [x24]
	ldr	x9, [x25, #${caller.slow}]
	add	x9, x9, #1
	str	x9, [x25, #${caller.slow}]
${addressText("x13", "stress_history")}	mov	x11, x10
1:	and	x12, x11, #${history.entries - 1}
	add	x12, x13, x12, lsl #${history.shift}
	ldr	x14, [x12, #${history.value}]
	cmp	x14, x0
	b.eq	2f
	cmp	x11, x28
	b.ls	stress_violation
	sub	x11, x11, #1
	b	1b
2:	cmp	x11, x10
	b.ne	3f
	// The newest. If an update came within the call, the call has seen what it made.
	cmp	x11, x23
	b.ls	5f
	mov	x8, #0x8		// outcome "new"
	sub	x9, x11, #1
	mov	x15, x11
	b	4f
3:	// Superseded by update x15: within the call, or before it.
	add	x15, x11, #1
	mov	x9, x11
	and	x7, x15, #${history.entries - 1}
	add	x7, x13, x7, lsl #${history.shift}
	mrs	x6, cntvct_el0
	cmp	x11, x23
	b.lo	6f
	mov	x8, #0			// outcome "old"
	ldr	x12, [x7, #${history.begun}]
	add	x14, x25, #${caller.sinceBegin}
	cmp	x15, x26
	b.hi	7f
	ldr	x7, [x25, #${caller.oldInside}]
	add	x7, x7, #1
	str	x7, [x25, #${caller.oldInside}]
	b	7f
6:	mov	x8, #0x10		// outcome "stale"
	ldr	x12, [x7, #${history.returned}]
	add	x14, x25, #${caller.sinceReturn}
7:	// One more in the bucket of the logarithm of the ticks since then.
	subs	x6, x6, x12
	csinc	x6, x6, xzr, hi
	clz	x6, x6
	eor	x6, x6, #63
	ldr	x7, [x14, x6, lsl #3]
	add	x7, x7, #1
	str	x7, [x14, x6, lsl #3]
4:	// Transition from the target of update x9 to that of x15.
	and	x9, x9, #${history.entries - 1}
	add	x9, x13, x9, lsl #${history.shift}
	ldr	x9, [x9, #${history.state}]
	and	x15, x15, #${history.entries - 1}
	add	x15, x13, x15, lsl #${history.shift}
	ldr	x15, [x15, #${history.state}]
	add	x9, x15, x9, lsl #2
	add	x8, x8, x9, lsl #${caller.transitionShift}
	add	x8, x8, #${caller.transitions}
	ldr	x9, [x25, x8]
	add	x9, x9, #1
	str	x9, [x25, x8]
5:	mov	x26, x10
	cmp	x10, x23
	ccmp	x10, x11, #0, eq
	b.ne	8f
	mov	x21, x10
	mov	x22, x0
8:	ret

stress_violation:
	// An older target's, or nobody's? How far back it is found is part of the record.
	sub	x9, x10, x11
	cmp	x9, #${SEARCHED_BACK}
	b.hs	1f
	cbz	x11, 1f
	sub	x11, x11, #1
	and	x12, x11, #${history.entries - 1}
	add	x12, x13, x12, lsl #${history.shift}
	ldr	x14, [x12, #${history.value}]
	cmp	x14, x0
	b.ne	stress_violation
	b	2f
1:	mov	x11, #-1
2:	mov	w9, #1
	str	w9, [x20, #${control.stop}]	// before the others have gone on
	stp	x0, x23, [x25, #${caller.value}]
	stp	x10, x28, [x25, #${caller.beginAfter}]
	stp	x11, x30, [x25, #${caller.matched}]
	brk	#${breaks.violation}
	b	.
`;

/**
 * stress_caller(index): calls until it is told to stop or has made its calls; returns 0. Between two loops it publishes how
 * far it has got and synchronises: the ISB behind a dependency on what was read orders the fetches that follow.
 */
function mainText(): string {
  const table = loopNames.map((name) => `	.quad	stress_loop_${name}\n`).join("");
  return `
${framed(
  "stress_caller",
  `${addressText("x20", "stress_control")}	add	x24, x20, #${control.begin}
${addressText("x25", "stress_callers")}	add	x25, x25, x0, lsl #${caller.shift}
	ldr	x27, [x25, #${caller.seed}]
	mov	x21, #-1
	mov	x26, #0
1:	ldr	w9, [x20, #${control.stop}]
	cbnz	w9, 3f
	ldr	x10, [x25, #${caller.callsLeft}]
	cbz	x10, 3f
${randomText("x27", "x9")}	and	x19, x27, #${(1 << BATCH_BITS) - 1}
	add	x19, x19, #1
	cmp	x19, x10
	csel	x19, x19, x10, ls
	sub	x10, x10, x19
	str	x10, [x25, #${caller.callsLeft}]
	ldr	x9, [x25, #${caller.calls}]
	add	x9, x9, x19
	str	x9, [x25, #${caller.calls}]
	ldr	x9, [x25, #${caller.synchronisations}]
	add	x9, x9, #1
	str	x9, [x25, #${caller.synchronisations}]
	ldar	x28, [x20]
	str	x28, [x25, #${caller.synchronised}]
	cbnz	x28, . + 4
	isb
${addressText("x9", "stress_loops")}	ubfx	x10, x27, #${BATCH_BITS + 20}, #2
	ldr	x9, [x9, x10, lsl #3]
	blr	x9
	b	1b
3:	str	x27, [x25, #${caller.seed}]
	mov	x9, #-1
	str	x9, [x25, #${caller.synchronised}]
	mov	x0, #0
`,
  true,
)}
	.section .data, "aw"
	.balign	8
stress_loops:
${table}	.text
`;
}

const helpersText = (site: string): string => `
${framed("stress_wrapper", checkedCall(site))}
	.balign	16
stress_mix:
	hint	34
${mixing}	ret
`;

/** The text of the callers, with the design's call site. */
export function callerText(site: string): string {
  return `	.text
${Object.entries(loopTexts(site)).map(loopFunction).join("")}${helpersText(site)}${checkText}${mainText()}`;
}
