/**
 * Whether a candidate has an allowed execution: a choice of what each load and fetch read, of coherence, and of where
 * each IC and DC falls, under which ordered-before has no cycle.
 *
 * Source: Arm's published model, herdtools7 herd/libdir/aarch64.cat: obs, haz-ob, the external and internal visibility
 * requirements, atomic. Each requirement that leaves a choice becomes a clause: alternatives, each a set of pairs to be
 * put into ordered-before. A clause of which one alternative is left acts at once, so that most choices are never made.
 * Choices that nothing depends on stay open: a linear extension of ordered-before settles them.
 *
 * Departures: fetches are single-copy atomic, and so are stores to several instruction words (herd takes none of them):
 * a fetch that reads one piece of a store reads no older store for the others.
 */
import type { Candidate, ReadPlace, Source } from "./candidate.js";
import type { FetchEvent, MaintenanceEvent, WriteEvent } from "./events.js";
import { inLine, type LocalOrder } from "./local-order.js";
import type { Relation } from "./relation.js";

/** Pairs "before, after", flat. */
type Alternative = readonly number[];
type Clause = readonly Alternative[];

export interface SearchOptions {
  readonly idc: boolean;
  readonly dic: boolean;
  readonly lineBytes: number;
  /** Pairs that have to hold. */
  readonly required: readonly (readonly [number, number])[];
  /** Two nodes that must not become ordered, and all of coherence and DC is to be decided: for the CMODX requirement. */
  readonly unordered?: readonly [number, number];
  /** Called for each choice that is tried; it may throw to end the search. */
  tried(): void;
}

export interface Execution {
  /** What each place read. */
  readonly sources: ReadonlyMap<ReadPlace, Source>;
  readonly order: Relation;
}

/** The first allowed execution found; undefined if there is none. */
export function findExecution(candidate: Candidate, options: SearchOptions): Execution | undefined {
  const places = candidate.readPlaces();
  if (places === undefined) return undefined;
  return new Search(candidate, places, options).run();
}

class Search {
  readonly #order: Relation;
  readonly #clauses: Clause[] = [];
  readonly #sources = new Map<ReadPlace, Source>();

  constructor(
    readonly candidate: Candidate,
    readonly places: readonly ReadPlace[],
    readonly options: SearchOptions,
  ) {
    this.#order = candidate.order.clone();
  }

