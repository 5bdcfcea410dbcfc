/** What happens in an execution, as it is told. */
import type { Fault } from "../../engine/index.js";

/**
 * execute      an instruction is about to be executed
 * fetch        a word that somebody has written to was fetched; `execute` follows
 * read         a load took its value
 * issue        a store was executed, but no other core sees it yet
 * write        a store took effect
 * clean, invalidate   DC or IC took effect
 * barrier      a barrier was passed
 * fault        the instruction took an exception
 */
export type EventType = "execute" | "fetch" | "read" | "issue" | "write" | "clean" | "invalidate" | "barrier" | "fault";

export interface ExecutionEvent {
  readonly type: EventType;
  readonly core: number;
  readonly pc: bigint;
  /** Of an access's first byte, or a line's. */
  readonly address?: bigint;
  readonly bytes: number;
  /** What was read, fetched or written; of `execute` the instruction's word. */
  readonly value: bigint;
  /** Of a write: when it took effect. */
  readonly time: number;
  /** Of a read or a fetch: the time of the write that it found, 0 for none. */
  readonly writer: number;
  /** Of a fault: which. */
  readonly fault?: Fault;
}

/** What a core may fetch from an address in the course of an execution: what its instruction cache may hold. */
export interface CacheTrace {
  readonly core: number;
  readonly address: bigint;
  /** After each event, the newest word first; undefined: any mixture of the bytes of several. */
  readonly held: readonly (readonly number[] | undefined)[];
}
