/** A compiled region: what it was made from, and its place in the function table. */

import { LINE } from "../../assembly/layout.js";
import type { Assumptions } from "./core-view.js";
import type { Executed } from "./host.js";
import type { RegionPlan } from "./plan.js";

export interface RegionSource {
  readonly head: bigint;
  /** Addresses of the words that it was made from; the head first. */
  readonly addresses: readonly bigint[];
  readonly words: Uint32Array;
  /** For each 64-byte line that it touches: which of its sixteen words. */
  readonly lines: ReadonlyMap<bigint, number>;
  readonly guards: RegionPlan["guards"];
  readonly checksSP: boolean;
  /** Where it may be entered, the head first: addresses, the handlers of their own forms, and PlanEntry.lands. */
  readonly entries: readonly { readonly pc: bigint; readonly handler: number; readonly lands: number }[];
}

export interface Region extends RegionSource {
  /** Its entry in the function table. */
  readonly index: number;
  readonly module: WebAssembly.Module;
  /** Those of its addresses that are not part of inlined callees. */
  readonly own: ReadonlySet<bigint>;
  /** Its guards. */
  readonly assumptions: Assumptions;
  /** What it calls directly. */
  readonly callees: readonly bigint[];
  /** Slots of its entries, in their order. */
  readonly entrySlots: Int32Array;
  /** Slots of its words in the core's instruction cache, in the order of `addresses`. */
  readonly slots: Int32Array;
  /** Whether it assumes no target of a branch that has gone to several. */
  readonly isSteady: boolean;
  readonly assumesValues: boolean;
  /** Whether slots of its entries lead here. */
  linked: boolean;
  /** The place in `words` of the one that the core last held another word for. */
  suspect: number;
  /** What the core had executed when it was last asked whether too much of that is interpreted. */
  since: Executed;
  /** How many times longer than at first it is left alone after that, since nothing came of it before. */
  patience: number;
  /** Whether the core holds all of its words but perhaps those that have been replaced before: `changing`. */
  isChecked: boolean;
  /** Places in `words` of those that have ever been replaced, as of PatchedWords.changes. */
  changing: readonly number[];
  changes: number;
  /**
   * What the core had executed when something that it assumes had last failed often, and how often it was then that much had been
   * interpreted for it.
   */
  failed: Executed;
  wasted: number;
  /** When it was last heard of for its misses, in instructions of its core, and how often it had been left for cold code by then. */
  missedAt: number;
  coldExits: number;
  /**
   * "outgrown": it is left for code that had not been executed when it was made, so often that a new region should be, or one that holds more from
   * the same head on is being compiled.
   * "final": a new one would hold nothing more.
   */
  size: "open" | "outgrown" | "final";
}

export function sourceOf(plan: RegionPlan): RegionSource {
  const words = new Map<bigint, number>();
  for (const node of plan.nodes) {
    for (const { pc, word } of node.instructions) words.set(pc, word);
  }
  const lines = new Map<bigint, number>();
  for (const pc of words.keys()) {
    const line = pc - (pc % BigInt(LINE));
    lines.set(line, (lines.get(line) ?? 0) | (1 << Number((pc - line) / 4n)));
  }
  const entries = plan.entries.map(({ pc, handler, lands }) => ({ pc, handler, lands }));
  return {
    head: plan.head,
    addresses: [...words.keys()],
    words: Uint32Array.from(words.values()),
    lines,
    guards: plan.guards,
    checksSP: plan.checksSP,
    entries,
  };
}
