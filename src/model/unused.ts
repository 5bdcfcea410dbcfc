/**
 * Loads whose value comes to nothing. A thread has a trace for each value that such a load may find, and all of them end
 * alike; one is enough, without the load: whatever else an execution does, there is a value for it. Take a linear extension
 * of ordered-before, and read at any place in it between what is ordered before the load, the thread's earlier loads of that
 * location too, and what is ordered after it. What is ordered before and after is so without the load as well, since it does
 * not acquire and its address depends on nothing; that holds for traces of loads, stores, DMB and DSB alone.
 */
import type { ThreadEvent, Trace } from "./events.js";
import type { ThreadState } from "./thread.js";
import type { Dependencies } from "./value.js";

function isPlain(event: ThreadEvent): boolean {
  return event.kind === "read" || event.kind === "write" || (event.kind === "barrier" && event.op !== "ISB");
}

/** The reads that an event depends on, or is paired with. */
function usedBy(event: ThreadEvent): bigint {
  let used = "control" in event ? event.control.picked : 0n;
  if ("addressOf" in event) used |= event.addressOf.picked;
  if (event.kind !== "write") return used;
  const paired = event.pairedRead === undefined ? 0n : 1n << BigInt(event.pairedRead);
  return used | event.data.picked | event.carries.picked | paired;
}

/** The loads of a thread that has come to its end that come to nothing, if `observed` is what is seen of its registers. */
export function unusedReads(state: ThreadState, observed: readonly number[]): ReadonlySet<number> {
  const { events, faults, control, decided, registers } = state;
  const found = new Set<number>();
  if (faults.length > 0 || !events.every(isPlain)) return found;
  let used = control.picked | decided;
  for (const event of events) used |= usedBy(event);
  for (const register of observed) used |= registers[register]?.picked ?? 0n;
  for (const event of events) {
    if (event.kind !== "read" || event.acquire !== undefined || event.addressOf.picked !== 0n) continue;
    if (((used >> BigInt(event.id)) & 1n) === 0n) found.add(event.id);
  }
  return found;
}

/** Traces that differ in nothing but loads that come to nothing, once. */
export function distinct(traces: readonly Trace[], observed: readonly number[]): Trace[] {
  if (traces.every(({ unused }) => unused.size === 0)) return [...traces];
  const first = new Map<string, Trace>();
  for (const trace of traces) {
    const key = signature(trace, observed);
    const known = first.get(key);
    if (known === undefined || trace.events.length < known.events.length) first.set(key, trace);
  }
  return [...first.values()];
}

/** What matters of a trace, as text: its events without those loads, numbered anew, and what is seen of its end. */
function signature(trace: Trace, observed: readonly number[]): string {
  const { registers, faults, cutOff } = trace;
  return [shapeOf(trace), ...observed.map((register) => registers[register]), faults.length, cutOff].join("\n");
}

/** The events as text; without their places for a comparison with another thread's. */
export function shapeOf({ events, unused }: Trace, places: "with places" | "without places" = "with places"): string {
  const kept = events.filter(({ id }) => !unused.has(id));
  const place = new Map(kept.map(({ id }, index) => [id, index]));
  const instructions = [...new Set(kept.map(({ instruction }) => instruction))];
  const set = (reads: bigint): string =>
    [...place].flatMap(([id, index]) => (((reads >> BigInt(id)) & 1n) === 1n ? [index] : [])).join(".");
  const depends = ({ from, picked }: Dependencies): string => `${set(from)}/${set(picked)}`;
  const text = kept.map((event) => {
    const parts = Object.entries(event).map(([name, value]: [string, unknown]) => {
      if (name === "id" || name === "depth") return "";
      if (name === "pc" && places === "without places") return "";
      if (name === "instruction") return instructions.indexOf(event.instruction);
      if (name === "pairedRead") return typeof value === "number" ? place.get(value) : "";
      return typeof value === "object" && value !== null ? depends(value as Dependencies) : String(value);
    });
    return parts.join(" ");
  });
  return text.join("\n");
}
