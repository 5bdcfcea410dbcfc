/** The state of one thread between two instructions, and the choices that it has made. */

import type { SystemRegister } from "../../engine/index.js";
import type { ReadEvent, ThreadEvent, WriteEvent } from "./events.js";
import type { Memory } from "./memory.js";
import { piece } from "./memory.js";
import type { FaultType, ProblemThread, ThreadFault } from "./problem.js";
import { constant, type Dependencies, independent, members, type Value } from "./value.js";

/** What LDXR leaves behind for STXR. */
export interface ExclusiveMonitor {
  readonly read: number;
  readonly address: bigint;
  readonly bytes: number;
}

/** The answers to an instruction's open questions: those given so far, and how many each question has. */
export class Choices {
  readonly #taken: number[] = [];
  readonly #of: number[] = [];
  #next = 0;

  /** One of 0 to `count` - 1. */
  choose(count: number): number {
    const index = this.#next++;
    if (index === this.#taken.length) {
      this.#taken.push(0);
      this.#of.push(count);
    }
    return this.#taken[index] as number;
  }

  /** One of the keys of a map, with what it has there. */
  among<K, V>(options: ReadonlyMap<K, V>): readonly [K, V] {
    const entries = [...options];
    return (entries.length === 1 ? entries[0] : entries[this.choose(entries.length)]) as readonly [K, V];
  }

  /** Whether some question so far had more than one answer. */
  get open(): boolean {
    return this.#of.length > 0;
  }

