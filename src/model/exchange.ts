/**
 * One trace of each thread, in every combination in which each value that is read can come from somewhere. Threads are
 * chosen one after the other, and what can't be had from any of the rest is left out at once:
 *   - a value has to be written by a thread that was chosen, or by some trace of one that was not;
 *   - a value that several atomic accesses read has to be there several times: no two of them read from one store, since
 *     the first one's store would be between the second one's load and its own (atomic, in aarch64.cat);
 *   - of threads that do the same, and of which no register is looked at, it makes no difference which does what.
 */
import type { LocalOrder } from "./local-order.js";
import { type Cell, type Memory, piece } from "./memory.js";
import type { Problem } from "./problem.js";
import { shapeOf } from "./unused.js";

/** A value of a cell, as text. */
type Key = string;

interface Exchange {
  /** What it reads and can't have from itself or from the initial state. */
  readonly needs: readonly Key[];
  /** What it writes, and how often. */
  readonly offers: ReadonlyMap<Key, number>;
  /** What it reads and replaces atomically, and what it does not have from itself, each time. */
  readonly takes: readonly Key[];
}

/** A trace with what it exchanges. */
interface Choice {
  readonly order: LocalOrder;
  readonly exchange: Exchange;
}

/** A thread's traces. */
interface Thread {
  readonly traces: readonly Choice[];
  /** The last thread before it that has the same ones, in the same order. */
  readonly like: number | undefined;
}

function count(map: Map<Key, number>, key: Key, by: number): void {
  map.set(key, (map.get(key) ?? 0) + by);
}

const keyOf = (cell: Cell, value: bigint): Key => `${cell.id}:${value}`;

function exchangeOf({ nodes, lastWrite, trace }: LocalOrder, memory: Memory): Exchange {
  const offers = new Map<Key, number>();
  const needs: Key[] = [];
  const takes: Key[] = [];
  const paired = new Set(trace.events.map((event) => (event.kind === "write" ? event.pairedRead : undefined)));
  for (const [index, { event, cells }] of nodes.entries()) {
    if (!("value" in event)) continue;
    for (const cell of cells) {
      const wanted = keyOf(cell, piece(event.value, event.address, cell.address, cell.bytes));
      const isOwn = event.kind === "read" && lastWrite[index] !== undefined;
      const isInitial = !isOwn && wanted === keyOf(cell, memory.initial(cell.address, cell.bytes));
      if (event.kind === "write") count(offers, wanted, 1);
      // Of its own values a load can have the last one, a fetch any before it: those offered so far are more than enough.
      else if (!isInitial && !offers.has(wanted)) needs.push(wanted);
      if (event.kind === "read" && !isOwn && paired.has(event.id)) takes.push(wanted);
    }
  }
  return { needs, offers, takes };
}

/** What some threads can still write: by value, and by what is taken for it first ("" for nothing). */
type Prospect = ReadonlyMap<Key, ReadonlyMap<Key, Amount>>;

interface Amount {
  /** How often at most, one trace of each thread chosen. */
  readonly all: number;
  /** How often one trace has it at most. */
  readonly each: number;
}

/** Adds what one thread can write. */
function withThread(prospect: Prospect, traces: readonly Choice[]): Prospect {
  const own = new Map<Key, Map<Key, number>>();
  for (const { exchange } of traces) {
    const [taken = ""] = exchange.takes;
    for (const [key, times] of exchange.offers) {
      const amounts = own.get(key) ?? new Map<Key, number>();
      own.set(key, amounts.set(taken, Math.max(amounts.get(taken) ?? 0, times)));
    }
  }
  const together = new Map([...prospect].map(([key, amounts]) => [key, new Map(amounts)]));
  for (const [key, amounts] of own) {
    const into = together.get(key) ?? new Map<Key, Amount>();
    together.set(key, into);
    for (const [taken, times] of amounts) {
      const { all, each } = into.get(taken) ?? { all: 0, each: 0 };
      into.set(taken, { all: all + times, each: Math.max(each, times) });
    }
  }
  return together;
}

/** One trace of each thread. */
export interface Chosen {
  readonly threads: readonly LocalOrder[];
  /** Whether the value of a cell is replaced atomically each time that it is there: then it is never the last one. */
  replaced(cell: Cell, value: bigint): boolean;
}

class Chooser {
  readonly #chosen: Choice[] = [];
  /** Which of its traces each has. */
  readonly #indices: number[] = [];
  /** What the chosen traces write and take. */
  readonly #offered = new Map<Key, number>();
  readonly #taken = new Map<Key, number>();
  /** What each thread and those after it can write. */
  readonly #later: Prospect[] = [new Map()];
  /** Whether there is anything to be counted. */
  readonly #counts: boolean;

