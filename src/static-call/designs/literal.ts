/** The trampoline that mainline Linux has had since 2026: no instruction is patched, only a literal among the data. */
import { type Design, storeTarget } from "../design.js";

export const literal: Design = {
  name: "literal",
  summary: "no instruction is patched: the trampoline loads its target from a data section",
  states: {
    NULL: "no target: the literal is zero and the trampoline returns",
    literal: "the literal is loaded, tested and branched to",
  },
  state: (memory, name) => (memory.u64(`__SCL__${name}`, 0) === 0n ? "NULL" : "literal"),
  define: ({ name, func }) => `
	.pushsection .data, "aw"
	.balign	8
__SCL__${name}:
	.quad	${func}
	.popsection
	.pushsection .static_call.text, "ax"
	.align	4
	.globl	__SCT__${name}
__SCT__${name}:
	hint	34			// BTI C
	adrp	x16, __SCL__${name}
	ldr	x16, [x16, :lo12:__SCL__${name}]
	cbz	x16, 0f
	br	x16
0:	ret
	.popsection
`,
  site: ({ name }) => `	bl	__SCT__${name}`,
  patched: (name) => `__SCL__${name}`,
  patch: storeTarget,
};
