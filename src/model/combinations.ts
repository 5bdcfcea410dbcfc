/** One trace of each thread, with what it would leave behind. */
import { Candidate } from "./candidate.js";
import type { Trace } from "./events.js";
import type { Chosen } from "./exchange.js";
import type { Cell, Memory } from "./memory.js";
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
    readonly chosen: Chosen,
  ) {
    const { threads } = chosen;
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
      if (stores.length === 0) return [undefined];
      return stores.filter((store) => !this.chosen.replaced(cell, this.candidate.valueAt(store, cell)));
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
