/**
 * A value in the checker: what it is, and which of its thread's reads it depends on. Reads are named by their event's
 * number in the thread; a set of them is a bit mask.
 *
 * Source: the dependency relations of Arm's published model (herdtools7, aarch64deps.cat). `from` follows `dtrm`:
 * through registers, through memory that the same thread wrote, through what instructions compute. `picked` follows
 * `pick-dtrm`, which adds the choices that an instruction makes inside itself (CSEL's condition, CAS's comparison).
 */
export interface Dependencies {
  readonly from: bigint;
  /** Includes `from`. */
  readonly picked: bigint;
}

export interface Value extends Dependencies {
  readonly bits: bigint;
}

export const independent: Dependencies = { from: 0n, picked: 0n };

export function constant(bits: bigint): Value {
  return { bits, from: 0n, picked: 0n };
}

export function merge(a: Dependencies, b: Dependencies): Dependencies {
  return { from: a.from | b.from, picked: a.picked | b.picked };
}

/** The result of an operation on two values. */
export function combine(bits: bigint, a: Dependencies, b: Dependencies = independent): Value {
  return { bits, from: a.from | b.from, picked: a.picked | b.picked };
}

/** The members of a set, smallest first. */
export function members(set: bigint): number[] {
  const found: number[] = [];
  for (let rest = set, index = 0; rest !== 0n; rest >>= 1n, index++) {
    if ((rest & 1n) === 1n) found.push(index);
  }
  return found;
}
