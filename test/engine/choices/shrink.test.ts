import { type ChoiceLog, Recorder, Replay, STEP, shrink, Uniform } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { runToy, type ToyEnd } from "./toy.js";

const CORES = 3;
const TURNS = 4;

/** The first execution that fails, as a log. */
function find(fails: (end: ToyEnd) => boolean): ChoiceLog {
  const recorder = new Recorder(new Uniform(1));
  for (let execution = 0; execution < 10_000; execution++) {
    if (fails(runToy(recorder, execution, CORES, TURNS))) return recorder.log();
  }
  throw new Error("no execution fails");
}

function attemptOf(fails: (end: ToyEnd) => boolean): (log: ChoiceLog) => ChoiceLog | undefined {
  return (log) => {
    const recorder = new Recorder(new Replay(log));
    return fails(runToy(recorder, 0, CORES, TURNS)) ? recorder.log() : undefined;
  };
}

describe("shrinking", () => {
  const cases: [string, (end: ToyEnd) => boolean, number][] = [
    // A stale load is one choice, and so is a preemption between a load and its store; the second loses three.
    ["a lost update takes one choice", ({ counter }) => counter < CORES * TURNS, 1],
    ["two stale loads take two", ({ stale }) => stale >= 2, 2],
    ["a last core that was not the last one takes one", ({ order }) => order.at(-1) !== CORES - 1, 2],
    ["a failure that is always there takes none", () => true, 0],
  ];
  test.each(cases)("%s", (_, fails, most) => {
    const log = find(fails);
    const attempt = attemptOf(fails);
    const shrunk = shrink(log, attempt);
    expect(shrunk.log.length).toBeLessThanOrEqual(most);
    expect(shrunk.minimal).toBe(true);
    expect(attempt(shrunk.log)).toEqual(shrunk.log);
    // Nothing can be taken away from what is left.
    for (const [at] of shrunk.log.entries()) {
      const less = attempt(shrunk.log.filter((_, index) => index !== at));
      if (less !== undefined) expect(less.length).toBeGreaterThanOrEqual(shrunk.log.length);
    }
  });

  test("one choice is exchanged for two", () => {
    const fails = ({ order }: ToyEnd): boolean => order.lastIndexOf(2) < order.indexOf(0);
    // Core 1 goes first, then core 2, once it has come to its end.
    const detour: ChoiceLog = [
      { kind: STEP, core: 0, ordinal: 0, value: 1 },
      { kind: STEP, core: 1, ordinal: 2 * TURNS - 1, value: 1 },
    ];
    expect(runToy(new Replay(detour), 0, CORES, TURNS).order.slice(0, 2 * TURNS + 1)).toEqual([
      ...Array.from({ length: 2 * TURNS }, () => 1),
      2,
    ]);
    expect(shrink(detour, attemptOf(fails)).log).toEqual([{ kind: STEP, core: 0, ordinal: 0, value: 2 }]);
  });

  test("gives up after the attempts that it was given, with what it has", () => {
    const fails = ({ stale }: ToyEnd): boolean => stale >= 2;
    const log = find(fails);
    const shrunk = shrink(log, attemptOf(fails), 3);
    expect(shrunk).toMatchObject({ attempts: 3, minimal: false });
    expect(shrunk.log.length).toBeLessThanOrEqual(log.length);
    expect(attemptOf(fails)(shrunk.log)).toEqual(shrunk.log);
  });
});
