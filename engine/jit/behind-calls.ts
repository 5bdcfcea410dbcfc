/**
 * The code behind calls that a loop makes only now and then. Where the way from behind the call meets the one around it, registers have to
 * stand in the same places, after a call that leaves the region in the core's block: at every turn of the loop, whether it calls or not. So what
 * follows such a call is given places of its own, as far as to the heads of loops, and the way around the call stays as it would be without one.
 */
import { copyAll, reached } from "./copies.js";
import { isPlace, type Place } from "./place.js";
import type { Successor } from "./plan.js";

/** Places that a region may have more for it. */
const MOST_COPIES = 128;

/** Where a region's code goes from a place, calls and the dispatch node included. */
type Ways = (place: Place) => readonly (Place | Successor)[];

/** Gives what follows calls places of its own. `dispatched` are those to which the dispatch node leads. */
export function separateReturns(first: Place, dispatched: readonly Place[]): void {
  const ways: Ways = ({ successors, call, isSwitch }) => {
    if (isSwitch) return dispatched;
    return call === undefined ? successors : [call.to];
  };
  const { returns, loopHeads } = explore(first, ways);
  const copies = new Map<Place, Place>();
  for (const [behind, from] of returns) {
    if (behind.predecessors === from.length || loopHeads.has(behind) || dispatched.includes(behind)) continue;
    const needed = upToLoops(behind, loopHeads, ways);
    if (needed === undefined) continue;
    const added = [...needed].filter((place) => !copies.has(place));
    if (copies.size + added.length > MOST_COPIES) continue;
    copyAll(added, copies);
    for (const place of from) redirect(place, behind, copies);
    behind.predecessors -= from.length;
    behind.isEntered = false;
  }
}

interface Explored {
  /** Which places come back to one from a call: calls that leave the region, and the returns of callees that are part of it. */
  readonly returns: ReadonlyMap<Place, readonly Place[]>;
  /** Where a way leads back to. */
  readonly loopHeads: ReadonlySet<Place>;
}

/** Depth first, so that loops are seen closing. */
function explore(first: Place, ways: Ways): Explored {
  const returns = new Map<Place, Place[]>();
  const loopHeads = new Set<Place>();
  const open = new Set([first]);
  const seen = new Set([first]);
  const path = [{ place: first, rest: ways(first).filter(isPlace) }];
  for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
    const to = last.rest.pop();
    if (to === undefined) {
      open.delete(last.place);
      path.pop();
      continue;
    }
    if (returnsTo(last.place, to)) returns.set(to, [...(returns.get(to) ?? []), last.place]);
    if (open.has(to)) loopHeads.add(to);
    if (seen.has(to)) continue;
    seen.add(to);
    open.add(to);
    path.push({ place: to, rest: ways(to).filter(isPlace) });
  }
  return { returns, loopHeads };
}

function returnsTo({ call, flow, predictions }: Place, to: Place): boolean {
  if (call !== undefined) return true;
  return flow.kind === "indirect" && flow.type === "RET" && predictions[0] === to.instruction.pc;
}

/** What follows a place as far as to the heads of loops; undefined if no loop goes on there, or it is too much. */
function upToLoops(from: Place, loopHeads: ReadonlySet<Place>, ways: Ways): ReadonlySet<Place> | undefined {
  const found = new Set([from]);
  let isInLoop = false;
  for (const place of found) {
    if (place.isSwitch || found.size > MOST_COPIES) return undefined;
    for (const to of ways(place).filter(isPlace)) {
      if (loopHeads.has(to)) isInLoop = true;
      else found.add(to);
    }
  }
  return isInLoop ? found : undefined;
}

/** Leads a return to the copy of where it came to. */
function redirect({ call, successors }: Place, to: Place, copies: ReadonlyMap<Place, Place>): void {
  if (call !== undefined) call.to = reached(to, copies);
  else successors[successors.indexOf(to)] = reached(to, copies);
}
