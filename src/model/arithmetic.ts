/** The half of the vocabulary (engine/a64/ops.ts) that only computes: on numbers, with the reads they depend on. */
import {
  arithmetic as bits,
  decodeBitMasks,
  type KnownField,
  type Polynomial,
  type Width,
} from "../../engine/index.js";
import { combine, constant, type Value } from "./value.js";

function unary(width: Width, a: Value, compute: (a: bigint) => bigint): Value {
  return combine(bits.unsigned(width, compute(bits.unsigned(width, a.bits))), a);
}

function binary(width: Width, a: Value, b: Value, compute: (a: bigint, b: bigint) => bigint): Value {
  return combine(bits.unsigned(width, compute(a.bits, b.bits)), a, b);
}

export class Arithmetic {
  UInt(field: KnownField | number): Value {
    return constant(BigInt(typeof field === "number" ? field : field.value));
  }
  SInt(field: KnownField): Value {
    return constant(bits.unsigned(64, bits.signed(field.width, BigInt(field.value))));
  }
  concat(high: KnownField, low: KnownField): KnownField {
    return { width: high.width + low.width, value: high.value * 2 ** low.width + low.value };
  }
  field(width: number, value: number): KnownField {
    return { width, value };
  }
  constant(value: bigint | number): Value {
    return constant(bits.unsigned(64, BigInt(value)));
  }
  bitmaskImmediate(width: Width, nImmrImms: KnownField): Value {
    // Reserved immediates are not allocated, so that no such word gets here.
    return constant(decodeBitMasks(nImmrImms.value, width) ?? 0n);
  }

  add(width: Width, a: Value, b: Value): Value {
    return binary(width, a, b, (x, y) => x + y);
  }
  sub(width: Width, a: Value, b: Value): Value {
    return binary(width, a, b, (x, y) => x - y);
  }
  AddWithCarry(width: Width, x: Value, y: Value, carryIn: Value): readonly [Value, Value] {
    const [result, nzcv] = bits.addWithCarry(width, x.bits, y.bits, carryIn.bits & 1n);
    return [combine(result, combine(0n, x, y), carryIn), combine(nzcv, combine(0n, x, y), carryIn)];
  }
  nzcvOfLogical(width: Width, result: Value): Value {
    return combine(bits.nzcvOfLogical(width, result.bits), result);
  }
  and(width: Width, a: Value, b: Value): Value {
    return binary(width, a, b, (x, y) => x & y);
  }
  orr(width: Width, a: Value, b: Value): Value {
    return binary(width, a, b, (x, y) => x | y);
  }
  eor(width: Width, a: Value, b: Value): Value {
    return binary(width, a, b, (x, y) => x ^ y);
  }
  not(width: Width, a: Value): Value {
    return unary(width, a, (x) => ~x);
  }
  lsl(width: Width, a: Value, amount: Value): Value {
    return binary(width, a, amount, (x, by) => bits.lsl(width, x, by));
  }
  lsr(width: Width, a: Value, amount: Value): Value {
    return binary(width, a, amount, (x, by) => bits.lsr(width, x, by));
  }
  asr(width: Width, a: Value, amount: Value): Value {
    return binary(width, a, amount, (x, by) => bits.asr(width, x, by));
  }
  ror(width: Width, a: Value, amount: Value): Value {
    return binary(width, a, amount, (x, by) => bits.ror(width, x, by));
  }
  mul(width: Width, a: Value, b: Value): Value {
    return binary(width, a, b, (x, y) => x * y);
  }
  mulHigh(signed: boolean, a: Value, b: Value): Value {
    return binary(64, a, b, (x, y) => bits.mulHigh(signed, x, y));
  }
  div(width: Width, signed: boolean, a: Value, b: Value): Value {
    return binary(width, a, b, (x, y) => bits.div(width, signed, x, y));
  }
  clz(width: Width, a: Value): Value {
    return unary(width, a, (x) => bits.clz(width, x));
  }
  cls(width: Width, a: Value): Value {
    return unary(width, a, (x) => bits.cls(width, x));
  }
  rbit(width: Width, a: Value): Value {
    return unary(width, a, (x) => bits.rbit(width, x));
  }
  rev(width: Width, container: 16 | 32 | 64, a: Value): Value {
    return unary(width, a, (x) => bits.rev(width, container, x));
  }
  crc32(polynomial: Polynomial, bytes: 1 | 2 | 4 | 8, accumulator: Value, value: Value): Value {
    return binary(32, accumulator, value, (x, y) => bits.crc32(polynomial, bytes, x, y));
  }
  signExtend(width: Width, from: 8 | 16 | 32 | 64, a: Value): Value {
    return unary(width, a, (x) => bits.signed(from, x));
  }
  zeroExtend(from: 8 | 16 | 32 | 64, a: Value): Value {
    return combine(bits.unsigned(from, a.bits), a);
  }
  equal(width: Width, a: Value, b: Value): Value {
    return combine(bits.unsigned(width, a.bits) === bits.unsigned(width, b.bits) ? 1n : 0n, a, b);
  }
  select(condition: Value, ifTrue: Value, ifFalse: Value): Value {
    const chosen = condition.bits === 1n ? ifTrue : ifFalse;
    return { bits: chosen.bits, from: chosen.from, picked: chosen.picked | condition.picked };
  }
}
