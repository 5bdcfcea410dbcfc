/**
 * Registers that nobody is going to read and that some way on overwrites soon: where ways meet they stay in locals until
 * then, for exits that come before. Stored there, a loop in which ways meet would store what each turn has computed at every turn;
 * what they hold when they are overwritten is stored nowhere.
 */
import { nodesAfter, type PlanNode, type RegionPlan, type Successor, successors } from "./plan.js";
import { both, noRegisters, type Registers, registerSet, union, without } from "./registers.js";

/** What is known of a node already. */
interface NodeSets {
  readonly writes: Registers;
  /** As in NodeRegisters. */
  readonly live: Registers;
  readonly dirty: Registers;
  readonly dropped: Registers;
}

const general: Registers = Array.from({ length: 31 }, (_, n) => registerSet(n)).reduce(union, noRegisters);

/** For each node, those that are to be kept in locals when it is entered, beside what is live. `arrivals` are entered from outside. */
export function supersededOf(
  plan: RegionPlan,
  sets: readonly NodeSets[],
  arrivals: ReadonlySet<number>,
): readonly Registers[] {
  const heads = new Set(
    plan.nodes.flatMap(({ end }) => successors(end).flatMap((to) => (isBack(to) ? [to.node] : []))),
  );
  const ends = (node: number): boolean => heads.has(node) || arrivals.has(node);
  const overwritten = overwrittenAhead(plan.nodes, sets, ends);
  const kept = sets.map(() => noRegisters);
  const before = sets.map((_, node) => (arrivals.has(node) ? noRegisters : general));
  // What is in locals and newer there behind a node: all, until a way to it says otherwise.
  const behind = sets.map(() => general);
  for (let changed = true; changed; ) {
    changed = false;
    plan.nodes.forEach(({ merge, end }, node) => {
      const { writes, live, dirty, dropped } = sets[node] as NodeSets;
      const known = merge ? both(live, dirty) : noRegisters;
      const more = without(both(before[node] as Registers, overwritten[node] as Registers), union(live, dropped));
      kept[node] = merge && !ends(node) ? more : noRegisters;
      const held = merge ? union(known, kept[node] as Registers) : (before[node] as Registers);
      const after = both(union(held, writes), general);
      changed ||= after !== behind[node];
      behind[node] = after;
      if (end.kind === "call") return;
      for (const to of nodesAfter(end)) before[to] = both(before[to] as Registers, after);
    });
  }
  return kept;
}

/** What a node overwrites or one after it does, unless a loop begins there or a call ends it: there it would be stored. */
function overwrittenAhead(
  nodes: readonly PlanNode[],
  sets: readonly NodeSets[],
  ends: (node: number) => boolean,
): readonly Registers[] {
  const writes = sets.map((set) => both(set.writes, general));
  return nodes.map(({ end }, node) => {
    const ways = end.kind === "call" ? [] : nodesAfter(end).filter((to) => !ends(to));
    return ways.reduce((sum, to) => union(sum, writes[to] as Registers), writes[node] as Registers);
  });
}

function isBack(to: Successor): to is Extract<Successor, { kind: "node" }> {
  return to.kind === "node" && to.back;
}
