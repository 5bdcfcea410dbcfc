/** Pieces of assembly text that callers and patchers share. */

/** xorshift64 (Marsaglia, 2003): the next random number of a register. */
export function randomText(register: string, scratch: string): string {
  return `	lsl	${scratch}, ${register}, #13
	eor	${register}, ${register}, ${scratch}
	lsr	${scratch}, ${register}, #7
	eor	${register}, ${register}, ${scratch}
	lsl	${scratch}, ${register}, #17
	eor	${register}, ${register}, ${scratch}
`;
}

/** The address of a symbol of the same image. */
export function addressText(register: string, symbol: string): string {
  return `	adrp	${register}, ${symbol}
	add	${register}, ${register}, :lo12:${symbol}
`;
}

const SAVED = [19, 21, 23, 25, 27] as const;
const FRAME = 96;

/** A function; `saves`: it may change x19 to x28. */
export function framed(name: string, body: string, saves = false): string {
  const pairs = (mnemonic: string): string =>
    SAVED.map((first, index) => `	${mnemonic}	x${first}, x${first + 1}, [sp, #${16 * (index + 1)}]\n`).join("");
  return `
	.balign	64
${name}:
	hint	34			// BTI C
	stp	x29, x30, [sp, #-${saves ? FRAME : 16}]!
	mov	x29, sp
${saves ? pairs("stp") : ""}${body}${saves ? pairs("ldp") : ""}	ldp	x29, x30, [sp], #${saves ? FRAME : 16}
	ret
`;
}
