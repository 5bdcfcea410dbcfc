/**
 * An execution for people: its events in one order that ordered-before allows, with what each load and fetch found, and
 * for what it did not find, why nothing made it. Addresses and words stand as 0x..., for the reader's names to replace.
 */
import { disassemble } from "../../engine/index.js";
import type { Candidate, CandidateNode, ReadPlace, Source } from "./candidate.js";
import type { BarrierEvent, ThreadEvent } from "./events.js";
import { type Cell, type Memory, piece } from "./memory.js";
import type { Execution } from "./search.js";

/** An allowed execution that the checker found. */
export interface FoundExecution {
  readonly candidate: Candidate;
  readonly execution: Execution;
  readonly memory: Memory;
  /** By thread. */
  readonly names: readonly string[];
}

export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** One order of all nodes that ordered-before allows; it stays with a thread as long as it can. */
export function linearOrder({ candidate, execution: { order } }: FoundExecution): number[] {
  const left = new Set(candidate.nodes.flatMap((node, index) => (node === undefined ? [] : [index])));
  const done: number[] = [];
  let thread = -1;
  while (left.size > 0) {
    const ready = [...left].filter((index) => ![...left].some((other) => other !== index && order.has(other, index)));
    const next = ready.find((index) => candidate.node(index).thread === thread) ?? ready[0];
    if (next === undefined) throw new RangeError("ordered-before has a cycle");
    left.delete(next);
    done.push(next);
    thread = candidate.node(next).thread;
  }
  return done;
}

/** The word that a thread executed at an instruction of its own. */
export function instructionText({ candidate, memory }: FoundExecution, thread: number, event: ThreadEvent): string {
  const trace = candidate.threads[thread]?.trace;
  const fetch = trace?.events.find((other) => other.kind === "fetch" && other.instruction === event.instruction);
  const word = fetch?.kind === "fetch" ? Number(fetch.value) : Number(memory.initial(event.pc, 4));
  return disassemble(word, event.pc) ?? `.word ${hex(word)}`;
}

/** What a place read, in the order of its node's cells. */
export function sourcesOf({ execution }: FoundExecution, node: number): { place: ReadPlace; source: Source }[] {
  return [...execution.sources]
    .filter(([place]) => place.node === node)
    .map(([place, source]) => ({ place, source }))
    .sort((a, b) => (a.place.cell.address < b.place.cell.address ? -1 : 1));
}

interface Line {
  readonly thread: string;
  readonly instruction: string;
  readonly text: string;
}

class Teller {
  readonly #lines: Line[] = [];
  /** The line of each node. */
  readonly #steps = new Map<number, number>();
  readonly #told = new Set<ThreadEvent>();

  constructor(readonly found: FoundExecution) {}

  tell(): Line[] {
    const { candidate } = this.found;
    for (const index of linearOrder(this.found)) {
      const node = candidate.node(index);
      if (node.event.kind !== "fetch" || this.#isInTurn(index)) this.#passBarriers(node.thread, node.event.instruction);
      this.#steps.set(index, this.#lines.length + 1);
      this.#say(node.thread, node.event, `${this.#textOf(index, node)}${this.#aheadOf(index)}`);
    }
    for (const thread of candidate.threads.keys()) this.#passBarriers(thread, Number.POSITIVE_INFINITY);
    for (const [thread, { trace }] of candidate.threads.entries()) {
      for (const { type, pc, address } of trace.faults) {
        const text = `takes a fault: ${type}${address === undefined ? "" : ` of ${hex(address)}`}`;
        this.#lines.push({ thread: this.found.names[thread] ?? "", instruction: hex(pc), text });
      }
    }
    return this.#lines;
  }

  /** Whether all that its thread did before has been told: a fetch may be early. */
  #isInTurn(index: number): boolean {
    const { candidate } = this.found;
    const { thread, event } = candidate.node(index);
    const first = candidate.offsets[thread] as number;
    for (let before = first; before < index; before++) {
      if (candidate.node(before).event.instruction < event.instruction && !this.#steps.has(before)) return false;
    }
    return true;
  }

  /** The first event that stands before this one in program order and comes after it here. */
  #aheadOf(index: number): string {
    const { candidate } = this.found;
    const { thread, event } = candidate.node(index);
    for (let before = candidate.offsets[thread] as number; before < index; before++) {
      const earlier = candidate.node(before).event;
      if (this.#steps.has(before) || earlier.kind === "fetch" || earlier.instruction >= event.instruction) continue;
      return `; ahead of ${hex(earlier.pc)}, which nothing orders before it`;
    }
    return "";
  }

  /** Barriers and exceptions order nothing by themselves; they are told where their thread passes them. */
  #passBarriers(thread: number, instruction: number): void {
    for (const event of this.found.candidate.threads[thread]?.trace.events ?? []) {
      if (event.instruction >= instruction) return;
      if (event.kind !== "barrier" && event.kind !== "entry" && event.kind !== "return") continue;
      if (this.#told.has(event)) continue;
      this.#told.add(event);
      this.#say(thread, event, barrierText(event));
    }
  }

  #say(thread: number, event: ThreadEvent, text: string): void {
    const instruction = `${hex(event.pc)}: ${instructionText(this.found, thread, event)}`;
    this.#lines.push({ thread: this.found.names[thread] ?? "", instruction, text });
  }

