/** What a thread's execution consists of, as far as the memory model can see it. */
import type { FaultType, ThreadFault } from "./problem.js";
import type { Dependencies } from "./value.js";

interface EventBase {
  /** Place in the thread's list of events. Events of one instruction stand together, its fetch first. */
  readonly id: number;
  /** Which instruction of the thread it belongs to, in program order. */
  readonly instruction: number;
  readonly pc: bigint;
}

interface ExplicitAccess extends EventBase {
  readonly address: bigint;
  readonly bytes: number;
  readonly value: bigint;
  /** Stores that one after the other have led to the value, the one that it is read from or its own included; initially 0. */
  readonly depth: number;
  /** What the address depends on, and the branches before it. */
  readonly addressOf: Dependencies;
  readonly control: Dependencies;
}

/** One single-copy-atomic load, or the load of an atomic instruction. */
export interface ReadEvent extends ExplicitAccess {
  readonly kind: "read";
  /** LDAR and LDAXR are A, LDAPR is Q. */
  readonly acquire: "A" | "Q" | undefined;
  /** An atomic instruction that keeps nothing of what it read (STADD, SWP to ZR): set when the instruction is done. */
  noReturn: boolean;
}

/** One single-copy-atomic store. */
export interface WriteEvent extends ExplicitAccess {
  readonly kind: "write";
  readonly release: boolean;
  readonly data: Dependencies;
  /** What a load of the same thread that finds this value in memory depends on. */
  readonly carries: Dependencies;
  /** The read of an atomic instruction or of the load exclusive that this write pairs with. */
  readonly pairedRead: number | undefined;
  /** Whether both belong to one atomic instruction. */
  readonly atomic: boolean;
}

/** Implicit read of an instruction word that somebody may overwrite; words that nobody writes are fetched unseen. */
export interface FetchEvent extends EventBase {
  readonly kind: "fetch";
  readonly address: bigint;
  readonly bytes: 4;
  readonly value: bigint;
}

export interface BarrierEvent extends EventBase {
  readonly kind: "barrier";
  readonly op: "DMB" | "DSB" | "ISB";
  /** All accesses, loads before and everything after, or stores; of an ISB "full". */
  readonly accesses: "full" | "loads" | "stores";
  /** Whether its shareability domain is the full system: SY, LD, ST. */
  readonly fullSystem: boolean;
  readonly control: Dependencies;
}

/** DC by address to the point of unification or further, or IC. */
export interface MaintenanceEvent extends EventBase {
  readonly kind: "dc" | "ic";
  /** Absent: the whole cache. */
  readonly address: bigint | undefined;
  readonly addressOf: Dependencies;
  readonly control: Dependencies;
}

/** Exception entry or return: a context synchronisation event, as ISB is. */
export interface ExceptionEvent extends EventBase {
  readonly kind: "entry" | "return";
  readonly control: Dependencies;
}

export type ThreadEvent = ReadEvent | WriteEvent | FetchEvent | BarrierEvent | MaintenanceEvent | ExceptionEvent;

/** One way through a thread's code, for one choice of what its reads and fetches found. */
export interface Trace {
  readonly events: readonly ThreadEvent[];
  /** X0 to X30 and SP at its end. */
  readonly registers: readonly bigint[];
  readonly faults: readonly ThreadFault[];
  /** Whether it was cut off: what it would do after that is not known. */
  readonly cutOff: boolean;
  /** The reads among its events whose value comes to nothing (unused.ts): they are left out of executions. */
  readonly unused: ReadonlySet<number>;
}

/** An exception on its way to its handler. */
export class RaisedException extends Error {
  constructor(
    readonly type: FaultType,
    readonly address?: bigint,
    /** SVC, HVC and SMC return behind the instruction, the others to it. */
    readonly resume: "here" | "next" = "here",
  ) {
    super(type);
  }
}
