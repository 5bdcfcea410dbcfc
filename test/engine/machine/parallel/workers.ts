/** The worker threads that a process has: to end one by force, and to see that all have ended. */
import { syncBuiltinESMExports } from "node:module";
import workerThreads, { Worker } from "node:worker_threads";

export interface Made {
  readonly worker: Worker;
  /** The name of the file that it runs. */
  readonly file: string;
}

export interface Watched {
  /** Every worker made since, in order. */
  readonly made: readonly Made[];
  /** Those of them that have not ended. */
  alive(): Made[];
  restore(): void;
}

/** Sees every worker that is made from now on, also by modules that have imported the class already. */
export function watchWorkers(): Watched {
  const made: Made[] = [];
  const ended = new Set<Worker>();
  class WatchedWorker extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      made.push({ worker: this, file: String(args[0]).split("/").at(-1) ?? "" });
      this.once("exit", () => ended.add(this));
    }
  }
  workerThreads.Worker = WatchedWorker;
  syncBuiltinESMExports();
  return {
    made,
    alive: () => made.filter(({ worker }) => !ended.has(worker)),
    restore: () => {
      workerThreads.Worker = Worker;
      syncBuiltinESMExports();
    },
  };
}
