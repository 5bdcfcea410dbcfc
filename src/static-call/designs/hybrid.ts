/**
 * The trampoline of the linux-arm-kernel thread on static calls for arm64 (October 2021): a literal that
 * always holds the target, and one patched instruction before the code that uses it. The literal, BTI C and
 * that instruction stand in one 16-byte window: one page, one cache line, two 64-bit stores.
 */
import { hybridDesign, returns, tested, words } from "./hybrid-family.js";

export const hybrid = hybridDesign({
  name: "hybrid",
  summary: "one patched instruction (RET, B or NOP) before a literal that is always written",
  empty: returns,
  tail: tested,
});

/** What CBZ is for: the same without it. */
export const hybridNoCbz = hybridDesign({
  name: "hybrid-nocbz",
  summary: "hybrid without the test of the literal: not safe, to show what the test is for",
  empty: returns,
  tail: { words: [words.BR_X16, words.RET], text: "	br	x16\n1:	ret\n" },
});

/** The thread's alternative to CBZ: the literal of a key without a target points at a landing place that returns. */
export const hybridRet = hybridDesign({
  name: "hybrid-ret",
  summary: "hybrid whose literal points at a bare return in place of zero, so that nothing is tested",
  empty: returns,
  tail: {
    words: [words.BR_X16, words.BTI_C, words.RET],
    text: "	br	x16\n1:	hint	34			// BTI C\n	ret\n",
  },
  emptyLiteral: 16,
});

/** Only instructions that the architecture lets one modify while they are executed: B in place of RET. */
export const hybridB = hybridDesign({
  name: "hybrid-b",
  summary: "hybrid with a branch to its own return in place of RET",
  empty: {
    /** b . + 16 */
    word: 0x14000004,
    text: "b	1f",
    state: "B to its RET",
    meaning: "no target: the trampoline branches to its end and returns",
  },
  tail: tested,
});
