/**
 * The memory model for data once more, as plainly as it can be said: all choices of reads-from and of coherence, each
 * judged by the axioms. Written from the Arm ARM's B2.3 and the published aarch64hwreqs.cat, and not from src/model: it
 * has its own events, its own program, and no search that could leave something out. Random programs for both.
 */
import type { Random } from "../../support/random.js";

type Location = "x" | "y" | "z";
const LOCATIONS: readonly Location[] = ["x", "y", "z"];

/** How an access depends on the last load before it. */
type Dependency = "none" | "addr" | "data" | "ctrl" | "ctrlisb";

interface Access {
  readonly op: "load" | "store" | "swap" | "exclusive";
  readonly location: Location;
  /** What a store writes. */
  readonly value: number;
  readonly acquire: "" | "A" | "Q";
  readonly release: boolean;
  readonly dependency: Dependency;
}

type Step = Access | { readonly op: "fence"; readonly fence: "DMB SY" | "DMB LD" | "DMB ST" | "DSB SY" | "ISB" };

export type Threads = readonly (readonly Step[])[];

const isAccess = (step: Step): step is Access => step.op !== "fence";
const reads = (access: Access): boolean => access.op !== "store";
const writes = (access: Access): boolean => access.op !== "load";

/** A program of two or three threads with few enough accesses to enumerate. */
export function randomThreads(random: Random): Threads {
  const locations = LOCATIONS.slice(0, random.oneIn(3) ? 3 : 2);
  const [count, accesses] = random.oneIn(3) ? [3, 2] : [2, 3];
  let next = 1;
  return Array.from({ length: count }, () => {
    const steps: Step[] = [];
    for (let index = 0; index < accesses; index++) {
      if (index > 0 && random.oneIn(3)) {
        steps.push({ op: "fence", fence: random.pick(["DMB SY", "DMB LD", "DMB ST", "DSB SY", "ISB"] as const) });
      }
      const op = random.pick(["load", "load", "load", "store", "store", "store", "swap", "exclusive"] as const);
      const acquire = op === "store" || !random.oneIn(3) ? "" : op === "load" ? random.pick(["A", "Q"] as const) : "A";
      const ordered = acquire !== "" || random.oneIn(4);
      const dependency = random.pick(["none", "none", "addr", "data", "ctrl", "ctrlisb"] as const);
      steps.push({
        op,
        location: random.pick(locations),
        value: next++,
        acquire,
        release: op !== "load" && ordered && random.oneIn(2),
        dependency: dependency === "data" && op !== "store" ? "none" : dependency,
      });
    }
    return steps;
  });
}

// ---- as a litmus test ----------------------------------------------------------------------------

/** X20, X21, X22 hold the addresses; the access at place n of its thread has its result in Wn, an exclusive its status in W(n+10). */
export function litmusText(threads: Threads): string {
  const columns = threads.map(cellsOf);
  const rows = Math.max(...columns.map((cells) => cells.length));
  const names = threads.map((_, thread) => `P${thread}`);
  const table = [names, ...Array.from({ length: rows }, (_, row) => columns.map((cells) => cells[row] ?? ""))];
  const registers = threads.map((_, thread) => LOCATIONS.map((name, at) => `${thread}:X${20 + at}=${name};`).join(" "));
  return [
    "AArch64 random",
    `{ ${registers.join(" ")} }`,
    ...table.map((cells) => ` ${cells.join(" | ")} ;`),
    `locations [${[...resultNames(threads), ...LOCATIONS].join("; ")};]`,
    "",
  ].join("\n");
}

/** The registers that hold results, in the order in which states show them. */
function resultNames(threads: Threads): readonly string[] {
  return threads.flatMap((steps, thread) => {
    const at = steps.flatMap((step, place) => (isAccess(step) && reads(step) ? [place] : []));
    const statuses = steps.flatMap((step, place) => (step.op === "exclusive" ? [place + 10] : []));
    return [...at, ...statuses].map((register) => `${thread}:X${register}`);
  });
}

function cellsOf(steps: readonly Step[]): readonly string[] {
  const cells: string[] = [];
  let lastLoad: number | undefined;
  for (const [place, step] of steps.entries()) {
    if (!isAccess(step)) cells.push(step.fence);
    else {
      cells.push(...accessCells(step, place, step.dependency === "none" ? undefined : lastLoad));
      if (reads(step)) lastLoad = place;
    }
  }
  return cells;
}

