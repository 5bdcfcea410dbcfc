/** Seeded random values for tests: the same seed gives the same sequence everywhere. */

/** The seed of this run: CMODX_SEED, or one fixed number, so that a suite tests the same cases until told otherwise. */
export const runSeed = process.env["CMODX_SEED"] ?? "1";

/** A count that the environment may set, for longer runs. */
export function countFromEnvironment(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1) throw new RangeError(`${name}=${text}: expected a positive integer`);
  return count;
}

/** FNV-1a, to make a state of a seed's text. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}

/** mulberry32: 32 bits of state are enough to pick test cases. */
export class Random {
  #state: number;

  constructor(readonly seed: string) {
    this.#state = hash(seed);
  }

  u32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  u64(): bigint {
    return (BigInt(this.u32()) << 32n) | BigInt(this.u32());
  }

  /** An integer from 0 to limit - 1. */
  below(limit: number): number {
    return Math.floor((this.u32() / 2 ** 32) * limit);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)] as T;
  }
}
