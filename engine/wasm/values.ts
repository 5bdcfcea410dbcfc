/**
 * Values of the vocabulary as wasm code: the arithmetic part of Ops<V, F, A>, shared by the interpreter
 * generator and the region JIT.
 *
 * A value is a constant or a wasm local, so that it can be used any number of times; everything that
 * is computed goes to a fresh local at once (V8 turns locals into SSA form anyway). Constants
 * are folded here. An i32-typed value stands for its zero-extension, which is only made when 64 bits
 * are asked for.
 */

import { BITMASKS, CRC32_TABLE, CRC32C_TABLE } from "../../assembly/layout.js";
import { decodeBitMasks } from "../a64/bitmask-immediate.js";
import * as bits from "../a64/bits.js";
import { InternalError } from "../a64/errors.js";
import type { Polynomial, Width } from "../a64/ops.js";
import { divisorOf } from "./division.js";
import {
  constantShift,
  displacedBy,
  isNoShift,
  isSame,
  keepsAll,
  shiftOf,
  shortened,
  significantOf,
} from "./known-bits.js";
import type { Expression } from "./module.js";
import { asProduct, isProduct, multipleOfShift, multipleOfSum } from "./multiples.js";
import { withShiftedSum, withSum } from "./sums.js";
import { constantOf, type Field, type FlagSource, type Multiple, type Shifted, type Value } from "./value.js";
import { ValueCode } from "./value-code.js";

export abstract class ValueOps extends ValueCode {
  // ---- Ops: fields and constants -------------------------------------------------------------

  UInt(field: Field | number): Value {
    return typeof field === "number" ? constantOf(field) : field.value;
  }

  SInt(field: Field): Value {
    if (field.value.constant !== undefined) return constantOf(bits.signed(field.width, field.value.constant));
    const m = this.module;
    const shift = 64 - field.width;
    const up = m.i64.shl(this.wide(field.value), m.i64.const(BigInt(shift)));
    return this.bind("i64", m.i64.shr_s(up, m.i64.const(BigInt(shift))));
  }

  concat(high: Field, low: Field): Field {
    const shifted = this.lsl(64, high.value, constantOf(low.width));
    return { width: high.width + low.width, value: this.orr(64, shifted, low.value) };
  }

  field(width: number, value: number): Field {
    return { width, value: constantOf(value) };
  }

  constant(value: bigint | number): Value {
    return constantOf(value);
  }

  bitmaskImmediate(width: Width, nImmrImms: Field): Value {
    const index = nImmrImms.value;
    if (index.constant !== undefined) {
      const mask = decodeBitMasks(Number(index.constant), width);
      if (mask === undefined) throw new InternalError("a reserved bitmask immediate passed the decoder");
      return constantOf(mask);
    }
    const m = this.module;
    const entry = m.i32.shl(this.narrow(index), m.i32.const(3));
    return this.cut(width, this.bind("i64", m.i64.load(BITMASKS, 8, entry)));
  }

  // ---- Ops: arithmetic -----------------------------------------------------------------------

  add(width: Width, a: Value, b: Value): Value {
    if (this.isZero(width, b)) return this.cut(width, a);
    if (this.isZero(width, a)) return this.cut(width, b);
    // V8 makes a comparison and a choice of this, where adding the comparison's outcome takes two instructions more.
    if (b.isTruth) return this.select(b, this.add(width, a, constantOf(1)), this.cut(width, a));
    const multiple = multipleOfSum(width, a, b, 1n);
    if (multiple !== undefined && isProduct(multiple)) return this.times(multiple);
    const sum = this.binary(
      width,
      a,
      b,
      (x, y) => x + y,
      (x, y) => this.of(width).add(x, y),
    );
    const value = multiple === undefined ? sum : { ...sum, multiple };
    if (width !== 64 || value.constant !== undefined) return value;
    const displaced = displacedBy(a, b);
    const placed = displaced === undefined ? value : { ...value, displaced };
    return this.withIndex({ ...withSum(placed, a, b), added: [a, b] }, a, b);
  }

  /** By a multiplication. */
  private times(multiple: Multiple): Value {
    const { of, by, width } = multiple;
    return { ...this.mul(width, of, constantOf(by)), multiple: asProduct(multiple) };
  }

  /** Where a table stands, and a place in it. */
  private withIndex(value: Value, a: Value, b: Value): Value {
    if (a.constant !== undefined) return this.withIndex(value, b, a);
    const { by, from } = a.indexed ?? { by: a, from: 0n };
    if (b.constant === undefined || significantOf(by) > 32) return value;
    return { ...value, indexed: { by, from: bits.unsigned(64, from + b.constant) } };
  }

