/**
 * The arithmetic of the vocabulary (engine/a64/ops.ts) on known values: what constant folding in the
 * compilers and concrete evaluation in the model checker share. Operands and results are unsigned
 * bigints of `width` bits; results stand zero-extended.
 */
import type { Polynomial, Width } from "./ops.js";

export function unsigned(width: number, value: bigint): bigint {
  return BigInt.asUintN(width, value);
}

export function signed(width: number, value: bigint): bigint {
  return BigInt.asIntN(width, value);
}

/** Shift amounts are taken modulo the width, as LSLV and its kin do. */
function amountOf(width: Width, amount: bigint): bigint {
  return amount & BigInt(width - 1);
}

export function lsl(width: Width, a: bigint, amount: bigint): bigint {
  return unsigned(width, unsigned(width, a) << amountOf(width, amount));
}

export function lsr(width: Width, a: bigint, amount: bigint): bigint {
  return unsigned(width, a) >> amountOf(width, amount);
}

export function asr(width: Width, a: bigint, amount: bigint): bigint {
  return unsigned(width, signed(width, a) >> amountOf(width, amount));
}

export function ror(width: Width, a: bigint, amount: bigint): bigint {
  const by = amountOf(width, amount);
  const value = unsigned(width, a);
  return unsigned(width, (value >> by) | (value << (BigInt(width) - by)));
}

export function mulHigh(isSigned: boolean, a: bigint, b: bigint): bigint {
  const product = isSigned ? signed(64, a) * signed(64, b) : unsigned(64, a) * unsigned(64, b);
  return unsigned(64, product >> 64n);
}

export function div(width: Width, isSigned: boolean, a: bigint, b: bigint): bigint {
  if (unsigned(width, b) === 0n) return 0n;
  return isSigned ? unsigned(width, signed(width, a) / signed(width, b)) : unsigned(width, a) / unsigned(width, b);
}

export function clz(width: Width, a: bigint): bigint {
  const value = unsigned(width, a);
  return BigInt(value === 0n ? width : width - value.toString(2).length);
}

/** CountLeadingSignBits: bits after the sign bit that equal it. */
export function cls(width: Width, a: bigint): bigint {
  const value = signed(width, a);
  return clz(width, value < 0n ? ~value : value) - 1n;
}

export function rbit(width: Width, a: bigint): bigint {
  let result = 0n;
  for (let bit = 0n; bit < BigInt(width); bit++) {
    result |= ((a >> bit) & 1n) << (BigInt(width) - 1n - bit);
  }
  return result;
}

/** Reverses the bytes within each container of `container` bits. */
export function rev(width: Width, container: number, a: bigint): bigint {
  let result = 0n;
  for (let byte = 0; byte < width / 8; byte++) {
    const perContainer = container / 8;
    const inContainer = byte % perContainer;
    const to = byte - inContainer + (perContainer - 1 - inContainer);
    result |= ((a >> BigInt(8 * byte)) & 0xffn) << BigInt(8 * to);
  }
  return result;
}

/** The polynomials of CRC32 and CRC32C with their bits in reverse order. */
const reflectedPolynomials = { CRC32: 0xedb88320n, CRC32C: 0x82f63b78n } satisfies Record<Polynomial, bigint>;

/** One step of a reflected CRC over the low `bytes` of a value. */
export function crc32(polynomial: Polynomial, bytes: number, accumulator: bigint, value: bigint): bigint {
  let crc = unsigned(32, accumulator) ^ unsigned(8 * bytes, value);
  for (let bit = 0; bit < 8 * bytes; bit++) {
    crc = (crc & 1n) === 1n ? (crc >> 1n) ^ reflectedPolynomials[polynomial] : crc >> 1n;
  }
  return crc;
}

/** AddWithCarry: the result and NZCV as four bits. */
export function addWithCarry(width: Width, x: bigint, y: bigint, carryIn: bigint): readonly [bigint, bigint] {
  const unsignedSum = unsigned(width, x) + unsigned(width, y) + carryIn;
  const signedSum = signed(width, x) + signed(width, y) + carryIn;
  const result = unsigned(width, unsignedSum);
  const c = result === unsignedSum ? 0n : 2n;
  const v = signed(width, result) === signedSum ? 0n : 1n;
  return [result, nzcvOfLogical(width, result) | c | v];
}

export function nzcvOfLogical(width: Width, result: bigint): bigint {
  const n = signed(width, result) < 0n ? 8n : 0n;
  const z = unsigned(width, result) === 0n ? 4n : 0n;
  return n | z;
}

/** ConditionHolds for one condition, as 16 bits: bit NZCV says whether it holds under these flags. */
export function conditionTable(cond: number): number {
  let table = 0;
  for (let nzcv = 0; nzcv < 16; nzcv++) {
    if (conditionHolds(cond, nzcv)) table |= 1 << nzcv;
  }
  return table;
}

/** ConditionHolds(cond) under the flags NZCV, N the highest of four bits. */
export function conditionHolds(cond: number, nzcv: number): boolean {
  const n = (nzcv & 8) !== 0;
  const z = (nzcv & 4) !== 0;
  const c = (nzcv & 2) !== 0;
  const v = (nzcv & 1) !== 0;
  const base = [z, c, n, v, c && !z, n === v, n === v && !z, true][cond >> 1] as boolean;
  // 0b1111 is "always" too: NV does not mean never.
  return (cond & 1) === 1 && cond !== 15 ? !base : base;
}
