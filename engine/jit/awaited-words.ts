/**
 * Words that regions were made from and that have been replaced, while the new ones are waited for to be executed. A
 * region made before would end at them.
 */
import * as layout from "../../assembly/layout.js";
import type { Slots } from "./core-view.js";

/** Times that heads wait for replaced words to be executed. */
const PATIENCE = 8;

export class AwaitedWords {
  /** By line; bit i of `mask` is word i. */
  private readonly lines = new Map<bigint, { readonly mask: number; patience: number }>();

  constructor(private readonly slots: Slots) {}

  get isEmpty(): boolean {
    return this.lines.size === 0;
  }

  /** These words of a line have been replaced. */
  add(line: bigint, mask: number): void {
    if (!this.wasExecuted(line, mask)) this.lines.set(line, { mask, patience: PATIENCE });
  }

  /** A head asks for a region: whether there are words to be waited for. Not for ever: code may go elsewhere. */
  awaitExecution(): boolean {
    for (const [line, replaced] of this.lines) {
      if (replaced.patience-- === 0 || this.wasExecuted(line, replaced.mask)) this.lines.delete(line);
    }
    return !this.isEmpty;
  }

  /** Whether the core has executed one of the line's words. */
  private wasExecuted(line: bigint, mask: number): boolean {
    const slot = this.slots.of(line);
    for (let word = 0; word < layout.LINE / 4; word++) {
      const isOne = ((mask >>> word) & 1) === 1;
      if (isOne && this.slots.handlerAt(slot + word * layout.SLOT_BYTES) >= layout.FIRST_FORM) return true;
    }
    return false;
  }
}