  run(): Execution | undefined {
    for (const [before, after] of this.options.required) if (!this.#add([before, after])) return undefined;
    this.#addInvalidations();
    if (this.options.unordered !== undefined) this.#decideAll();
    const found = this.#propagate() && this.#assign(0);
    return found ? { sources: this.#sources, order: this.#order } : undefined;
  }

  // ---- choices ---------------------------------------------------------------------------------

  #assign(index: number): boolean {
    const place = this.places[index];
    if (place === undefined) return this.#decide();
    for (const source of place.sources) {
      this.options.tried();
      const [order, clauses] = [this.#order.bits.slice(), this.#clauses.length];
      this.#sources.set(place, source);
      if (this.#read(place, source) && this.#propagate() && this.#assign(index + 1)) return true;
      this.#order.bits.set(order);
      this.#clauses.length = clauses;
    }
    this.#sources.delete(place);
    return false;
  }

  #decide(): boolean {
    const open = this.#clauses.find((clause) => !clause.some((alternative) => this.#holds(alternative)));
    if (open === undefined) return true;
    for (const alternative of open) {
      this.options.tried();
      const order = this.#order.bits.slice();
      if (this.#add(alternative) && this.#propagate() && this.#decide()) return true;
      this.#order.bits.set(order);
    }
    return false;
  }

  /** Does what is without an alternative. False if some clause has none left. */
  #propagate(): boolean {
    for (let changed = true; changed; ) {
      changed = false;
      for (const clause of this.#clauses) {
        if (clause.some((alternative) => this.#holds(alternative))) continue;
        const possible = clause.filter((alternative) => this.#possible(alternative));
        if (possible.length > 1) continue;
        if (possible[0] === undefined || !this.#add(possible[0])) return false;
        changed = true;
      }
    }
    return this.#keepsUnordered();
  }

  #keepsUnordered(): boolean {
    const pair = this.options.unordered;
    return pair === undefined || !(this.#order.has(pair[0], pair[1]) || this.#order.has(pair[1], pair[0]));
  }

  #holds(alternative: Alternative): boolean {
    for (let at = 0; at < alternative.length; at += 2) {
      if (!this.#order.has(alternative[at] as number, alternative[at + 1] as number)) return false;
    }
    return true;
  }

  #possible(alternative: Alternative): boolean {
    for (let at = 0; at < alternative.length; at += 2) {
      const [before, after] = [alternative[at] as number, alternative[at + 1] as number];
      if (before === after || this.#order.has(after, before)) return false;
    }
    return true;
  }

  #add(alternative: Alternative): boolean {
    for (let at = 0; at < alternative.length; at += 2) {
      if (!this.#order.order(alternative[at] as number, alternative[at + 1] as number)) return false;
    }
    return true;
  }

  // ---- reads-from ------------------------------------------------------------------------------

  #read(place: ReadPlace, source: Source): boolean {
    return this.candidate.node(place.node).event.kind === "fetch"
      ? this.#fetch(place, source)
      : this.#load(place, source);
  }

  /** Exp-obs, Exp-haz-ob and the internal visibility requirements. */
  #load({ node, cell }: ReadPlace, source: Source): boolean {
    const { candidate } = this;
    const { thread } = candidate.node(node);
    if (source !== "initial" && candidate.node(source).thread !== thread) {
      // obs; sca-class
      for (const piece of candidate.siblings(node)) if (!this.#add([source, piece])) return false;
    }
    const before = this.#earlierLoads(node, cell.id);
    for (const store of candidate.storesTo(cell)) {
      if (store === source) continue;
      const external = candidate.node(store).thread !== thread;
      const after = external ? [node, ...before].flatMap((load) => [load, store]) : [node, store];
      if (source === "initial") {
        if (!this.#add(after)) return false;
      } else if (!external && candidate.node(store).event.instruction < candidate.node(node).event.instruction) {
        // The internal visibility requirement: what is read is not older than what the thread itself wrote before.
        if (!this.#add([store, source])) return false;
      } else {
        this.#clauses.push([
          [store, source],
          [source, store, ...after],
        ]);
      }
    }
    return this.#atomic(node, source, cell.id);
  }

  #earlierLoads(node: number, cell: number): number[] {
    const { thread, event } = this.candidate.node(node);
    const found: number[] = [];
    for (let at = this.candidate.offsets[thread] as number; at < node; at++) {
      const other = this.candidate.node(at);
      if (other.event.kind !== "read" || other.event.instruction === event.instruction) continue;
      if (other.cells.some(({ id }) => id === cell)) found.push(at);
    }
    return found;
  }

  /** No other thread's store between a load and the store that is paired with it. */
  #atomic(node: number, source: Source, cell: number): boolean {
    const { candidate } = this;
    const { thread, event } = candidate.node(node);
    const paired = (candidate.stores.get(cell) ?? []).find((store) => {
      const other = candidate.node(store);
      return other.thread === thread && (other.event as WriteEvent).pairedRead === event.id;
    });
    if (paired === undefined) return true;
    for (const store of candidate.stores.get(cell) ?? []) {
      if (store === source || candidate.node(store).thread === thread) continue;
      if (source === "initial") {
        if (!this.#add([paired, store])) return false;
      } else {
        this.#clauses.push([
          [store, source],
          [paired, store],
        ]);
      }
    }
    return true;
  }

  /** Instr-obs without IC-after. */
  #fetch(place: ReadPlace, source: Source): boolean {
    const { candidate } = this;
    const { node, cell } = place;
    if (source !== "initial" && !this.#add([source, node])) return false;
    for (const store of candidate.storesTo(cell)) {
      if (store === source) continue;
      const older: Clause = source === "initial" ? [] : [[store, source]];
      if (this.options.dic) this.#clauses.push([...older, this.#fetchedBefore(node, store)]);
      else this.#addCoherenceOfInvalidations(node, store, older);
    }
    return this.#fetchOnce(place, source);
  }

  /** DIC: a fetch that reads an older value, and the fetches before it, are before the store. */
  #fetchedBefore(node: number, store: number): Alternative {
    return [node, ...this.#earlierFetches(node)].flatMap((fetch) => [fetch, store]);
  }

  #earlierFetches(node: number): number[] {
    const { thread, event } = this.candidate.node(node);
    return this.candidate.fetches.filter((fetch) => {
      const other = this.candidate.node(fetch);
      return other.thread === thread && other.event.instruction < event.instruction;
    });
  }

  /** Single-copy atomicity of fetches. */
  #fetchOnce(place: ReadPlace, source: Source): boolean {
    for (const [other, from] of this.#sources) {
      if (other.node !== place.node || other === place || from === source) continue;
      if (!this.#notOlder(source, from, other.cell.id) || !this.#notOlder(from, source, place.cell.id)) return false;
    }
    return true;
  }

  /** If `whole` covers the cell, what was read there from `from` is newer. */
  #notOlder(whole: Source, from: Source, cell: number): boolean {
    if (whole === "initial" || !this.candidate.node(whole).cells.some(({ id }) => id === cell)) return true;
    return from !== "initial" && this.#add([whole, from]);
  }

