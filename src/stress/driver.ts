/** Who runs a campaign's cores: the machine's workers, or this thread, in slices. */
import { setImmediate } from "node:timers/promises";
import { type Core, OutOfFuelError } from "../../engine/index.js";
import type { Random } from "./random.js";

/** A function of the guest that a core is to run. */
export interface Job {
  readonly core: Core;
  readonly entry: bigint;
  readonly argument: number;
}

/** Told how a job ended: by returning (undefined), or by an error. */
export type Ended = (job: Job, error: unknown) => void;

/** Runs all jobs until each has ended. */
export type Driver = (jobs: readonly Job[], ended: Ended) => Promise<void>;

/** Each core's job is a call in one of the machine's workers. */
export const onWorkers: Driver = async (jobs, ended) => {
  await Promise.all(
    jobs.map(async (job) => {
      const { core, entry, argument } = job;
      const error: unknown = await core.callAsync(entry, argument).then(
        () => undefined,
        (reason) => reason,
      );
      ended(job, error);
    }),
  );
};

const SLICE_BITS = 11;
/** Milliseconds between two looks at timers and signals. */
const PAUSE_MS = 20;

/** One slice; whether the core has come to the end of its job. */
function runSlice({ core }: Job, maxInstructions: number): boolean {
  return core.run({ maxInstructions }).reason === "returned";
}

/** Enters the function, without going on. */
function begin({ core, entry, argument }: Job): void {
  const limit = core.limits.maxInstructions;
  core.limits.maxInstructions = 1;
  try {
    core.call(entry, argument);
  } catch (error) {
    if (!(error instanceof OutOfFuelError)) throw error;
  } finally {
    core.limits.maxInstructions = limit;
  }
}

/**
 * The cores take turns, in slices of 1 to 2048 instructions that follow from the seed: a core may be left between any two
 * instructions. What happens is a function of the seed, but for when regions have been compiled.
 */
export function interleaved(random: Random): Driver {
  return async (jobs, ended) => {
    const left = [...jobs];
    for (const job of jobs) begin(job);
    let deadline = performance.now() + PAUSE_MS;
    while (left.length > 0) {
      const index = random.below(left.length);
      const job = left[index] as Job;
      const instructions = 1 + random.below(1 << random.below(SLICE_BITS + 1));
      try {
        if (runSlice(job, instructions)) {
          left.splice(index, 1);
          ended(job, undefined);
        }
      } catch (error) {
        left.splice(index, 1);
        ended(job, error);
      }
      if (performance.now() < deadline) continue;
      await setImmediate();
      deadline = performance.now() + PAUSE_MS;
    }
  };
}
