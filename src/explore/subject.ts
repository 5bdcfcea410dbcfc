/** A problem that is executed again and again. */
import type { Chooser } from "../../engine/index.js";
import type { FinalState, Problem } from "../model/problem.js";
import { type ProblemMachine, problemMachine } from "../model/weak.js";
import type { ExecutionEvent } from "./events.js";
import { problemHash } from "./program.js";

export interface Execution {
  /** Whether every core has come to its end; otherwise there is no final state. */
  readonly finished: boolean;
  /** Of all cores. */
  readonly instructions: number;
}

export interface TracedExecution extends Execution {
  readonly events: readonly ExecutionEvent[];
}

/** Loops that wait are cut off here. */
const MAX_INSTRUCTIONS = 4096;

export class Subject {
  /** The problem's hash, for schedule strings. */
  readonly program: string;
  readonly #machine: ProblemMachine;

  /** Throws a MachineOptionsError where the problem does not fit on a machine. */
  constructor(problem: Problem) {
    this.program = problemHash(problem);
    this.#machine = problemMachine(problem);
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

  /** Executes once, and gives what happened. */
  trace(chooser: Chooser): TracedExecution {
    const events: ExecutionEvent[] = [];
    chooser.begin(0);
    const { machine } = this.#machine;
    const { reason, instructions } = machine.run(chooser, {
      maxInstructions: MAX_INSTRUCTIONS,
      observer: (event) => void events.push(event),
    });
    const faults = machine.faults().map(({ fault }) => fault);
    const withFaults = events.map((event) => {
      const fault = event.type === "fault" ? faults.shift() : undefined;
      return fault === undefined ? event : { ...event, fault };
    });
    return { finished: reason === "finished", instructions, events: withFaults };
  }
}
