/**
 * Which callees become part of a region. There is no room for all of them, and what is met first while code is followed is not what executes most:
 * so calls within the most loops come first, and of those the smallest callees, which are what a call costs most for.
 */
import { loopsOf } from "./loops.js";
import type { Place } from "./place.js";

/** A call in a region's own code. */
export interface PossibleCall {
  readonly place: Place;
  /** Instructions of its callees, and with what these call. */
  readonly size: number;
  readonly whole: number;
  /** Whether a callee branches back: then the call is a small part of what it costs. */
  readonly hasLoop: boolean;
}

export interface Inlining {
  /** The addresses of calls in the region's own code whose callees become part of it. */
  readonly calls: ReadonlySet<bigint>;
  /** Instructions that the callees of these may have together to become part of it as well. */
  readonly further: number;
}

/** None do. */
export const ownCode: Inlining = { calls: new Set(), further: 0 };

/** Instructions that a region may have for callees to become part of it: else one that calls a lot is many times as large as its code. */
export const INLINED_IN_ALL = 300;
/** Instructions of callees that a region may hold however large its own code is. */
const INLINED_AT_LEAST = 200;

/** Chooses from the calls in a region's own code, which has `own` instructions. */
export function inliningOf(
  calls: readonly PossibleCall[],
  own: number,
  first: Place,
  dispatched: readonly Place[],
): Inlining {
  let left = Math.max(INLINED_IN_ALL - own, INLINED_AT_LEAST);
  const chosen = new Set<bigint>();
  let further = 0;
  for (const { place, size, whole } of ranked(calls, first, dispatched)) {
    // What calls a lot has its callees with it in a region of its own.
    if (whole > left) continue;
    left -= whole;
    further += whole - size;
    chosen.add(place.instruction.pc);
  }
  return { calls: chosen, further: further + left };
}

function ranked(calls: readonly PossibleCall[], first: Place, dispatched: readonly Place[]): readonly PossibleCall[] {
  if (calls.length < 2) return calls;
  const loops = loopsOf(first, dispatched);
  const all = calls.map((call) => ({
    ...call,
    depth: loops.filter(({ places }) => places.has(call.place)).length,
  }));
  return all.sort((a, b) => b.depth - a.depth || Number(a.hasLoop) - Number(b.hasLoop) || a.whole - b.whole);
}
