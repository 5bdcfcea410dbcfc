/** The loops of what is selected for a region, as far as each begins in one place. */
import { FlowOrder } from "../wasm/flow-order.js";
import { isPlace, type Place } from "./place.js";
import { nodesAfter, type PlanNode, type RegionPlan } from "./plan.js";

/** What stands between BRs of several targets and all of these: it may begin a loop, but is no place. */
const dispatchNode = undefined;

export interface Loop {
  /** All ways into the loop come to it: a place or the dispatch node. */
  readonly head: Place | typeof dispatchNode;
  readonly places: ReadonlySet<Place>;
}

/** The smallest first, so that a loop stands before those around it. `dispatched` are the places to which the dispatch node leads. */
export function loopsOf(first: Place, dispatched: readonly Place[]): readonly Loop[] {
  const numbers = new Map<Place | undefined, number>([[first, 0]]);
  const numberOf = (to: Place | undefined): number => {
    const known = numbers.get(to);
    if (known !== undefined) return known;
    const number = numbers.size;
    numbers.set(to, number);
    return number;
  };
  const blocks: number[][] = [];
  // A Map is walked in the order of insertion, additions included.
  for (const place of numbers.keys()) blocks.push(nextOf(place, dispatched, numberOf));
  const places = [...numbers.keys()];
  const loops: Loop[] = [];
  for (const [number, blocksWithin] of new FlowOrder(blocks, 0).loops()) {
    const within = new Set<Place>();
    for (const block of blocksWithin) {
      const place = places[block];
      if (place !== undefined) within.add(place);
    }
    loops.push({ head: places[number], places: within });
  }
  return loops.sort((a, b) => a.places.size - b.places.size);
}

function nextOf(
  place: Place | undefined,
  dispatched: readonly Place[],
  numberOf: (to: Place | undefined) => number,
): number[] {
  if (place === dispatchNode) return dispatched.map(numberOf);
  if (place.isSwitch) return [numberOf(dispatchNode)];
  if (place.call !== undefined) return isPlace(place.call.to) ? [numberOf(place.call.to)] : [];
  const found: number[] = [];
  for (const to of place.successors) if (isPlace(to)) found.push(numberOf(to));
  return found;
}

type NodeLoops = readonly (readonly [head: number, nodes: ReadonlySet<number>])[];

function nodeLoops({ nodes, entries }: RegionPlan): NodeLoops {
  const blocks = nodes.map(({ end }) => nodesAfter(end));
  blocks.push(entries.map(({ node }) => node));
  return [...new FlowOrder(blocks, nodes.length).loops()];
}

function isInnerHead(loops: NodeLoops, head: number): boolean {
  return loops.some(([other, held]) => other !== head && held.has(head));
}

/** Nodes at which loops begin that no other loop of the region holds. */
export function outermostHeads(plan: RegionPlan): ReadonlySet<number> {
  const loops = nodeLoops(plan);
  return new Set(loops.map(([head]) => head).filter((head) => !isInnerHead(loops, head)));
}

/** For each node at which a loop begins that calls, the loop's nodes. */
export function callingLoops(plan: RegionPlan): ReadonlyMap<number, ReadonlySet<number>> {
  const calls = (nodes: ReadonlySet<number>): boolean =>
    [...nodes].some((node) => plan.nodes[node]?.end.kind === "call");
  return new Map(nodeLoops(plan).filter(([, nodes]) => calls(nodes)));
}

/** Heads of loops within others in which no ways meet, of at most so many instructions a turn, and these. */
export function smallInnerLoops(plan: RegionPlan, most: number): ReadonlyMap<number, number> {
  const loops = nodeLoops(plan);
  const small = new Map<number, number>();
  for (const [head, held] of loops) {
    const nodes = [...held].map((node) => plan.nodes[node] as PlanNode);
    const size = nodes.reduce((sum, { instructions }) => sum + instructions.length, 0);
    const isPlain = [...held].every((number) => number === head || plan.nodes[number]?.merge === false);
    const isDirect = nodes.every(({ end }) => end.kind === "conditional" || end.kind === "goto");
    if (size <= most && isPlain && isDirect && isInnerHead(loops, head)) small.set(head, size);
  }
  return small;
}
