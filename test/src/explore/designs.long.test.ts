/** Every design in every transition: what executions come to is what the model allows; each crash that it allows is found. */
import { describe, expect, test } from "vitest";
import { exploreScene } from "#src/explore/scene-campaign.js";
import { allTransitions, checkTransition } from "#src/proof/outcomes.js";
import { type SceneOptions, stateNames } from "#src/proof/scene-options.js";
import type { Weakening } from "#src/static-call/weakening.js";

const EXECUTIONS = 20_000;

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
      const seen = Object.keys(report.outcomes);
      for (const outcome of seen) expect(allowed.outcomes).toContain(outcome);
      for (const outcome of allowed.outcomes) expect(seen).toContain(outcome);
      expect(report.unfinished).toBe(0);
    });
  });
});
