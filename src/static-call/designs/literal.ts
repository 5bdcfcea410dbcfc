/** The trampoline that mainline Linux has had since 2026: no instruction is patched, only a literal among the data. */
import type { Design, KeyText } from "../design.js";
import { alignDoubleword, type Weakening } from "../weakening.js";
import { doublewordDesign, loadText, storeTarget } from "./doubleword.js";

const define = ({ name, func }: KeyText, weakening: Weakening): string => `
	.pushsection .data, "aw"
${alignDoubleword(weakening)}__SCL__${name}:
	.quad	${func}
	.popsection
	.pushsection .static_call.text, "ax"
	.align	4
	.globl	__SCT__${name}
__SCT__${name}:
	hint	34			// BTI C${loadText("x16", `__SCL__${name}`, weakening)}
	cbz	x16, 0f
	br	x16
0:	ret
	.popsection
`;

export const literal: Design = {
  name: "literal",
  summary: "no instruction is patched: the trampoline loads its target from a data section",
  states: {
    NULL: "no target: the literal is zero and the trampoline returns",
    literal: "the literal is loaded, tested and branched to",
  },
  state: (memory, name) => (memory.u64(`__SCL__${name}`, 0) === 0n ? "NULL" : "literal"),
  patched: (name) => `__SCL__${name}`,
  ...doublewordDesign((weakening) => ({
    define: (key) => define(key, weakening),
    site: ({ name }) => `	bl	__SCT__${name}`,
    patch: storeTarget(weakening),
  })),
};