  sub(width: Width, a: Value, b: Value): Value {
    if (this.isZero(width, b)) return this.cut(width, a);
    const multiple = multipleOfSum(width, a, b, -1n);
    if (multiple !== undefined && isProduct(multiple)) return this.times(multiple);
    const difference = this.binary(
      width,
      a,
      b,
      (x, y) => x - y,
      (x, y) => this.of(width).sub(x, y),
    );
    const value = multiple === undefined ? difference : { ...difference, multiple };
    const isSum = width === 64 && a.constant === undefined && b.constant !== undefined;
    return isSum ? withSum(value, a, constantOf(-b.constant)) : value;
  }

  AddWithCarry(width: Width, x: Value, y: Value, carryIn: Value): readonly [Value, Value] {
    if (x.constant !== undefined && y.constant !== undefined && carryIn.constant !== undefined) {
      const [result, nzcv] = bits.addWithCarry(width, x.constant, y.constant, carryIn.constant);
      return [constantOf(result), constantOf(nzcv)];
    }
    const a = this.cut(width, x);
    if (carryIn.constant === 1n && (y.inverted?.width === width || y.constant !== undefined)) {
      const b = this.cut(width, y.inverted?.of ?? this.not(width, y));
      const result = this.sub(width, a, b);
      return [result, { type: "i32", flags: { kind: "sub", width, a, b, result } }];
    }
    if (y.inverted?.width === width) {
      const b = this.cut(width, y.inverted.of);
      const partial = this.sub(width, a, b);
      const lessOne = this.sub(width, partial, constantOf(1));
      const result = carryIn.isTruth ? this.select(carryIn, partial, lessOne) : this.add(width, lessOne, carryIn);
      return [result, { type: "i32", flags: { kind: "sbc", width, a, b, result, partial } }];
    }
    const b = this.cut(width, y);
    const partial = this.add(width, a, b);
    const result = this.add(width, partial, carryIn);
    const from = { width, a, b, result };
    const flags: FlagSource = carryIn.constant === 0n ? { ...from, kind: "add" } : { ...from, kind: "adc", partial };
    return [result, { type: "i32", flags }];
  }

  nzcvOfLogical(width: Width, result: Value): Value {
    if (result.constant !== undefined) return constantOf(bits.nzcvOfLogical(width, result.constant));
    return { type: "i32", flags: { kind: "logical", width, a: result, b: constantOf(0), result } };
  }

  and(width: Width, a: Value, b: Value): Value {
    if (keepsAll(a, b)) return this.cut(width, a);
    const needed = a.type === "i32" || (b.type === "i32" && b.constant === undefined) ? 32 : width;
    const value: Value = {
      ...this.binary(
        needed,
        a,
        b,
        (x, y) => x & y,
        (x, y) => this.of(needed).and(x, y),
      ),
      conjunction: [a, b],
    };
    return b.constant === 1n
      ? { ...value, isTruth: true }
      : shortened(value, Math.min(significantOf(a), significantOf(b)));
  }

  orr(width: Width, a: Value, b: Value): Value {
    if (this.isZero(width, b)) return this.cut(width, a);
    if (this.isZero(width, a)) return this.cut(width, b);
    // EXTR of a register with itself.
    const left = shiftOf(a, "left", width);
    const right = shiftOf(b, "right", width);
    if (left !== undefined && right !== undefined && left.by + right.by === width && isSame(left.of, right.of)) {
      return this.ror(width, left.of, constantOf(right.by));
    }
    const needed = a.type === "i32" && b.type === "i32" ? 32 : width;
    const value = this.binary(
      needed,
      a,
      b,
      (x, y) => x | y,
      (x, y) => this.of(needed).or(x, y),
    );
    return shortened(value, Math.max(significantOf(a), significantOf(b)));
  }

  eor(width: Width, a: Value, b: Value): Value {
    // A comparison with zero is one with the branch that follows it.
    if (a.isTruth && a.constant === undefined && b.constant === 1n)
      return {
        ...this.bind("i32", a.type === "i64" ? this.module.i64.eqz(this.wide(a)) : this.module.i32.eqz(this.narrow(a))),
        isTruth: true,
      };
    const needed = a.type === "i32" && b.type === "i32" ? 32 : width;
    const value = this.binary(
      needed,
      a,
      b,
      (x, y) => x ^ y,
      (x, y) => this.of(needed).xor(x, y),
    );
    return shortened(value, Math.max(significantOf(a), significantOf(b)));
  }

