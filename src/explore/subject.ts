/** A problem that is executed again and again. */
import { type Chooser, programOf } from "../../engine/index.js";
import type { FinalState, Problem } from "../model/problem.js";
import { type ProblemMachine, problemMachine } from "../model/weak.js";
import type { CacheTrace, ExecutionEvent } from "./events.js";

export interface Execution {
  /** Whether every core has come to its end; otherwise there is no final state. */
  readonly finished: boolean;
  /** Of all cores. */
  readonly instructions: number;
}

export interface TracedExecution extends Execution {
  readonly events: readonly ExecutionEvent[];
  /** Of each word that a core executes and another one writes. */
  readonly caches: readonly CacheTrace[];
}

/** Loops that wait are cut off here. */
const MAX_INSTRUCTIONS = 4096;

export class Subject {
  /** The program's hash, for schedule strings. */
  readonly program: string;
  readonly #machine: ProblemMachine;

  /** Throws a MachineOptionsError where the problem does not fit on a machine. */
  constructor(problem: Problem) {
    this.#machine = problemMachine(problem);
    this.program = programOf(this.#machine.machine);
  }

  /** Executes once, as number `execution` of a campaign. */
  run(chooser: Chooser, execution: number): Execution {
    chooser.begin(execution);
    const { reason, instructions } = this.#machine.machine.run(chooser, { maxInstructions: MAX_INSTRUCTIONS });
    return { finished: reason === "finished", instructions };
  }

  /** What the last execution ended in. */
  state(): FinalState {
    return this.#machine.state();
  }

  /** The same for two executions exactly if they ended in the same state. */
  stateKey(): string {
    return this.#machine.key();
  }

  /** Executes once, and gives what happened; `chooser` is asked twice, and has to say the same again after `begin`. */
  trace(chooser: Chooser): TracedExecution {
    const { machine } = this.#machine;
    const limits = { maxInstructions: MAX_INSTRUCTIONS };
    const events: ExecutionEvent[] = [];
    chooser.begin(0);
    machine.run(chooser, { ...limits, observer: (event) => void events.push(stored(event)) });
    const caches = patchedWords(events).map((word) => ({ ...word, held: [] as (readonly number[] | undefined)[] }));
    const look = (): void => {
      for (const { core, address, held } of caches) held.push(machine.fetchable(core, address));
    };
    chooser.begin(0);
    const { reason, instructions } = machine.run(chooser, { ...limits, observer: look });
    const faults = machine.faults().map(({ fault }) => fault);
    const withFaults = events.map((event) => {
      const fault = event.type === "fault" ? faults.shift() : undefined;
      return fault === undefined ? event : { ...event, fault };
    });
    return { finished: reason === "finished", instructions, events: withFaults, caches };
  }
}

/** A store's event has the whole register, of which it stores the lower bytes. */
function stored(event: ExecutionEvent): ExecutionEvent {
  if (event.type !== "write" && event.type !== "issue") return event;
  return { ...event, value: BigInt.asUintN(8 * event.bytes, event.value) };
}

const WORD = 4n;

/** The words that a core executes and another one writes. */
function patchedWords(events: readonly ExecutionEvent[]): { readonly core: number; readonly address: bigint }[] {
  const words = new Map<string, { readonly core: number; readonly address: bigint }>();
  for (const { type, core, pc } of events) {
    const isWritten = (event: ExecutionEvent): boolean => {
      const { address } = event;
      if (event.type !== "write" || event.core === core || address === undefined) return false;
      return address < pc + WORD && pc < address + BigInt(event.bytes);
    };
    if (type === "execute" && events.some(isWritten)) words.set(`${core} ${pc}`, { core, address: pc });
  }
  return [...words.values()].sort((a, b) => a.core - b.core || (a.address < b.address ? -1 : 1));
}
