import type { Chooser } from "./chooser.js";
import { Random } from "./random.js";

/** Every alternative is as likely as the others. */
export class Uniform implements Chooser {
  readonly #random = new Random();

  constructor(readonly seed: number) {}

  begin(execution: number): void {
    this.#random.start(this.seed, execution);
  }

  choose(_kind: number, alternatives: number): number {
    return this.#random.below(alternatives);
  }
}