  not(width: Width, a: Value): Value {
    if (a.constant !== undefined) return constantOf(bits.unsigned(width, ~a.constant));
    const m = this.module;
    const ones = width === 64 ? m.i64.const(-1n) : m.i32.const(-1);
    const value = this.bind(this.sizedType(width), this.of(width).xor(this.sized(width, a), ones));
    return { ...value, inverted: { of: a, width } };
  }

  lsl(width: Width, a: Value, amount: Value): Value {
    if (isNoShift(width, amount)) return this.cut(width, a);
    const before = shiftOf(a, "left", width);
    const by = constantShift(width, a, amount);
    if (by !== undefined && before !== undefined) {
      return before.by + by >= width ? constantOf(0) : this.lsl(width, before.of, constantOf(before.by + by));
    }
    const shift = (): Value =>
      this.binary(
        width,
        a,
        amount,
        (x, y) => bits.lsl(width, x, y),
        (x, y) => this.of(width).shl(x, y),
      );
    if (by === undefined) return shift();
    const shifted: Shifted = { of: this.cut(width, a), to: "left", by, width };
    const multiple = multipleOfShift(shifted);
    const value = multiple !== undefined && isProduct(multiple) ? this.times(multiple) : { ...shift(), multiple };
    return shortened({ ...(width === 64 ? withShiftedSum(value, a, by) : value), shifted }, significantOf(a) + by);
  }

  lsr(width: Width, a: Value, amount: Value): Value {
    if (isNoShift(width, amount)) return this.cut(width, a);
    const by = constantShift(width, a, amount);
    if (by !== undefined) {
      const quotient = width === 64 && a.product !== undefined ? this.quotient(a.product, by) : undefined;
      if (quotient !== undefined) return quotient;
      const left = shiftOf(a, "left", width);
      const field = left && this.unsignedField(width, left, by);
      if (field !== undefined) return field;
      // What has no upper word needs no shift of 64 bits.
      if (width === 64 && a.type === "i32") return by > 31 ? constantOf(0) : this.lsr(32, a, amount);
    }
    const value = this.binary(
      width,
      a,
      amount,
      (x, y) => bits.lsr(width, x, y),
      (x, y) => this.of(width).shr_u(x, y),
    );
    if (by === undefined) return value;
    const shifted: Shifted = { of: this.cut(width, a), to: "right", by, width };
    return shortened({ ...value, shifted }, Math.max(Math.min(significantOf(a), width) - by, 0));
  }

  /** V8 has an instruction for the upper half of a product, and makes it of a division by a constant; there is none in wasm. */
  private quotient({ of, factor }: NonNullable<Value["product"]>, shift: number): Value | undefined {
    const divisor = divisorOf(factor, shift, significantOf(of));
    if (divisor === undefined) return undefined;
    const m = this.module;
    return this.bind("i64", m.i64.div_u(this.wide(of), m.i64.const(BigInt.asIntN(64, divisor))));
  }

  /**
   * A value that was shifted to the left, shifted to the right: bits from the middle of it, in one place or another. Undefined where no mask
   * that is an instruction's immediate serves better than the two shifts.
   */
  private unsignedField(width: Width, { of, by: left }: Shifted, right: number): Value | undefined {
    const bitsLeft = width - Math.max(left, right);
    const kept = width - left;
    if (right > left ? bitsLeft > 31 : kept > 32) return undefined;
    if (right > left)
      return this.and(width, this.lsr(width, of, constantOf(right - left)), constantOf(2 ** bitsLeft - 1));
    const low = kept === 32 ? this.cut(32, of) : this.and(width, of, constantOf(2 ** kept - 1));
    return this.lsl(width, low, constantOf(left - right));
  }

  asr(width: Width, a: Value, amount: Value): Value {
    if (isNoShift(width, amount)) return this.cut(width, a);
    const by = constantShift(width, a, amount);
    if (by !== undefined) {
      const left = shiftOf(a, "left", width);
      const field = left && this.signedField(width, left, by);
      if (field !== undefined) return field;
      if (width === 64 && a.type === "i32") return this.lsr(width, a, amount);
    }
    return this.binary(
      width,
      a,
      amount,
      (x, y) => bits.asr(width, x, y),
      (x, y) => this.of(width).shr_s(x, y),
    );
  }

  /** The same with copies of the topmost bit above; undefined where no instruction extends from there. */
  private signedField(width: Width, { of, by: left }: Shifted, right: number): Value | undefined {
    const from = width - left;
    if (from !== 8 && from !== 16 && from !== 32) return undefined;
    const extended = this.signExtend(width, from, of);
    if (right > left) return this.asr(width, extended, constantOf(right - left));
    return this.lsl(width, extended, constantOf(left - right));
  }

