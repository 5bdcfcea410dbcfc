/** Runs campaigns in a worker that can be stopped. */
import { perform } from "../model/stoppable.js";
import type { ExploreMessage, ExploreTask } from "./worker.js";

export type { ExploreMessage, ExploreTask, LitmusTask, SceneTask } from "./worker.js";

export async function explore(
  tasks: readonly ExploreTask[],
  signal: AbortSignal,
  done: (message: ExploreMessage) => void,
): Promise<void> {
  await perform(new URL("./worker.js", import.meta.url), tasks, signal, done);
}
