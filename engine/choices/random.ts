/**
 * Pseudo-random numbers that are the same everywhere: Marsaglia's xorshift with 32 bits of state (2003), begun from a seed and
 * a number by a mixer with full avalanche, so that neighbouring executions have nothing in common.
 */

/** The constants are those that Wellons found by search (Prospecting for Hash Functions, 2018). */
export function mix(value: number): number {
  let bits = value | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0xd35a2d97);
  return bits ^ (bits >>> 15);
}

const GOLDEN = 0x9e3779b9;
const TWO_TO_32 = 2 ** 32;

export class Random {
  #state = 1;

  /** Two seeds of 32 bits each; what is drawn from then on depends on nothing else. */
  start(seed: number, stream: number): void {
    const state = mix(mix(seed) + Math.imul(stream + 1, GOLDEN));
    this.#state = state === 0 ? GOLDEN | 0 : state;
  }

  /** One of 0 to `count` - 1; `count` below 2^20. */
  below(count: number): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state;
    return (((state >>> 0) * count) / TWO_TO_32) | 0;
  }
}