  ror(width: Width, a: Value, amount: Value): Value {
    if (isNoShift(width, amount)) return this.cut(width, a);
    return this.binary(
      width,
      a,
      amount,
      (x, y) => bits.ror(width, x, y),
      (x, y) => this.of(width).rotr(x, y),
    );
  }

  mul(width: Width, a: Value, b: Value): Value {
    return this.binary(
      width,
      a,
      b,
      (x, y) => x * y,
      (x, y) => this.of(width).mul(x, y),
    );
  }

  mulHigh(signed: boolean, a: Value, b: Value): Value {
    if (a.constant !== undefined && b.constant !== undefined) {
      return constantOf(bits.mulHigh(signed, a.constant, b.constant));
    }
    if (signed) return this.mulHighSigned(a, b);
    const [of, { constant: factor }] = a.constant === undefined ? [a, b] : [b, a];
    const high = (factor !== undefined && this.quotient({ of, factor }, 0)) || this.mulHighUnsigned(a, b);
    return factor === undefined ? high : { ...high, product: { of, factor } };
  }

  /** Schoolbook multiplication of halves: wasm has no product of 128 bits. */
  private mulHighUnsigned(a: Value, b: Value): Value {
    const half = constantOf(32);
    const [aLow, bLow] = [this.zeroExtend(32, a), this.zeroExtend(32, b)];
    const [aHigh, bHigh] = [this.lsr(64, a, half), this.lsr(64, b, half)];
    const low = this.mul(64, aLow, bLow);
    const middle = this.add(64, this.mul(64, aHigh, bLow), this.lsr(64, low, half));
    const other = this.add(64, this.mul(64, aLow, bHigh), this.zeroExtend(32, middle));
    const high = this.add(64, this.mul(64, aHigh, bHigh), this.lsr(64, middle, half));
    return this.add(64, high, this.lsr(64, other, half));
  }

  /** Hacker's Delight: the unsigned one, less each operand where the other is negative. */
  private mulHighSigned(a: Value, b: Value): Value {
    const sign = constantOf(63);
    const unsigned = this.mulHighUnsigned(a, b);
    const lessB = this.sub(64, unsigned, this.and(64, this.asr(64, a, sign), b));
    return this.sub(64, lessB, this.and(64, this.asr(64, b, sign), a));
  }

  div(width: Width, signed: boolean, a: Value, b: Value): Value {
    if (b.constant !== undefined && b.constant !== 0n && !(signed && bits.signed(width, b.constant) === -1n)) {
      return this.quotientOf(width, signed, a, b);
    }
    const wasm = this.of(width);
    const zero = (): Expression => this.sized(width, constantOf(0));
    const quotient = (): Expression => {
      const divided = this.divided(width, signed, a, b);
      if (!signed) return divided;
      // Wasm traps on the one overflow that A64 wraps: x / -1 is a negation.
      const isMinusOne = wasm.eq(this.sized(width, b), this.sized(width, constantOf(-1)));
      return this.module.if(isMinusOne, wasm.sub(zero(), this.sized(width, a)), divided);
    };
    const isZero = wasm.eqz(this.sized(width, b));
    return this.bind(this.sizedType(width), this.module.if(isZero, zero(), quotient()));
  }

  /** As div, by what is not 0, and not -1 if signed. */
  protected quotientOf(width: Width, signed: boolean, a: Value, b: Value): Value {
    if (a.constant !== undefined && b.constant !== undefined) {
      return constantOf(bits.div(width, signed, a.constant, b.constant));
    }
    return this.bind(this.sizedType(width), this.divided(width, signed, a, b));
  }

  private divided(width: Width, signed: boolean, a: Value, b: Value): Expression {
    const wasm = this.of(width);
    return wasm[signed ? "div_s" : "div_u"](this.sized(width, a), this.sized(width, b));
  }

  clz(width: Width, a: Value): Value {
    if (a.constant !== undefined) return constantOf(bits.clz(width, a.constant));
    return this.bind(this.sizedType(width), this.of(width).clz(this.sized(width, a)));
  }

  cls(width: Width, a: Value): Value {
    if (a.constant !== undefined) return constantOf(bits.cls(width, a.constant));
    const wasm = this.of(width);
    const sign = wasm.shr_s(this.sized(width, a), this.sized(width, constantOf(width - 1)));
    const leading = wasm.clz(wasm.xor(this.sized(width, a), sign));
    return this.bind(this.sizedType(width), wasm.sub(leading, this.sized(width, constantOf(1))));
  }

