/** Executions that fail: made small, written down, and executed again. */
import {
  type ChoiceLog,
  formatSchedule,
  parseScheduleOf,
  Recorder,
  Replay,
  ScheduleError,
  shrink,
} from "../choices/index.js";
import type { WeakLimits, WeakMachine, WeakOutcome } from "./machine.js";
import { programOf } from "./program.js";

export interface WeakFailure {
  /** The number of the execution that failed. */
  readonly run: number;
  /** What `replay` takes. */
  readonly schedule: string;
  /** The choices that the failure takes, and how many there were when it was found. */
  readonly log: ChoiceLog;
  readonly found: number;
}

export type Fails = (outcome: WeakOutcome) => boolean;

/** Makes a failing execution's log small. The machine is then as that execution leaves it. */
export function failureOf(
  machine: WeakMachine,
  log: ChoiceLog,
  run: number,
  fails: Fails,
  limits: WeakLimits,
): WeakFailure {
  const attempt = (candidate: ChoiceLog): ChoiceLog | undefined => {
    const recorder = new Recorder(new Replay(candidate));
    recorder.begin(0);
    return fails(machine.run(recorder, limits)) ? recorder.log() : undefined;
  };
  const shrunk = shrink(log, attempt);
  const schedule = formatSchedule(programOf(machine), shrunk.log);
  machine.run(new Replay(shrunk.log), limits);
  return { run, schedule, log: shrunk.log, found: log.length };
}

/**
 * Executes what a schedule string says, on a machine that is as the one that it was found on was before its executions. Throws a
 * ScheduleError.
 */
export function replay(machine: WeakMachine, schedule: string, limits: WeakLimits = {}): WeakOutcome {
  const chooser = new Replay(parseScheduleOf(schedule, programOf(machine)));
  const outcome = machine.run(chooser, limits);
  if (chooser.fits) return outcome;
  throw new ScheduleError("schedule-program", "the schedule string has choices that this program does not ask for");
}
