/**
 * Which guest registers a region's nodes need in their canonical locals, and which of those are newer there than in the core's block:
 * so that entering, leaving and calling move no more than they have to.
 *
 * Both are sets at the entry of a node. What is not going to be read is not kept in locals from node to node: a path into a merging
 * node stores it to the core's block, for V8 would have to find a place for it at every turn of a loop. A call ends a node with everything in the core's block, and its successor begins
 * as the region's head does: with nothing newer but what a call carries (convention.ts). Other registers are loaded where they are first read, or
 * where ways meet and they are going to be read.
 */
import type { Form } from "../a64/forms.js";
import { FLAGS_KNOWN } from "../wasm/flag-locals.js";
import { constantsOf, type Held } from "./constants.js";
import { carried, resultOnly, stackPointerOnly } from "./convention.js";
import { type FlagsAhead, flagsAhead } from "./flags-ahead.js";
import { flowOf, type InstructionFlow } from "./flow.js";
import { callingLoops } from "./loops.js";
import { type NodeEnd, nodesAfter, type PlanInstruction, type PlanNode, type RegionPlan } from "./plan.js";
import { both, hasFlags, noRegisters, type Registers, registerSet, union, without } from "./registers.js";
import { stackDepths } from "./stack-depth.js";
import { supersededOf } from "./superseded.js";

export interface NodeRegisters {
  /** What has to be in canonical locals when the node is entered: what is read before it is written, and what superseded.ts keeps. */
  readonly live: Registers;
  /** Those of them that may be newer there than in the core's block. */
  readonly dirty: Registers;
  /** What the node overwrites before it reads it and before the region can be left: nobody will miss it. */
  readonly dropped: Registers;
  /** What the flag locals hold when the node is entered: a kind of flag-locals.ts. */
  readonly flags: number;
  /** What becomes of the flags, unless they are live. */
  readonly ahead: FlagsAhead;
  /** Where SP is, as seen from what it was at the region's head; undefined where it has to be in its canonical local. */
  readonly depth: bigint | undefined;
  /** What registers hold then that are read and would be live otherwise. */
  readonly constants: Held;
}

/** What one node does to the sets. */
interface Effect {
  /** Read before it is written. */
  readonly uses: Registers;
  readonly writes: Registers;
  readonly dropped: Registers;
  /** How it leaves the flags; undefined if it leaves them as they were. */
  readonly flags: number | undefined;
  /** Bytes that it moves SP by; undefined if that is not known. */
  readonly moves: bigint | undefined;
  /** Nodes reached with the locals as this one leaves them; behind a call they are not. */
  readonly successors: readonly number[];
}

export function registersOf(plan: RegionPlan, formOf: (handler: number) => Form): readonly NodeRegisters[] {
  const flows = flowsOf(plan, formOf);
  const effects = plan.nodes.map((node, index) => effectOf(node, flows[index] as readonly InstructionFlow[]));
  const live = liveOf(effects);
  const arrivals = arrivalsOf(plan);
  const dirty = dirtyOf(effects, live, arrivals, callingLoops(plan));
  const superseded = supersededOf(
    plan,
    effects.map(({ writes, dropped }, node) => ({
      writes,
      dropped,
      live: live[node] as Registers,
      dirty: dirty[node] as Registers,
    })),
    arrivals,
  );
  const flags = flagsOf(effects, arrivals);
  const depths = stackDepths(
    plan,
    effects.map(({ moves }) => moves),
  );
  const constants = constantsOf(plan, formOf, flows, live, depths);
  const ahead = flagsAhead(plan, flows);
  return effects.map(({ dropped }, node) => {
    const depth = depths[node];
    // SP is nowhere in the core's block while the region runs.
    const pointer = depth === undefined ? stackPointerOnly : noRegisters;
    const known = constants[node] as Held;
    const elsewhere = [...known.keys()].reduce((sum, n) => union(sum, registerSet(n)), stackPointerOnly);
    const kept = superseded[node] as Registers;
    return {
      flags: flags[node] ?? FLAGS_KNOWN,
      ahead: ahead[node] as FlagsAhead,
      live: union(union(without(live[node] as Registers, elsewhere), kept), pointer),
      dirty: union(union(without(dirty[node] as Registers, stackPointerOnly), kept), pointer),
      dropped: without(dropped, stackPointerOnly),
      depth,
      constants: known,
    };
  });
}