  rbit(width: Width, a: Value): Value {
    if (a.constant !== undefined) return constantOf(bits.rbit(width, bits.unsigned(width, a.constant)));
    const reversed = this.bind("i64", this.callCore("rbit", [this.wide(a)], ["i64"], "i64"));
    return width === 64 ? reversed : this.cut(32, this.lsr(64, reversed, constantOf(32)));
  }

  rev(width: Width, container: 16 | 32 | 64, a: Value): Value {
    if (a.constant !== undefined) return constantOf(bits.rev(width, container, bits.unsigned(width, a.constant)));
    // Swap neighbouring groups of 8, 16, 32 bits until the container is reversed.
    const lanes = [0x00ff00ff00ff00ffn, 0x0000ffff0000ffffn, 0x00000000ffffffffn];
    let value = this.cut(width, a);
    for (let step = 0; 8 << step < container; step++) {
      // Two halves of a register are swapped by a rotation.
      if (16 << step === width) {
        value = this.ror(width, value, constantOf(8 << step));
        continue;
      }
      const mask = constantOf(bits.unsigned(width, lanes[step] as bigint));
      const by = constantOf(8 << step);
      const down = this.and(width, this.lsr(width, value, by), mask);
      const up = this.lsl(width, this.and(width, value, mask), by);
      value = this.orr(width, down, up);
    }
    return value;
  }

  crc32(polynomial: Polynomial, bytes: 1 | 2 | 4 | 8, accumulator: Value, value: Value): Value {
    if (accumulator.constant !== undefined && value.constant !== undefined) {
      return constantOf(bits.crc32(polynomial, bytes, accumulator.constant, value.constant));
    }
    const m = this.module;
    const table = m.i32.const(polynomial === "CRC32" ? CRC32_TABLE : CRC32C_TABLE);
    const operands = [table, m.i32.const(bytes), this.narrow(accumulator), this.wide(value)];
    return this.bind("i32", this.callCore("crc32", operands, ["i32", "i32", "i32", "i64"], "i32"));
  }

  signExtend(width: Width, from: 8 | 16 | 32 | 64, a: Value): Value {
    if (a.constant !== undefined) return constantOf(bits.unsigned(width, bits.signed(from, a.constant)));
    if (from >= width || significantOf(a) < from) return this.cut(width, a);
    const m = this.module;
    if (width === 32) {
      return this.bind("i32", from === 8 ? m.i32.extend8_s(this.narrow(a)) : m.i32.extend16_s(this.narrow(a)));
    }
    const extended = (): Expression => {
      if (from === 32) return m.i64.extend_s(this.narrow(a));
      return from === 8 ? m.i64.extend8_s(this.wide(a)) : m.i64.extend16_s(this.wide(a));
    };
    return { ...this.bind("i64", extended()), signed: from };
  }

  zeroExtend(from: 8 | 16 | 32 | 64, a: Value): Value {
    if (from === 64) return a;
    if (a.constant !== undefined) return constantOf(bits.unsigned(from, a.constant));
    return from === 32 ? this.cut(32, a) : this.and(32, a, constantOf(2 ** from - 1));
  }

  equal(width: Width, a: Value, b: Value): Value {
    if (a.constant !== undefined && b.constant !== undefined) {
      return constantOf(bits.unsigned(width, a.constant) === bits.unsigned(width, b.constant) ? 1 : 0);
    }
    const wasm = this.of(width);
    const isEqual = this.isZero(width, b)
      ? wasm.eqz(this.sized(width, a))
      : wasm.eq(this.sized(width, a), this.sized(width, b));
    return { ...this.bind("i32", isEqual), isTruth: true };
  }

  select(condition: Value, ifTrue: Value, ifFalse: Value): Value {
    if (condition.constant !== undefined) return condition.constant !== 0n ? ifTrue : ifFalse;
    const truth = condition.isTruth && this.truthOf(condition, ifTrue, ifFalse);
    if (truth) return truth;
    const narrow = ifTrue.type === "i32" && ifFalse.type === "i32";
    const width = narrow ? 32 : 64;
    const chosen = this.module.select(this.narrow(condition), this.sized(width, ifTrue), this.sized(width, ifFalse));
    return shortened(
      this.bind(narrow ? "i32" : "i64", chosen),
      Math.max(significantOf(ifTrue), significantOf(ifFalse)),
    );
  }

  /** CSET: the condition itself, or its opposite. */
  private truthOf(condition: Value, ifTrue: Value, ifFalse: Value): Value | undefined {
    if (ifTrue.constant === 1n && ifFalse.constant === 0n) return condition;
    if (ifTrue.constant === 0n && ifFalse.constant === 1n) return this.eor(32, condition, constantOf(1));
    return undefined;
  }
}
