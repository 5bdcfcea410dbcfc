/** A value of the vocabulary as compiled code has it. */
import type { Width } from "../a64/ops.js";
import type { Expression, Type, WasmModule } from "./module.js";

interface FlagOperands {
  readonly width: Width;
  readonly a: Value;
  readonly b: Value;
  readonly result: Value;
}

/** add, sub: a + b, a - b. logical: `result` alone, C = V = 0. */
interface PlainFlags extends FlagOperands {
  readonly kind: "add" | "sub" | "logical";
}

/** adc: a + b + carry. sbc: a - b - 1 + carry. */
interface CarriedFlags extends FlagOperands {
  readonly kind: "adc" | "sbc";
  /** a + b, a - b. */
  readonly partial: Value;
}

/** What flags are computed from. */
export type FlagSource = PlainFlags | CarriedFlags;

/** NZCV of a conditional comparison: `source` if `condition` is 1, `otherwise` if it is 0. */
export interface PickedFlags {
  readonly condition: Value;
  readonly source: FlagSource;
  readonly otherwise: number;
}

/** Locals with the views that a value depends on, and those that it might be picked by; see engine/interpreter/weak-ops.ts. */
export interface Views {
  readonly from: ReadonlySet<number>;
  /** Includes `from`. */
  readonly picked: ReadonlySet<number>;
}

/** Zeros are shifted in. */
export interface Shifted {
  readonly of: Value;
  readonly to: "left" | "right";
  readonly by: number;
  readonly width: Width;
}

/** That value times `by`, over `width`; so many instructions one after the other have made it of that, where a multiplication counts three. */
export interface Multiple {
  readonly of: Value;
  readonly by: bigint;
  readonly width: Width;
  readonly depth: number;
}

/** A local; or as text, a local shifted to the left by a constant, or the sum of two of all these. The same base is the same value. */
export type SumBase = number | string;

/** The value, of 64 bits, is that of the base plus `offset`. */
export interface Sum {
  readonly base: SumBase;
  readonly offset: bigint;
}

export interface Value {
  readonly type: Type;
  /** Known value, zero-extended to 64 bits. */
  readonly constant?: bigint;
  /** The wasm local that holds it; absent for constants and for flags not yet computed. */
  readonly local?: number;
  /** This value is NOT of that one, over `width`: lets AddWithCarry(x, not(y), 1) become a subtraction. */
  readonly inverted?: { readonly of: Value; readonly width: Width };
  /** See sumOf in sums.ts; absent where the base is the value itself. */
  readonly sum?: Sum;
  /** It is the sum of these, over 64 bits. */
  readonly added?: readonly [Value, Value];
  /** It is that value, over `width`, shifted by a constant number of bits: what becomes of two shifts is often one instruction. */
  readonly shifted?: Shifted;
  /** Absent where the value has not been made by shifts and additions. */
  readonly multiple?: Multiple | undefined;
  /** It is a constant plus a value shifted left by some bits, over 64 bits: the address of a place in a table. */
  readonly displaced?: { readonly from: bigint; readonly of: Value; readonly by: number };
  /** It is so many bits, sign-extended to 64. */
  readonly signed?: number;
  /** It is that value, of 32 bits or fewer, plus `from`, modulo 2^64. */
  readonly indexed?: { readonly by: Value; readonly from: bigint };
  /** It is the low 32 bits of that i64 local. */
  readonly lowOf?: number;
  /** It is AND of these. */
  readonly conjunction?: readonly [Value, Value];
  /** It is the upper half of the unsigned product of that value and `factor`. */
  readonly product?: { readonly of: Value; readonly factor: bigint };
  /** No bit is set from this one on; what is not known to be shorter than its type has none. */
  readonly significant?: number;
  /** It is 0 or 1. */
  readonly isTruth?: true;
  /** NZCV that has not been computed yet: what it would be computed from. */
  readonly flags?: FlagSource;
  /** The same for NZCV that was computed, of which a condition is more quickly known from this. */
  readonly picked?: PickedFlags;
  /** Only where the weak interpreter is generated; absent if it depends on no read. */
  readonly views?: Views;
}

/** An operand field: its value (constant in the JIT) and its width in bits. */
export interface Field {
  readonly width: number;
  readonly value: Value;
}

export function constantOf(value: bigint | number): Value {
  const constant = BigInt.asUintN(64, BigInt(value));
  return { type: constant <= 0xffffffffn ? "i32" : "i64", constant };
}

/** What turns values into wasm expressions. */
export interface ValueEmitter {
  readonly module: WasmModule;
  /** The value at `width` bits as an expression of that type. */
  sized(width: Width, value: Value): Expression;
  /** The value's low 32 bits as an i32 expression. */
  narrow(value: Value): Expression;
}
