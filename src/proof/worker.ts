/** The worker that checks scenes and settles claims. */
import { CmodxError } from "../../engine/index.js";
import type { Limits } from "../model/problem.js";
import { serve } from "../model/stoppable.js";
import { claims } from "./claims.js";
import { checkTransition, type TransitionSummary } from "./outcomes.js";
import type { SceneOptions } from "./scene-options.js";
import { type ClaimResult, settle } from "./settle.js";

export interface SceneJob {
  readonly kind: "scene";
  readonly scene: SceneOptions;
  readonly limits: Omit<Limits, "stopped">;
  /** Whether to give an execution for each outcome. */
  readonly witness: boolean;
}

export interface ClaimJob {
  readonly kind: "claim";
  /** Which of the claims, from 0. */
  readonly claim: number;
  readonly limits: Omit<Limits, "stopped">;
}

export type ProofJob = SceneJob | ClaimJob;

export type ProofMessage =
  | ({ readonly kind: "scene" } & TransitionSummary)
  | ({ readonly kind: "claim" } & ClaimResult)
  | { readonly kind: "refused"; readonly error: string };

function run(job: ProofJob, stopped: () => boolean): ProofMessage {
  const limits = { ...job.limits, stopped };
  if (job.kind === "scene") {
    return { kind: "scene", ...checkTransition(job.scene, limits, job.witness ? "outcomes" : "none") };
  }
  const claim = claims[job.claim];
  if (claim === undefined) throw new RangeError(`there is no claim ${job.claim}`);
  return { kind: "claim", ...settle(claim, limits) };
}

serve<ProofJob, ProofMessage>((job, stopped) => {
  try {
    return run(job, stopped);
  } catch (error) {
    if (error instanceof CmodxError) return { kind: "refused", error: error.message };
    throw error;
  }
});
