/** Code that a region holds more than once: copies of places, with what leads from one to the other. */
import { isPlace, type Place } from "./place.js";
import type { Successor } from "./plan.js";

/** Adds copies of these places to `copies`; where they lead to places that have copies, the copies lead to these. */
export function copyAll(places: readonly Place[], copies: Map<Place, Place>): void {
  for (const place of places) copies.set(place, { ...place, successors: [], predecessors: 0 });
  for (const place of places) {
    const copy = copies.get(place) as Place;
    copy.successors.push(...place.successors.map((to) => reached(to, copies)));
    if (place.call !== undefined) copy.call = { ...place.call, to: reached(place.call.to, copies) };
  }
}

/** The copy of what was reached, if there is one, reached once more. */
export function reached<To extends Place | Successor>(to: To, copies: ReadonlyMap<Place, Place>): To | Place {
  if (!isPlace(to)) return to;
  const place = copies.get(to) ?? to;
  place.predecessors++;
  return place;
}
