/** Checks many files in a worker that can be stopped. */
import { Worker } from "node:worker_threads";
import type { CheckMessage, CheckWork } from "./worker.js";

export type { CheckJob, CheckMessage } from "./worker.js";

export interface CheckFilesOptions extends Omit<CheckWork, "stop"> {
  /** Ends the check that is running with what it has, and starts no other. */
  readonly signal: AbortSignal;
  /** Called for each file as soon as it is done. */
  readonly done: (message: CheckMessage) => void;
}

export async function checkFiles({ signal, done, ...work }: CheckFilesOptions): Promise<void> {
  const stop = new SharedArrayBuffer(4);
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: { ...work, stop } satisfies CheckWork,
  });
  const abort = (): void => void Atomics.store(new Int32Array(stop), 0, 1);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on("message", done);
      worker.on("error", reject);
      worker.on("exit", () => resolve());
    });
  } finally {
    signal.removeEventListener("abort", abort);
    await worker.terminate();
  }
}
