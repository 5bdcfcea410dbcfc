/**
 * What becomes of the flags behind a node's entry, until something sets them anew. Where nobody is going to read them they are seldom
 * needed at all: only if the region is left. There they can be computed from the registers that they were computed from, as long
 * as these have not changed (described-flags.ts).
 */
import type { InstructionFlow } from "./flow.js";
import { type NodeEnd, nodesAfter, type RegionPlan } from "./plan.js";
import { hasFlags, noRegisters, type Registers, union } from "./registers.js";

export interface FlagsAhead {
  /** Whether code that is not part of the region may be given them: by a call, or a return. */
  readonly isHanded: boolean;
  /** Whether the region may be left with them. */
  readonly isLeft: boolean;
  /** What is written before the region may be left with them. */
  readonly spoiled: Registers;
}

const overwritten: FlagsAhead = { isHanded: false, isLeft: false, spoiled: noRegisters };

/** For each node, of the flags that it is entered with. `flows` are its instructions' (flow.ts). */
export function flagsAhead(
  { nodes }: RegionPlan,
  flows: readonly (readonly InstructionFlow[])[],
): readonly FlagsAhead[] {
  const ahead = nodes.map(() => overwritten);
  for (let changed = true; changed; ) {
    changed = false;
    for (let node = nodes.length - 1; node >= 0; node--) {
      const { end } = nodes[node] as RegionPlan["nodes"][number];
      const after = end.kind === "call" ? [] : nodesAfter(end).map((to) => ahead[to] as FlagsAhead);
      const before = through(flows[node] as readonly InstructionFlow[], after.reduce(either, ownOf(end)));
      const known = ahead[node] as FlagsAhead;
      if (isSame(known, before)) continue;
      ahead[node] = before;
      changed = true;
    }
  }
  return ahead;
}

/** What the end of a node does with them. */
function ownOf(end: NodeEnd): FlagsAhead {
  const isHanded =
    end.kind === "call" || (end.kind === "indirect" && end.type === "RET" && end.predictions.length === 0);
  // Where a loop's turn ends the region looks whether to leave; and of what goes to a known place it looks whether it does.
  const isLeft = end.kind === "goto" || end.kind === "conditional" ? leaves(end) : true;
  return { isHanded, isLeft, spoiled: noRegisters };
}

function leaves(end: Extract<NodeEnd, { readonly kind: "goto" | "conditional" }>): boolean {
  const ways = end.kind === "goto" ? [end.to] : [end.taken, end.next];
  return ways.some((to) => to.kind === "exit" || to.back);
}

/** Backward through a node's instructions. */
function through(flows: readonly InstructionFlow[], after: FlagsAhead): FlagsAhead {
  let { isHanded, isLeft, spoiled } = after;
  for (const { writes, leaves } of [...flows].reverse()) {
    if (hasFlags(writes)) ({ isHanded, isLeft, spoiled } = overwritten);
    else if (isLeft) spoiled = union(spoiled, writes);
    isLeft ||= leaves;
  }
  return { isHanded, isLeft, spoiled };
}

function either(a: FlagsAhead, b: FlagsAhead): FlagsAhead {
  return {
    isHanded: a.isHanded || b.isHanded,
    isLeft: a.isLeft || b.isLeft,
    spoiled: union(a.spoiled, b.spoiled),
  };
}

function isSame(a: FlagsAhead, b: FlagsAhead): boolean {
  return a.isHanded === b.isHanded && a.isLeft === b.isLeft && a.spoiled === b.spoiled;
}
