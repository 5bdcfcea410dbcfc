/** What designs share whose target stands in one aligned doubleword of data, and nothing else is patched. */
import type { Design } from "../design.js";
import { type Protection, storeText, type Weakening } from "../weakening.js";

/** The texts of such a design, which the doubleword's alignment and its stores are part of. */
type Texts = Pick<Design, "define" | "alignKey" | "site" | "conditionalSite" | "patch">;

const store = (weakening: Weakening): string => `	// Single-copy atomic: callers see the old target or the new one.
${storeText({ from: 2, to: 1, bytes: 8, of: "literal" }, weakening)}`;

/** The patch procedure where the doubleword is the key's func. */
export const storeFunc = (weakening: Weakening): string => `
	hint	34			// BTI C
${store(weakening)}	ret
`;

/** The patch procedure where it is another one. */
export const storeTarget = (weakening: Weakening): string => `
	hint	34			// BTI C
	str	x2, [x3]		// the key's func
${store(weakening)}	ret
`;

/** Loads a symbol's doubleword into a register; the symbol is aligned to 8 unless that was taken away. */
export function loadText(register: string, symbol: string, { misalign }: Weakening): string {
  return misalign === undefined
    ? `
	adrp	${register}, ${symbol}
	ldr	${register}, [${register}, :lo12:${symbol}]`
    : `
	adrp	${register}, ${symbol}
	add	${register}, ${register}, :lo12:${symbol}
	ldr	${register}, [${register}]`;
}

const protections: readonly Protection[] = ["stores", "misalign 4", "misalign line", "misalign page"];

/** A design's texts, as they are and as they can be made weaker. */
export function doublewordDesign(texts: (weakening: Weakening) => Texts): Texts & Pick<Design, "weakenable"> {
  return { ...texts({}), weakenable: { protections, weakened: texts } };
}
