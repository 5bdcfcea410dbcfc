/** Checks scenes in a worker that can be stopped. */
import { Worker } from "node:worker_threads";
import type { DesignMessage, DesignWork } from "./worker.js";

export type { DesignMessage } from "./worker.js";

export interface CheckDesignsOptions extends Omit<DesignWork, "stop"> {
  /** Ends the check that is running with what it has, and starts no other. */
  readonly signal: AbortSignal;
  /** Called for each scene as soon as it is done. */
  readonly done: (message: DesignMessage) => void;
}

export async function checkDesigns({ signal, done, ...work }: CheckDesignsOptions): Promise<void> {
  const stop = new SharedArrayBuffer(4);
  const worker = new Worker(new URL("./worker.js", import.meta.url), {
    workerData: { ...work, stop } satisfies DesignWork,
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
