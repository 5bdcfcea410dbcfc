/**
 * What the checker is asked, and what it answers: code, data and threads at concrete addresses. Symbols, types and
 * herd's syntax are the business of those who build a problem (src/litmus), so that a test written as a `.litmus` file
 * and one built from a design's own assembly text are the same thing here.
 */

/** Instruction words that stand one after the other from `address`, a multiple of 4. */
export interface CodeBlock {
  readonly address: bigint;
  readonly words: readonly number[];
  /** Whether it can be stored to, which is so if absent. */
  readonly access?: "rx" | "rwx";
  /** BTI-guarded: indirect branches may land on landing pads only. */
  readonly guarded?: boolean;
}

/**
 * Initial bytes of data, which can be stored to if nothing else is said. What neither a code block nor a data block covers
 * is unmapped: an access to it faults.
 */
export interface DataBlock {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly access?: "r" | "rw";
}

export interface ProblemThread {
  /** "P0": for messages and witnesses. */
  readonly name: string;
  /** The address of its first instruction. */
  readonly entry: bigint;
  /** Initial values of X0 to X30, and of SP as 31; those that are absent are 0. */
  readonly registers: ReadonlyMap<number, bigint>;
  /** Where its exceptions go, at EL1 with ELR_EL1 and SPSR_EL1 set. Absent: an exception ends the thread. */
  readonly handler?: bigint;
}

/**
 * Why a thread took an exception. Those that have an address of data say which.
 *   undefined    the word that was fetched is not an instruction (or UDF)
 *   translation  a fetch, load or store at an unmapped address
 *   permission   a store to memory that is only read or executed, a fetch of data
 *   branch-target   an indirect branch to what is no landing pad for it, in a guarded block
 *   alignment    a misaligned PC, or a misaligned access that has to be aligned
 *   svc, hvc, smc, brk   the instruction of that name
 *   other        whatever else the instruction table raises
 */
export type FaultType =
  | "undefined"
  | "translation"
  | "permission"
  | "branch-target"
  | "alignment"
  | "svc"
  | "hvc"
  | "smc"
  | "brk"
  | "other";

/** One value of a final state. */
export type Observable =
  | { readonly kind: "register"; readonly thread: number /** 0 to 30, or 31 for SP. */; readonly register: number }
  | { readonly kind: "memory"; readonly address: bigint; readonly bytes: 1 | 2 | 4 | 8 };

/** An exception that a thread took. */
export interface ThreadFault {
  readonly thread: number;
  /** The address of the instruction that faulted. */
  readonly pc: bigint;
  /** The data address of a faulting access. */
  readonly address?: bigint;
  readonly type: FaultType;
}

/** Which faults count as part of the final state. What is absent may be anything. */
export interface FaultFilter {
  readonly thread: number;
  readonly pc?: bigint;
  /** The first byte of the location accessed, and its size. */
  readonly location?: { readonly address: bigint; readonly bytes: number };
}

export interface Problem {
  readonly name: string;
  readonly code: readonly CodeBlock[];
  readonly data: readonly DataBlock[];
  readonly threads: readonly ProblemThread[];
  /** A thread whose next instruction would stand here has come to its end: the ends of the columns. */
  readonly exits: readonly bigint[];
  /** What a final state consists of, in this order. */
  readonly observed: readonly Observable[];
  /** The faults that pass one of these are part of the final state too. */
  readonly observedFaults: readonly FaultFilter[];
  /** CTR_EL0.IDC: no DC CVAU is needed between a store and a fetch. */
  readonly idc: boolean;
  /** CTR_EL0.DIC, which includes IDC: no IC IVAU is needed either. */
  readonly dic: boolean;
  /**
   * Bytes of a cache line, for DC and IC. 4 in litmus tests: there each modified instruction is taken to be alone in its
   * line. 64 in problems made from a design's code.
   */
  readonly lineBytes: number;
  /**
   * Not the Arm architecture but cmodx's own engine on an x86 host: loads, stores and cache maintenance of a thread happen
   * in program order, except that an IC need not wait for a DC before it; fetches after a context synchronisation event come
   * after everything before that; and misaligned accesses within a line are single. What is possible all the same is what a
   * stress campaign there can show.
   */
  readonly inOrder?: true;
}

export interface Limits {
  /** Milliseconds; absent: none. */
  readonly timeLimitMs?: number;
  /** Bytes of memory that the search may use, as far as it can tell; absent: none. */
  readonly memoryLimit?: number;
  /** Instructions that a thread may execute before an execution counts as cut off; the checker's default if absent. */
  readonly maxInstructions?: number;
  /** Asks now and then whether to stop. */
  readonly stopped?: () => boolean;
}

/** A pair of accesses whose outcome the architecture leaves open, or another remark on the test. */
export interface ModelFlag {
  /** herd's name of the flag, e.g. "Violates-CMODX-requirements". */
  readonly name: string;
  /** One line for people: which instructions. */
  readonly detail: string;
}

export interface FinalState {
  /** Parallel to `observed`, each below 2^64. */
  readonly values: readonly bigint[];
  /** Those that the problem's filters let pass, each once, in a fixed order. */
  readonly faults: readonly ThreadFault[];
}

export interface CheckResult {
  /** The allowed final states, each once. */
  readonly states: readonly FinalState[];
  readonly flags: readonly ModelFlag[];
  /** Whether every execution was looked at. */
  readonly complete: boolean;
  /** What stopped it, where it is not complete. */
  readonly bound?: "time" | "memory" | "instructions" | "stopped";
  /** Candidate executions that the search tried. */
  readonly executions: number;
}
