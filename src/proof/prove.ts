/** Checks scenes and settles claims in a worker that can be stopped. */
import { perform } from "../model/stoppable.js";
import type { ProofJob, ProofMessage } from "./worker.js";

export type { ClaimJob, ProofJob, ProofMessage, SceneJob } from "./worker.js";

export async function prove(
  jobs: readonly ProofJob[],
  signal: AbortSignal,
  done: (message: ProofMessage) => void,
): Promise<void> {
  await perform(new URL("./worker.js", import.meta.url), jobs, signal, done);
}
