/**
 * The worker that checks designs: the search does not return to its event loop, so that a signal has to reach it through
 * shared memory.
 */
import { parentPort, workerData } from "node:worker_threads";
import { CmodxError } from "../../engine/index.js";
import type { Limits } from "../model/problem.js";
import { checkTransition, type TransitionSummary } from "./outcomes.js";
import type { SceneOptions } from "./scene.js";

export interface DesignWork {
  readonly scenes: readonly SceneOptions[];
  /** One 32-bit word; not zero: stop. */
  readonly stop: SharedArrayBuffer;
  readonly limits: Omit<Limits, "stopped">;
  /** Whether to give an execution for each outcome. */
  readonly witness: boolean;
}

export type DesignMessage = TransitionSummary | { readonly error: string };

function checkScene(options: SceneOptions, { limits, stop, witness }: DesignWork): DesignMessage {
  const stopped = (): boolean => Atomics.load(new Int32Array(stop), 0) !== 0;
  try {
    return checkTransition(options, { ...limits, stopped }, witness);
  } catch (error) {
    if (error instanceof CmodxError) return { error: error.message };
    throw error;
  }
}

const work = workerData as DesignWork;
for (const scene of work.scenes) {
  if (Atomics.load(new Int32Array(work.stop), 0) !== 0) break;
  parentPort?.postMessage(checkScene(scene, work));
}
