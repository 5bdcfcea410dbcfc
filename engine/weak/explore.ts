import { type Chooser, Recorder, Uniform } from "../choices/index.js";
import { type Fails, failureOf, type WeakFailure } from "./failure.js";
import type { WeakLimits, WeakMachine, WeakOutcome, WeakReason } from "./machine.js";

export interface ExploreOptions extends WeakLimits {
  /** Executions, numbered from 0. */
  readonly runs: number;
  /** Of the uniform chooser, where none is given. Default 1. */
  readonly seed?: number;
  readonly chooser?: Chooser;
  /** Whether an execution has failed, with the machine as that has left it. The first one that has ends the exploration. */
  readonly fails?: Fails;
  /** Called after each execution, with the machine as that has left it; `true` ends the exploration. */
  readonly onRun?: (outcome: WeakOutcome, run: number) => unknown;
}

export interface Exploration {
  readonly runs: number;
  readonly instructions: number;
  readonly choices: number;
  /** How many executions ended for which reason. */
  readonly reasons: Readonly<Record<WeakReason, number>>;
  /** The execution that has failed, made small; the machine is as that has left it. Absent: none has. */
  readonly failure?: WeakFailure;
}

/** Executes what the machine begins with again and again, each time by other choices. */
export function explore(machine: WeakMachine, options: ExploreOptions): Exploration {
  const { fails, onRun } = options;
  const wanted = options.chooser ?? new Uniform(options.seed ?? 1);
  const recorder = fails === undefined ? undefined : new Recorder(wanted);
  const chooser = recorder ?? wanted;
  const reasons = { finished: 0, fault: 0, instructions: 0, choices: 0, blocked: 0, waiting: 0, memory: 0 };
  let [runs, instructions, choices] = [0, 0, 0];
  while (runs < options.runs) {
    chooser.begin(runs);
    const outcome = machine.run(chooser, options);
    reasons[outcome.reason]++;
    instructions += outcome.instructions;
    choices += outcome.choices;
    runs++;
    if (recorder !== undefined && fails?.(outcome) === true) {
      const failure = failureOf(machine, recorder.log(), runs - 1, fails, options);
      return { runs, instructions, choices, reasons, failure };
    }
    if (onRun?.(outcome, runs - 1) === true) break;
  }
  return { runs, instructions, choices, reasons };
}
