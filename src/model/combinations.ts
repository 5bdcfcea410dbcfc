/** One trace of each thread, in every combination, with what it would leave behind. */
import { Candidate } from "./candidate.js";
import type { Trace } from "./events.js";
import type { LocalOrder } from "./local-order.js";
import { type Cell, type Memory, piece } from "./memory.js";
import type { FaultFilter, FinalState, Observable, Problem, ThreadFault } from "./problem.js";

/** Pairs that make a store the last to its cells, and the value that it leaves in one. */
interface Ending {
  readonly required: readonly (readonly [number, number])[];
  readonly state: FinalState;
}

/** Whether a filter lets a fault pass. */
export function passes(filter: FaultFilter, fault: ThreadFault): boolean {
  if (filter.thread !== fault.thread || (filter.pc !== undefined && filter.pc !== fault.pc)) return false;
  const { location } = filter;
  if (location === undefined) return true;
  const end = location.address + BigInt(location.bytes);
  return fault.address !== undefined && fault.address >= location.address && fault.address < end;
}

/** The same for two faults exactly if they are the same. */
export function faultKey({ thread, pc, address, type }: ThreadFault): string {
  return `${thread}/${pc}/${address ?? ""}/${type}`;
}

function observedFaults(problem: Problem, traces: readonly Trace[]): ThreadFault[] {
  const found = new Map<string, ThreadFault>();
  for (const fault of traces.flatMap(({ faults }) => faults)) {
    if (problem.observedFaults.some((filter) => passes(filter, fault))) found.set(faultKey(fault), fault);
  }
  return [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fault]) => fault);
}

/** The same for two final states exactly if they are the same. */
export function stateKey(state: FinalState): string {
  return `${state.values.join(",")};${state.faults.map(faultKey).join(",")}`;
}

/** All choices of one element of each list. */
export function* product<T>(lists: readonly (readonly T[])[]): Generator<T[]> {
  const [first, ...rest] = lists;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const element of first) for (const others of product(rest)) yield [element, ...others];
}

/** What a trace reads that it can't have from itself or from the initial state, and what it has for others. */
interface Exchange {
  readonly needs: readonly string[];
  readonly offers: ReadonlySet<string>;
}

function exchangeOf({ nodes, lastWrite }: LocalOrder, memory: Memory): Exchange {
  const key = (cell: Cell, value: bigint): string => `${cell.id}:${value}`;
  const offers = new Set<string>();
  const needs: string[] = [];
  for (const [index, { event, cells }] of nodes.entries()) {
    if (!("value" in event)) continue;
    for (const cell of cells) {
      const wanted = key(cell, piece(event.value, event.address, cell.address, cell.bytes));
      const own = event.kind === "read" && lastWrite[index] !== undefined;
      const initial = !own && wanted === key(cell, memory.initial(cell.address, cell.bytes));
      if (event.kind === "write") offers.add(wanted);
      // Of its own values a load can have the last one, a fetch any before it: those offered so far are more than enough.
      else if (!initial && !offers.has(wanted)) needs.push(wanted);
    }
  }
  return { needs, offers };
}

/**
 * One trace of each thread, in every combination in which each read value comes from somewhere. `looked` is called for each
 * that is looked at; it may throw.
 */
export function* combinations(
  threads: readonly (readonly LocalOrder[])[],
  memory: Memory,
  looked: () => void,
): Generator<LocalOrder[]> {
  const exchanges = new Map(
    threads.flatMap((each) => each.map((order) => [order, exchangeOf(order, memory)] as const)),
  );
  for (const chosen of product(threads)) {
    looked();
    const all = chosen.map((order) => exchanges.get(order) as Exchange);
    const met = ({ needs }: Exchange): boolean => needs.every((need) => all.some(({ offers }) => offers.has(need)));
    if (all.every(met)) yield chosen;
  }
}

type MemoryObservable = Extract<Observable, { kind: "memory" }>;

/** The cells that the observed locations consist of, each once. */
function observedCells(problem: Problem, memory: Memory): Cell[] {
  const locations = problem.observed.filter((each): each is MemoryObservable => each.kind === "memory");
  return [...new Set(locations.flatMap(({ address, bytes }) => memory.cells(address, bytes)))];
}

export class Combination {
  readonly candidate: Candidate;
  readonly traces: readonly Trace[];

  constructor(
    readonly problem: Problem,
    readonly memory: Memory,
    readonly threads: readonly LocalOrder[],
  ) {
    this.traces = threads.map(({ trace }) => trace);
    this.candidate = new Candidate(threads, ({ address, bytes }) => memory.initial(address, bytes));
  }

  /** Each final state that it might have, by each choice of the last store to each observed cell. */
  *endings(): Generator<Ending> {
    const cells = observedCells(this.problem, this.memory);
    const { traces } = this;
    const faults = observedFaults(this.problem, traces);
    const lasts = cells.map((cell) => {
      const stores = this.candidate.storesTo(cell);
      return stores.length === 0 ? [undefined] : stores;
    });
    for (const chosen of product(lasts)) {
      const required = chosen.flatMap((last, index) => this.#lastAmong(last, cells[index] as Cell));
      const values = new Map(cells.map((cell, index) => [cell, this.#left(chosen[index], cell)]));
      yield {
        required,
        state: { values: this.problem.observed.map((each) => this.#value(each, traces, values)), faults },
      };
    }
  }

  #lastAmong(last: number | undefined, cell: Cell): (readonly [number, number])[] {
    if (last === undefined) return [];
    return this.candidate.storesTo(cell).flatMap((store) => (store === last ? [] : [[store, last] as const]));
  }

  #left(last: number | undefined, cell: Cell): bigint {
    return last === undefined ? this.memory.initial(cell.address, cell.bytes) : this.candidate.valueAt(last, cell);
  }

  #value(of: Observable, traces: readonly Trace[], cells: ReadonlyMap<Cell, bigint>): bigint {
    if (of.kind === "register") return traces[of.thread]?.registers[of.register] ?? 0n;
    return this.memory
      .cells(of.address, of.bytes)
      .reduce((value, cell) => value | ((cells.get(cell) ?? 0n) << (8n * (cell.address - of.address))), 0n);
  }
}
