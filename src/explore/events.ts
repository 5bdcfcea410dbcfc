/** What happens in an execution, as it is told. */
import type { Fault, WeakEvent } from "../../engine/index.js";

export interface ExecutionEvent extends WeakEvent {
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
