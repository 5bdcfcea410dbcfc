/** What a region is to be made of: the output of selection, the input of translation (and a message between threads). */
import type { IndirectBranch } from "../a64/ops.js";

/** Why compiled code hands over to its caller: the run loop, or the region that called it. */
export const exitReasons = [
  /** Not enough fuel for another turn. */
  "fuel",
  /** Somebody wants the core out of its loop. */
  "pending",
  /** A return from the code at the region's head: the ordinary way out, but to a region that has called it directly. */
  "return",
  /** An indirect branch, or a return from inlined code, went elsewhere than predicted, or was not predicted. */
  "indirect",
  /** A call of code that has no region, or that did not come back to behind the call. */
  "call",
  /** A branch to code that had not been executed. */
  "cold",
  /** A branch to code that was left out: the region was large enough. */
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

export interface NextNode {
  readonly kind: "node";
  readonly node: number;
  /** Closes a loop. */
  readonly back: boolean;
}

export type Successor = NextNode | { readonly kind: "exit"; readonly reason: ExitReason; readonly pc: bigint };

/** Where an indirect branch goes if this is its target. */
export interface Prediction {
  readonly target: bigint;
  readonly to: Successor;
}

export type NodeEnd =
  | { readonly kind: "goto"; readonly to: Successor }
  | { readonly kind: "conditional"; readonly taken: Successor; readonly next: Successor }
  /** An indirect branch that goes to one of these places, or out. */
  | {
      readonly kind: "indirect";
      readonly type: IndirectBranch;
      /** PSTATE.BTYPE that the branch sets. */
      readonly btype: number;
      readonly predictions: readonly Prediction[];
    }
  /** A BR that has gone to several places: on to the region's dispatch node. */
  | { readonly kind: "switch"; readonly btype: number; readonly to: NextNode }
  /** The end of the dispatch node, which has no instructions: compares the target with all that are known. */
  | { readonly kind: "dispatch"; readonly cases: readonly { readonly target: bigint; readonly to: NextNode }[] }
  /** BL or BLR into code that is not part of the region. */
  | {
      readonly kind: "call";
      readonly btype: number;
      /** Absent for BLR. */
      readonly callee?: bigint;
      /** Where a BLR has gone: called directly when it goes there again. */
      readonly guesses: readonly bigint[];
      readonly returnTo: bigint;
      readonly to: Successor;
    };

/** Instructions executed one after the other, joined over direct branches. */
export interface PlanNode {
  readonly instructions: readonly PlanInstruction[];
  readonly end: NodeEnd;
  /** Reached in more than one way: the guest's state is in its canonical locals on entry. */
  readonly merge: boolean;
}

/** A window as translation needs it. */
export interface PlanWindow {
  readonly index: number;
  readonly base: bigint;
  readonly size: number;
  readonly host: number;
  readonly flags: number;
}

/** Where a region may be entered. */
export interface PlanEntry {
  readonly pc: bigint;
  /** Of the word that stands there. */
  readonly handler: number;
  readonly node: number;
  /** Whether `node` is the dispatch node, to go on to where the entry is. */
  readonly dispatched: boolean;
  /** Bit b: it may be entered with PSTATE.BTYPE = b. */
  readonly lands: number;
}

export interface RegionPlan {
  /** Address of the block of the core that the region is for: compiled code has it as a constant. */
  readonly core: number;
  /** Pages of 64 KiB that the shared memory has: V8 does not expect what is within them to trap. */
  readonly pages: number;
  readonly head: bigint;
  /** The head is the first. */
  readonly entries: readonly PlanEntry[];
  /** Node 0 is the head. */
  readonly nodes: readonly PlanNode[];
  readonly windows: readonly PlanWindow[];
  readonly guards: readonly Guard[];
  /** What registers are expected to hold where the head is entered, unless it is to assume little. */
  readonly assumed: ReadonlyMap<number, bigint>;
  /** Whether SP is checked to be aligned where it is the base of an access: see SP_CHECKS. */
  readonly checksSP: boolean;
  /** Whether accesses and branches are counted. */
  readonly counts: boolean;
  /** Whether turns of loops look at PENDING: see RegionHost.pollsPending. */
  readonly pollsPending: boolean;
  /** Whether it is to assume as little as it can of what the core did before. */
  readonly isSteady: boolean;
}

/** Something that the region assumes from what the core has done so far, and checks when it runs. */
export type Guard =
  /** The indirect branch at `pc` (returns are not among these) goes to one of these. */
  | { readonly kind: "target"; readonly pc: bigint; readonly targets: readonly bigint[] }
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

/** Where control goes from a node, behind calls too. */
export function successors(end: NodeEnd): readonly Successor[] {
  switch (end.kind) {
    case "goto":
    case "call":
    case "switch":
      return [end.to];
    case "conditional":
      return [end.taken, end.next];
    case "indirect":
      return end.predictions.map(({ to }) => to);
    case "dispatch":
      return end.cases.map(({ to }) => to);
  }
}

/** The nodes among them. */
export function nodesAfter(end: NodeEnd): readonly number[] {
  return successors(end).flatMap((to) => (to.kind === "node" ? [to.node] : []));
}
