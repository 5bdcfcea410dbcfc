import { alternativeOf, type Chooser, coreOf, coresOf, MAX_CORES } from "./chooser.js";
import { Moments } from "./departures.js";
import { Random } from "./random.js";

/**
 * For steps: a core runs until it can't, then the next in the ring that can; at `preemptions` moments among the first `among`
 * steps the next one is taken all the same. The ring begins with any core. Few preemptions show most bugs (Musuvathi and
 * Qadeer, PLDI 2007).
 */
export class RoundRobin implements Chooser {
  readonly #random = new Random();
  readonly #moments: Moments;
  #ordinal = 0;

  constructor(
    readonly seed: number,
    preemptions: number,
    among: number,
  ) {
    this.#moments = new Moments(preemptions, among);
  }

  begin(execution: number): void {
    this.#random.start(this.seed, execution);
    this.#moments.start(this.#random);
    this.#ordinal = 0;
  }

  choose(_kind: number, alternatives: number, detail: number): number {
    const cores = coresOf(detail);
    const current = coreOf(detail);
    if (this.#ordinal === 0) {
      this.#ordinal++;
      return this.#random.below(alternatives);
    }
    const preempted = this.#moments.isNow(this.#ordinal++);
    if (!preempted && ((cores >>> current) & 1) === 1) return 0;
    for (let distance = 1; distance < MAX_CORES; distance++) {
      const core = (current + distance) % MAX_CORES;
      if (((cores >>> core) & 1) === 1) return alternativeOf(detail, core);
    }
    return 0;
  }
}
