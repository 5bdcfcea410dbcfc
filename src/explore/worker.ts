/** The worker that runs campaigns. */
import { CmodxError } from "../../engine/index.js";
import { serve } from "../model/stoppable.js";
import type { SceneOptions } from "../proof/scene-options.js";
import type { ChooserName } from "./choosers.js";
import { exploreLitmus, type LitmusReport } from "./litmus-campaign.js";
import { exploreScene, type SceneReport } from "./scene-campaign.js";

interface Task {
  readonly seed: number;
  readonly chooser: ChooserName;
  readonly depth: number;
  /** Executions at most; absent: as many as there is time for. */
  readonly executions?: number;
  /** Seconds at most; absent: as long as it takes. */
  readonly seconds?: number;
}

export interface SceneTask extends Task {
  readonly kind: "scene";
  readonly scene: SceneOptions;
}

export interface LitmusTask extends Task {
  readonly kind: "litmus";
  readonly file: string;
  readonly text: string;
}

export type ExploreTask = SceneTask | LitmusTask;

export type ExploreMessage =
  | ({ readonly kind: "scene" } & SceneReport)
  | ({ readonly kind: "litmus"; readonly file: string } & LitmusReport)
  | { readonly kind: "refused"; readonly error: string };

const MILLI = 1000;

function run(task: ExploreTask, stopped: () => boolean): ExploreMessage {
  const { seed, chooser, depth, executions = Number.POSITIVE_INFINITY, seconds } = task;
  const end = seconds === undefined ? Number.POSITIVE_INFINITY : performance.now() + MILLI * seconds;
  const options = { seed, chooser, depth, executions, stopped: () => stopped() || performance.now() > end };
  try {
    if (task.kind === "scene") return { kind: "scene", ...exploreScene(task.scene, options) };
    return { kind: "litmus", file: task.file, ...exploreLitmus(task.text, task.file, options) };
  } catch (error) {
    if (error instanceof CmodxError) return { kind: "refused", error: error.message };
    throw error;
  }
}

serve<ExploreTask, ExploreMessage>(run);
