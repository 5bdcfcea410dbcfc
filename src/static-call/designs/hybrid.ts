/**
 * The trampoline of the linux-arm-kernel thread on static calls for arm64 (October 2021): a literal that
 * always holds the target, and one patched instruction before the code that uses it. The literal, BTI C and
 * that instruction stand in one 16-byte window: one page, one cache line, two 64-bit stores.
 */
import type { Design, MemoryView } from "../design.js";

const BTI_C = 0xd503245f;
const RET = 0xd65f03c0;
const NOP = 0xd503201f;
/** B: the six fixed bits at the top. */
const B_OPCODE = 0b000101;
/** What follows the patched instruction: ldr x16, . - 16; cbz x16, . + 8; br x16; ret. */
const TAIL = [0x58ffff90, 0xb4000050, 0xd61f0200, 0xd65f03c0];
/** Bytes of the literal and the two instructions behind it, and their alignment. */
const WINDOW = 16n;

function state(memory: MemoryView, name: string): "RET" | "B" | "NOP+literal" | "unknown" {
  const instruction = memory.u32(`__SCT__${name}`, 4);
  if (instruction === RET) return "RET";
  if (instruction === NOP) return "NOP+literal";
  return instruction >>> 26 === B_OPCODE ? "B" : "unknown";
}

export const hybrid: Design = {
  name: "hybrid",
  summary: "one patched instruction (RET, B or NOP) before a literal that is always written",
  states: {
    RET: "no target: the trampoline returns",
    B: "the target is within +-128 MiB: a direct branch",
    "NOP+literal": "the target is further away: the literal is loaded, tested and branched to",
  },
  state,
  recognises(memory, name) {
    const trampoline = `__SCT__${name}`;
    const isAligned = (memory.address(trampoline) - 8n) % WINDOW === 0n;
    const hasTail = TAIL.every((word, index) => memory.u32(trampoline, 8 + 4 * index) === word);
    return isAligned && memory.u32(trampoline, 0) === BTI_C && hasTail && state(memory, name) !== "unknown";
  },
  definesNearOnly: true,
  define: ({ name, func, near }) => `
	.pushsection .static_call.text, "ax"
	.align	4
	.globl	__SCT__${name}
0:	.quad	0
__SCT__${name}:
	hint	34			// BTI C
	${near ? `b	${func}` : "ret"}
	ldr	x16, 0b
	cbz	x16, 1f
	br	x16
1:	ret
	.popsection
`,
  site: ({ name }) => `	bl	__SCT__${name}`,
  patched: (name) => `__SCT__${name}`,
  patch: `
	hint	34			// BTI C
	str	x2, [x3]		// the key's func
	movz	w4, #0x03c0		// RET, when there is no target
	movk	w4, #0xd65f, lsl #16
	cbz	x2, 2f
	add	x5, x0, #4		// the branch is the trampoline's second instruction
	sub	x5, x2, x5
	mov	x6, #0x8000000		// B reaches [-128 MiB, 128 MiB)
	add	x7, x5, x6
	cmp	x7, x6, lsl #1
	b.hs	1f
	mov	w6, #0x14000000		// B, imm26 in words
	ubfx	x4, x5, #2, #26
	orr	w4, w4, w6
	b	2f
1:	movz	w4, #0x201f		// NOP
	movk	w4, #0xd503, lsl #16
2:	movz	w5, #0x245f		// BTI C
	movk	w5, #0xd503, lsl #16
	orr	x4, x5, x4, lsl #32
	str	x2, [x1, #-8]		// the literal first, whatever the state
	str	x4, [x1]		// then both instructions in one store
	dc	cvau, x0
	dsb	ish
	ic	ivau, x0
	dsb	ish
	isb
	ret
`,
};
