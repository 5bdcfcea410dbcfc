/**
 * Values that are another one times a constant. Compilers multiply by constants in shifts, additions and subtractions where that takes an arm64
 * core no longer than its multiplier: what remains of a division by a prime takes six of them, one after the other. The host's
 * multiplier gives it in the time of three.
 */
import type { Width } from "../a64/ops.js";
import { isSame, shiftOf } from "./known-bits.js";
import type { Multiple, Shifted, Value } from "./value.js";

/** Instructions, one after the other, that a multiplication takes the time of, and from which on one is worth a constant that is no immediate. */
const PRODUCT = 3;
const LONG = 5;
/** A shift to the left by so many bits is part of an addition. */
const SCALED = 3;

/** a + b, or a - b, where both are multiples of one value, and not 0. */
export function multipleOfSum(width: Width, a: Value, b: Value, sign: 1n | -1n): Multiple | undefined {
  const [x, y] = [a.multiple, b.multiple];
  if ((x === undefined && y === undefined) || a.constant !== undefined || b.constant !== undefined) return undefined;
  if ((x !== undefined && x.width !== width) || (y !== undefined && y.width !== width)) return undefined;
  const of = x?.of ?? a;
  if (!isSameValue(of, y?.of ?? b)) return undefined;
  const by = BigInt.asUintN(width, (x?.by ?? 1n) + sign * (y?.by ?? 1n));
  const depth = 1 + Math.max(depthOf(width, a, sign), depthOf(width, b, sign));
  return by === 0n ? undefined : { of, by, width, depth };
}

/** What is shifted to the left may be a multiple itself. */
export function multipleOfShift({ of, by: shift, width }: Shifted): Multiple | undefined {
  const { multiple } = of;
  if (multiple === undefined) return { of, by: 1n << BigInt(shift), width, depth: 1 };
  if (multiple.width !== width) return undefined;
  const by = BigInt.asUintN(width, multiple.by << BigInt(shift));
  return by === 0n ? undefined : { ...multiple, by, depth: multiple.depth + 1 };
}

/** Whether it is better made by one multiplication. */
export function isProduct({ by, width, depth }: Multiple): boolean {
  const signed = BigInt.asIntN(width, by);
  return depth >= (BigInt.asIntN(32, signed) === signed ? PRODUCT : LONG);
}

/** What came of a multiplication. */
export function asProduct(multiple: Multiple): Multiple {
  return { ...multiple, depth: PRODUCT };
}

function depthOf(width: Width, value: Value, sign: 1n | -1n): number {
  const depth = value.multiple?.depth ?? 0;
  const shift = sign === 1n && depth < PRODUCT ? shiftOf(value, "left", width) : undefined;
  return shift !== undefined && shift.by <= SCALED ? depth - 1 : depth;
}

function isSameValue(a: Value, b: Value): boolean {
  return isSame(a, b) || (a.lowOf !== undefined && a.lowOf === b.lowOf);
}
