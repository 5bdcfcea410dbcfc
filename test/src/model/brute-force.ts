/**
 * The model by generate and test: every choice of reads-from, of coherence, and of where each IC and DC falls, each judged
 * by the axioms as they are written. Slow, and it shares nothing with the search but a thread's traces and their local
 * order. Accesses of one size only.
 */
import { Combination, product, stateKey } from "#src/model/combinations.js";
import type { MaintenanceEvent, ReadEvent, WriteEvent } from "#src/model/events.js";
import { inLine, localOrder } from "#src/model/local-order.js";
import { Memory } from "#src/model/memory.js";
import type { Problem } from "#src/model/problem.js";
import { exploreThreads } from "#src/model/traces.js";

type Pair = readonly [number, number];

function* permutations<T>(items: readonly T[]): Generator<T[]> {
  if (items.length === 0) yield [];
  for (const [index, first] of items.entries()) {
    for (const rest of permutations([...items.slice(0, index), ...items.slice(index + 1)])) yield [first, ...rest];
  }
}

function isAcyclic(size: number, pairs: readonly Pair[]): boolean {
  const next: number[][] = Array.from({ length: size }, () => []);
  for (const [from, to] of pairs) next[from]?.push(to);
  const state = new Uint8Array(size);
  const visit = (node: number): boolean => {
    if (state[node] === 1) return false;
    if (state[node] === 2) return true;
    state[node] = 1;
    const fine = (next[node] ?? []).every(visit);
    state[node] = 2;
    return fine;
  };
  return Array.from({ length: size }, (_, node) => node).every(visit);
}

class Judge {
  readonly #local: Pair[] = [];

  constructor(
    readonly combination: Combination,
    readonly problem: Problem,
  ) {
    const { order, nodes } = combination.candidate;
    for (const from of nodes.keys()) for (const to of order.targets(from)) this.#local.push([from, to]);
  }

