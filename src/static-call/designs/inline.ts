/**
 * The call site itself is patched, as the kernel's HAVE_STATIC_CALL_INLINE does on x86: BL to the target, NOP when there is
 * none. A target that a site's BL does not reach is called through the key's trampoline, out of line, whose literal always
 * holds the target; so is every site that is not in the table of sites (sites.ts), and a caller that takes the key's address.
 *
 * All that is exchanged at a site is BL and NOP, which are both on the architecture's list of instructions that may be
 * modified while another core executes them. That is why RET0 is a call like others, of a function in the reach of every
 * site: in place of it x86 writes the XOR that clears the result, but MOV is not on that list.
 *
 * The key is { u64 func; struct sites *first; }, with struct sites { struct sites *next; { u64 site, writable; } [] } and
 * a zero behind the last site. All sites are changed one by one; each is the old call or the new one at any time.
 */
import type { Design, KeyText, MemoryView } from "../design.js";
import { alignDoubleword, maintenanceText, patchProtections, storeText, type Weakening } from "../weakening.js";

const NOP = 0xd503201f;
/** BL: the six fixed bits at the top. */
const BL_OPCODE = 0b100101;
/** The first instruction of a site in the function that holds one for the host: behind BTI C, STP and MOV. */
const SITE = 12;

function define({ name, func }: KeyText, weakening: Weakening): string {
  const align = weakening.misalign === undefined ? "\t.align	4\n" : alignDoubleword(weakening);
  return `
	.pushsection .static_call.text, "ax"
${align}	.globl	__SCT__${name}
0:	.quad	${func}
__SCT__${name}:
	hint	34			// BTI C
	ldr	x16, 0b
	cbz	x16, 1f
	br	x16
1:	ret
	.popsection
`;
}

/** The call, and its entry in the table of sites. Its label is none that a text around it would use. */
const site = ({ name }: KeyText): string => `	.pushsection .static_call_sites, "a"
	.balign	8
	.quad	94001f, __SCK__${name}
	.popsection
94001:	bl	__SCT__${name}`;

/** The store of the literal, if it is to be stored. */
function literal(weakening: Weakening): string {
  const store = storeText({ from: 2, to: 1, offset: -8, bytes: 8, of: "literal" }, weakening);
  if (weakening.noNearLiteral !== true) return store;
  return `	cbz	x2, 7f
	sub	x5, x2, x0
	add	x7, x5, x6
	cmp	x7, x6, lsl #1
	b.lo	8f			// a branch reaches it
7:
${store}8:
`;
}

function patch(weakening: Weakening): string {
  const barrier = weakening.barrier === true ? "	dmb	ishst\n" : "";
  const isLast = weakening.order === "insn-first";
  return `
	hint	34			// BTI C
	str	x2, [x3]		// the key's func
	mov	x6, #0x8000000		// BL reaches [-128 MiB, 128 MiB)
${isLast ? "" : `${literal(weakening)}${barrier}`}	ldr	x10, [x3, #8]
1:	cbz	x10, 5f
	add	x11, x10, #8
2:	ldp	x12, x13, [x11], #16	// where it is executed, and where it can be written
	cbz	x12, 4f
	movz	w4, #0x201f		// NOP
	movk	w4, #0xd503, lsl #16
	cbz	x2, 3f
	sub	x5, x2, x12
	add	x7, x5, x6
	cmp	x7, x6, lsl #1
	b.lo	6f
	sub	x5, x0, x12		// out of reach: the trampoline
6:	mov	w4, #0x94000000		// BL, imm26 in words
	ubfx	x5, x5, #2, #26
	orr	w4, w4, w5
3:
${storeText({ from: 4, to: 13, bytes: 4, of: "instructions" }, weakening)}${maintenanceText(weakening, "x12")}	b	2b
4:	ldr	x10, [x10]
	b	1b
5:
${isLast ? `${barrier}${literal(weakening)}` : ""}	ret
`;
}

function stateOf(memory: MemoryView, name: string): string {
  const holder = `__static_call.${name}`;
  const instruction = memory.u32(holder, SITE);
  if (instruction === NOP) return "NOP";
  if (instruction >>> 26 !== BL_OPCODE) return "unknown";
  const target = memory.address(holder) + BigInt(SITE) + BigInt((instruction << 6) >> 4);
  return target === memory.address(`__SCT__${name}`) ? "BL trampoline" : "BL";
}

export const inline: Design = {
  name: "inline",
  summary: "the call site is patched: BL of the target, or of a trampoline that loads it, or NOP",
  states: {
    NOP: "no target: nothing is called",
    BL: "the target is within +-128 MiB of the site: a direct call",
    "BL trampoline": "the target is further away: the trampoline loads the literal and branches to it",
  },
  state: stateOf,
  define: (key) => define(key, {}),
  site,
  sites: true,
  patched: (name) => `__SCT__${name}`,
  patch: patch({}),
  weakenable: {
    protections: patchProtections,
    weakened: (weakening) => ({ define: (key) => define(key, weakening), patch: patch(weakening) }),
  },
};
