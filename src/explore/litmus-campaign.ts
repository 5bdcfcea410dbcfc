/** Litmus tests, executed many times with choices of their own each. */
import { formatSchedule, parseScheduleOf, Recorder, Replay, ScheduleError } from "../../engine/index.js";
import { type Histogram, histogramOf } from "../litmus/histogram.js";
import { type LaidOut, layOut } from "../litmus/layout.js";
import { parseLitmus } from "../litmus/parse.js";
import type { LitmusTest } from "../litmus/syntax.js";
import type { FinalState } from "../model/problem.js";
import { runCampaign } from "./campaign.js";
import type { ChooserName } from "./choosers.js";
import { Subject } from "./subject.js";
import { type Timeline, timelineOf } from "./timeline.js";

export interface LitmusCampaignOptions {
  readonly seed: number;
  readonly executions: number;
  readonly chooser: ChooserName;
  readonly depth: number;
  readonly stopped: () => boolean;
}

export interface LitmusReport {
  readonly histogram: Histogram;
  readonly executions: number;
  readonly unfinished: number;
  readonly instructions: number;
  readonly seconds: number;
  /** An execution whose state the condition asks for (with forall: one that it excludes), if there was one. */
  readonly schedule?: string;
  /** Its choices that are not the sequential ones. */
  readonly choices?: number;
}

interface Laid {
  readonly test: LitmusTest;
  readonly laidOut: LaidOut;
  readonly subject: Subject;
}

function prepare(text: string, file: string): Laid {
  const test = parseLitmus(text, file);
  const laidOut = layOut(test);
  return { test, laidOut, subject: new Subject(laidOut.problem) };
}

/** Whether a state is one that the condition is about. */
function interest({ test, laidOut }: Laid): (state: FinalState) => "wanted" | undefined {
  const wanted = test.condition.quantifier === "forall" ? "failing" : "holding";
  return (state) => (histogramOf(test, laidOut, [{ state, count: 1 }])[wanted] > 0 ? "wanted" : undefined);
}

/** Executes the test that `text` holds. Throws a LitmusError; `file` is the name for its message. */
export function exploreLitmus(text: string, file: string, options: LitmusCampaignOptions): LitmusReport {
  const laid = prepare(text, file);
  const { test, laidOut, subject } = laid;
  const result = runCampaign(subject, { ...options, failureOf: interest(laid) });
  const [failure] = result.failures;
  return {
    histogram: histogramOf(test, laidOut, result.seen),
    executions: result.executions,
    unfinished: result.unfinished,
    instructions: result.instructions,
    seconds: result.seconds,
    ...(failure === undefined
      ? {}
      : { schedule: formatSchedule(subject.program, failure.log), choices: failure.log.length }),
  };
}

export interface ReplayedLitmus {
  /** Of this one execution. */
  readonly histogram: Histogram;
  readonly schedule: string;
  readonly finished: boolean;
  readonly instructions: number;
  readonly choices: number;
  readonly chosen: number;
  readonly timeline: Timeline;
}

/** Executes what a schedule string says. Throws a LitmusError or a ScheduleError. */
export function replayLitmus(text: string, file: string, schedule: string): ReplayedLitmus {
  const { test, laidOut, subject } = prepare(text, file);
  const log = parseScheduleOf(schedule, subject.program);
  const replay = new Replay(log);
  const recorder = new Recorder(replay);
  const { finished, instructions, events, caches } = subject.trace(recorder);
  if (!replay.fits) {
    throw new ScheduleError("schedule-program", "the schedule string has choices that this test does not ask for");
  }
  return {
    histogram: histogramOf(test, laidOut, finished ? [{ state: subject.state(), count: 1 }] : []),
    schedule,
    finished,
    instructions,
    choices: recorder.choices,
    chosen: log.length,
    timeline: timelineOf({ title: test.name, problem: laidOut.problem, events, caches, named: laidOut.named }),
  };
}
