/**
 * Instruction fetch once more, as plainly as it can be said: all choices of what each fetch and load reads, of coherence,
 * of where each IC falls among the fetches and each DC among the stores, each judged by whether ordered-before has a
 * cycle. No code of src/model is used, and there is no search that could leave something out. Random programs for both.
 */
import type { Random } from "../../support/random.js";

const SLOTS = ["f", "g"] as const;
type Slot = (typeof SLOTS)[number];

type Step =
  /** Stores the instruction that makes the slot's function return `value`, 1 or 2; 0 is what it returns at first. */
  | { readonly op: "patch"; readonly slot: Slot; readonly value: 1 | 2 }
  | { readonly op: "call" | "dc" | "ic"; readonly slot: Slot }
  | { readonly op: "store"; readonly value: number }
  | { readonly op: "load" | "dsb" | "dmb" | "isb" }
  /** A branch on the last value loaded, which goes on in either case. */
  | { readonly op: "branch" };

export interface FetchProgram {
  readonly threads: readonly (readonly Step[])[];
  readonly idc: boolean;
  readonly dic: boolean;
}

/** A writer and a reader, each with some of the steps of a correct protocol, and some others. */
export function randomFetchProgram(random: Random): FetchProgram {
  const cache = random.below(4);
  const slot = (): Slot => random.pick(SLOTS);
  const some = (steps: readonly Step[]): Step[] => steps.filter(() => !random.oneIn(5));
  const patch = (at: Slot): Step => ({ op: "patch", slot: at, value: random.oneIn(3) ? 2 : 1 });
  const maintain = (at: Slot): Step[] => [{ op: "dc", slot: at }, { op: "dsb" }, { op: "ic", slot: at }, { op: "dsb" }];
  const fence = (): Step => ({ op: random.pick(["dsb", "dmb", "isb"] as const) });
  const message: Step = random.oneIn(2) ? { op: "store", value: 1 } : patch("g");
  const writer = some([patch("f"), ...(random.oneIn(3) ? [fence()] : maintain("f")), message]);
  const look: readonly Step[] = message.op === "store" ? [{ op: "load" }] : [{ op: "call", slot: "g" }];
  const sync = random.pick<readonly Step[]>([
    [{ op: "branch" }, { op: "isb" }],
    [{ op: "dsb" }, { op: "isb" }],
    [{ op: "isb" }],
    [{ op: "branch" }],
    [{ op: "dsb" }, ...maintain("f"), { op: "isb" }],
    [fence(), { op: "ic", slot: slot() }, fence(), { op: "isb" }],
  ]);
  const reader = some([
    ...look,
    ...sync,
    { op: "call", slot: "f" },
    ...(random.oneIn(3) ? [{ op: "call", slot: slot() } as Step] : []),
  ]);
  if (random.oneIn(3)) writer.push(...some([{ op: "isb" }, { op: "call", slot: slot() }]));
  if (random.oneIn(5)) reader.push(patch(slot()));
  return { threads: [writer, reader], idc: cache >= 2, dic: cache === 3 };
}

// ---- as a litmus test ----------------------------------------------------------------------------

/** A function of a slot: its first instruction decides which value it returns in W15. */
const functionOf = (slot: Slot): readonly string[] => [
  `${slot}: B ${slot}0`,
  "MOV W15,#1",
  "RET",
  "MOV W15,#2",
  "RET",
  `${slot}0: MOV W15,#0`,
  "RET",
];

const WORDS = '{t}:W23=NOP; {t}:W24=instr:"B .+12";';

/** What a call or load at place n of its thread finds is in Wn. */
export function fetchLitmusText({ threads, idc, dic }: FetchProgram): string {
  const columns = threads.map((steps, thread) => [
    ...steps.flatMap((step, place) => cellsOf(step, place, steps)),
    "B end",
    ...(thread === 1 ? SLOTS.flatMap(functionOf) : []),
    "end:",
  ]);
  const rows = Math.max(...columns.map((cells) => cells.length));
  const registers = threads.map(
    (_, thread) =>
      `${thread}:X20=P1:f; ${thread}:X21=P1:g; ${thread}:X22=x; ${WORDS.replaceAll("{t}", String(thread))}`,
  );
  return [
    "AArch64 random",
    ...(dic ? ["CacheType=IDC DIC"] : idc ? ["CacheType=IDC"] : []),
    `{ ${registers.join("\n  ")} }`,
    " P0 | P1 ;",
    ...Array.from({ length: rows }, (_, row) => ` ${columns.map((cells) => cells[row] ?? "").join(" | ")} ;`),
    `locations [${[...results(threads).map(({ thread, place }) => `${thread}:X${place}`), "x"].join("; ")};]`,
    "",
  ].join("\n");
}

