import { alternativeOf, type Chooser, coreOf, coresOf, MAX_CORES } from "./chooser.js";
import { Moments } from "./departures.js";
import { Random } from "./random.js";

/**
 * For steps: probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010). Cores have
 * random priorities, and the one with the highest that can act does; at `depth` - 1 moments among the first `among` steps the one that
 * has just acted falls below all others. A bug that `depth` orderings make is found with a probability of at least
 * 1 / (cores * among^(depth - 1)). What Arm's memory lets a core see is not a step, and left to another chooser.
 */
export class Priorities implements Chooser {
  readonly #random = new Random();
  readonly #moments: Moments;
  readonly #priorities = new Int32Array(MAX_CORES);
  #ordinal = 0;
  #lowest = 0;

  constructor(
    readonly seed: number,
    depth: number,
    among: number,
  ) {
    this.#moments = new Moments(Math.max(0, depth - 1), among);
  }

  begin(execution: number): void {
    this.#random.start(this.seed, execution);
    this.#moments.start(this.#random);
    this.#ordinal = 0;
    this.#lowest = 0;
    for (let core = 0; core < MAX_CORES; core++) {
      const other = this.#random.below(core + 1);
      this.#priorities[core] = this.#priorities[other] as number;
      this.#priorities[other] = core + 1;
    }
  }

  choose(_kind: number, _alternatives: number, detail: number): number {
    if (this.#moments.isNow(this.#ordinal++)) this.#priorities[coreOf(detail)] = this.#lowest--;
    let best = -1;
    for (let left = coresOf(detail); left !== 0; left &= left - 1) {
      const core = 31 - Math.clz32(left & -left);
      if (best < 0 || (this.#priorities[core] as number) > (this.#priorities[best] as number)) best = core;
    }
    return alternativeOf(detail, best);
  }
}
