/**
 * A patch procedure with protections taken away, one by one: to be run in a stress campaign, or checked under the memory
 * model, so that what each of them is good for shows. The texts here are what the designs' own procedures are made of.
 */

/** The steps of the cache maintenance, in their order. */
export const maintenanceSteps = ["dc", "dsb1", "ic", "dsb2", "isb"] as const;
export type MaintenanceStep = (typeof maintenanceSteps)[number];

/** Where the window of literal and instructions stands instead of at a multiple of 16: at 4 or 8 past it, or over a boundary. */
export type Misalignment = "4" | "8" | "line" | "page";

/** All absent: the procedure as it is. */
export interface Weakening {
  readonly skip?: readonly MaintenanceStep[];
  /** Stores of this size in place of 64-bit ones. */
  readonly stores?: "words" | "bytes";
  /** Of which of the two stores that is meant; absent: of both. */
  readonly storesOf?: "literal" | "instructions";
  /** The instructions before the literal. */
  readonly order?: "insn-first";
  /** The literal is not written when a branch reaches the target. */
  readonly noNearLiteral?: true;
  readonly misalign?: Misalignment;
  /** Adds, rather than takes away: DMB ISHST between the two stores. */
  readonly barrier?: true;
}

const steps: Readonly<Record<MaintenanceStep, string>> = {
  dc: "dc	cvau, x0",
  dsb1: "dsb	ish",
  ic: "ic	ivau, x0",
  dsb2: "dsb	ish",
  isb: "isb",
};

/** The maintenance after an instruction at x0 has been written. */
export function maintenanceText({ skip = [] }: Weakening): string {
  const left = maintenanceSteps.filter((step) => !skip.includes(step));
  return left.map((step) => `\t${steps[step]}\n`).join("");
}

/** Stores the doubleword in x`from`, which is the literal or the instructions, at x1 + `offset`. May change x9. */
export function storeText(from: number, offset: number, of: "literal" | "instructions", weakening: Weakening): string {
  const stores = (weakening.storesOf ?? of) === of ? weakening.stores : undefined;
  const at = (more: number): string => (offset + more === 0 ? "[x1]" : `[x1, #${offset + more}]`);
  if (stores === undefined) return `\tstr	x${from}, ${at(0)}\n`;
  const [bytes, mnemonic] = stores === "words" ? [4, "str"] : [1, "strb"];
  let text = "";
  for (let more = 0; more < 8; more += bytes) {
    // STURB takes the negative offsets that the scaled form can't hold.
    const unscaled = offset + more < 0 ? mnemonic.replace("str", "stur") : mnemonic;
    const piece =
      more === 0
        ? `\t${unscaled}	w${from}, ${at(0)}\n`
        : `\tlsr	x9, x${from}, #${8 * more}\n\t${unscaled}	w9, ${at(more)}\n`;
    text += piece;
  }
  return text;
}

/** Aligns the window, or misaligns it. */
export function alignText({ misalign }: Weakening): string {
  switch (misalign) {
    case undefined:
      return "\t.align	4\n";
    case "line":
      return "\t.balign	64\n\t.skip	56\n";
    case "page":
      return "\t.balign	4096\n\t.skip	4088\n";
    default:
      return `\t.align	4\n\t.skip	${misalign}\n`;
  }
}
