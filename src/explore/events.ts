/** What happens in an execution, as it is told. */

/**
 * execute      an instruction of a word that nobody writes
 * fetch        a word that somebody writes was fetched; `execute` follows
 * read         a load took its value
 * issue        a store was executed, but no other core sees it yet
 * write        a store took effect
 * clean, invalidate   DC or IC took effect
 * barrier      a barrier was passed
 * fault        the instruction took an exception
 */
export type EventType = "execute" | "fetch" | "read" | "issue" | "write" | "clean" | "invalidate" | "barrier" | "fault";

export interface ExecutionEvent {
  readonly core: number;
  readonly pc: bigint;
  /** The instruction's word. */
  readonly word: number;
  readonly type: EventType;
  readonly address?: bigint;
  readonly bytes?: number;
  readonly value?: bigint;
  /** What coherent memory holds where a load or a fetch found `value`. */
  readonly newest?: bigint;
}
