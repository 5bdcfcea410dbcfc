import { alternativeOf, type Chooser, coresOf, MAX_CORES } from "./chooser.js";
import { Random } from "./random.js";

/** Powers of two that weights are drawn from. */
const SCALES = 7;

/**
 * For steps: every execution gives each core a speed of its own, which differ by up to a factor of 64, and each step is drawn by
 * speed. So that a core that does little is now and then slow enough to see what one does that does much.
 */
export class Weighted implements Chooser {
  readonly #random = new Random();
  readonly #weights = new Int32Array(MAX_CORES);

  constructor(readonly seed: number) {}

  begin(execution: number): void {
    this.#random.start(this.seed, execution);
    for (let core = 0; core < MAX_CORES; core++) this.#weights[core] = 1 << this.#random.below(SCALES);
  }

  choose(_kind: number, _alternatives: number, detail: number): number {
    let total = 0;
    for (let left = coresOf(detail); left !== 0; left &= left - 1) {
      total += this.#weights[31 - Math.clz32(left & -left)] as number;
    }
    let drawn = this.#random.below(total);
    for (let left = coresOf(detail); left !== 0; left &= left - 1) {
      const core = 31 - Math.clz32(left & -left);
      drawn -= this.#weights[core] as number;
      if (drawn < 0) return alternativeOf(detail, core);
    }
    return 0;
  }
}
