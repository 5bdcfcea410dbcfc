import type { Chooser } from "./chooser.js";
import { Random } from "./random.js";

/** An execution departs from the sequential alternatives with a probability of 1/2 to 2^-SCALES. */
const SCALES = 6;

/** The sequential alternative, or any of the others with a probability that every execution draws for itself. */
export class Rates implements Chooser {
  readonly #random = new Random();
  #oneIn = 2;

  constructor(readonly seed: number) {}

  begin(execution: number): void {
    this.#random.start(this.seed, execution);
    this.#oneIn = 2 << this.#random.below(SCALES);
  }

  choose(_kind: number, alternatives: number): number {
    return this.#random.below(this.#oneIn) === 0 ? 1 + this.#random.below(alternatives - 1) : 0;
  }
}
