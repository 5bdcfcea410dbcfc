/**
 * Protections taken away from a design, one by one: to be run in a stress campaign, or checked under the memory model, so
 * that what each of them is good for shows. The texts here are what the designs' own procedures are made of.
 */

/** The steps of the cache maintenance, in their order. */
export const maintenanceSteps = ["dc", "dsb1", "ic", "dsb2", "isb"] as const;
export type MaintenanceStep = (typeof maintenanceSteps)[number];

export const misalignments = ["4", "8", "line", "page"] as const;

/**
 * Where what is patched stands in place of where it should.
 *
 * Designs of the hybrid family have a literal and two instructions in one window of 16 bytes.
 *   4            the window is aligned to 4: a patcher that copies as the kernel does (copy_to_kernel_nofault) stores words
 *   8            the window is aligned to 8: the stores are those that they were
 *   line, page   the literal is the last doubleword of a cache line or page, the instructions are the first ones of the next;
 *                the patcher, which takes the window for one line, maintains the one in which it begins
 * The others have one doubleword, which a single store writes all the same.
 *   4            it is aligned to 4, within a line
 *   line, page   its halves are on both sides of the boundary
 */
export type Misalignment = (typeof misalignments)[number];

/** What a stress campaign can take away. All absent: the design as it is. */
export interface PatchFaults {
  /** Steps of the cache maintenance that are left out. */
  readonly skip?: readonly MaintenanceStep[];
  /** Stores of this size in place of larger ones. */
  readonly stores?: "words" | "bytes";
  /** The instructions before the literal. */
  readonly order?: "insn-first";
  /** The literal is not written when a branch reaches the target. */
  readonly noNearLiteral?: true;
  readonly misalign?: Misalignment;
}

/** Each of them alone, the steps of the maintenance one by one. */
export const singleFaults: readonly PatchFaults[] = [
  ...maintenanceSteps.map((step) => ({ skip: [step] })),
  { stores: "words" },
  { stores: "bytes" },
  { order: "insn-first" },
  { noNearLiteral: true },
  ...misalignments.map((misalign) => ({ misalign })),
];

export interface Weakening extends PatchFaults {
  /** Of which of the stores `stores` is meant; absent: of all. */
  readonly storesOf?: "literal" | "instructions";
  /** Adds, rather than takes away: DMB ISHST between the two stores. */
  readonly barrier?: true;
}

/** What a design can have, so that it can be taken away (or, the barrier, be added). */
export type Protection = "maintenance" | "stores" | "order" | "near literal" | "barrier" | `misalign ${Misalignment}`;

/** Of a design that exchanges instructions, which a literal stands by. */
export const patchProtections: readonly Protection[] = [
  "maintenance",
  "stores",
  "order",
  "near literal",
  "barrier",
  "misalign 4",
  "misalign line",
  "misalign page",
];

/** Part of a symbol: which protections are taken away; empty if none is. */
export function weakeningSuffix({ storesOf, ...weakening }: Weakening): string {
  const { skip = [], stores, order, noNearLiteral, misalign, barrier } = weakening;
  const parts = [
    ...maintenanceSteps.filter((step) => skip.includes(step)).map((step) => `no_${step}`),
    ...(stores === undefined ? [] : [storesOf === undefined ? stores : `${storesOf}_${stores}`]),
    ...(order === undefined ? [] : ["insn_first"]),
    ...(noNearLiteral === true ? ["no_near_literal"] : []),
    ...(misalign === undefined ? [] : [`misalign_${misalign}`]),
    ...(barrier === true ? ["barrier"] : []),
  ];
  return parts.map((part) => `.${part}`).join("");
}

const steps: Readonly<Record<MaintenanceStep, (register: string) => string>> = {
  dc: (register) => `dc	cvau, ${register}`,
  dsb1: () => "dsb	ish",
  ic: (register) => `ic	ivau, ${register}`,
  dsb2: () => "dsb	ish",
  isb: () => "isb",
};

/** The maintenance after an instruction in the line of the address in a register has been written. */
export function maintenanceText({ skip = [] }: Weakening, register = "x0"): string {
  const left = maintenanceSteps.filter((step) => !skip.includes(step));
  return left.map((step) => `\t${steps[step](register)}\n`).join("");
}

export interface Store {
  /** The number of the register whose value is stored. */
  readonly from: number;
  /** The number of the register with the address, and what is added to it. */
  readonly to: number;
  readonly offset?: number;
  readonly bytes: 4 | 8;
  readonly of: "literal" | "instructions";
}

/** A store, or what there is in its place. May change x9. */
export function storeText({ from, to, offset = 0, bytes, of }: Store, weakening: Weakening): string {
  const stores = (weakening.storesOf ?? of) === of ? weakening.stores : undefined;
  const size = stores === "bytes" ? 1 : stores === "words" ? 4 : bytes;
  const at = (more: number): string => (offset + more === 0 ? `[x${to}]` : `[x${to}, #${offset + more}]`);
  let text = "";
  for (let more = 0; more < bytes; more += size) {
    // STUR takes the negative offsets that the scaled form can't hold.
    const mnemonic = `st${offset + more < 0 ? "u" : ""}r${size === 1 ? "b" : ""}`;
    if (more > 0) text += `\tlsr	x9, x${from}, #${8 * more}\n`;
    text += `\t${mnemonic}	${size === 8 ? "x" : "w"}${more === 0 ? from : 9}, ${at(more)}\n`;
  }
  return text;
}

/** Aligns a window of two doublewords, or misaligns it. */
export function alignWindow({ misalign }: Weakening): string {
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

/** Aligns a doubleword, or misaligns it. */
export function alignDoubleword({ misalign }: Weakening): string {
  switch (misalign) {
    case "4":
      return "\t.balign	16\n\t.skip	4\n";
    case "line":
      return "\t.balign	64\n\t.skip	60\n";
    case "page":
      return "\t.balign	4096\n\t.skip	4092\n";
    default:
      return "\t.balign	8\n";
  }
}

/** What the addresses of sections with these texts have to be multiples of, in bytes. */
export function sectionAlignment({ misalign }: Weakening): bigint {
  if (misalign === undefined) return 16n;
  return misalign === "page" ? 4096n : 64n;
}
