import {
  alternativeOf,
  byKind,
  type Chooser,
  coreAt,
  Departures,
  inTurn,
  Priorities,
  Rates,
  Recorder,
  Replay,
  RoundRobin,
  sequential,
  Uniform,
  Weighted,
} from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { runToy } from "./toy.js";

const EXECUTIONS = 300;
/** Steps of the toy with two cores and three turns. */
const STEPS = 12;

/** How often an execution goes on with another core though the one before could have gone on. */
function preemptions(order: readonly number[]): number {
  return order.filter(
    (core, at) => at > 0 && core !== order[at - 1] && order.slice(at).includes(order[at - 1] as number),
  ).length;
}

function ends(chooser: Chooser, cores = 2): ReturnType<typeof runToy>[] {
  return Array.from({ length: EXECUTIONS }, (_, execution) => runToy(chooser, execution, cores));
}

test("the sequential chooser runs one core after the other", () => {
  expect(runToy(sequential, 0)).toEqual({ counter: 6, order: [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1], stale: 0 });
});

test("the alternatives of a step and the cores that they stand for go both ways", () => {
  for (let mask = 1; mask < 64; mask++) {
    for (let current = 0; current < 6; current++) {
      const detail = current | (mask << 8);
      const cores = [0, 1, 2, 3, 4, 5].filter((core) => ((mask >> core) & 1) === 1);
      const expected = cores.includes(current) ? [current, ...cores.filter((core) => core !== current)] : cores;
      expect(cores.map((_, index) => coreAt(detail, index))).toEqual(expected);
      for (const [index, core] of expected.entries()) expect(alternativeOf(detail, core)).toBe(index);
    }
  }
});

const choosers: Readonly<Record<string, (seed: number) => Chooser>> = {
  uniform: (seed) => new Uniform(seed),
  departures: (seed) => new Departures(seed, 3, STEPS),
  "round-robin": (seed) => byKind(new RoundRobin(seed, 2, STEPS), new Departures(seed, 1, STEPS)),
  priorities: (seed) => byKind(new Priorities(seed, 3, STEPS), new Departures(seed, 1, STEPS)),
  rates: (seed) => byKind(new Weighted(seed), new Rates(~seed)),
  "in turn": (seed) => inTurn([new Uniform(seed), new Departures(seed, 1, STEPS)]),
};

describe.each(Object.entries(choosers))("%s", (_, make) => {
  test("an execution depends on seed and number alone", () => {
    const [one, other] = [make(7), make(7)];
    const forwards = ends(one, 3);
    for (let execution = EXECUTIONS - 1; execution >= 0; execution--) {
      expect(runToy(other, execution, 3)).toEqual(forwards[execution]);
    }
    expect(ends(make(8), 3)).not.toEqual(forwards);
  });

  test("executions differ, lose updates, and do not always", () => {
    const counters = new Set(ends(make(1)).map(({ counter }) => counter));
    expect(counters.size).toBeGreaterThan(2);
    expect(counters.has(6)).toBe(true);
  });
});

test("uniform takes every alternative equally often", () => {
  const chooser = new Uniform(3);
  const counts = [0, 0, 0, 0, 0];
  for (let execution = 0; execution < 1000; execution++) {
    chooser.begin(execution);
    for (let choice = 0; choice < 10; choice++) {
      const index = chooser.choose(0, counts.length);
      counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

test("departures are as many as were asked for at most", () => {
  const recorder = new Recorder(new Departures(5, 2, STEPS));
  const lengths = new Set<number>();
  for (let execution = 0; execution < EXECUTIONS; execution++) {
    runToy(recorder, execution);
    lengths.add(recorder.log().length);
  }
  // Both moments may be the same one, and then the next choice departs; or come after the last choice.
  expect([...lengths].sort()).toEqual([0, 1, 2]);
});

test("round-robin preempts as often as it was told at most, and goes round", () => {
  for (const { order } of ends(byKind(new RoundRobin(1, 2, STEPS), sequential), 3)) {
    // Where the ring begins is no preemption, though there the first core could have gone on.
    expect(preemptions(order)).toBeLessThanOrEqual(2);
    for (const [at, core] of order.entries()) {
      const before = order[at - 1];
      if (before === undefined || core === before) continue;
      const next = [1, 2].map((distance) => (before + distance) % 3).find((each) => order.slice(at).includes(each));
      expect(core).toBe(next);
    }
  }
});

test("with priorities the cores are changed at most depth - 1 times before their ends", () => {
  const orders = ends(byKind(new Priorities(1, 2, STEPS), sequential), 4).map(({ order }) => order);
  for (const order of orders) expect(preemptions(order)).toBeLessThanOrEqual(1);
  expect(new Set(orders.map(([first]) => first)).size).toBe(4);
});

test("with weights a core is slow in some executions and fast in others", () => {
  /** Where the first core's last step stands among all. */
  const places = ends(byKind(new Weighted(1), sequential)).map(({ order }) => order.lastIndexOf(0));
  const early = places.filter((place) => place < 7).length;
  const late = places.filter((place) => place === 11).length;
  // By fair draws the first core is done before half of the steps in 1 of 50 executions.
  expect(early).toBeGreaterThan(EXECUTIONS / 10);
  expect(late).toBeGreaterThan(EXECUTIONS / 4);
});

describe("recording and replaying", () => {
  test("a log gives the same execution, and the same log", () => {
    const recorder = new Recorder(new Uniform(11));
    for (let execution = 0; execution < 1000; execution++) {
      const end = runToy(recorder, execution, 3);
      const log = recorder.log();
      const replay = new Replay(log);
      const again = new Recorder(replay);
      expect(runToy(again, 0, 3)).toEqual(end);
      expect(again.log()).toEqual(log);
      expect(replay.fits).toBe(true);
    }
  });

  test("a log of another program does not fit", () => {
    const recorder = new Recorder(new Uniform(11));
    runToy(recorder, 0, 4);
    const replay = new Replay(recorder.log());
    runToy(replay, 0, 2);
    expect(replay.fits).toBe(false);
  });

  test("a replay can be run again", () => {
    const recorder = new Recorder(new Uniform(2));
    const end = runToy(recorder, 0);
    const replay = new Replay(recorder.log());
    expect(runToy(replay, 0)).toEqual(end);
    expect(runToy(replay, 1)).toEqual(end);
  });
});
