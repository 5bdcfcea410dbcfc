/**
 * What orders a thread's own accesses, whatever the other threads do: locally-hardware-required-ordered-before.
 *
 * Source: Arm's published model, herdtools7 herd/libdir/aarch64hwreqs.cat and aarch64deps.cat; the names of its
 * relations stand beside what implements them. Left out is what tests without translation tables and memory tags
 * cannot have. Departures:
 *   - an access of the model is one node for a store, however many instruction words it covers, and one for each piece
 *     of a load; the published model makes a node of each piece of a store too, and then has each ordered alike
 *     (`lws; sca-class`, `obs; sca-class`);
 *   - fetches of words that nobody writes have no node: each could be placed as early as the rest allows, and orders
 *     nothing that the thread's other events do not.
 */
import type { MaintenanceEvent, ReadEvent, ThreadEvent, Trace, WriteEvent } from "./events.js";
import type { Cell, Memory } from "./memory.js";
import type { Problem } from "./problem.js";
import { Relation } from "./relation.js";
import { members } from "./value.js";

type NodeEvent = Extract<ThreadEvent, { kind: "read" | "write" | "fetch" | "dc" | "ic" }>;

/** An event, or of a load that is cut into several cells one of them. */
export interface Node {
  readonly event: NodeEvent;
  /** The cells that it covers: of a load one, of DC and IC none. */
  readonly cells: readonly Cell[];
}

export interface LocalOrder {
  readonly trace: Trace;
  readonly nodes: readonly Node[];
  /** The nodes of each event. */
  readonly nodesOf: readonly (readonly number[])[];
  /** Transitive. */
  readonly order: Relation;
  /** For each load's node: the thread's last store before it to the same cell. */
  readonly lastWrite: readonly (number | undefined)[];
  /** For each IC that a DSB completes: what comes after that DSB, fetches apart. */
  readonly completedBefore: ReadonlyMap<number, readonly number[]>;
}

function nodesFor(trace: Trace, memory: Memory): Node[] {
  const nodes: Node[] = [];
  for (const event of trace.events) {
    if (trace.unused.has(event.id)) continue;
    if (event.kind === "read") {
      for (const cell of memory.cells(event.address, event.bytes)) nodes.push({ event, cells: [cell] });
    } else if (event.kind === "write" || event.kind === "fetch") {
      nodes.push({ event, cells: memory.cells(event.address, event.bytes) });
    } else if (event.kind === "dc" || event.kind === "ic") {
      nodes.push({ event, cells: [] });
    }
  }
  return nodes;
}

function overlap(a: Node, b: Node): boolean {
  return a.cells.some((cell) => b.cells.includes(cell));
}

/** Whether an access has a byte in the line of an address; an absent address stands for all lines. */
export function inLine(
  access: { readonly address: bigint; readonly bytes: number },
  address: bigint | undefined,
  lineBytes: number,
): boolean {
  if (address === undefined) return true;
  const line = address - (address % BigInt(lineBytes));
  return access.address < line + BigInt(lineBytes) && line < access.address + BigInt(access.bytes);
}

/** A load that acquires: not if its value goes nowhere. */
function acquired(event: ReadEvent): "A" | "Q" | undefined {
  return event.noReturn ? undefined : event.acquire;
}

class Builder {
  readonly nodes: readonly Node[];
  readonly nodesOf: number[][];
  readonly order: Relation;
  readonly lastWrite: (number | undefined)[];

  constructor(
    readonly trace: Trace,
    memory: Memory,
    readonly lineBytes: number,
  ) {
    this.nodes = nodesFor(trace, memory);
    this.nodesOf = trace.events.map(() => []);
    this.order = new Relation(this.nodes.length);
    this.nodes.forEach(({ event }, index) => this.nodesOf[event.id]?.push(index));
    this.lastWrite = this.nodes.map((node, index) =>
      node.event.kind === "read" ? this.lastWriteBefore(index, node.cells[0] as Cell) : undefined,
    );
  }

  lastWriteBefore(index: number, cell: Cell): number | undefined {
    const { instruction } = this.event(index);
    for (let before = index - 1; before >= 0; before--) {
      const node = this.nodes[before] as Node;
      if (node.event.kind === "write" && node.event.instruction < instruction && node.cells.includes(cell))
        return before;
    }
    return undefined;
  }

  event(index: number): NodeEvent {
    return (this.nodes[index] as Node).event;
  }

  /** Each pair of nodes in program order for which both tests hold. */
  pairs(first: (event: NodeEvent) => boolean, second: (event: NodeEvent) => boolean, barrier?: ThreadEvent): void {
    const from = this.#places(first, (at) => barrier === undefined || at < barrier.instruction);
    const to = this.#places(second, (at) => barrier === undefined || at > barrier.instruction);
    for (const a of from) {
      for (const b of to) if (this.event(a).instruction < this.event(b).instruction) this.order.set(a, b);
    }
  }