  get #candidate() {
    return this.combination.candidate;
  }

  /** Whether some choice allows the ending with these stores last. */
  allows(required: readonly Pair[]): boolean {
    const { stores } = this.#candidate;
    const places = this.#candidate.nodes.flatMap((node, index) =>
      node?.event.kind === "read" || node?.event.kind === "fetch" ? [{ index, cell: node.cells[0]?.id ?? -1 }] : [],
    );
    const sources = places.map(({ index, cell }) => this.#sources(index, cell));
    const cells = [...stores.keys()];
    for (const orders of product(cells.map((cell) => [...permutations(stores.get(cell) ?? [])]))) {
      const place = new Map(orders.flatMap((order) => order.map((store, at) => [store, at] as const)));
      const before = (a: number, b: number): boolean => (place.get(a) ?? -1) < (place.get(b) ?? -1);
      if (!required.every(([a, b]) => before(a, b))) continue;
      for (const from of product(sources)) {
        const read = new Map(places.map(({ index }, at) => [index, from[at] as number]));
        if (this.#isInternallyVisible(read, before) && this.#isOrdered(read, before)) return true;
      }
    }
    return false;
  }

  /** Stores with the value that was read; -1 is the initial one. */
  #sources(index: number, cell: number): number[] {
    const { event, cells } = this.#candidate.node(index);
    const place = cells[0];
    if (place === undefined) return [];
    const value = (event as ReadEvent).value;
    const found = (this.#candidate.stores.get(cell) ?? []).filter(
      (store) => (this.#candidate.node(store).event as WriteEvent).value === value,
    );
    return this.combination.memory.initial(place.address, place.bytes) === value ? [-1, ...found] : found;
  }

  #newer(index: number, source: number, before: (a: number, b: number) => boolean): number[] {
    const cell = this.#candidate.node(index).cells[0]?.id ?? -1;
    return (this.#candidate.stores.get(cell) ?? []).filter((store) => source === -1 || before(source, store));
  }

  /** coWW, coWR, coRW1 and atomic. */
  #isInternallyVisible(read: ReadonlyMap<number, number>, before: (a: number, b: number) => boolean): boolean {
    const { stores } = this.#candidate;
    const node = (index: number) => this.#candidate.node(index);
    const po = (a: number, b: number): boolean =>
      node(a).thread === node(b).thread && node(a).event.instruction < node(b).event.instruction;
    for (const list of stores.values()) {
      for (const a of list) for (const b of list) if (po(a, b) && !before(a, b)) return false;
    }
    for (const [index, source] of read) {
      if (node(index).event.kind === "fetch") continue;
      const newer = this.#newer(index, source, before);
      if (newer.some((store) => po(store, index))) return false;
      if (source !== -1 && node(source).thread === node(index).thread && !po(source, index)) return false;
      const paired = [...stores.values()].flat().find((store) => {
        const event = node(store).event as WriteEvent;
        return node(store).thread === node(index).thread && event.pairedRead === node(index).event.id;
      });
      const between = (store: number): boolean =>
        node(store).thread !== node(index).thread && before(store, paired ?? -1);
      if (paired !== undefined && newer.some((store) => store !== paired && between(store))) return false;
    }
    return true;
  }

  #communication(read: ReadonlyMap<number, number>, before: (a: number, b: number) => boolean): Pair[] {
    const pairs: Pair[] = [];
    const node = (index: number) => this.#candidate.node(index);
    const external = (a: number, b: number): boolean => node(a).thread !== node(b).thread;
    for (const list of this.#candidate.stores.values()) {
      for (const a of list) for (const b of list) if (external(a, b) && before(a, b)) pairs.push([a, b]);
    }
    for (const [index, source] of read) {
      const isFetch = node(index).event.kind === "fetch";
      if (source !== -1 && (isFetch || external(source, index))) pairs.push([source, index]);
      const earlier = [...read.keys()].filter(
        (other) =>
          node(other).thread === node(index).thread &&
          node(other).event.kind === node(index).event.kind &&
          node(other).event.instruction < node(index).event.instruction &&
          (isFetch || node(other).cells[0] === node(index).cells[0]),
      );
      for (const store of this.#newer(index, source, before)) {
        if (isFetch ? this.problem.dic : external(index, store)) {
          pairs.push([index, store], ...earlier.map((other): Pair => [other, store]));
        }
      }
    }
    return pairs;
  }

  #isOrdered(read: ReadonlyMap<number, number>, before: (a: number, b: number) => boolean): boolean {
    const { candidate } = this.combination;
    const fixed = [...this.#local, ...this.#communication(read, before)];
    const fetches = [...read.keys()].filter((index) => candidate.node(index).event.kind === "fetch");
    const { lineBytes } = this.problem;
    const covers = (op: number, access: number): boolean =>
      inLine(
        candidate.node(access).event as WriteEvent,
        (candidate.node(op).event as MaintenanceEvent).address,
        lineBytes,
      );
    const completed = candidate.invalidations.filter((ic) => this.#completed(ic) !== undefined);
    const invalidating = completed.flatMap((ic) =>
      fetches.filter((fetch) => covers(ic, fetch)).map((fetch): Pair => [ic, fetch]),
    );
    const stores = [...new Set([...candidate.stores.values()].flat())];
    const cleaning = candidate.cleans.flatMap((dc) =>
      stores.filter((store) => covers(dc, store)).map((store): Pair => [dc, store]),
    );
    for (const cleaned of product(cleaning.map(() => [false, true]))) {
      const cleans = cleaning.map(([dc, store], index): Pair => (cleaned[index] ? [store, dc] : [dc, store]));
      for (const after of product(invalidating.map(() => [false, true]))) {
        const pairs = [...fixed, ...cleans];
        for (const [index, [ic, fetch]] of invalidating.entries()) {
          if (after[index]) pairs.push([ic, fetch], ...this.#icCoherence(ic, fetch, read, before, cleans));
          else pairs.push([fetch, ic], ...this.#icOrder(ic, fetch, fetches));
        }
        if (isAcyclic(candidate.nodes.length, pairs)) return true;
      }
    }
    return false;
  }

  #completed(ic: number): number[] | undefined {
    const { thread } = this.#candidate.node(ic);
    const offset = this.#candidate.offsets[thread] ?? 0;
    return this.#candidate.threads[thread]?.completedBefore.get(ic - offset)?.map((node) => offset + node);
  }

  #icOrder(ic: number, fetch: number, fetches: readonly number[]): Pair[] {
    const { thread, event } = this.#candidate.node(fetch);
    const upTo = fetches.filter((other) => {
      const { thread: its, event: earlier } = this.#candidate.node(other);
      return its === thread && earlier.instruction <= event.instruction;
    });
    return upTo.flatMap((other) => (this.#completed(ic) ?? []).map((later): Pair => [other, later]));
  }

  #icCoherence(
    ic: number,
    fetch: number,
    read: ReadonlyMap<number, number>,
    before: (a: number, b: number) => boolean,
    cleans: readonly Pair[],
  ): Pair[] {
    const newer = this.#newer(fetch, read.get(fetch) ?? -1, before);
    if (this.problem.dic) return [];
    if (this.problem.idc) return newer.map((store): Pair => [ic, store]);
    return newer.flatMap((store) => cleans.filter(([from]) => from === store).map(([, dc]): Pair => [ic, dc]));
  }
}

/** The keys of all allowed final states. */
export function bruteForce(problem: Problem): Set<string> {
  const memory = new Memory(problem);
  for (const each of problem.observed) if (each.kind === "memory") memory.noteAccess(each.address, each.bytes);
  const { traces } = exploreThreads(problem, memory, { maxInstructions: 64, maxTraces: 1000, stop: () => false });
  const threads = traces.map((each) => each.map((trace) => localOrder(trace, memory, problem)));
  const states = new Set<string>();
  for (const chosen of product(threads)) {
    const combination = new Combination(problem, memory, { threads: chosen, replaced: () => false });
    const judge = new Judge(combination, problem);
    for (const { required, state } of combination.endings()) {
      if (!states.has(stateKey(state)) && judge.allows(required)) states.add(stateKey(state));
    }
  }
  return states;
}
