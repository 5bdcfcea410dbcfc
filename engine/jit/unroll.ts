/**
 * Several turns of small loops in which ways part and meet again: at its end a turn looks whether somebody wants the core, brings registers to
 * where the loop expects them, and stores those that the next turn does not read. (A loop in which ways only part is unrolled where it is translated: turns.ts.)
 */
import { copyAll } from "./copies.js";
import type { Loop } from "./loops.js";
import { isPlace, type Place } from "./place.js";

/** Turns of a loop that are made one piece of code. */
export const TURNS = 4;
/** Instructions of the turns of one loop, and those that a region may have more for them. */
export const UNROLLED = 160;
export const UNROLLED_IN_ALL = 320;

/** Unrolls the loops of what is selected, which `loops` are all of (loopsOf); `most` places may be added. */
export function unrollLoops(loops: readonly Loop[], most: number): void {
  let left = Math.min(most, UNROLLED_IN_ALL);
  for (const loop of loops) {
    const holdsOther = loops.some(({ head }) => head !== loop.head && (head === undefined || loop.places.has(head)));
    if (loop.head === undefined || holdsOther || !isWorthIt(loop)) continue;
    const size = loop.places.size;
    const turns = Math.min(TURNS, Math.floor(UNROLLED / size), 1 + Math.floor(left / size));
    left -= (turns - 1) * size;
    unroll(loop.head, loop.places, turns);
  }
}

/** Whether ways meet in the loop, and registers do so nowhere in the core's block. */
function isWorthIt({ head, places }: Loop): boolean {
  const isPlain = (place: Place): boolean =>
    place.call === undefined && !place.isSwitch && (!place.isEntered || place === head);
  return [...places].every(isPlain) && [...places].some((place) => place !== head && place.predecessors > 1);
}

function unroll(head: Place, places: ReadonlySet<Place>, turns: number): void {
  const copies = Array.from({ length: turns - 1 }, () => {
    const copy = new Map<Place, Place>();
    copyAll([...places], copy);
    return copy;
  });
  const heads = [head, ...copies.map((copy) => copy.get(head) as Place)];
  for (const copy of heads.slice(1)) copy.isEntered = false;
  const all = [[...places], ...copies.map((copy) => [...copy.values()])];
  all.forEach((turn, index) => {
    const own = heads[index] as Place;
    const next = heads[index + 1] ?? head;
    for (const place of turn) redirect(place, own, next);
  });
}

/** Leads from a turn's end to the next one. */
function redirect(place: Place, from: Place, to: Place): void {
  place.successors.forEach((successor, index) => {
    if (!isPlace(successor) || successor !== from) return;
    place.successors[index] = to;
    from.predecessors--;
    to.predecessors++;
  });
}