  #places(test: (event: NodeEvent) => boolean, at: (instruction: number) => boolean): number[] {
    const found: number[] = [];
    for (const [index, { event }] of this.nodes.entries()) if (test(event) && at(event.instruction)) found.push(index);
    return found;
  }

  /** Each load of a set, before each of some nodes. */
  reads(set: bigint, targets: readonly number[]): void {
    for (const read of members(set)) {
      for (const from of this.nodesOf[read] as number[]) for (const to of targets) this.order.set(from, to);
    }
  }

  after(instruction: number, test: (event: NodeEvent) => boolean): number[] {
    return this.#places(test, (at) => at > instruction);
  }
}

const isMemory = (event: NodeEvent): boolean => event.kind === "read" || event.kind === "write";
const isWrite = (event: NodeEvent): boolean => event.kind === "write";
const isClean = (event: NodeEvent): boolean => event.kind === "dc";
const isMemoryOrClean = (event: NodeEvent): boolean => isMemory(event) || isClean(event);
const isReturningRead = (event: NodeEvent): boolean => event.kind === "read" && !event.noReturn;
const isFetch = (event: NodeEvent): boolean => event.kind === "fetch";
const isNoFetch = (event: NodeEvent): boolean => event.kind !== "fetch";
const isAny = (): boolean => true;

/** What a DSB waits for. */
const completedBy = { full: isAny, loads: isReturningRead, stores: isWrite } as const;

/** bob and DSB-ob of one barrier. */
function barrierOrder(build: Builder, barrier: Extract<ThreadEvent, { kind: "barrier" }>): void {
  const { op, accesses } = barrier;
  if (op === "ISB") return;
  if (op === "DSB") build.pairs(completedBy[accesses], isNoFetch, barrier);
  if (accesses === "full") build.pairs(isMemoryOrClean, isMemoryOrClean, barrier);
  else if (accesses === "loads") build.pairs(isReturningRead, isMemory, barrier);
  else build.pairs(isWrite, isWrite, barrier);
}

/** IFB-ob: what a context synchronisation event puts before everything that follows it. */
function synchronisationOrder(
  build: Builder,
  sync: ThreadEvent & { readonly control: { readonly picked: bigint } },
): void {
  const following = build.after(sync.instruction, isAny);
  build.reads(sync.control.picked, following);
  for (const { event } of build.nodes) {
    if ((event.kind === "read" || event.kind === "write") && event.instruction < sync.instruction) {
      build.reads(event.addressOf.picked, following);
    }
  }
  for (const barrier of build.trace.events) {
    if (barrier.kind !== "barrier" || barrier.op !== "DSB" || barrier.instruction >= sync.instruction) continue;
    for (const [from, { event }] of build.nodes.entries()) {
      if (event.instruction >= barrier.instruction || !completedBy[barrier.accesses](event)) continue;
      for (const to of following) build.order.set(from, to);
    }
  }
}

/** dob and pob towards one event, and through its address to later stores. */
function dependencyOrder(build: Builder, event: NodeEvent): void {
  const own = build.nodesOf[event.id] as number[];
  if (event.kind === "read") build.reads(event.addressOf.from, own);
  else if (event.kind !== "fetch") build.reads(event.addressOf.picked | event.control.picked, own);
  if (event.kind === "write") build.reads(event.data.picked, own);
  if (event.kind === "read" || event.kind === "write") {
    build.reads(event.addressOf.picked, build.after(event.instruction, isWrite));
  }
}

/** rmw, and what a load that finds its own thread's store is ordered after: addr; lrs, data; lrs and rmw; lrs; [A | Q]. */
function forwardingOrder(build: Builder): void {
  for (const [index, { event }] of build.nodes.entries()) {
    if (event.kind === "write" && event.pairedRead !== undefined) {
      for (const read of build.nodesOf[event.pairedRead] as number[]) build.order.set(read, index);
    }
    const found = build.lastWrite[index];
    if (event.kind !== "read" || found === undefined) continue;
    const store = build.event(found) as WriteEvent;
    build.reads(store.addressOf.from | store.data.from, [index]);
    if (acquired(event) !== undefined && store.pairedRead !== undefined) {
      // The catalogue wants its sca-class too: qspinlock relies on it (CoRR+amo.swph0h0-posh0a.w0+w0).
      const reads = build.nodesOf[store.pairedRead] as number[];
      for (const read of reads) for (const piece of build.nodesOf[event.id] as number[]) build.order.set(read, piece);
    }
  }
}