  constructor(
    readonly threads: readonly Thread[],
    /** The values that are there before anything is written. */
    readonly initially: ReadonlySet<Key>,
    readonly looked: () => void,
  ) {
    for (const { traces } of [...threads].reverse())
      this.#later.unshift(withThread(this.#later[0] as Prospect, traces));
    this.#counts = threads.some(({ traces }) => traces.some(({ exchange }) => exchange.takes.length > 0));
  }

  *combinations(): Generator<Chosen> {
    const thread = this.threads[this.#chosen.length];
    if (thread === undefined) {
      yield { threads: this.#chosen.map(({ order }) => order), replaced: this.#replaced() };
      return;
    }
    const first = thread.like === undefined ? 0 : (this.#indices[thread.like] as number);
    for (const [index, choice] of thread.traces.entries()) {
      if (index < first) continue;
      this.looked();
      this.#chosen.push(choice);
      this.#indices.push(index);
      this.#add(choice, 1);
      if (this.#isPossible()) yield* this.combinations();
      this.#add(choice, -1);
      this.#chosen.pop();
      this.#indices.pop();
    }
  }

  #replaced(): (cell: Cell, value: bigint) => boolean {
    const found = new Set<Key>();
    for (const [key, times] of this.#taken) {
      const there = (this.#offered.get(key) ?? 0) + (this.initially.has(key) ? 1 : 0);
      if (times > 0 && times === there) found.add(key);
    }
    return (cell, value) => found.has(keyOf(cell, value));
  }

  #add({ exchange }: Choice, sign: 1 | -1): void {
    for (const [key, times] of exchange.offers) count(this.#offered, key, sign * times);
    for (const key of exchange.takes) count(this.#taken, key, sign);
  }

  #isPossible(): boolean {
    const later = this.#later[this.#chosen.length] as Prospect;
    const has = (key: Key): boolean => (this.#offered.get(key) ?? 0) > 0 || later.has(key);
    if (!this.#chosen.every(({ exchange }) => exchange.needs.every(has))) return false;
    return !this.#counts || this.#isSupplied(later);
  }

  /** Whether each value may be there as often as it is taken. */
  #isSupplied(later: Prospect): boolean {
    let supply: ReadonlyMap<Key, number> | undefined;
    // What can be written depends on what there is to be taken for it: each round is nearer to the truth, never below it.
    for (let round = this.#chosen.length; round <= this.threads.length; round++) {
      supply = this.#supply(later, supply);
      for (const [key, times] of this.#taken) if (times > (supply.get(key) ?? 0)) return false;
    }
    return true;
  }

  #supply(later: Prospect, before: ReadonlyMap<Key, number> | undefined): ReadonlyMap<Key, number> {
    const left = (taken: Key): number => {
      if (taken === "" || before === undefined) return Number.POSITIVE_INFINITY;
      return Math.max(0, (before.get(taken) ?? 0) - (this.#taken.get(taken) ?? 0));
    };
    const supply = new Map(this.#offered);
    for (const key of this.initially) count(supply, key, 1);
    for (const [key, amounts] of later) {
      for (const [taken, { all, each }] of amounts) count(supply, key, Math.min(all, each * left(taken)));
    }
    return supply;
  }
}

/** Whether who does it can be seen: by a register, a fault, or what is said of a fetch. */
function isSeen({ observed }: Problem, thread: number, traces: readonly LocalOrder[]): boolean {
  return (
    observed.some((each) => each.kind === "register" && each.thread === thread) ||
    traces.some(({ trace }) => trace.faults.length > 0 || trace.events.some(({ kind }) => kind === "fetch"))
  );
}

/** The threads' traces, those of threads that do the same in the same order. */
function threadsOf(orders: readonly (readonly LocalOrder[])[], problem: Problem, memory: Memory): Thread[] {
  const last = new Map<string, number>();
  return orders.map((traces, thread) => {
    const choices = traces.map((order) => ({ order, exchange: exchangeOf(order, memory) }));
    if (isSeen(problem, thread, traces)) return { traces: choices, like: undefined };
    const shaped = choices.map((choice) => ({ choice, shape: shapeOf(choice.order.trace, "without places") }));
    shaped.sort((a, b) => (a.shape < b.shape ? -1 : a.shape > b.shape ? 1 : 0));
    const shape = shaped.map((each) => each.shape).join("\n\n");
    const like = last.get(shape);
    last.set(shape, thread);
    return { traces: shaped.map(({ choice }) => choice), like };
  });
}

/** `looked` is called for each trace that is tried; it may throw. */
export function combinations(
  orders: readonly (readonly LocalOrder[])[],
  problem: Problem,
  memory: Memory,
  looked: () => void,
): Generator<Chosen> {
  const cells = orders.flatMap((traces) => traces.flatMap(({ nodes }) => nodes.flatMap((node) => node.cells)));
  const initially = new Set([...new Set(cells)].map((cell) => keyOf(cell, memory.initial(cell.address, cell.bytes))));
  return new Chooser(threadsOf(orders, problem, memory), initially, looked).combinations();
}