function accessCells(access: Access, place: number, load: number | undefined): readonly string[] {
  const { op, location, value, acquire, release } = access;
  const dependency = load === undefined ? "none" : access.dependency;
  const cells: string[] = [];
  let base = `X${20 + LOCATIONS.indexOf(location)}`;
  if (dependency === "ctrl" || dependency === "ctrlisb") cells.push(`CBNZ W${load},l${place}`, `l${place}:`);
  if (dependency === "ctrlisb") cells.push("ISB");
  if (dependency === "addr") {
    cells.push(`EOR X28,X${load},X${load}`, `ADD X29,${base},X28`);
    base = "X29";
  }
  if (dependency === "data") cells.push(`EOR W27,W${load},W${load}`, `ADD W27,W27,#${value}`);
  else if (op !== "load") cells.push(`MOV W27,#${value}`);
  const suffix = `${acquire}${release ? "L" : ""}`;
  if (op === "load") cells.push(`${acquire === "A" ? "LDAR" : acquire === "Q" ? "LDAPR" : "LDR"} W${place},[${base}]`);
  if (op === "store") cells.push(`${release ? "STLR" : "STR"} W27,[${base}]`);
  if (op === "swap") cells.push(`SWP${suffix} W27,W${place},[${base}]`);
  if (op === "exclusive") {
    cells.push(`${acquire === "A" ? "LDAXR" : "LDXR"} W${place},[${base}]`);
    cells.push(`${release ? "STLXR" : "STXR"} W${place + 10},W27,[${base}]`);
  }
  return cells;
}

// ---- the axioms ----------------------------------------------------------------------------------

interface Event {
  readonly thread: number;
  /** Place of its step in the thread. */
  readonly place: number;
  readonly kind: "R" | "W";
  readonly access: Access;
  /** Of a W that has one: the R of the same step. */
  readonly pair?: number;
}

type Relation = boolean[][];

/** The final states that the axioms allow, as a report of `litmusText` shows them. */
export function referenceStates(threads: Threads): Set<string> {
  const states = new Set<string>();
  const exclusives = threads.flatMap((steps, thread) =>
    steps.flatMap((step, place) => (step.op === "exclusive" ? [`${thread}:${place}`] : [])),
  );
  for (let failing = 0; failing < 2 ** exclusives.length; failing++) {
    const failed = new Set(exclusives.filter((_, index) => (failing >> index) & 1));
    enumerate(threads, failed, states);
  }
  return states;
}

function eventsOf(threads: Threads, failed: ReadonlySet<string>): readonly Event[] {
  const events: Event[] = [];
  for (const [thread, steps] of threads.entries()) {
    for (const [place, access] of steps.entries()) {
      if (!isAccess(access)) continue;
      if (reads(access)) events.push({ thread, place, kind: "R", access });
      if (!writes(access) || failed.has(`${thread}:${place}`)) continue;
      events.push({ thread, place, kind: "W", access, ...(reads(access) && { pair: events.length - 1 }) });
    }
  }
  return events;
}

