/** Every design in every transition: what executions come to is what the model allows; each crash that it allows is found. */
import { describe, expect, test } from "vitest";
import { exploreScene } from "#src/explore/scene-campaign.js";
import { allTransitions, checkTransition, type Outcome } from "#src/proof/outcomes.js";
import { type SceneOptions, stateNames } from "#src/proof/scene-options.js";
import type { Weakening } from "#src/static-call/weakening.js";

const EXECUTIONS = 20_000;

/**
 * What so many executions do not come to: a far target whose first byte alone is in memory, while all of the instruction's
 * are. Seven stores in a row have to wait, those before and behind them not, and the caller has to come at the right moment.
 */
function isRare({ states, weakening }: SceneOptions, outcome: Outcome): boolean {
  return outcome === "wrong" && weakening?.stores === "bytes" && states.join(":") === "near:far";
}

const designs: readonly SceneOptions["design"][] = ["hybrid", "hybrid-nocbz", "hybrid-ret", "hybrid-b", "literal"];
const weakenings: readonly Weakening[] = [
  {},
  { order: "insn-first" },
  { stores: "words" },
  { stores: "bytes" },
  { noNearLiteral: true },
  { skip: ["dc", "dsb1", "ic", "dsb2", "isb"] },
];

describe.each(designs)("%s", (design) => {
  const weak = design === "literal" ? [{}] : weakenings;
  describe.each(weak)("%j", (weakening) => {
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
