/**
 * Work in a worker that can be stopped: the search does not return to its event loop, so that a signal has to reach it
 * through shared memory, and the process that takes the signal has to be another thread.
 */
import { parentPort, Worker, workerData } from "node:worker_threads";

interface Task<Job> {
  readonly jobs: readonly Job[];
  /** One 32-bit word; not zero: stop. */
  readonly stop: SharedArrayBuffer;
}

/** For the worker's module: does each job, as long as nobody says stop, and sends what it gives. */
export function serve<Job, Message>(perform: (job: Job, stopped: () => boolean) => Message): void {
  const { jobs, stop } = workerData as Task<Job>;
  const word = new Int32Array(stop);
  const stopped = (): boolean => Atomics.load(word, 0) !== 0;
  for (const job of jobs) {
    if (stopped()) return;
    parentPort?.postMessage(perform(job, stopped));
  }
}

/**
 * Gives jobs to the worker whose module is at `url`. `done` is called for each as soon as it is done; `signal` ends the one
 * that is running with what it has, and starts no other.
 */
export async function perform<Job, Message>(
  url: URL,
  jobs: readonly Job[],
  signal: AbortSignal,
  done: (message: Message) => void,
): Promise<void> {
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const worker = new Worker(url, { workerData: { jobs, stop } satisfies Task<Job> });
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