  // ---- cache maintenance -----------------------------------------------------------------------

  #localOrder(node: number): { local: LocalOrder; offset: number } {
    const { thread } = this.candidate.node(node);
    const { threads, offsets } = this.candidate;
    return { local: threads[thread] as LocalOrder, offset: offsets[thread] as number };
  }

  /** What follows the DSB that completes an IC; undefined if none does. */
  #completedBefore(ic: number): number[] | undefined {
    const { local, offset } = this.#localOrder(ic);
    return local.completedBefore.get(ic - offset)?.map((node) => offset + node);
  }

  #invalidates(ic: number, fetch: number): boolean {
    const { address } = this.candidate.node(ic).event as MaintenanceEvent;
    return inLine(this.candidate.node(fetch).event as FetchEvent, address, this.options.lineBytes);
  }

  /** IC-after one way or the other, and IC-ob. */
  #addInvalidations(): void {
    for (const ic of this.candidate.invalidations) {
      const completed = this.#completedBefore(ic);
      if (completed === undefined) continue;
      for (const fetch of this.candidate.fetches) {
        if (!this.#invalidates(ic, fetch)) continue;
        const before = this.#earlierFetches(fetch).flatMap((earlier) => completed.flatMap((after) => [earlier, after]));
        this.#clauses.push([
          [fetch, ic, ...before],
          [ic, fetch],
        ]);
      }
    }
  }

  /** IC-ca: a fetch after an IC that does not see a store says that the store, or its DC, is after the IC. */
  #addCoherenceOfInvalidations(fetch: number, store: number, older: Clause): void {
    const { candidate, options } = this;
    for (const ic of candidate.invalidations) {
      if (!this.#invalidates(ic, fetch) || this.#completedBefore(ic) === undefined) continue;
      if (options.idc) {
        this.#clauses.push([...older, [fetch, ic], [ic, store]]);
        continue;
      }
      for (const dc of candidate.cleans) {
        if (this.#cleans(dc, store)) this.#clauses.push([...older, [fetch, ic], [dc, store], [ic, dc]]);
      }
    }
  }

  #cleans(dc: number, store: number): boolean {
    const { address } = this.candidate.node(dc).event as MaintenanceEvent;
    return inLine(this.candidate.node(store).event as WriteEvent, address, this.options.lineBytes);
  }

  /** Coherence and DC-after, where no clause asks for them. */
  #decideAll(): void {
    const either = (a: number, b: number): void => {
      this.#clauses.push([
        [a, b],
        [b, a],
      ]);
    };
    for (const stores of this.candidate.stores.values()) {
      for (const [index, a] of stores.entries()) for (const b of stores.slice(index + 1)) either(a, b);
    }
    const all = new Set([...this.candidate.stores.values()].flat());
    for (const dc of this.candidate.cleans) for (const store of all) if (this.#cleans(dc, store)) either(dc, store);
  }
}
