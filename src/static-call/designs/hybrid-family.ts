/**
 * Trampolines that branch directly where they can and load their target where they must: the one of the thread, and what
 * the thread and its readers thought of changing in it.
 */
import type { Design, DesignName, KeyText, MemoryView } from "../design.js";
import { alignWindow, maintenanceText, patchProtections, storeText, type Weakening } from "../weakening.js";

const BTI_C = 0xd503245f;
const NOP = 0xd503201f;
/** ldr x16, . - 16: the literal, from the third instruction. */
const LDR_LITERAL = 0x58ffff90;
const BR_X16 = 0xd61f0200;
const RET = 0xd65f03c0;
/** B: the six fixed bits at the top. */
const B_OPCODE = 0b000101;
/** Bytes of the literal and the two instructions behind it, and their alignment. */
const WINDOW = 16n;

export interface Variant {
  readonly name: DesignName;
  readonly summary: string;
  /** The patched instruction when there is no target, and the name of that state. */
  readonly empty: { readonly word: number; readonly text: string; readonly state: string; readonly meaning: string };
  /** What follows the patched instruction and the load of x16. Label 1 is where a trampoline without a target returns. */
  readonly tail: { readonly words: readonly number[]; readonly text: string };
  /** The offset, from the trampoline, of what the literal points at when there is no target; absent: it is zero. */
  readonly emptyLiteral?: number;
}

export const returns = {
  word: RET,
  text: "ret",
  state: "RET",
  meaning: "no target: the trampoline returns",
} as const;

export const tested = {
  /** cbz x16, . + 8 */
  words: [0xb4000050, BR_X16, RET],
  text: `	cbz	x16, 1f
	br	x16
1:	ret
`,
} as const;

function stateOf({ empty }: Variant, memory: MemoryView, name: string): string {
  const instruction = memory.u32(`__SCT__${name}`, 4);
  if (instruction === empty.word) return empty.state;
  if (instruction === NOP) return "NOP+literal";
  return instruction >>> 26 === B_OPCODE ? "B" : "unknown";
}

function movW4({ word, state }: Variant["empty"]): string {
  const half = (bits: number): string => `0x${(bits & 0xffff).toString(16).padStart(4, "0")}`;
  return `	movz	w4, #${half(word)}	// ${state}, when there is no target
	movk	w4, #${half(word >>> 16)}, lsl #16
`;
}

/** The stores of literal and instructions. */
function stores(variant: Variant, weakening: Weakening): string {
  const split = weakening.misalign === "4" ? { stores: "words" as const, ...weakening } : weakening;
  const skip = weakening.noNearLiteral === true ? "	cbnz	x8, 3f\n" : "";
  const from = variant.emptyLiteral === undefined ? 2 : 10;
  const store = storeText({ from, to: 1, offset: -8, bytes: 8, of: "literal" }, split);
  const literal = `${skip}${store}${skip === "" ? "" : "3:\n"}`;
  const instructions = storeText({ from: 4, to: 1, bytes: 8, of: "instructions" }, split);
  const barrier = weakening.barrier === true ? "	dmb	ishst\n" : "";
  // The literal first, whatever the state; then both instructions in one store.
  const [first, second] = weakening.order === "insn-first" ? [instructions, literal] : [literal, instructions];
  return `${first}${barrier}${second}`;
}

/** The maintenance: of the line in which the window begins, where another one has the instructions. */
function maintenance(weakening: Weakening): string {
  const isSplit = weakening.misalign === "line" || weakening.misalign === "page";
  return isSplit ? `	sub	x11, x0, #8\n${maintenanceText(weakening, "x11")}` : maintenanceText(weakening);
}

function patch(variant: Variant, weakening: Weakening): string {
  const near = weakening.noNearLiteral === true;
  return `
	hint	34			// BTI C
	str	x2, [x3]		// the key's func
${
  variant.emptyLiteral === undefined
    ? ""
    : `	add	x10, x0, #${variant.emptyLiteral}
	cmp	x2, #0
	csel	x10, x10, x2, eq	// what the literal will be
`
}${near ? "	mov	x8, #0\n" : ""}${movW4(variant.empty)}	cbz	x2, 2f
	add	x5, x0, #4		// the branch is the trampoline's second instruction
	sub	x5, x2, x5
	mov	x6, #0x8000000		// B reaches [-128 MiB, 128 MiB)
	add	x7, x5, x6
	cmp	x7, x6, lsl #1
	b.hs	1f
	mov	w6, #0x14000000		// B, imm26 in words
	ubfx	x4, x5, #2, #26
	orr	w4, w4, w6
${near ? "	mov	x8, #1\n" : ""}	b	2f
1:	movz	w4, #0x201f		// NOP
	movk	w4, #0xd503, lsl #16
2:	movz	w5, #0x245f		// BTI C
	movk	w5, #0xd503, lsl #16
	orr	x4, x5, x4, lsl #32
${stores(variant, weakening)}${maintenance(weakening)}	ret
`;
}

function define({ empty, emptyLiteral, tail }: Variant, { name, func, near }: KeyText, weakening: Weakening): string {
  return `
	.pushsection .static_call.text, "ax"
${alignWindow(weakening)}	.globl	__SCT__${name}
0:	.quad	${emptyLiteral === undefined ? "0" : `__SCT__${name} + ${emptyLiteral}`}
__SCT__${name}:
	hint	34			// BTI C
	${near ? `b	${func}` : empty.text}
	ldr	x16, 0b
${tail.text}	.popsection
`;
}

export function hybridDesign(variant: Variant): Design {
  const { name, summary, empty, tail } = variant;
  return {
    name,
    summary,
    states: {
      [empty.state]: empty.meaning,
      B: "the target is within +-128 MiB: a direct branch",
      "NOP+literal": "the target is further away: the literal is loaded and branched to",
    },
    state: (memory, key) => stateOf(variant, memory, key),
    recognises(memory, key) {
      const trampoline = `__SCT__${key}`;
      const isAligned = (memory.address(trampoline) - 8n) % WINDOW === 0n;
      const hasTail = [LDR_LITERAL, ...tail.words].every(
        (word, index) => memory.u32(trampoline, 8 + 4 * index) === word,
      );
      return isAligned && memory.u32(trampoline, 0) === BTI_C && hasTail && stateOf(variant, memory, key) !== "unknown";
    },
    definesNearOnly: true,
    define: (key) => define(variant, key, {}),
    site: ({ name: key }) => `	bl	__SCT__${key}`,
    patched: (key) => `__SCT__${key}`,
    patch: patch(variant, {}),
    weakenable: {
      protections: [...patchProtections, "misalign 8"],
      weakened: (weakening) => ({
        define: (key) => define(variant, key, weakening),
        patch: patch(variant, weakening),
      }),
    },
  };
}

/** The words that more than one variant's tail is made of. */
export const words = { BTI_C, BR_X16, RET } as const;