  #textOf(index: number, { event }: CandidateNode): string {
    switch (event.kind) {
      case "write":
        return `writes ${hex(event.value)} to ${hex(event.address)}`;
      case "dc":
        return "cleans the line to the point of unification";
      case "ic":
        return event.address === undefined
          ? "invalidates all instruction caches"
          : "invalidates the line in all instruction caches";
      case "read":
        return sourcesOf(this.found, index)
          .map(({ place, source }) => this.#found("reads", place, source))
          .join("; ");
      case "fetch":
        return sourcesOf(this.found, index)
          .map(({ place, source }) => this.#found("is fetched:", place, source))
          .join("; ");
    }
  }

  #found(verb: string, place: ReadPlace, source: Source): string {
    const { candidate } = this.found;
    const value = candidate.valueAt(place.node, place.cell);
    const from = source === "initial" ? "as it was at first" : `from ${this.#step(source)}`;
    const missed = this.#missed(place, source).map((store) => this.#whyMissed(place.node, store));
    return [`${verb} ${hex(value)} at ${hex(place.cell.address)}, ${from}`, ...missed].join("; ");
  }

  #step(node: number): string {
    const step = this.#steps.get(node);
    const { thread } = this.found.candidate.node(node);
    return step === undefined ? `${this.found.names[thread]}'s store further down` : `step ${step}`;
  }

  /** Stores to the cell that came before, and are newer than what was read. */
  #missed({ cell }: ReadPlace, source: Source): number[] {
    const { candidate, execution } = this.found;
    return candidate.storesTo(cell).filter((store) => {
      if (store === source || !this.#steps.has(store)) return false;
      return source === "initial" || execution.order.has(source, store) || !execution.order.has(store, source);
    });
  }

  #whyMissed(node: number, store: number): string {
    const { candidate, execution } = this.found;
    const name = `${this.found.names[candidate.node(store).thread]}'s ${this.#step(store)}`;
    if (candidate.node(node).event.kind !== "fetch") return `${name} may come later`;
    return execution.order.has(store, node)
      ? `${name} is before it, but the cache was not made to look again`
      : `stale: nothing puts ${name} before it`;
  }
}

function barrierText(event: ThreadEvent): string {
  if (event.kind === "entry") return "takes an exception, which synchronises its context";
  if (event.kind === "return") return "returns from an exception, which synchronises its context";
  const { op } = event as BarrierEvent;
  return op === "ISB" ? "synchronises its context" : "";
}

/** Numbered lines, one an event, in columns. `named` gives addresses and words their names. */
export function witnessLines(found: FoundExecution, named: (text: string) => string = (text) => text): string[] {
  const lines = new Teller(found)
    .tell()
    .map(({ thread, instruction, text }) => [thread, named(instruction), named(text)]);
  const width = (column: number): number => Math.max(0, ...lines.map((line) => line[column]?.length ?? 0));
  const [names, instructions, digits] = [width(0), width(1), String(lines.length).length];
  return lines.map(([thread = "", instruction = "", text = ""], index) =>
    `${String(index + 1).padStart(digits)}. ${thread.padEnd(names)}  ${instruction.padEnd(instructions)}  ${text}`.trimEnd(),
  );
}

/** The value that a store leaves in a cell. */
export function valueIn({ candidate }: FoundExecution, store: number, cell: Cell): bigint {
  const { address, value } = candidate.node(store).event as { address: bigint; value: bigint };
  return piece(value, address, cell.address, cell.bytes);
}
