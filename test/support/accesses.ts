/** The address that a load or store will access: a backend of the vocabulary that stops at the first access. */
import * as bits from "#engine/a64/bits.js";
import { type Form, operandFieldLayouts } from "#engine/a64/forms.js";
import type { Ops, Width } from "#engine/a64/ops.js";
import { extractField } from "#engine/a64/pattern.js";
import { flowOf } from "#engine/jit/flow.js";

interface Field {
  readonly width: number;
  readonly value: number;
}

/** What the address depends on. */
export interface AddressSources {
  readonly pc: bigint;
  /** X0-X30, and SP as number 32. */
  register(n: number): bigint;
}

export interface FoundAccess {
  readonly address: bigint;
  readonly bytes: number;
}

const ZR = 31;
const SP = 32;

/** The operations that rows use before their access. */
type AddressOps = Pick<
  Ops<bigint, Field, undefined>,
  "UInt" | "SInt" | "constant" | "X" | "XSP" | "base" | "PC" | "add" | "lsl" | "signExtend" | "zeroExtend" | "access"
>;

/** The first access of a word; undefined if it has none. */
export function accessOf(form: Form, word: number, sources: AddressSources): FoundAccess | undefined {
  if (!flowOf(form, word, sources.pc).access) return undefined;
  let found: FoundAccess | undefined;
  const number = (n: Field | number): number => (typeof n === "number" ? n : n.value);
  const read = (n: number, width: Width): bigint => bits.unsigned(width, sources.register(n));
  const done = new Error("the access is found");
  const ops: AddressOps = {
    UInt: (field) => BigInt(number(field)),
    SInt: (field) => bits.unsigned(64, bits.signed(field.width, BigInt(field.value))),
    constant: (value) => bits.unsigned(64, BigInt(value)),
    X: (n, width) => (number(n) === ZR ? 0n : read(number(n), width)),
    XSP: (n, width) => read(number(n) === ZR ? SP : number(n), width),
    base: (n) => read(number(n) === ZR ? SP : number(n), 64),
    PC: () => sources.pc,
    add: (width, a, b) => bits.unsigned(width, a + b),
    lsl: bits.lsl,
    signExtend: (width, from, a) => bits.unsigned(width, bits.signed(from, a)),
    zeroExtend: (from, a) => bits.unsigned(from, a),
    access: (address, bytes) => {
      found = { address, bytes };
      throw done;
    },
  };
  const fields: Record<string, Field | number> = { ...form.selectors };
  for (const layout of operandFieldLayouts(form.row)) {
    fields[layout.letter] = { width: layout.width, value: extractField(layout, word) };
  }
  try {
    // Only rows that access memory are asked, and they use no other operation before the access.
    form.row.meaning(ops as unknown as Ops<bigint, Field, undefined>, fields);
  } catch (error) {
    if (error !== done) throw error;
  }
  return found;
}
