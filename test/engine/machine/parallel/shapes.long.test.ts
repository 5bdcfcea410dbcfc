/**
 * Litmus shapes, ten million operations of each (or CMODX_OPERATIONS), an operation being one core's part in it: every outcome that the
 * architecture has for threads whose instructions alternate is seen, what this host can show beside them too, and nothing else. A host that
 * is x86 shows nothing of what Arm allows but the store buffer, because the guest's plain accesses are the host's: a shape that may be
 * weaker elsewhere is listed as such in shapes.ts.
 */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { countFromEnvironment } from "../../../support/random.js";
import { observe, shownByHost } from "./campaigns.js";
import { Cores } from "./cores.js";
import { type Outcome, type Shape, shapes } from "./shapes.js";

const OPERATIONS = countFromEnvironment("CMODX_OPERATIONS", 10_000_000);
/** Of those, in the run with more cores than most hosts have, which is the slower one. */
const SHARE = 0.4;
const CORES = 8;
/** Turns at a time: a call of the cores has a limit. */
const BATCH = 200_000;
/** Where an outcome is still missing, so many times the turns at most. */
const PATIENCE = 10;
const HOUR = 3_600_000;

/** Instances of a shape at the same time, as many as there are cores for. */
const instancesOf = ({ threads }: Shape): number => Math.floor(CORES / threads.length);

const runs = shapes.flatMap((shape) =>
  [1, instancesOf(shape)].map((instances) => ({
    shape,
    instances,
    count: instances * shape.threads.length,
    turns: Math.ceil((OPERATIONS * (instances === 1 ? 1 - SHARE : SHARE)) / (instances * shape.threads.length)),
  })),
);

let cores: Cores;
beforeAll(async () => {
  cores = await Cores.create(CORES);
});
afterAll(() => cores.dispose());

test.each(runs)(
  "$shape.name on $count cores",
  async ({ shape, instances, count, turns }) => {
    const possible = shownByHost(shape);
    // With processors for all threads at once they meet in every way there is, sooner or later: later where other things keep the host busy.
    const isSure = count <= availableParallelism() && OPERATIONS >= 1e6;
    const seen = new Map<Outcome, number>();
    const isMissing = (): boolean => !possible.every((each) => seen.has(each));
    for (let done = 0; done < turns || (isSure && isMissing() && done < PATIENCE * turns); done += BATCH) {
      for (const [outcome, times] of await observe(cores, shape, instances, Math.min(BATCH, turns))) {
        seen.set(outcome, (seen.get(outcome) ?? 0) + times);
      }
    }
    const outcomes = [...seen.keys()].sort();
    const counts = [...seen].map(([outcome, times]) => `${outcome}: ${times}`);
    const never = shape.relaxed.filter((each) => !seen.has(each)).map((each) => `${each}: never on this host`);
    console.log(`${shape.name}, ${count} cores: ${[...counts, ...never].join(", ")}`);
    expect(outcomes.filter((each) => !possible.includes(each))).toEqual([]);
    if (isSure) expect(outcomes).toEqual(possible);
  },
  HOUR,
);