/** Of each node's instructions, each analysed once however many copies of it there are. */
function flowsOf({ nodes }: RegionPlan, formOf: (handler: number) => Form): readonly (readonly InstructionFlow[])[] {
  const known = new Map<bigint, InstructionFlow>();
  const flowAt = ({ handler, word, pc }: PlanInstruction): InstructionFlow => {
    const found = known.get(pc) ?? flowOf(formOf(handler), word, pc);
    known.set(pc, found);
    return found;
  };
  return nodes.map(({ instructions }) => instructions.map(flowAt));
}

function effectOf(node: PlanNode, flows: readonly InstructionFlow[]): Effect {
  let uses = noRegisters;
  let writes = noRegisters;
  let dropped = noRegisters;
  let canLeave = false;
  let flags: number | undefined;
  let moves: bigint | undefined = 0n;
  for (const flow of flows) {
    canLeave ||= flow.leaves;
    uses = union(uses, without(flow.reads, writes));
    if (!canLeave) dropped = union(dropped, without(flow.writes, uses));
    writes = union(writes, flow.writes);
    if (hasFlags(flow.writes)) flags = flow.flags;
    moves = moves === undefined || flow.moves === undefined ? undefined : moves + flow.moves;
  }
  if (handsOver(node.end)) uses = union(uses, without(resultOnly, writes));
  return { uses, writes, dropped, flags, moves, successors: node.end.kind === "call" ? [] : nodesAfter(node.end) };
}

/** Whether a call's first argument or a return's result is handed over there, which is better still in its local. */
function handsOver(end: NodeEnd): boolean {
  return end.kind === "call" || (end.kind === "indirect" && end.type === "RET" && end.predictions.length === 0);
}

/** Backward: what is read before it is written. */
function liveOf(effects: readonly Effect[]): readonly Registers[] {
  const live = effects.map(({ uses }) => uses);
  for (let changed = true; changed; ) {
    changed = false;
    for (let node = effects.length - 1; node >= 0; node--) {
      const { writes, successors } = effects[node] as Effect;
      const after = successors.reduce((sum, to) => union(sum, live[to] as Registers), noRegisters);
      const before = union(live[node] as Registers, without(after, writes));
      changed ||= before !== live[node];
      live[node] = before;
    }
  }
  return live;
}

/**
 * Forward: what predecessors have written, of what is live. A loop that calls finds in the core's block what it leaves alone: else every turn would
 * store it before the call.
 */
function dirtyOf(
  effects: readonly Effect[],
  live: readonly Registers[],
  arrivals: ReadonlySet<number>,
  loops: ReadonlyMap<number, ReadonlySet<number>>,
): readonly Registers[] {
  const dirty = live.map((registers, node) => (arrivals.has(node) ? both(carried, registers) : noRegisters));
  for (let changed = true; changed; ) {
    changed = false;
    effects.forEach(({ writes, successors }, node) => {
      const after = union(dirty[node] as Registers, writes);
      for (const to of successors) {
        if (loops.get(to)?.has(node) === false) continue;
        const joined = union(dirty[to] as Registers, both(after, live[to] as Registers));
        changed ||= joined !== dirty[to];
        dirty[to] = joined;
      }
    });
  }
  return dirty;
}

/**
 * Forward: the kind of flags that all predecessors leave, or NZCV itself. A loop whose every way round ends in a comparison can so
 * evaluate a condition at its beginning as one comparison.
 */
function flagsOf(effects: readonly Effect[], arrivals: ReadonlySet<number>): readonly (number | undefined)[] {
  // What comes from the core's block has been computed.
  const kinds = effects.map((_, node): number | undefined => (arrivals.has(node) ? FLAGS_KNOWN : undefined));
  for (let changed = true; changed; ) {
    changed = false;
    effects.forEach(({ flags, successors }, node) => {
      const after = flags ?? kinds[node];
      if (after === undefined) return;
      for (const to of successors) {
        const before = kinds[to];
        const joined = before === undefined || before === after ? after : FLAGS_KNOWN;
        changed ||= joined !== before;
        kinds[to] = joined;
      }
    });
  }
  return kinds;
}

/** Nodes entered with what the core's block holds, but for what a call carries: at the region's entries, and behind calls. */
function arrivalsOf({ entries, nodes: planNodes }: RegionPlan): ReadonlySet<number> {
  const arrivals = new Set(entries.map(({ node }) => node));
  for (const { end } of planNodes) if (end.kind === "call" && end.to.kind === "node") arrivals.add(end.to.node);
  return arrivals;
}
