/** Every design in every transition: what executions come to is what the model allows; each crash that it allows is found. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { exploreScene, type SceneReport } from "#src/explore/scene-campaign.js";
import { allTransitions, checkTransition, type Outcome } from "#src/proof/outcomes.js";
import { type SceneOptions, stateNames } from "#src/proof/scene-options.js";
import type { Weakening } from "#src/static-call/weakening.js";

const EXECUTIONS = 20_000;
const main = fileURLToPath(new URL("../../../dist/src/cli/main.js", import.meta.url));

/**
 * What so many executions do not come to: a far target whose first byte alone is in memory, while all of the instruction's
 * are. Seven stores in a row have to wait, those before and behind them not, and the caller has to come at the right moment.
 */
function isRare({ design, states, weakening }: SceneOptions, outcome: Outcome): boolean {
  const patched = design.startsWith("hybrid") && states.join(":") === "near:far";
  return outcome === "wrong" && weakening?.stores === "bytes" && patched;
}

/** What each kind of design can be weakened by. */
const stores: readonly Weakening[] = [{}, { stores: "words" }, { stores: "bytes" }];
const maintained: readonly Weakening[] = [...stores, { skip: ["dc", "dsb1", "ic", "dsb2", "isb"] }];
const windowed: readonly Weakening[] = [...maintained, { order: "insn-first" }, { noNearLiteral: true }];
const designs: readonly [SceneOptions["design"], readonly Weakening[]][] = [
  ["hybrid", windowed],
  ["hybrid-nocbz", windowed],
  ["hybrid-ret", windowed],
  ["hybrid-b", windowed],
  ["inline", maintained],
  ["literal", stores],
];

describe.each(designs)("%s", (design, weakenings) => {
  describe.each(weakenings)("%j", (weakening) => {
    test.each(allTransitions(stateNames))("%s:%s", (...states) => {
      const scene: SceneOptions = { design, states, callers: 1, calls: 1, weakening };
      const allowed = checkTransition(scene);
      expect(allowed.complete).toBe(true);
      const report = exploreScene(scene, {
        seed: 1,
        executions: EXECUTIONS,
        chooser: "mixed",
        depth: 3,
        stopped: () => false,
      });
      const wanted = allowed.outcomes.filter((outcome) => !isRare(scene, outcome));
      expect(Object.keys(report.outcomes).sort()).toEqual([...wanted].sort());
      expect(report.unfinished).toBe(0);
    });
  });
});

test("a seed's executions do not depend on how many processors the host has", ({ skip }) => {
  const args = ["stress", "--model", "arm", "--design", "hybrid-nocbz", "--executions", "3000", "--callers", "2"];
  const report = (command: string, ...before: string[]): unknown => {
    const { stdout, error } = spawnSync(command, [...before, main, ...args, "--json"], { encoding: "utf8" });
    if (error !== undefined) return skip(`${command} is not installed`);
    const { transitions } = JSON.parse(stdout) as { transitions: (SceneReport & { found: { after: number }[] })[] };
    return transitions.map(({ seconds: _, found, ...others }) => ({
      ...others,
      found: found.map(({ after: __, ...each }) => each),
    }));
  };
  const all = report(process.execPath);
  expect(JSON.stringify(all)).toContain("cmodx1-");
  expect(report("taskset", "-c", "0", process.execPath)).toEqual(all);
});