function permutations(items: readonly number[]): readonly (readonly number[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((first) => permutations(items.filter((item) => item !== first)).map((rest) => [first, ...rest]));
}

function product<T>(choices: readonly (readonly T[])[]): readonly (readonly T[])[] {
  return choices.reduce<readonly (readonly T[])[]>(
    (all, options) => all.flatMap((chosen) => options.map((option) => [...chosen, option])),
    [[]],
  );
}

function enumerate(threads: Threads, failed: ReadonlySet<string>, states: Set<string>): void {
  const events = eventsOf(threads, failed);
  const local = locallyOrdered(threads, events);
  const writesTo = (location: Location): number[] =>
    events.flatMap(({ kind, access }, index) => (kind === "W" && access.location === location ? [index] : []));
  const loads = events.flatMap(({ kind }, index) => (kind === "R" ? [index] : []));
  // -1 is the initial write, before all others in coherence.
  const sources = product(loads.map((load) => [-1, ...writesTo((events[load] as Event).access.location)]));
  for (const orders of product(LOCATIONS.map((location) => permutations(writesTo(location))))) {
    const rank = new Map<number, number>([[-1, -1]]);
    for (const order of orders) for (const [at, write] of order.entries()) rank.set(write, at);
    for (const chosen of sources) {
      const from = new Map(loads.map((load, index) => [load, chosen[index] as number]));
      const state = stateOf(threads, events, failed, from, orders);
      if (!states.has(state) && isAllowed(events, local, from, rank)) states.add(state);
    }
  }
}

function isAllowed(
  events: readonly Event[],
  local: Relation,
  from: ReadonlyMap<number, number>,
  rank: ReadonlyMap<number, number>,
): boolean {
  const observed = relation(events.length);
  const internal = relation(events.length);
  for (const [a, first] of events.entries()) {
    for (const [b, second] of events.entries()) {
      if (a === b || first.access.location !== second.access.location) continue;
      const co = first.kind === "W" && second.kind === "W" && (rank.get(a) as number) < (rank.get(b) as number);
      const rf = first.kind === "W" && second.kind === "R" && from.get(b) === a;
      const fr =
        first.kind === "R" &&
        second.kind === "W" &&
        (rank.get(from.get(a) as number) as number) < (rank.get(b) as number);
      if (!(co || rf || fr)) {
        if (first.thread === second.thread && a < b) set(internal, a, b);
        continue;
      }
      set(internal, a, b);
      if (first.thread === second.thread && a < b) continue;
      if (first.thread === second.thread) return false;
      set(observed, a, b);
    }
  }
  return isAcyclic(internal) && isAtomic(events, from, rank) && isAcyclic(union(observed, local));
}

/** No write of another thread between the halves of a pair. */
function isAtomic(
  events: readonly Event[],
  from: ReadonlyMap<number, number>,
  rank: ReadonlyMap<number, number>,
): boolean {
  return events.every(({ pair, access, thread }, index) => {
    if (pair === undefined) return true;
    const read = rank.get(from.get(pair) as number) as number;
    return !events.some(
      (other, at) =>
        other.kind === "W" &&
        other.thread !== thread &&
        other.access.location === access.location &&
        (rank.get(at) as number) > read &&
        (rank.get(at) as number) < (rank.get(index) as number),
    );
  });
}

/** lob: lws, dob, aob, bob, and what an ISB behind a dependency orders. */
function locallyOrdered(threads: Threads, events: readonly Event[]): Relation {
  const order = relation(events.length);
  for (const [a, first] of events.entries()) {
    for (const [b, second] of events.entries()) {
      if (first.thread !== second.thread || a >= b) continue;
      const steps = threads[first.thread] as readonly Step[];
      if (isOrdered(events, steps, a, b)) set(order, a, b);
    }
  }
  return order;
}

function isOrdered(events: readonly Event[], steps: readonly Step[], a: number, b: number): boolean {
  const [first, second] = [events[a] as Event, events[b] as Event];
  if (second.pair === a) return true;
  if (first.place === second.place) return false;
  if (first.access.location === second.access.location && second.kind === "W") return true;
  return (
    isFenced(steps, first, second) ||
    acquiresOrReleases(first, second) ||
    (first.kind === "R" && (isDependent(events, steps, a, b) || acquiresOwnPair(events, a, b)))
  );
}

function isFenced(steps: readonly Step[], first: Event, second: Event): boolean {
  const fences = steps.slice(first.place, second.place).flatMap((step) => (isAccess(step) ? [] : [step.fence]));
  if (fences.includes("DMB SY") || fences.includes("DSB SY")) return true;
  if (first.kind === "R") return fences.includes("DMB LD");
  return second.kind === "W" && fences.includes("DMB ST");
}

function acquiresOrReleases(first: Event, second: Event): boolean {
  if (first.kind === "R" && first.access.acquire !== "") return true;
  if (second.kind === "W" && second.access.release) return true;
  if (first.kind === "R" || !first.access.release) return false;
  // [L]; po; [A], and [range([A]; amo; [L])]; po
  if (second.kind === "R" && second.access.acquire === "A") return true;
  return first.access.op === "swap" && first.access.acquire === "A";
}

/** rmw; lrs; [A | Q] */
function acquiresOwnPair(events: readonly Event[], a: number, b: number): boolean {
  const paired = events.findIndex(({ pair }) => pair === a);
  const { kind, access } = events[b] as Event;
  return paired >= 0 && kind === "R" && access.acquire !== "" && isLocalReadSuccessor(events, paired, b);
}

/** lrs: a load behind a store of its thread to its location, and no other such store between them. */
function isLocalReadSuccessor(events: readonly Event[], write: number, read: number): boolean {
  const { access, thread } = events[write] as Event;
  const isSame = (event: Event): boolean => event.thread === thread && event.access.location === access.location;
  if (!isSame(events[read] as Event)) return false;
  return !events.slice(write + 1, read).some((event) => event.kind === "W" && isSame(event));
}

/** The load whose value an access depends on: the last one before it. */
function sourceOf(events: readonly Event[], index: number): number | undefined {
  const { thread, place, access } = events[index] as Event;
  if (access.dependency === "none") return undefined;
  const source = events.findLastIndex((event) => event.thread === thread && event.kind === "R" && event.place < place);
  return source < 0 ? undefined : source;
}

/** Whether an ISB stands behind the first step's own instructions, or behind its branch, and before the second step's access. */
function isSynchronised(events: readonly Event[], steps: readonly Step[], first: Event, second: Event): boolean {
  if (steps.slice(first.place, second.place).some((step) => !isAccess(step) && step.fence === "ISB")) return true;
  return events.some(
    ({ thread, place, access }, index) =>
      thread === first.thread &&
      place > first.place &&
      place <= second.place &&
      access.dependency === "ctrlisb" &&
      sourceOf(events, index) !== undefined,
  );
}

/** dob, and the part of CSE-ob that starts with a dependency. */
function isDependent(events: readonly Event[], steps: readonly Step[], a: number, b: number): boolean {
  const second = events[b] as Event;
  return events.some((event, at) => {
    if (event.thread !== second.thread || event.place > second.place || sourceOf(events, at) !== a) return false;
    const { dependency } = event.access;
    if (dependency === "ctrlisb") return true;
    if (event.place === second.place) return dependency === "addr" || second.kind === "W";
    if (second.kind === "R" && event.kind === "W" && dependency !== "ctrl" && isLocalReadSuccessor(events, at, b))
      return true;
    if (dependency === "data") return false;
    return second.kind === "W" || isSynchronised(events, steps, event, second);
  });
}

function stateOf(
  threads: Threads,
  events: readonly Event[],
  failed: ReadonlySet<string>,
  from: ReadonlyMap<number, number>,
  orders: readonly (readonly number[])[],
): string {
  const written = (write: number | undefined): number =>
    write === undefined || write < 0 ? 0 : (events[write] as Event).access.value;
  const results = threads.flatMap((steps, thread) => {
    const at = steps.flatMap((step, place) => (isAccess(step) && reads(step) ? [place] : []));
    const values = at.map((place) => {
      const load = events.findIndex((event) => event.kind === "R" && event.thread === thread && event.place === place);
      return `${thread}:X${place}=${written(from.get(load))};`;
    });
    const statuses = steps.flatMap((step, place) =>
      step.op === "exclusive" ? [`${thread}:X${place + 10}=${failed.has(`${thread}:${place}`) ? 1 : 0};`] : [],
    );
    return [...values, ...statuses];
  });
  const memory = LOCATIONS.map((location, index) => `[${location}]=${written(orders[index]?.at(-1))};`);
  return [...results, ...memory].join(" ");
}

// ---- relations -----------------------------------------------------------------------------------

function relation(size: number): Relation {
  return Array.from({ length: size }, () => new Array<boolean>(size).fill(false));
}

function set(of: Relation, a: number, b: number): void {
  (of[a] as boolean[])[b] = true;
}

function union(a: Relation, b: Relation): Relation {
  return a.map((row, from) => row.map((held, to) => held || ((b[from] as boolean[])[to] as boolean)));
}

function isAcyclic(of: Relation): boolean {
  const colour = new Array<number>(of.length).fill(0);
  const visit = (node: number): boolean => {
    if (colour[node] === 1) return false;
    if (colour[node] === 2) return true;
    colour[node] = 1;
    for (const [next, held] of (of[node] as boolean[]).entries()) if (held && !visit(next)) return false;
    colour[node] = 2;
    return true;
  };
  return of.every((_, node) => visit(node));
}
