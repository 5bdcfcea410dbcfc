/** Checks many files in a worker that can be stopped. */
import { perform } from "../model/stoppable.js";
import type { CheckJob, CheckMessage, CheckSettings, CheckTask } from "./worker.js";

export type { CheckJob, CheckMessage } from "./worker.js";

export interface CheckFilesOptions extends CheckSettings {
  readonly jobs: readonly CheckJob[];
  /** Ends the check that is running with what it has, and starts no other. */
  readonly signal: AbortSignal;
  /** Called for each file as soon as it is done. */
  readonly done: (message: CheckMessage) => void;
}

export async function checkFiles({ jobs, signal, done, ...settings }: CheckFilesOptions): Promise<void> {
  const tasks = jobs.map((job): CheckTask => ({ ...settings, ...job }));
  await perform(new URL("./worker.js", import.meta.url), tasks, signal, done);
}