function results(threads: FetchProgram["threads"]): readonly { readonly thread: number; readonly place: number }[] {
  return threads.flatMap((steps, thread) =>
    steps.flatMap(({ op }, place) => (op === "call" || op === "load" ? [{ thread, place }] : [])),
  );
}

function cellsOf(step: Step, place: number, steps: readonly Step[]): readonly string[] {
  const address = (slot: Slot): string => `X${20 + SLOTS.indexOf(slot)}`;
  switch (step.op) {
    case "patch":
      return [`STR W${step.value === 1 ? 23 : 24},[${address(step.slot)}]`];
    case "call":
      return [`BLR ${address(step.slot)}`, `MOV W${place},W15`];
    case "dc":
      return [`DC CVAU,${address(step.slot)}`];
    case "ic":
      return [`IC IVAU,${address(step.slot)}`];
    case "store":
      return [`MOV W25,#${step.value}`, "STR W25,[X22]"];
    case "load":
      return [`LDR W${place},[X22]`];
    case "branch": {
      const load = steps.slice(0, place).findLastIndex(({ op }) => op === "load");
      return load < 0 ? [] : [`CBNZ W${load},l${place}`, `l${place}:`];
    }
    default:
      return [{ dsb: "DSB ISH", dmb: "DMB SY", isb: "ISB" }[step.op]];
  }
}

// ---- the axioms ----------------------------------------------------------------------------------

interface Event {
  readonly thread: number;
  readonly place: number;
  /** F a fetch of a slot's first instruction, W and R of a slot or of x. */
  readonly kind: "F" | "R" | "W" | "DC" | "IC";
  readonly location: Slot | "x";
  /** Of a W. */
  readonly value: number;
}

type Edge = readonly [before: number, after: number];

function eventOf(step: Step, thread: number, place: number): readonly Event[] {
  const event = (kind: Event["kind"], location: Event["location"], value = 0): readonly Event[] => [
    { thread, place, kind, location, value },
  ];
  if (step.op === "patch") return event("W", step.slot, step.value);
  if (step.op === "call") return event("F", step.slot);
  if (step.op === "dc") return event("DC", step.slot);
  if (step.op === "ic") return event("IC", step.slot);
  if (step.op === "store") return event("W", "x", step.value);
  return step.op === "load" ? event("R", "x") : [];
}

/** The final states that the axioms allow, as a report of `fetchLitmusText` shows them. */
export function fetchReferenceStates(program: FetchProgram): Set<string> {
  const events = program.threads.flatMap((steps, thread) =>
    steps.flatMap((step, place) => eventOf(step, thread, place)),
  );
  const indices = events.map((_, index) => index);
  const writesTo = (location: Event["location"]): number[] =>
    indices.filter((index) => events[index]?.kind === "W" && events[index]?.location === location);
  const local = locallyOrdered(program, events);
  const places = indices.filter((index) => events[index]?.kind === "F" || events[index]?.kind === "R");
  const sources = product(places.map((place) => [-1, ...writesTo((events[place] as Event).location)]));
  const orders = product([...SLOTS, "x" as const].map((location) => permutations(writesTo(location))));
  const states = new Set<string>();
  for (const coherence of orders) {
    for (const chosen of sources) {
      const from = new Map(places.map((place, index) => [place, chosen[index] as number]));
      const state = stateOf(program, events, from, coherence[2]?.at(-1));
      if (!states.has(state) && isAllowed(program, events, local, from, coherence)) states.add(state);
    }
  }
  return states;
}

