/**
 * A candidate execution in the making: one trace of each thread, and what each load and fetch might have read.
 *
 * Ordered-before is one transitive bit matrix over all nodes. Coherence needs no relation of its own: two stores to one
 * cell are ordered-before each other one way or the other in every execution (lws in a thread, coherence-after between
 * threads), so that coherence is ordered-before between stores.
 */
import type { FetchEvent, ReadEvent, WriteEvent } from "./events.js";
import type { LocalOrder, Node } from "./local-order.js";
import { type Cell, piece } from "./memory.js";
import { Relation } from "./relation.js";

/** The store that a load or fetch reads from: a node, or the initial value. */
export type Source = number | "initial";

/** A load's or a fetch's piece, and what it may have read. */
export interface ReadPlace {
  readonly node: number;
  readonly cell: Cell;
  readonly sources: readonly Source[];
}

export interface CandidateNode extends Node {
  readonly thread: number;
  /** Its number in its thread's local order. */
  readonly local: number;
}

export class Candidate {
  /** Sparse: each thread's nodes begin at a multiple of 32. */
  readonly nodes: (CandidateNode | undefined)[] = [];
  readonly offsets: number[] = [];
  readonly order: Relation;
  /** The stores to each cell, by its id. */
  readonly stores = new Map<number, number[]>();
  readonly fetches: number[] = [];
  readonly cleans: number[] = [];
  readonly invalidations: number[] = [];

  constructor(
    readonly threads: readonly LocalOrder[],
    readonly initial: (cell: Cell) => bigint,
  ) {
    for (const [thread, { nodes }] of threads.entries()) {
      const offset = (this.nodes.length + 31) & ~31;
      this.offsets.push(offset);
      this.nodes.length = offset;
      for (const [local, node] of nodes.entries()) this.#place({ ...node, thread, local }, offset + local);
    }
    this.order = new Relation(this.nodes.length);
    for (const [thread, { order }] of threads.entries()) this.#copy(order, this.offsets[thread] as number);
  }

  #place(node: CandidateNode, index: number): void {
    this.nodes[index] = node;
    const { kind } = node.event;
    if (kind === "fetch") this.fetches.push(index);
    if (kind === "dc") this.cleans.push(index);
    if (kind === "ic") this.invalidations.push(index);
    if (kind !== "write") return;
    for (const { id } of node.cells) {
      const stores = this.stores.get(id);
      if (stores === undefined) this.stores.set(id, [index]);
      else stores.push(index);
    }
  }

  #copy(local: Relation, offset: number): void {
    for (let row = 0; row < local.size; row++) {
      const to = (offset + row) * this.order.words + (offset >>> 5);
      this.order.bits.set(local.bits.subarray(row * local.words, (row + 1) * local.words), to);
    }
  }

  node(index: number): CandidateNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  /** All nodes of the event that a node belongs to. */
  siblings(index: number): number[] {
    const { thread, event } = this.node(index);
    const offset = this.offsets[thread] as number;
    return ((this.threads[thread] as LocalOrder).nodesOf[event.id] ?? []).map((local) => offset + local);
  }

  storesTo(cell: Cell): readonly number[] {
    return this.stores.get(cell.id) ?? [];
  }

  /** The value of a cell that a load or store has. */
  valueAt(index: number, cell: Cell): bigint {
    const { address, value } = this.node(index).event as ReadEvent | WriteEvent | FetchEvent;
    return piece(value, address, cell.address, cell.bytes);
  }

  /** The thread's own last store before a load to its cell. */
  ownStore(index: number): number | undefined {
    const { thread, local } = this.node(index);
    const found = (this.threads[thread] as LocalOrder).lastWrite[local];
    return found === undefined ? undefined : (this.offsets[thread] as number) + found;
  }

  /** Every load's and fetch's place, or undefined if one has nowhere to have its value from. */
  readPlaces(): ReadPlace[] | undefined {
    const places: ReadPlace[] = [];
    for (const [index, node] of this.nodes.entries()) {
      if (node === undefined || (node.event.kind !== "read" && node.event.kind !== "fetch")) continue;
      for (const cell of node.cells) {
        const sources = this.#sources(index, node, cell);
        if (sources.length === 0) return undefined;
        places.push({ node: index, cell, sources });
      }
    }
    return places.sort((a, b) => a.sources.length - b.sources.length);
  }

  #sources(index: number, { thread, event }: CandidateNode, cell: Cell): Source[] {
    const value = this.valueAt(index, cell);
    const own = event.kind === "read" ? this.ownStore(index) : undefined;
    const sources: Source[] = own === undefined && this.initial(cell) === value ? ["initial"] : [];
    for (const store of this.storesTo(cell)) {
      const { thread: writer, event: write } = this.node(store);
      // A load finds of its own thread's stores the last one; a fetch may find an older one.
      const visible =
        writer !== thread || (event.kind === "read" ? store === own : write.instruction < event.instruction);
      if (visible && this.valueAt(store, cell) === value) sources.push(store);
    }
    return sources;
  }
}
