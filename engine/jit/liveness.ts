/**
 * Which guest registers a region's nodes need in their canonical locals, and which of those are newer there than in the core's block:
 * so that entering, leaving and calling move no more than they have to.
 *
 * Both are sets at the entry of a node. A call ends a node with everything in the core's block, and its successor begins
 * as the region's head does: with nothing newer, and what it needs loaded.
 */
import type { Form } from "../a64/forms.js";
import { flowOf, type InstructionFlow } from "./flow.js";
import type { NodeEnd, PlanNode, RegionPlan } from "./plan.js";
import { flagsOnly, hasFlags, noRegisters, type Registers, union, without } from "./registers.js";

export interface NodeRegisters {
  /** What has to be in canonical locals when the node is entered; holds all of `dirty`. */
  readonly live: Registers;
  /** What may be newer in its canonical local than in the core's block, and may be wanted. */
  readonly dirty: Registers;
}

/** What one node does to the sets. */
interface Effect {
  /** Read before it is written. */
  readonly uses: Registers;
  readonly writes: Registers;
  /** The flags are overwritten before anything reads them or leaves the region. */
  readonly dropsFlags: boolean;
  /** Nodes reached with the locals as this one leaves them; behind a call they are not. */
  readonly successors: readonly number[];
}

export function registersOf(plan: RegionPlan, formOf: (handler: number) => Form): readonly NodeRegisters[] {
  const effects = plan.nodes.map((node) => effectOf(node, formOf));
  const dirty = dirtyOf(effects);
  const live = liveOf(effects, dirty);
  return effects.map((_, node) => ({ live: live[node] as Registers, dirty: dirty[node] as Registers }));
}

function effectOf(node: PlanNode, formOf: (handler: number) => Form): Effect {
  let uses = noRegisters;
  let writes = noRegisters;
  let flags: "open" | "dropped" | "wanted" = "open";
  for (const { handler, word, pc } of node.instructions) {
    const flow = flowOf(formOf(handler), word, pc);
    uses = union(uses, without(flow.reads, writes));
    writes = union(writes, flow.writes);
    if (flags === "open") flags = flagsAfter(flow);
  }
  return { uses, writes, dropsFlags: flags === "dropped", successors: successorsOf(node.end) };
}

function flagsAfter({ reads, writes, access }: InstructionFlow): "open" | "dropped" | "wanted" {
  if (hasFlags(reads) || access) return "wanted";
  return hasFlags(writes) ? "dropped" : "open";
}

function successorsOf(end: NodeEnd): readonly number[] {
  switch (end.kind) {
    case "goto":
      return nodes(end.to);
    case "conditional":
      return nodes(end.taken, end.next);
    case "indirect":
      return nodes(end.predicted?.to);
    case "switch":
      return [end.dispatch];
    case "dispatch":
      return end.cases.map(({ node }) => node);
    case "call":
      return nodes(end.inlined?.to);
  }
}

type To = { readonly kind: "node"; readonly node: number } | { readonly kind: "exit" } | undefined;

function nodes(...to: readonly To[]): number[] {
  return to.flatMap((successor) => (successor?.kind === "node" ? [successor.node] : []));
}

/** Forward: what predecessors have written. */
function dirtyOf(effects: readonly Effect[]): readonly Registers[] {
  const dirty = effects.map(() => noRegisters);
  for (let changed = true; changed; ) {
    changed = false;
    effects.forEach(({ writes, successors }, node) => {
      const after = union(dirty[node] as Registers, writes);
      for (const to of successors) {
        const kept = effects[to]?.dropsFlags ? without(after, flagsOnly) : after;
        const joined = union(dirty[to] as Registers, kept);
        changed ||= joined !== dirty[to];
        dirty[to] = joined;
      }
    });
  }
  return dirty;
}

/** Backward: what is read, or has to be stored, before it is written. */
function liveOf(effects: readonly Effect[], dirty: readonly Registers[]): readonly Registers[] {
  const live = [...dirty];
  for (let changed = true; changed; ) {
    changed = false;
    for (let node = effects.length - 1; node >= 0; node--) {
      const { uses, writes, successors } = effects[node] as Effect;
      const after = successors.reduce((sum, to) => union(sum, live[to] as Registers), noRegisters);
      const before = union(live[node] as Registers, union(uses, without(after, writes)));
      changed ||= before !== live[node];
      live[node] = before;
    }
  }
  return live;
}
