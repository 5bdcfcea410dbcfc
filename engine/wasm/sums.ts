/** Values as a base and a constant: how accesses near one another are recognised, in a structure, a frame, or turn after turn of a loop. */
import type { Sum, SumBase, Value } from "./value.js";

/** Between the two of a sum of two, which is not added to again: turns of a loop would make it longer and longer. */
const PLUS = "+";

/** The value as a base plus a constant; at worst the base is the value itself. */
export function sumOf(value: Value): Sum | undefined {
  if (value.sum !== undefined || value.local === undefined || value.flags !== undefined) return value.sum;
  return { base: value.local, offset: 0n };
}

/** `value`, which is a + b over 64 bits, and not a constant, with what is known of it as a sum. */
export function withSum(value: Value, a: Value, b: Value): Value {
  if (a.constant !== undefined) return withSum(value, b, a);
  const from = sumOf(a);
  if (from === undefined) return value;
  if (b.constant !== undefined) return summed(value, from.base, from.offset + b.constant);
  const other = sumOf(b);
  if (other === undefined || isOfTwo(from.base) || isOfTwo(other.base)) return value;
  return summed(value, [from.base, other.base].map(String).sort().join(PLUS), from.offset + other.offset);
}

/** `value`, which is `a` shifted to the left over 64 bits, and not a constant. */
export function withShiftedSum(value: Value, a: Value, by: number): Value {
  const from = sumOf(a);
  if (typeof from?.base !== "number") return value;
  return summed(value, `${from.base}<<${by}`, from.offset << BigInt(by));
}

function summed(value: Value, base: SumBase, offset: bigint): Value {
  return { ...value, sum: { base, offset: BigInt.asIntN(64, offset) } };
}

function isOfTwo(base: SumBase): boolean {
  return typeof base === "string" && base.includes(PLUS);
}
