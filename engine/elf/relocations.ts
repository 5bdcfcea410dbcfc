/**
 * The static relocations of AArch64 objects (AAELF64, "Static AArch64 relocations"), one line each. S is the symbol's address, A the addend, P the
 * place, G the address of the symbol's entry in the global offset table, Page(x) = x without its low 12 bits.
 */
import {
  address21,
  branch14,
  branch19,
  branch26,
  data,
  type Encoder,
  high12,
  low12,
  moveWide,
  moveWideSigned,
} from "./encode.js";

/** How the value comes about. */
export type Operation =
  | "none"
  /** S + A. */
  | "absolute"
  /** S + A - P. */
  | "relative"
  /** The same of B and BL, which may go over a veneer. */
  | "branch"
  /** Page(S + A) - Page(P). */
  | "page"
  /** G. */
  | "entry"
  /** G - P. */
  | "entry-relative"
  /** Page(G) - Page(P). */
  | "entry-page"
  /** G - Page(the table). */
  | "entry-in-table"
  /** The offset of S + A from the thread pointer. */
  | "thread";

export interface RelocationRule {
  /** Without R_AARCH64_. */
  readonly name: string;
  readonly operation: Operation;
  readonly encoder: Encoder;
  /** The value is at least `minimum` and less than `end`, as a signed 64-bit number; not checked if absent. */
  readonly range?: { readonly minimum: bigint; readonly end: bigint };
  /** The value is a multiple of this many bytes. */
  readonly multiple: bigint;
}

type Entry = readonly [
  type: number,
  name: string,
  operation: Operation,
  encoder: Encoder,
  range?: RelocationRule["range"],
  multiple?: number,
];

/** -2^(bits-1) to 2^(bits-1) - 1. */
function signed(bits: number): { readonly minimum: bigint; readonly end: bigint } {
  return { minimum: -(1n << BigInt(bits - 1)), end: 1n << BigInt(bits - 1) };
}

function unsigned(bits: number): { readonly minimum: bigint; readonly end: bigint } {
  return { minimum: 0n, end: 1n << BigInt(bits) };
}

/** What fits either as signed or as unsigned. */
function either(bits: number): { readonly minimum: bigint; readonly end: bigint } {
  return { minimum: signed(bits).minimum, end: unsigned(bits).end };
}

const nothing: Encoder = { width: 0, put() {} };

const miscellaneous: readonly Entry[] = [
  [0, "NONE", "none", nothing],
  [256, "NONE", "none", nothing],
];

const dataRelocations: readonly Entry[] = [
  [257, "ABS64", "absolute", data(8)],
  // AAELF64 and the kernel take these as signed or unsigned; GNU ld takes no negative ones.
  [258, "ABS32", "absolute", data(4), either(32)],
  [259, "ABS16", "absolute", data(2), either(16)],
  [260, "PREL64", "relative", data(8)],
  // GNU ld and the kernel take these as signed only.
  [261, "PREL32", "relative", data(4), signed(32)],
  [262, "PREL16", "relative", data(2), signed(16)],
  [314, "PLT32", "relative", data(4), signed(32)],
];

const moveWideRelocations: readonly Entry[] = [
  [263, "MOVW_UABS_G0", "absolute", moveWide(0), unsigned(16)],
  [264, "MOVW_UABS_G0_NC", "absolute", moveWide(0)],
  [265, "MOVW_UABS_G1", "absolute", moveWide(16), unsigned(32)],
  [266, "MOVW_UABS_G1_NC", "absolute", moveWide(16)],
  [267, "MOVW_UABS_G2", "absolute", moveWide(32), unsigned(48)],
  [268, "MOVW_UABS_G2_NC", "absolute", moveWide(32)],
  [269, "MOVW_UABS_G3", "absolute", moveWide(48)],
  [270, "MOVW_SABS_G0", "absolute", moveWideSigned(0), signed(17)],
  [271, "MOVW_SABS_G1", "absolute", moveWideSigned(16), signed(33)],
  [272, "MOVW_SABS_G2", "absolute", moveWideSigned(32), signed(49)],
  [287, "MOVW_PREL_G0", "relative", moveWideSigned(0), signed(17)],
  [288, "MOVW_PREL_G0_NC", "relative", moveWide(0)],
  [289, "MOVW_PREL_G1", "relative", moveWideSigned(16), signed(33)],
  [290, "MOVW_PREL_G1_NC", "relative", moveWide(16)],
  [291, "MOVW_PREL_G2", "relative", moveWideSigned(32), signed(49)],
  [292, "MOVW_PREL_G2_NC", "relative", moveWide(32)],
  [293, "MOVW_PREL_G3", "relative", moveWide(48)],
];

