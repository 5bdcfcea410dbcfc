/**
 * The worker that checks files: the search does not return to its event loop, so a signal has to reach it through
 * shared memory, and the process that took the signal has to be another thread.
 */
import { parentPort, workerData } from "node:worker_threads";
import { CmodxError } from "../../engine/index.js";
import { differences } from "./expectation.js";
import { formatVerdict, verdictJson } from "./print.js";
import { type LitmusWitness, runKeeping } from "./run.js";

export interface CheckJob {
  readonly file: string;
  readonly text: string;
}

export interface CheckWork {
  readonly jobs: readonly CheckJob[];
  /** One 32-bit word; not zero: stop. */
  readonly stop: SharedArrayBuffer;
  readonly timeLimitMs?: number;
  readonly memoryLimit?: number;
  readonly maxInstructions?: number;
  readonly verbose: boolean;
  /** Whether to give an execution for each state. */
  readonly witness: boolean;
}

export interface CheckedFile {
  readonly file: string;
  /** In herd's layout. */
  readonly text: string;
  readonly json: unknown;
  readonly complete: boolean;
  /** In what it differs from what it says that it should give. */
  readonly differences: readonly string[];
  readonly witnesses: readonly LitmusWitness[];
}

export interface RefusedFile {
  readonly file: string;
  /** Where and why. */
  readonly error: string;
  readonly code: string;
}

export type CheckMessage = CheckedFile | RefusedFile;

function checkFile({ file, text }: CheckJob, work: CheckWork): CheckMessage {
  const stop = new Int32Array(work.stop);
  const start = performance.now();
  try {
    const { verdict, witnesses } = runKeeping(text, file, { ...work, stopped: () => Atomics.load(stop, 0) !== 0 });
    const seconds = (performance.now() - start) / 1000;
    return {
      file,
      text: formatVerdict(verdict, { seconds, verbose: work.verbose }),
      json: verdictJson(verdict, seconds),
      complete: verdict.complete,
      differences: differences(verdict),
      witnesses: work.witness ? witnesses() : [],
    };
  } catch (error) {
    if (error instanceof CmodxError) return { file, error: error.message, code: error.code };
    throw error;
  }
}

const work = workerData as CheckWork;
for (const job of work.jobs) {
  if (Atomics.load(new Int32Array(work.stop), 0) !== 0) break;
  parentPort?.postMessage(checkFile(job, work));
}
