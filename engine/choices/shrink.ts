/**
 * Makes a failing execution's log shorter while it still fails: delta debugging (Zeller and Hildebrandt, TSE 2002) over choices.
 * A choice that is taken away becomes the sequential one, so that what is left is what the failure is made of.
 */
import { type Choice, type ChoiceLog, compareChoices } from "./log.js";

/**
 * Replays a log, sequential where it says nothing; gives the log of what was really chosen if the execution still fails.
 * It may differ from what was asked for: choices that did not come up are gone from it.
 */
export type Attempt = (log: ChoiceLog) => ChoiceLog | undefined;

export interface Shrunk {
  readonly log: ChoiceLog;
  /** Executions that it took. */
  readonly attempts: number;
  /** Whether no single choice can be taken away or made less. False where the attempts were used up. */
  readonly minimal: boolean;
}

class Shrinker {
  attempts = 0;

  constructor(
    public log: ChoiceLog,
    readonly attempt: Attempt,
    readonly limit: number,
  ) {}

  get isSpent(): boolean {
    return this.attempts >= this.limit;
  }

  /** Whether a log fails and is shorter, or as long with lower values; if so it is the log from then on. */
  try(candidate: ChoiceLog): boolean {
    if (this.isSpent) return false;
    this.attempts++;
    const found = this.attempt(candidate);
    if (found === undefined || !isLess(found, this.log)) return false;
    this.log = found;
    return true;
  }

  /** Takes away runs of choices, of half of them at first, of single ones in the end. */
  remove(): boolean {
    let removed = false;
    for (let size = Math.max(1, this.log.length >> 1); size >= 1; size >>= 1) {
      for (let end = this.log.length; end > 0 && !this.isSpent; ) {
        const start = Math.max(0, end - size);
        const candidate = [...this.log.slice(0, start), ...this.log.slice(end)];
        if (this.try(candidate)) {
          removed = true;
          end = Math.min(start, this.log.length);
        } else end = start;
      }
    }
    return removed;
  }

  /**
   * Takes one choice away where another alternative of a second one makes up for it: of "core 1 goes on, then core 2" the first may
   * not be needed if the second comes at once.
   */
  exchange(): boolean {
    const { log } = this;
    if (log.length > MOST_TO_EXCHANGE) return false;
    for (const removed of log) {
      const rest = log.filter((choice) => choice !== removed);
      for (const [at, choice] of rest.entries()) {
        for (let value = 1; value <= OTHER_VALUES; value++) {
          if (value !== choice.value && this.try(rest.with(at, { ...choice, value }))) return true;
        }
      }
    }
    return false;
  }

  /** Lowers values: an alternative nearer to the sequential one is a newer write, or a core that stands before. */
  lower(): boolean {
    let lowered = false;
    for (let index = 0; index < this.log.length; index++) {
      const choice = this.log[index] as Choice;
      for (let value = 1; value < choice.value; value++) {
        const candidate = this.log.map((each, at) => (at === index ? { ...each, value } : each));
        if (this.try(candidate)) {
          lowered = true;
          break;
        }
      }
    }
    return lowered;
  }
}

/** Longer logs would take too many attempts. */
const MOST_TO_EXCHANGE = 24;
/** Alternatives that are tried in place of a choice's own. */
const OTHER_VALUES = 4;

function sumOf(log: ChoiceLog): number {
  return log.reduce((sum, { value }) => sum + value, 0);
}

function isLess(a: ChoiceLog, b: ChoiceLog): boolean {
  return a.length < b.length || (a.length === b.length && sumOf(a) < sumOf(b));
}

const DEFAULT_ATTEMPTS = 20_000;

/** Shrinks a log whose execution fails. */
export function shrink(log: ChoiceLog, attempt: Attempt, limit = DEFAULT_ATTEMPTS): Shrunk {
  const shrinker = new Shrinker([...log].sort(compareChoices), attempt, limit);
  while (!shrinker.isSpent) {
    const removed = shrinker.remove();
    const lowered = shrinker.lower();
    if (!removed && !lowered && !shrinker.exchange()) break;
  }
  return { log: shrinker.log, attempts: shrinker.attempts, minimal: !shrinker.isSpent };
}