  /** Makes the next answers differ from all before. False if there are no others. */
  advance(): boolean {
    this.#next = 0;
    while (this.#taken.length > 0) {
      const last = this.#taken.length - 1;
      const next = (this.#taken[last] as number) + 1;
      if (next < (this.#of[last] as number)) {
        this.#taken[last] = next;
        return true;
      }
      this.#taken.pop();
      this.#of.pop();
    }
    return false;
  }
}

interface Turns {
  readonly turns: number;
  /** How many choices there had been at the last one. */
  readonly choices: number;
}

export class ThreadState {
  pc: bigint;
  /** X0 to X30, SP as 31. */
  registers: Value[];
  nzcv: Value = constant(0n);
  system: Map<SystemRegister, Value> = new Map();
  events: ThreadEvent[] = [];
  faults: ThreadFault[] = [];
  /** Instructions begun so far. */
  instructions = 0;
  /** What the branches so far depend on. */
  control: Dependencies = independent;
  /** Reads that have decided something which no event depends on: that there is none, or where an exception returns to. */
  decided = 0n;
  /** The most stores that led to one of the instructions so far. */
  fetchDepth = 0;
  monitor: ExclusiveMonitor | undefined;
  /** PSTATE.BTYPE, as the instruction at `pc` is met with it. */
  btype = 0;
  /** Its instructions since its last store: address, and what it read. */
  #trail: readonly string[] = [];
  /** Where it has jumped back to since then: the place in the trail, and all that decides how it goes on. */
  #arrivals: readonly { readonly at: number; readonly state: string }[] = [];
  /** Instructions so far that had a choice. */
  #choices = 0;
  /** Jumps back to each place since the last call, if there was a store and a choice since the one before. */
  #turns: ReadonlyMap<bigint, Turns> = new Map();
  /** The events that the trail has. */
  #told = 0;
  /** Set when the thread is done. */
  ended = false;

  constructor(
    readonly thread: number,
    readonly memory: Memory,
    readonly from: ProblemThread,
  ) {
    this.pc = from.entry;
    this.registers = Array.from({ length: 32 }, (_, n) => constant(BigInt.asUintN(64, from.registers.get(n) ?? 0n)));
  }

  clone(): ThreadState {
    const copy = new ThreadState(this.thread, this.memory, this.from);
    copy.pc = this.pc;
    copy.registers = [...this.registers];
    copy.nzcv = this.nzcv;
    copy.system = new Map(this.system);
    copy.events = [...this.events];
    copy.faults = [...this.faults];
    copy.instructions = this.instructions;
    copy.control = this.control;
    copy.decided = this.decided;
    copy.fetchDepth = this.fetchDepth;
    copy.monitor = this.monitor;
    copy.btype = this.btype;
    copy.ended = this.ended;
    copy.#choices = this.#choices;
    copy.#turns = this.#turns;
    copy.#told = this.#told;
    copy.#trail = this.#trail;
    copy.#arrivals = this.#arrivals;
    return copy;
  }

  /**
   * Called after each instruction, which stood at `pc`. Whether the thread has gone the same way twice in a row, with the same
   * reads and no store, and stands as it stood after the first time. Then one of the two can be left out of any execution: that
   * only takes requirements away, and nothing new comes of the second.
   */
  spins(pc: bigint): boolean {
    const reads = this.events.slice(this.#told).flatMap((event) => ("value" in event ? [event.value] : []));
    this.#trail = [...this.#trail, `${pc} ${reads.join(" ")}`];
    this.#told = this.events.length;
    if (this.pc > pc) return false;
    const values = [...this.registers, this.nzcv, ...this.system.values()].map(({ bits }) => bits.toString(36));
    const state = `${this.pc} ${values.join(" ")} ${this.monitor?.address} ${this.monitor?.bytes} ${this.btype}`;
    const end = this.#trail.length;
    const repeats = this.#arrivals.some(({ at, state: then }) => then === state && this.#isRepeated(at, end));
    this.#arrivals = [...this.#arrivals, { at: end, state }];
    return repeats;
  }

  #isRepeated(from: number, to: number): boolean {
    const before = from - (to - from);
    if (before < 0) return false;
    return this.#trail.slice(from, to).every((step, index) => step === this.#trail[before + index]);
  }

  /** Called after an instruction that had a choice. */
  chose(): void {
    this.#choices++;
  }

  /**
   * Called after each jump back: how often the thread has come there since its last call, storing something each time. Loops
   * that store (a lock taken by SWP) have no end that could be seen from within. Turns without a choice do not count: where
   * they lead is known, and the number of instructions is limit enough.
   */
  storingTurns(): number {
    const { turns: before, choices } = this.#turns.get(this.pc) ?? { turns: 0, choices: -1 };
    const counts = this.#arrivals.length === 0 && this.#choices > choices;
    const turns = before + (counts ? 1 : 0);
    this.#turns = new Map(this.#turns).set(this.pc, { turns, choices: this.#choices });
    return turns;
  }

  /** Calls are no loops. */
  called(): void {
    this.#turns = new Map();
  }

  /** What others may see of the thread has changed: it is not where it was. */
  progress(): void {
    this.#trail = [];
    this.#arrivals = [];
  }

  /** The thread's last write that covers some bytes. */
  lastWrite(address: bigint, bytes: number): WriteEvent | undefined {
    for (let index = this.events.length - 1; index >= 0; index--) {
      const event = this.events[index] as ThreadEvent;
      if (event.kind === "write" && covers(event, address, bytes)) return event;
    }
    return undefined;
  }

  /** All values that the thread's writes so far gave some bytes, with their depths. */
  ownValues(address: bigint, bytes: number): (readonly [bigint, number])[] {
    return this.events
      .filter((event): event is WriteEvent => event.kind === "write" && covers(event, address, bytes))
      .map((event) => [piece(event.value, event.address, address, bytes), event.depth]);
  }

  /** The most stores that led to one of the reads, or to the instructions so far. */
  depthOf(reads: bigint): number {
    let depth = this.fetchDepth;
    for (const read of members(reads)) depth = Math.max(depth, (this.events[read] as ReadEvent).depth);
    return depth;
  }

  noteFault(type: FaultType, pc: bigint, address: bigint | undefined): void {
    this.progress();
    this.faults.push({ thread: this.thread, pc, type, ...(address === undefined ? {} : { address }) });
  }
}

export function covers(
  event: { readonly address: bigint; readonly bytes: number },
  address: bigint,
  bytes: number,
): boolean {
  return event.address <= address && address + BigInt(bytes) <= event.address + BigInt(event.bytes);
}