function isAllowed(
  program: FetchProgram,
  events: readonly Event[],
  local: readonly Edge[],
  from: ReadonlyMap<number, number>,
  coherence: readonly (readonly number[])[],
): boolean {
  const rank = new Map([[-1, -1], ...coherence.flatMap((order) => order.map((write, at): Edge => [write, at]))]);
  const later = (source: number, location: Event["location"]): number[] =>
    [...events.keys()].filter((index) => {
      const { kind, location: other } = events[index] as Event;
      return kind === "W" && other === location && (rank.get(index) as number) > (rank.get(source) as number);
    });
  const fixed: Edge[] = [...local];
  for (const order of coherence)
    for (const [at, write] of order.entries()) if (at > 0) fixed.push([order[at - 1] as number, write]);
  for (const [place, source] of from) {
    const { kind, thread, place: at, location } = events[place] as Event;
    const own = (index: number): boolean => events[index]?.thread === thread;
    if (kind === "R") {
      // Internal visibility, then rfe and fre.
      if (source >= 0 && own(source) && (events[source] as Event).place > at) return false;
      for (const write of later(source, location)) {
        if (own(write) && (events[write] as Event).place < at) return false;
        if (!own(write)) fixed.push([place, write]);
      }
      if (source >= 0 && !own(source)) fixed.push([source, place]);
    } else {
      if (source >= 0) fixed.push([source, place]);
      if (program.dic) {
        const fetches = [place, ...earlierFetches(events, place)];
        for (const write of later(source, location)) fixed.push(...fetches.map((fetch): Edge => [fetch, write]));
      }
    }
  }
  if (!isAcyclic(events.length, fixed)) return false;
  return product(maintenanceChoices(program, events, from, later)).some((chosen) => {
    const picked = chosen.flatMap(({ edges }) => edges);
    const invalidated = new Set(chosen.flatMap(({ after }) => (after === undefined ? [] : [after])));
    const cleaned = new Set(chosen.flatMap(({ cleans }) => (cleans === undefined ? [] : [cleans])));
    const implied = program.dic ? [] : staleness(program, events, from, later, invalidated, cleaned);
    return isAcyclic(events.length, [...fixed, ...picked, ...implied]);
  });
}

/** One way for an IC and a fetch, or for a DC and a store, to be ordered. */
interface Choice {
  readonly edges: readonly Edge[];
  /** "ic fetch": the fetch comes after the IC. */
  readonly after?: string;
  /** "dc store": the DC comes after the store. */
  readonly cleans?: string;
}

function maintenanceChoices(
  program: FetchProgram,
  events: readonly Event[],
  from: ReadonlyMap<number, number>,
  later: (source: number, location: Event["location"]) => number[],
): readonly (readonly Choice[])[] {
  const choices: Choice[][] = [];
  for (const [ic, { kind, location }] of events.entries()) {
    const completed = kind === "IC" ? completedBefore(program, events, ic) : undefined;
    if (completed === undefined) continue;
    for (const [fetch, event] of events.entries()) {
      if (event.kind !== "F" || event.location !== location) continue;
      const before = earlierFetches(events, fetch).flatMap((earlier) =>
        completed.map((after): Edge => [earlier, after]),
      );
      choices.push([{ edges: [[fetch, ic], ...before] }, { edges: [[ic, fetch]], after: `${ic} ${fetch}` }]);
    }
  }
  const stale = new Set(
    [...from].flatMap(([place, source]) =>
      events[place]?.kind === "F" ? later(source, (events[place] as Event).location) : [],
    ),
  );
  for (const [dc, { kind, location }] of events.entries()) {
    if (kind !== "DC") continue;
    for (const store of stale) {
      if ((events[store] as Event).location !== location) continue;
      choices.push([{ edges: [[dc, store]] }, { edges: [[store, dc]], cleans: `${dc} ${store}` }]);
    }
  }
  return choices;
}

/** A fetch behind an IC that misses a store: the store (or with IDC=0 each DC behind it) comes after the IC. */
function staleness(
  program: FetchProgram,
  events: readonly Event[],
  from: ReadonlyMap<number, number>,
  later: (source: number, location: Event["location"]) => number[],
  invalidated: ReadonlySet<string>,
  cleaned: ReadonlySet<string>,
): readonly Edge[] {
  const edges: Edge[] = [];
  for (const pair of invalidated) {
    const [ic, fetch] = pair.split(" ").map(Number) as [number, number];
    for (const store of later(from.get(fetch) as number, (events[fetch] as Event).location)) {
      if (program.idc) edges.push([ic, store]);
      else for (const dc of events.keys()) if (cleaned.has(`${dc} ${store}`)) edges.push([ic, dc]);
    }
  }
  return edges;
}

