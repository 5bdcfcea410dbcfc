/** The state of one thread between two instructions, and the choices that it has made. */

import type { SystemRegister } from "../../engine/index.js";
import type { ThreadEvent, WriteEvent } from "./events.js";
import type { Memory } from "./memory.js";
import { piece } from "./memory.js";
import type { FaultType, ProblemThread, ThreadFault } from "./problem.js";
import { constant, type Dependencies, independent, type Value } from "./value.js";

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
  monitor: ExclusiveMonitor | undefined;
  /** Set when the thread is done. */
  ended = false;

  constructor(
    readonly thread: number,
    readonly memory: Memory,
    from: ProblemThread,
  ) {
    this.pc = from.entry;
    this.registers = Array.from({ length: 32 }, (_, n) => constant(BigInt.asUintN(64, from.registers.get(n) ?? 0n)));
  }

  clone(): ThreadState {
    const copy = Object.create(ThreadState.prototype) as ThreadState;
    return Object.assign(copy, this, {
      registers: [...this.registers],
      system: new Map(this.system),
      events: [...this.events],
      faults: [...this.faults],
    });
  }

  /** The thread's last write that covers some bytes. */
  lastWrite(address: bigint, bytes: number): WriteEvent | undefined {
    for (let index = this.events.length - 1; index >= 0; index--) {
      const event = this.events[index] as ThreadEvent;
      if (event.kind === "write" && covers(event, address, bytes)) return event;
    }
    return undefined;
  }

  /** All values that the thread's writes so far gave some bytes. */
  ownValues(address: bigint, bytes: number): bigint[] {
    return this.events
      .filter((event): event is WriteEvent => event.kind === "write" && covers(event, address, bytes))
      .map((event) => piece(event.value, event.address, address, bytes));
  }

  noteFault(type: FaultType, pc: bigint, address: bigint | undefined): void {
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
