/** Campaigns over a design's scenes: what calls came to while its trampoline was patched, and schedules of what is bad. */
import { formatSchedule } from "../../engine/index.js";
import type { FinalState } from "../model/problem.js";
import { namer } from "../proof/naming.js";
import { callers, callsOf, crashesOf, type Outcome, outcomeOrder } from "../proof/outcomes.js";
import { buildScene, type Scene } from "../proof/scene.js";
import type { SceneOptions } from "../proof/scene-options.js";
import { type CampaignResult, runCampaign } from "./campaign.js";
import type { ChooserName } from "./choosers.js";
import { Subject } from "./subject.js";

export interface SceneCampaignOptions {
  readonly seed: number;
  readonly executions: number;
  readonly chooser: ChooserName;
  readonly depth: number;
  readonly stopped: () => boolean;
}

/** What a bad execution is a case of; `stale`: a caller that has synchronised after the update got to an older target. */
export type Badness = Exclude<Outcome, "old" | "new" | "between"> | "stale";

const bad: ReadonlySet<Outcome> = new Set(["crash", "nothing", "wrong"]);

export interface FoundSchedule {
  readonly what: Badness;
  /** Which execution of the campaign it was, and how many seconds after its start. */
  readonly execution: number;
  readonly after: number;
  readonly schedule: string;
  /** Choices of the schedule that are not the sequential ones, and how many there were before it was made small. */
  readonly choices: number;
  readonly found: number;
  /** Whether no choice can be taken away. */
  readonly minimal: boolean;
}

export interface SceneReport {
  readonly options: SceneOptions;
  /** The program's hash. */
  readonly program: string;
  readonly executions: number;
  /** Executions that did not come to an end. */
  readonly unfinished: number;
  readonly instructions: number;
  readonly choices: number;
  readonly seconds: number;
  /** How many calls came to what. */
  readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  /** Of callers that had got the message. */
  readonly synchronised?: Readonly<Partial<Record<Outcome, number>>>;
  readonly states: number;
  /** The crashes, as text. */
  readonly crashes: readonly string[];
  readonly found: readonly FoundSchedule[];
}

/** The worst that a state shows. */
export function badnessOf(scene: Scene, state: FinalState): Badness | undefined {
  const outcomes = callers(scene).flatMap((caller) => callsOf(scene, state, caller));
  for (const outcome of [...outcomeOrder].reverse()) {
    if (bad.has(outcome) && outcomes.includes(outcome)) return outcome as Badness;
  }
  return isStale(scene, state) ? "stale" : undefined;
}

function isStale(scene: Scene, state: FinalState): boolean {
  return synchronisedCalls(scene, state).some((outcome) => outcome === "old" || outcome === "between");
}

function synchronisedCalls(scene: Scene, state: FinalState): Outcome[] {
  const { message } = scene;
  if (message === undefined) return [];
  return callers(scene).flatMap((caller) =>
    state.values[message(caller)] === 1n ? callsOf(scene, state, caller) : [],
  );
}

function count(
  result: CampaignResult,
  outcomesOf: (state: FinalState) => readonly Outcome[],
): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const { state, count } of result.seen) {
    for (const outcome of outcomesOf(state)) counts[outcome] = (counts[outcome] ?? 0) + count;
  }
  return counts;
}

/** Runs a campaign over one scene. */
export function exploreScene(options: SceneOptions, campaign: SceneCampaignOptions): SceneReport {
  const scene = buildScene(options);
  const subject = new Subject(scene.problem);
  const result = runCampaign(subject, { ...campaign, failureOf: (state) => badnessOf(scene, state) });
  const named = namer(scene.symbols);
  const crashes = result.seen.flatMap(({ state }) => crashesOf(state)).map(named);
  return {
    options,
    program: subject.program,
    executions: result.executions,
    unfinished: result.unfinished,
    instructions: result.instructions,
    choices: result.choices,
    seconds: result.seconds,
    outcomes: count(result, (state) => callers(scene).flatMap((caller) => callsOf(scene, state, caller))),
    ...(scene.message === undefined ? {} : { synchronised: count(result, (state) => synchronisedCalls(scene, state)) }),
    states: result.seen.length,
    crashes: [...new Set(crashes)].sort(),
    found: result.failures.map(({ what, execution, after, log, found, minimal }) => ({
      what: what as Badness,
      execution,
      after,
      schedule: formatSchedule(subject.program, log),
      choices: log.length,
      found,
      minimal,
    })),
  };
}
