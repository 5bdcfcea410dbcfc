/** One execution again, from its schedule string, to be told. */
import { parseSchedule, Recorder, Replay, ScheduleError } from "../../engine/index.js";
import { namer } from "../proof/naming.js";
import { callers, callsOf, crashesOf, type Outcome } from "../proof/outcomes.js";
import { buildScene, type Scene } from "../proof/scene.js";
import type { SceneOptions } from "../proof/scene-options.js";
import { type Badness, badnessOf } from "./scene-campaign.js";
import { Subject } from "./subject.js";
import { type Timeline, timelineOf } from "./timeline.js";

export interface ReplayedScene {
  readonly options: SceneOptions;
  readonly schedule: string;
  /** What is wrong with its end; absent: nothing. */
  readonly what?: Badness;
  /** By caller, what its calls came to. */
  readonly outcomes: readonly (readonly Outcome[])[];
  readonly crashes: readonly string[];
  readonly finished: boolean;
  readonly instructions: number;
  /** Choices that were made, and those that were not the sequential ones. */
  readonly choices: number;
  readonly chosen: number;
  readonly timeline: Timeline;
}

function replay(scene: Scene, subject: Subject, schedule: string): ReplayedScene {
  const { log } = parseSchedule(schedule);
  const replayed = new Replay(log);
  const recorder = new Recorder(replayed);
  const { finished, instructions, events, caches } = subject.trace(recorder);
  if (!replayed.fits) {
    throw new ScheduleError("schedule-program", "the schedule string has choices that this program does not ask for");
  }
  const state = subject.state();
  const named = namer(scene.symbols);
  const what = finished ? badnessOf(scene, state) : undefined;
  return {
    options: scene.options,
    schedule,
    ...(what === undefined ? {} : { what }),
    outcomes: callers(scene).map((caller) => callsOf(scene, state, caller)),
    crashes: crashesOf(state).map(named),
    finished,
    instructions,
    choices: recorder.choices,
    chosen: log.length,
    timeline: timelineOf({ title: scene.problem.name, problem: scene.problem, events, caches, named }),
  };
}

/** Replays a schedule string of one of these scenes. Throws a ScheduleError where it is of none of them, or damaged. */
export function replayScene(scenes: readonly SceneOptions[], schedule: string): ReplayedScene {
  const { program } = parseSchedule(schedule);
  const programs: string[] = [];
  for (const options of scenes) {
    const scene = buildScene(options);
    const subject = new Subject(scene.problem);
    if (subject.program === program) return replay(scene, subject, schedule);
    programs.push(subject.program);
  }
  throw new ScheduleError(
    "schedule-program",
    `the schedule string is of program ${program}, and this is ${programs.length === 1 ? `program ${programs[0]}` : `none of ${programs.length} transitions'`}: ` +
      "give the design, transition and flags that it was found with",
  );
}
