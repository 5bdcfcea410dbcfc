import type { Chooser } from "./chooser.js";
import { Random } from "./random.js";

/** Nothing is chosen so late. */
const NEVER = 2 ** 31 - 1;

/** Ordinals of which each execution draws some, in ascending order: at what choices something is to happen. */
export class Moments {
  readonly #at: Int32Array;
  #next = 0;

  /** `count` of them among the first `among`. */
  constructor(
    count: number,
    readonly among: number,
  ) {
    this.#at = new Int32Array(count + 1).fill(NEVER);
  }

  start(random: Random): void {
    const last = this.#at.length - 1;
    for (let index = 0; index < last; index++) this.#at[index] = random.below(this.among);
    this.#at.sort();
    this.#next = 0;
  }

  /** Whether something is to happen at `ordinal`; called with ascending ordinals. */
  isNow(ordinal: number): boolean {
    if (ordinal < (this.#at[this.#next] as number)) return false;
    this.#next++;
    return true;
  }

  /** How many have come. */
  get passed(): number {
    return this.#next;
  }
}

/**
 * The sequential alternative, except at `count` moments among the first `among` choices, where any of the others is taken. For
 * steps that is: cores run one after the other, with `count` preemptions; for reads: `count` of them are stale.
 */
export class Departures implements Chooser {
  readonly #random = new Random();
  readonly #moments: Moments;
  #ordinal = 0;

  constructor(
    readonly seed: number,
    count: number,
    among: number,
  ) {
    this.#moments = new Moments(count, among);
  }

  begin(execution: number): void {
    this.#random.start(this.seed, execution);
    this.#moments.start(this.#random);
    this.#ordinal = 0;
  }

  choose(_kind: number, alternatives: number): number {
    return this.#moments.isNow(this.#ordinal++) ? 1 + this.#random.below(alternatives - 1) : 0;
  }
}
