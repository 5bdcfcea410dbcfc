/** What is known of values that are not: how many of their bits may be set, and which shifts made them. */
import type { Width } from "../a64/ops.js";
import type { Shifted, Value } from "./value.js";

/** By how many bits a value is shifted, if it is none that can be computed now and the number is known. */
export function constantShift(width: Width, { constant }: Value, amount: Value): number | undefined {
  return constant !== undefined || amount.constant === undefined ? undefined : Number(amount.constant % BigInt(width));
}

/** Whether a shift by so much moves nothing: amounts count modulo the width, and a bitfield that ends at the top is shifted there by -64. */
export function isNoShift(width: Width, { constant }: Value): boolean {
  return constant !== undefined && constant % BigInt(width) === 0n;
}

export function shiftOf({ shifted }: Value, to: "left" | "right", width: Width): Shifted | undefined {
  return shifted?.to === to && shifted.width === width ? shifted : undefined;
}

/** How many of a value's low bits may be set. */
export function significantOf({ constant, significant, type }: Value): number {
  if (constant !== undefined) return constant === 0n ? 0 : constant.toString(2).length;
  return significant ?? (type === "i32" ? 32 : 64);
}

/** The value, which has no more bits set than so many. */
export function shortened(value: Value, significant: number): Value {
  return value.constant === undefined && significant < 32 ? { ...value, significant } : value;
}

/** Whether a mask has all bits that the value may have. */
export function keepsAll(value: Value, { constant: mask }: Value): boolean {
  if (mask === undefined || value.constant !== undefined) return false;
  const all = (1n << BigInt(significantOf(value))) - 1n;
  return (mask & all) === all;
}

export function isSame(a: Value, b: Value): boolean {
  return a.local !== undefined && a.local === b.local;
}

/** Of a constant and a value shifted to the left, which are added. */
export function displacedBy(a: Value, b: Value): Value["displaced"] {
  const [constant, shifted] = [a.constant ?? b.constant, shiftOf(a, "left", 64) ?? shiftOf(b, "left", 64)];
  if (constant === undefined || shifted === undefined) return undefined;
  return { from: constant, of: shifted.of, by: shifted.by };
}

/** Whether the value is its low 32 bits, as a signed number. */
export function isSigned32(value: Value): boolean {
  return value.signed !== undefined || significantOf(value) < 32;
}