function earlierFetches(events: readonly Event[], fetch: number): number[] {
  const { thread, place } = events[fetch] as Event;
  return [...events.keys()].filter((index) => {
    const event = events[index] as Event;
    return event.kind === "F" && event.thread === thread && event.place < place;
  });
}

/** What follows the DSB that completes an IC, fetches apart; undefined if there is no such DSB. */
function completedBefore({ threads }: FetchProgram, events: readonly Event[], ic: number): number[] | undefined {
  const { thread, place } = events[ic] as Event;
  const dsb = (threads[thread] as readonly Step[]).findIndex(({ op }, at) => op === "dsb" && at > place);
  if (dsb < 0) return undefined;
  return [...events.keys()].filter((index) => {
    const event = events[index] as Event;
    return event.thread === thread && event.place > dsb && event.kind !== "F";
  });
}

function locallyOrdered({ threads }: FetchProgram, events: readonly Event[]): readonly Edge[] {
  const edges: Edge[] = [];
  for (const [a, first] of events.entries()) {
    for (const [b, second] of events.entries()) {
      if (first.thread !== second.thread || first.place >= second.place) continue;
      if (isOrdered(threads[first.thread] as readonly Step[], first, second)) edges.push([a, b]);
    }
  }
  return edges;
}

function isOrdered(steps: readonly Step[], first: Event, second: Event): boolean {
  const between = steps.slice(first.place + 1, second.place).map(({ op }) => op);
  const has = (...ops: readonly Step["op"][]): boolean => {
    let at = -1;
    return ops.every((op) => {
      at = between.indexOf(op, at + 1);
      return at >= 0;
    });
  };
  // A branch is on the last load before it.
  const controls = first.kind === "R" && branchesOn(steps, first.place, second.place);
  const fetched = second.kind === "F";
  if (first.kind === "F") return !fetched;
  if (has("dsb") && !fetched) return true;
  if (has("dsb", "isb")) return true;
  if (controls !== false && (controls === "synchronised" || (!fetched && second.kind !== "R"))) return true;
  const isAccess = ({ kind }: Event): boolean => kind === "R" || kind === "W" || kind === "DC";
  if (has("dmb") && isAccess(first) && isAccess(second)) return true;
  if (first.location !== second.location) return false;
  if (second.kind === "W" && (first.kind === "R" || first.kind === "W")) return true;
  return isAccess(first) && isAccess(second) && (first.kind === "DC" || second.kind === "DC");
}

/** Whether a branch on the load stands between the places, and with an ISB behind it. */
function branchesOn(steps: readonly Step[], load: number, to: number): "synchronised" | "controlled" | false {
  for (let at = load + 1; at < to; at++) {
    const op = steps[at]?.op;
    if (op !== "branch" || steps.slice(0, at).findLastIndex((step) => step.op === "load") !== load) continue;
    return steps.slice(at, to).some((step) => step.op === "isb") ? "synchronised" : "controlled";
  }
  return false;
}

function stateOf(
  { threads }: FetchProgram,
  events: readonly Event[],
  from: ReadonlyMap<number, number>,
  last: number | undefined,
): string {
  const written = (write: number | undefined): number => events[write ?? -1]?.value ?? 0;
  const found = results(threads).map(({ thread, place }) => {
    const event = events.findIndex((candidate) => candidate.thread === thread && candidate.place === place);
    return `${thread}:X${place}=${written(from.get(event))};`;
  });
  return [...found, `[x]=${written(last)};`].join(" ");
}

// ---- choices and orders --------------------------------------------------------------------------

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

function isAcyclic(size: number, edges: readonly Edge[]): boolean {
  const incoming = new Array<number>(size).fill(0);
  for (const [, after] of edges) incoming[after] = (incoming[after] as number) + 1;
  const ready = [...incoming.keys()].filter((node) => incoming[node] === 0);
  let done = 0;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    done++;
    for (const [before, after] of edges) {
      if (before !== node) continue;
      incoming[after] = (incoming[after] as number) - 1;
      if (incoming[after] === 0) ready.push(after);
    }
  }
  return done === size;
}
