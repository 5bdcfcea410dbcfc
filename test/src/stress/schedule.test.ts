/** The order in which a campaign goes through its transitions. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "#src/stress/random.js";
import { type StressTarget, schedule, transitionsOf } from "#src/stress/schedule.js";

const names = ["null", "ret0", "near", "far"] as const;

function targetsOf(states: readonly (typeof names)[number][]): StressTarget[] {
  let value = 0n;
  return states.flatMap((state) =>
    Array.from({ length: state === "null" || state === "ret0" ? 1 : 3 }, (_, index) => ({
      state,
      label: `${state}${index}`,
      value: value++,
    })),
  );
}

test("four states have fourteen transitions: all pairs, and from one near or far target to another", () => {
  expect(transitionsOf(names)).toHaveLength(14);
  expect(transitionsOf(["null"])).toEqual([]);
  expect(transitionsOf(["far"])).toEqual([[0, 0]]);
});

test("a round goes through every transition once, no target follows itself, and the circle closes", () => {
  const states = fc.subarray([...names], { minLength: 1 }).filter((some) => transitionsOf(some).length > 0);
  fc.assert(
    fc.property(
      states,
      fc.integer({ min: 2, max: 5 }),
      fc.bigInt({ min: 0n, max: 1n << 64n }),
      (some, rounds, seed) => {
        const targets = targetsOf(some);
        const circle = schedule(some, targets, rounds, new Random(seed));
        const transitions = transitionsOf(some);
        expect(circle).toHaveLength(rounds * transitions.length);
        const seen = new Map<string, number>();
        circle.forEach((index, place) => {
          const before = targets[circle.at(place - 1) ?? 0];
          const after = targets[index];
          expect(after).not.toBe(before);
          const name = `${before?.state}:${after?.state}`;
          seen.set(name, (seen.get(name) ?? 0) + 1);
        });
        expect([...seen.values()]).toEqual(transitions.map(() => rounds));
      },
    ),
    { numRuns: 100 },
  );
});

test("the seed decides", () => {
  const circle = (seed: bigint): number[] => schedule(names, targetsOf(names), 4, new Random(seed));
  expect(circle(1n)).toEqual(circle(1n));
  expect(circle(1n)).not.toEqual(circle(2n));
});
