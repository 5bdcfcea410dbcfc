/**
 * Everything that the architecture leaves open is a choice, and one chooser makes them all: an execution is a function of its
 * choices. Choosers are small and are put together: `byKind(new Priorities(...), new Uniform(seed))`, `new Recorder(...)`.
 */

/** What can be chosen, as numbers below MAX_KINDS. `step` is known here, the others only to who asks. */
export const STEP = 0;
export const MAX_KINDS = 16;
export const MAX_CORES = 16;

/**
 * Makes choices. Alternative 0 is always the one of a sequential machine: the same core goes on, a load or a fetch sees the
 * newest write, STXR succeeds, nothing is evicted. So an execution without any other choice is the sequential one.
 */
export interface Chooser {
  /** Called before each execution with its number in the campaign: what is chosen may depend on it, and on nothing before it. */
  begin(execution: number): void;
  /**
   * One of 0 to `alternatives` - 1, which is at least 1.
   * @param kind what is chosen: STEP, or another number below MAX_KINDS
   * @param detail bits 0 to 7: the core that asks, for STEP the one that has just acted; for STEP bits 8 to 23: a mask of the cores
   * that can act, of which alternative 0 is the core that asks, if it can, and the others follow in ascending order
   */
  choose(kind: number, alternatives: number, detail: number): number;
}

export function coreOf(detail: number): number {
  return detail & 0xff;
}

/** The mask of the cores that can act. */
export function coresOf(detail: number): number {
  return detail >>> 8;
}

/** The core that alternative `index` of a STEP stands for. */
export function coreAt(detail: number, index: number): number {
  const current = coreOf(detail);
  let mask = coresOf(detail);
  let left = index;
  if (((mask >>> current) & 1) === 1) {
    if (left === 0) return current;
    mask &= ~(1 << current);
    left--;
  }
  while (left-- > 0) mask &= mask - 1;
  return 31 - Math.clz32(mask & -mask);
}

/** The alternative of a STEP that stands for `core`, which is in its mask. */
export function alternativeOf(detail: number, core: number): number {
  const current = coreOf(detail);
  const mask = coresOf(detail);
  const goesOn = (mask >>> current) & 1;
  if (core === current) return 0;
  return goesOn + bitCount(mask & ~(1 << current) & ((1 << core) - 1));
}

/** Of 16 bits. */
function bitCount(mask: number): number {
  let count = 0;
  for (let left = mask; left !== 0; left &= left - 1) count++;
  return count;
}

/** Always the sequential alternative. */
export const sequential: Chooser = { begin: () => undefined, choose: () => 0 };

/** One chooser for who steps, another for all else. */
export function byKind(steps: Chooser, others: Chooser): Chooser {
  return {
    begin(execution) {
      steps.begin(execution);
      others.begin(execution);
    },
    choose: (kind, alternatives, detail) =>
      kind === STEP ? steps.choose(kind, alternatives, detail) : others.choose(kind, alternatives, detail),
  };
}

/** Several choosers that take turns, an execution each. */
export function inTurn(choosers: readonly Chooser[]): Chooser {
  let current = sequential;
  return {
    begin(execution) {
      current = choosers[execution % choosers.length] ?? sequential;
      current.begin(Math.floor(execution / choosers.length));
    },
    choose: (kind, alternatives, detail) => current.choose(kind, alternatives, detail),
  };
}
