/** What a region is to be made of: the output of selection, the input of translation (and a message between threads). */
import type { IndirectBranch } from "../a64/ops.js";

/** Why compiled code hands over to the run loop. */
export const exitReasons = [
  /** Not enough fuel for another turn. */
  "fuel",
  /** Somebody wants the core out of its loop. */
  "pending",
  /** A return or indirect branch went elsewhere than predicted, or was not predicted. */
  "indirect",
  /** A branch to code that had not been executed. */
  "cold",
  /** A branch to code that was left out: the region was large enough, calls nested too deep, or the call is recursive. */
  "limit",
  /** A memory access that needs the interpreter: it will fault, or be slow. */
  "memory",
  /** An instruction that the interpreter executes. */
  "system",
] as const;
export type ExitReason = (typeof exitReasons)[number];

export interface PlanInstruction {
  readonly pc: bigint;
  readonly word: number;
  /** Handler of its form. */
  readonly handler: number;
  /** Index of the window that its memory access uses, "several", or absent if it never ran. */
  readonly window?: number | "several";
}

export type Successor =
  | { readonly kind: "node"; readonly node: number /** Closes a loop. */; readonly back: boolean }
  | { readonly kind: "exit"; readonly reason: ExitReason; readonly pc: bigint };

export type NodeEnd =
  | { readonly kind: "goto"; readonly to: Successor }
  | { readonly kind: "conditional"; readonly taken: Successor; readonly next: Successor }
  /** An indirect branch; `to` is absent where nothing is predicted. */
  | {
      readonly kind: "indirect";
      readonly type: IndirectBranch;
      /** PSTATE.BTYPE that the branch sets. */
      readonly btype: number;
      readonly predicted?: { readonly target: bigint; readonly to: Successor };
    };

/** Instructions executed one after the other, joined over direct branches. */
export interface PlanNode {
  readonly instructions: readonly PlanInstruction[];
  readonly end: NodeEnd;
  /** Reached in more than one way (or the head of a loop): the guest state is in its canonical locals on entry. */
  readonly merge: boolean;
  /** On entry the flags are overwritten before anything reads them or can leave the region. */
  readonly flagsDead: boolean;
}

/** A window as translation needs it. */
export interface PlanWindow {
  readonly index: number;
  readonly base: bigint;
  readonly size: number;
  readonly host: number;
  readonly flags: number;
}

export interface RegionPlan {
  readonly head: bigint;
  /** Node 0 is the head. */
  readonly nodes: readonly PlanNode[];
  readonly windows: readonly PlanWindow[];
  readonly guards: readonly Guard[];
}

/** Something that the region assumes from what the core has done so far, and checks when it runs. */
export type Guard =
  /** The indirect branch at `pc` (returns are not among these) goes there. */
  | { readonly kind: "target"; readonly pc: bigint; readonly target: bigint }
  /** The access at `pc` stays in the window with this index. */
  | { readonly kind: "window"; readonly pc: bigint; readonly window: number };

/** What happens on a stretch of compiled code, each time it is passed. */
export interface PathCounts {
  instructions: number;
  reads: number;
  writes: number;
  direct: number;
  conditional: number;
  call: number;
  indirect: number;
  indirectCall: number;
  return: number;
}

export function noCounts(): PathCounts {
  return {
    instructions: 0,
    reads: 0,
    writes: 0,
    direct: 0,
    conditional: 0,
    call: 0,
    indirect: 0,
    indirectCall: 0,
    return: 0,
  };
}

/** A counter of a compiled region: how often an edge or an exit was passed, and what each passage stands for. */
export interface RegionCounter {
  readonly counts: PathCounts;
  /** Exits only. */
  readonly exit?: ExitReason;
}