/** The part of bob that acquires and releases. */
function acquireReleaseOrder(build: Builder): void {
  const readOf = ({ pairedRead }: WriteEvent): ReadEvent | undefined =>
    pairedRead === undefined ? undefined : (build.trace.events[pairedRead] as ReadEvent);
  const acquire = (event: NodeEvent): boolean => event.kind === "read" && acquired(event) === "A";
  const anyAcquire = (event: NodeEvent): boolean => event.kind === "read" && acquired(event) !== undefined;
  const release = (event: NodeEvent): boolean => event.kind === "write" && event.release;
  const both = (event: NodeEvent): boolean => {
    if (event.kind !== "write" || !event.release || !event.atomic) return false;
    const read = readOf(event);
    return read !== undefined && acquire(read);
  };
  build.pairs(both, isMemory);
  build.pairs(release, acquire);
  build.pairs(anyAcquire, isMemory);
  build.pairs(isMemory, release);
}

/** lws, po-scl-ob, f-ib and f-ob. */
function placeOrder(build: Builder): void {
  const { nodes, order, lineBytes } = build;
  for (const [a, first] of nodes.entries()) {
    for (let b = a + 1; b < nodes.length; b++) {
      const second = nodes[b] as Node;
      const sameInstruction = first.event.instruction === second.event.instruction;
      if (isFetch(first.event)) {
        if (isNoFetch(second.event)) order.set(a, b);
      } else if (!sameInstruction && isMemory(first.event) && isWrite(second.event)) {
        if (overlap(first, second)) order.set(a, b);
      } else if (!sameInstruction && sameLine(first.event, second.event, lineBytes)) {
        order.set(a, b);
      }
    }
  }
}

/** Problem.inOrder. */
function programOrder(build: Builder): void {
  build.pairs((event) => !isFetch(event) && !isClean(event), isNoFetch);
  build.pairs(isClean, (event) => !isFetch(event) && event.kind !== "ic");
  for (const event of build.trace.events) {
    const synchronises =
      event.kind === "entry" || event.kind === "return" || (event.kind === "barrier" && event.op === "ISB");
    if (synchronises) build.pairs(isAny, isAny, event);
  }
}

/** Whether one is a DC and the other an access or a DC in its line. */
function sameLine(a: NodeEvent, b: NodeEvent, lineBytes: number): boolean {
  const place = (event: MaintenanceEvent): { address: bigint; bytes: number } => ({
    address: event.address ?? 0n,
    bytes: 1,
  });
  if (a.kind === "dc" && b.kind === "dc") return inLine(place(a), b.address, lineBytes);
  if (a.kind === "dc" && (b.kind === "read" || b.kind === "write")) return inLine(b, a.address, lineBytes);
  return b.kind === "dc" && (a.kind === "read" || a.kind === "write") && inLine(a, b.address, lineBytes);
}

/** pick-lob: what a load that finds its own thread's store picked through memory puts before later stores. */
function pickedOrder(build: Builder): void {
  for (const [index, { event }] of build.nodes.entries()) {
    const found = build.lastWrite[index];
    if (event.kind !== "read" || found === undefined) continue;
    const stores = [...build.order.targets(index)].filter((to) => isWrite(build.event(to)));
    build.reads((build.event(found) as WriteEvent).carries.picked, stores);
  }
}

function completions(build: Builder): Map<number, readonly number[]> {
  const found = new Map<number, readonly number[]>();
  for (const [index, { event }] of build.nodes.entries()) {
    if (event.kind !== "ic") continue;
    const barrier = build.trace.events.find(
      (later) =>
        later.kind === "barrier" &&
        later.op === "DSB" &&
        later.accesses === "full" &&
        later.instruction > event.instruction,
    );
    if (barrier !== undefined) found.set(index, build.after(barrier.instruction, isNoFetch));
  }
  return found;
}

export function localOrder(
  trace: Trace,
  memory: Memory,
  { lineBytes, inOrder }: Pick<Problem, "lineBytes" | "inOrder">,
): LocalOrder {
  const build = new Builder(trace, memory, lineBytes);
  for (const event of trace.events) {
    if (event.kind === "barrier") barrierOrder(build, event);
    if (event.kind === "entry" || event.kind === "return" || (event.kind === "barrier" && event.op === "ISB")) {
      synchronisationOrder(build, event);
    }
  }
  for (const { event } of build.nodes) dependencyOrder(build, event);
  forwardingOrder(build);
  acquireReleaseOrder(build);
  placeOrder(build);
  if (inOrder === true) programOrder(build);
  build.order.closeForwards();
  pickedOrder(build);
  build.order.closeForwards();
  const { nodes, nodesOf, order, lastWrite } = build;
  return { trace, nodes, nodesOf, order, lastWrite, completedBefore: completions(build) };
}
