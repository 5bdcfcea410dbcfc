/** What an observer of an execution is told, and what it is asked for. */
import * as layout from "../../assembly/layout.js";

/** Kinds of choices beside STEP, which is 0; see Chooser of engine/choices. Alternative 0 is always what a sequential machine would do. */
export const weakKinds = {
  /** Which write a load finds: 0 the newest, k the k-th before it. */
  READ: layout.WEAK_READ,
  /** Which write a fetch finds. */
  FETCH: layout.WEAK_FETCH,
  /** Store exclusive: 0 it stores, 1 it fails. */
  EXCLUSIVE: layout.WEAK_EXCLUSIVE,
  /** Atomic update: 0 now, 1 it waits as a whole, 2 it reads now and its write waits. */
  ATOMIC: layout.WEAK_ATOMIC,
  /** A load, a store, a DC or an IC: 0 it takes effect now, 1 it waits. */
  DELAY: layout.WEAK_DELAY,
  /** For a core with operations that wait and may take effect: 0 its next instruction, k the k-th of them; without 0 if it has come to its end. */
  DRAIN: layout.WEAK_DRAIN,
} as const;

/** By the number of WEAK_EVENT_*. */
export const weakEventTypes = [
  "execute",
  "read",
  "write",
  "issue",
  "fetch",
  "clean",
  "invalidate",
  "barrier",
  "fault",
] as const;

/**
 * execute     an instruction is about to be executed; `value` is its word
 * read        a load is satisfied: `value`, and `writer`, the time of the newest write that it found (0: the initial value, or a waiting
 *             store of its own core)
 * write       a store takes effect: from `time` on it is what memory has
 * issue       a store or an atomic update waits
 * fetch       of a word that somebody has written to: `value`, and `writer` as for a read
 * clean, invalidate   a DC, an IC takes effect; `address` is the line's, absent for all lines
 * barrier     `bytes` is 0 for DMB, 1 for DSB, 2 for ISB
 * fault       an exception is raised
 */
export interface WeakEvent {
  readonly type: (typeof weakEventTypes)[number];
  readonly core: number;
  /** Of the instruction, also where that was executed long ago. */
  readonly pc: bigint;
  /** Of a window that shows the memory. */
  readonly address?: bigint;
  readonly bytes: number;
  readonly value: bigint;
  readonly time: number;
  readonly writer: number;
}

export type WeakObserver = (event: WeakEvent) => void;
