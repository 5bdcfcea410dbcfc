/**
 * Litmus shapes over ten million accesses: every outcome that the architecture has for threads whose instructions alternate is seen, what this
 * host can show beside them too, and nothing else. A host that is x86 shows nothing of what Arm allows but the store buffer, because the
 * guest's plain accesses are the host's: a shape that may be weaker elsewhere is listed as such in shapes.ts.
 */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { observe, shownByHost } from "./campaigns.js";
import { Cores } from "./cores.js";
import { type Shape, shapes } from "./shapes.js";

const ACCESSES = 10_000_000;
const CORES = 8;

/** Instances of a shape at the same time, as many as there are cores for. */
const instancesOf = ({ threads }: Shape): number => Math.floor(CORES / threads.length);

const runs = shapes.flatMap((shape) =>
  [1, instancesOf(shape)].map((instances) => ({ shape, instances, count: instances * shape.threads.length })),
);

let cores: Cores;
beforeAll(async () => {
  cores = await Cores.create(CORES);
});
afterAll(() => cores.dispose());

test.each(runs)("$shape.name on $count cores", async ({ shape, instances, count }) => {
  const accesses = shape.threads.reduce((sum, { text }) => sum + (text.match(/\t(ld|st|sw)/g)?.length ?? 0), 0);
  const seen = await observe(cores, shape, instances, Math.ceil(ACCESSES / (accesses * instances)));
  const possible = shownByHost(shape);
  const outcomes = [...seen.keys()].sort();
  const counts = [...seen].map(([outcome, times]) => `${outcome}: ${times}`);
  const never = shape.relaxed.filter((each) => !seen.has(each)).map((each) => `${each}: never on this host`);
  console.log(`${shape.name}, ${count} cores: ${[...counts, ...never].join(", ")}`);
  expect(outcomes.filter((each) => !possible.includes(each))).toEqual([]);
  // With processors for all threads at once, they meet in every way there is.
  if (count <= availableParallelism()) expect(outcomes).toEqual(possible);
});
