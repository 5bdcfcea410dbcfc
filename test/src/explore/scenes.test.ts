/** Designs on cores with Arm's memory: what is found, how small it gets, and that it comes again. */
import { Recorder, Replay, ScheduleError, Uniform } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { replayScene } from "#src/explore/replay.js";
import { exploreScene, type SceneReport } from "#src/explore/scene-campaign.js";
import { Subject } from "#src/explore/subject.js";
import { stateKey } from "#src/model/combinations.js";
import { checkTransition } from "#src/proof/outcomes.js";
import { buildScene } from "#src/proof/scene.js";
import type { SceneOptions, StateName } from "#src/proof/scene-options.js";

const never = (): boolean => false;

function scene(
  design: SceneOptions["design"],
  states: readonly StateName[],
  more: Partial<SceneOptions> = {},
): SceneOptions {
  return { design, states, callers: 1, calls: 1, ...more };
}

function explored(options: SceneOptions, executions = 3000, seed = 1): SceneReport {
  return exploreScene(options, { seed, executions, chooser: "mixed", depth: 3, stopped: never });
}

const bang = scene("hybrid-nocbz", ["null", "far"]);

describe("the branch to NULL of a trampoline without CBZ", () => {
  const report = explored(bang);
  const [crash] = report.found;

  test("is found, and comes down to a few choices", () => {
    expect(report.found.map(({ what }) => what)).toEqual(["crash"]);
    expect(report.crashes).toEqual(["branch to 0x0, where nothing is mapped"]);
    expect(crash?.choices).toBeLessThanOrEqual(40);
    expect(crash?.minimal).toBe(true);
  });

  test("comes again from its schedule string, with its steps", () => {
    const replayed = replayScene([scene("hybrid", ["null", "far"]), bang], crash?.schedule ?? "");
    expect(replayed).toMatchObject({ what: "crash", outcomes: [["crash"]], chosen: crash?.choices });
    expect(replayed.timeline.lanes).toEqual(["caller0", "patcher"]);
    const last = replayed.timeline.rows.findLast(({ core }) => core === 0);
    expect(last?.tone).toBe("fault");
    expect(replayed.timeline.rows.some(({ tone, text }) => tone === "stale" && text.startsWith("loads 0 from"))).toBe(
      true,
    );
    expect(replayScene([bang], crash?.schedule ?? "")).toEqual(replayed);
  });

  test("is the same for the same seed", () => {
    const again = explored(bang);
    expect(again.found.map(({ schedule, execution }) => [schedule, execution])).toEqual(
      report.found.map(({ schedule, execution }) => [schedule, execution]),
    );
    expect(again.outcomes).toEqual(report.outcomes);
    expect(explored(bang, 3000, 2).outcomes).not.toEqual(report.outcomes);
  });

  test("has a string that says what it is of", () => {
    const others = [scene("hybrid-nocbz", ["null", "far"], { dic: true }), scene("hybrid-nocbz", ["far", "null"])];
    const codeOf = (scenes: readonly SceneOptions[], text: string): string => {
      try {
        replayScene(scenes, text);
      } catch (error) {
        if (error instanceof ScheduleError) return error.code;
        throw error;
      }
      return "none";
    };
    expect(codeOf(others, crash?.schedule ?? "")).toBe("schedule-program");
    expect(codeOf([bang], `${crash?.schedule}0`)).toBe("schedule-damaged");
    expect(codeOf([bang], crash?.schedule ?? "")).toBe("none");
  });
});

test("what the thread's trampoline does is what the model allows, and all of it", () => {
  const options = scene("hybrid", ["near", "far"]);
  const { outcomes, found, unfinished } = explored(options);
  expect(found).toEqual([]);
  expect(unfinished).toBe(0);
  expect(Object.keys(outcomes).sort()).toEqual([...checkTransition(options).outcomes].sort());
});

test("a maintenance without IC leaves the old target after a message; the whole one does not", () => {
  const options = (skip: boolean): SceneOptions =>
    scene("hybrid", ["near", "far"], { synchronisation: "dsb-isb", ...(skip ? { weakening: { skip: ["ic"] } } : {}) });
  expect(explored(options(true)).found.map(({ what }) => what)).toEqual(["stale"]);
  expect(explored(options(false)).found).toEqual([]);
});

test("stores of bytes make a torn address: one that is guarded faults as in the checker, and each byte is told as one", () => {
  const options = scene("literal", ["far", "ret0"], { weakening: { stores: "bytes" } });
  const { outcomes, crashes, found } = explored(options);
  expect(Object.keys(outcomes).sort()).toEqual([...checkTransition(options).outcomes].sort());
  expect(crashes.some((text) => text.startsWith("branch-target fault"))).toBe(true);
  const { rows } = replayScene([options], found[0]?.schedule ?? "").timeline;
  const stored = rows.flatMap(({ text }) => /^stores (0x[0-9a-f]+|0) to/.exec(text)?.[1] ?? []);
  expect(stored.length).toBeGreaterThan(2);
  for (const value of stored) expect(Number(value)).toBeLessThan(256);
});

test("a thousand random schedules come again", () => {
  const subject = new Subject(buildScene({ ...bang, callers: 2 }).problem);
  const recorder = new Recorder(new Uniform(5));
  for (let execution = 0; execution < 1000; execution++) {
    const first = subject.run(recorder, execution);
    const state = stateKey(subject.state());
    const log = recorder.log();
    const replay = new Replay(log);
    const again = new Recorder(replay);
    expect(subject.run(again, 0)).toEqual(first);
    expect(stateKey(subject.state())).toBe(state);
    expect(again.log()).toEqual(log);
    expect(replay.fits).toBe(true);
  }
});
