/** How a relocation's value is put into its place: data of some bytes, or the immediate of an instruction. */
import { type FieldLayout, insertField, parsePattern } from "../a64/pattern.js";

/** Writes the value at an offset of the bytes. What the value may be has been checked. */
export interface Encoder {
  /** Bytes of the place. */
  readonly width: number;
  put(view: DataView, offset: number, value: bigint): void;
}

/** The field of a pattern in which every other bit is `x`. */
function fieldOf(pattern: string, letter: string): FieldLayout {
  return parsePattern(pattern).fields.get(letter) as FieldLayout;
}

function replace(view: DataView, offset: number, field: FieldLayout, value: bigint): void {
  const mask = insertField(field, 2 ** field.width - 1);
  const bits = insertField(field, Number(BigInt.asUintN(field.width, value)));
  view.setUint32(offset, ((view.getUint32(offset, true) & ~mask) | bits) >>> 0, true);
}

export function data(width: 2 | 4 | 8): Encoder {
  return {
    width,
    put(view, offset, value) {
      if (width === 2) view.setUint16(offset, Number(BigInt.asUintN(16, value)), true);
      else if (width === 4) view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
      else view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    },
  };
}

/** Bits of the value from `lsb` on go into the field `i`. */
function immediate(pattern: string): (lsb: number) => Encoder {
  const field = fieldOf(pattern, "i");
  return (lsb) => ({
    width: 4,
    put: (view, offset, value) => replace(view, offset, field, value >> BigInt(lsb)),
  });
}

/** B, BL. */
export const branch26 = immediate("xxxxxx iiiiiiiiiiiiiiiiiiiiiiiiii")(2);
/** B.cond, CBZ, LDR (literal). */
export const branch19 = immediate("xxxxxxxx iiiiiiiiiiiiiiiiiii xxxxx")(2);
/** TBZ. */
export const branch14 = immediate("xxxxxxxxxxxxx iiiiiiiiiiiiii xxxxx")(2);

const immediate12 = immediate("xxxxxxxxxx iiiiiiiiiiii xxxxxxxxxx");
/** ADD (immediate), and loads and stores with an unsigned offset: bits 11 to `lsb` of the value. */
export function low12(lsb: number): Encoder {
  const { width, put } = immediate12(lsb);
  return { width, put: (view, offset, value) => put(view, offset, value & 0xfffn) };
}
/** ADD (immediate) with a shift by 12, as TLS sequences have it: bits 23 to 12. */
export const high12 = immediate12(12);

/** MOVZ, MOVK, MOVN: the 16 bits from `lsb` on. */
export const moveWide = immediate("xxxxxxxxxxx iiiiiiiiiiiiiiii xxxxx");

const moveOpcode = fieldOf("x oo xxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "o");
const MOVN = 0b00n;
const MOVZ = 0b10n;

/** The same of a signed value: the instruction becomes MOVN of the complement for a negative one, else MOVZ. */
export function moveWideSigned(lsb: number): Encoder {
  const encoder = moveWide(lsb);
  return {
    width: 4,
    put(view, offset, value) {
      replace(view, offset, moveOpcode, value < 0n ? MOVN : MOVZ);
      encoder.put(view, offset, value < 0n ? ~value : value);
    },
  };
}

const immhi = fieldOf("x xx xxxxx iiiiiiiiiiiiiiiiiii xxxxx", "i");
const immlo = fieldOf("x ii xxxxx xxxxxxxxxxxxxxxxxxx xxxxx", "i");

/** ADR and ADRP: 21 bits of the value from `lsb` on, in immhi:immlo. */
export function address21(lsb: number): Encoder {
  return {
    width: 4,
    put(view, offset, value) {
      const shifted = value >> BigInt(lsb);
      replace(view, offset, immlo, shifted);
      replace(view, offset, immhi, shifted >> 2n);
    },
  };
}