const addressRelocations: readonly Entry[] = [
  [273, "LD_PREL_LO19", "relative", branch19, signed(21), 4],
  [274, "ADR_PREL_LO21", "relative", address21(0), signed(21)],
  [275, "ADR_PREL_PG_HI21", "page", address21(12), signed(33)],
  [276, "ADR_PREL_PG_HI21_NC", "page", address21(12)],
  [277, "ADD_ABS_LO12_NC", "absolute", low12(0)],
  [278, "LDST8_ABS_LO12_NC", "absolute", low12(0)],
  [284, "LDST16_ABS_LO12_NC", "absolute", low12(1), undefined, 2],
  [285, "LDST32_ABS_LO12_NC", "absolute", low12(2), undefined, 4],
  [286, "LDST64_ABS_LO12_NC", "absolute", low12(3), undefined, 8],
  [299, "LDST128_ABS_LO12_NC", "absolute", low12(4), undefined, 16],
];

const branchRelocations: readonly Entry[] = [
  [279, "TSTBR14", "relative", branch14, signed(16), 4],
  [280, "CONDBR19", "relative", branch19, signed(21), 4],
  [282, "JUMP26", "branch", branch26, signed(28), 4],
  [283, "CALL26", "branch", branch26, signed(28), 4],
];

const entryRelocations: readonly Entry[] = [
  [309, "GOT_LD_PREL19", "entry-relative", branch19, signed(21), 4],
  [311, "ADR_GOT_PAGE", "entry-page", address21(12), signed(33)],
  [312, "LD64_GOT_LO12_NC", "entry", low12(3), undefined, 8],
  [313, "LD64_GOTPAGE_LO15", "entry-in-table", offset15(), unsigned(15), 8],
];

/** Initial-exec thread-local accesses: the entry holds the offset from the thread pointer. */
const threadEntryRelocations: readonly Entry[] = [
  [541, "TLSIE_ADR_GOTTPREL_PAGE21", "entry-page", address21(12), signed(33)],
  [542, "TLSIE_LD64_GOTTPREL_LO12_NC", "entry", low12(3), undefined, 8],
  [543, "TLSIE_LD_GOTTPREL_PREL19", "entry-relative", branch19, signed(21), 4],
];

/** Bits 14 to 3: the whole 12-bit field. */
function offset15(): Encoder {
  const encoder = low12(0);
  return { width: 4, put: (view, offset, value) => encoder.put(view, offset, value >> 3n) };
}

/** Local-exec thread-local accesses: the offset from the thread pointer is known when linking. */
const threadRelocations: readonly Entry[] = [
  [544, "TLSLE_MOVW_TPREL_G2", "thread", moveWideSigned(32), signed(49)],
  [545, "TLSLE_MOVW_TPREL_G1", "thread", moveWideSigned(16), signed(33)],
  [546, "TLSLE_MOVW_TPREL_G1_NC", "thread", moveWide(16)],
  [547, "TLSLE_MOVW_TPREL_G0", "thread", moveWideSigned(0), signed(17)],
  [548, "TLSLE_MOVW_TPREL_G0_NC", "thread", moveWide(0)],
  [549, "TLSLE_ADD_TPREL_HI12", "thread", high12, unsigned(24)],
  [550, "TLSLE_ADD_TPREL_LO12", "thread", low12(0), unsigned(12)],
  [551, "TLSLE_ADD_TPREL_LO12_NC", "thread", low12(0)],
  [552, "TLSLE_LDST8_TPREL_LO12", "thread", low12(0), unsigned(12)],
  [553, "TLSLE_LDST8_TPREL_LO12_NC", "thread", low12(0)],
  [554, "TLSLE_LDST16_TPREL_LO12", "thread", low12(1), unsigned(12), 2],
  [555, "TLSLE_LDST16_TPREL_LO12_NC", "thread", low12(1), undefined, 2],
  [556, "TLSLE_LDST32_TPREL_LO12", "thread", low12(2), unsigned(12), 4],
  [557, "TLSLE_LDST32_TPREL_LO12_NC", "thread", low12(2), undefined, 4],
  [558, "TLSLE_LDST64_TPREL_LO12", "thread", low12(3), unsigned(12), 8],
  [559, "TLSLE_LDST64_TPREL_LO12_NC", "thread", low12(3), undefined, 8],
  [570, "TLSLE_LDST128_TPREL_LO12", "thread", low12(4), unsigned(12), 16],
  [571, "TLSLE_LDST128_TPREL_LO12_NC", "thread", low12(4), undefined, 16],
];

/** The rules by relocation type. */
export const relocationRules: ReadonlyMap<number, RelocationRule> = new Map(
  [
    ...miscellaneous,
    ...dataRelocations,
    ...moveWideRelocations,
    ...addressRelocations,
    ...branchRelocations,
    ...entryRelocations,
    ...threadEntryRelocations,
    ...threadRelocations,
  ].map(([type, name, operation, encoder, range, multiple]) => [
    type,
    { name, operation, encoder, multiple: BigInt(multiple ?? 1), ...(range === undefined ? {} : { range }) },
  ]),
);

/** What the relocation's entry in the global offset table holds: the address, or the offset from the thread pointer; undefined if it has none. */
export function entryKind({ name, operation }: RelocationRule): "address" | "thread" | undefined {
  if (!operation.startsWith("entry")) return undefined;
  return name.startsWith("TLS") ? "thread" : "address";
}
