/** What campaigns see is among what the memory model allows: every design, every transition, every fault that can be injected. */
import { type DesignName, designs } from "cmodx";
import { describe, expect, test } from "vitest";
import { singleFaults } from "#src/static-call/weakening.js";
import type { Campaign } from "#src/stress/options.js";
import { compared } from "./comparison.js";

test.each(["hybrid", "hybrid-ret", "hybrid-b", "literal", "inline"] as const)(
  "%s: no call but to old and new",
  async (design) => {
    const { transitions, violations, beyondInOrder, neverSeen, hidden } = await compared({ design });
    expect([violations.seen, beyondInOrder, neverSeen, hidden]).toEqual([[], [], [], []]);
    expect(transitions).toHaveLength(14);
    for (const { seen, allowed } of transitions) {
      expect(seen).toEqual(["old", "new"]);
      expect(allowed).toEqual(["old", "new"]);
    }
  },
);

describe("with something taken away", () => {
  const faults = [
    [{ design: "hybrid", weakening: { skip: ["ic"] } }, ["late"]],
    [{ design: "literal", weakening: { stores: "bytes" } }, ["crash"]],
    [{ design: "hybrid-nocbz" }, ["crash"]],
  ] as const satisfies readonly (readonly [Partial<Campaign> & Pick<Campaign, "design">, readonly string[]])[];

  test.each(faults)("%j: %j, as the model says", async (campaign, expected) => {
    const { violations, beyondInOrder } = await compared({ states: ["null", "far"], updates: 20_000, ...campaign });
    expect(violations.seen).toEqual(expected);
    expect(beyondInOrder).toEqual([]);
  });

  test("what this host can't show is named", async () => {
    const comparison = await compared({
      design: "hybrid",
      states: ["near", "far"],
      weakening: { noNearLiteral: true },
    });
    expect(comparison.hidden).toEqual(["near:far nothing", "violation nothing"]);
    expect(comparison.violations.seen).toEqual([]);
  });
});

const patched = (Object.keys(designs) as DesignName[]).filter((design) => designs[design].patch !== undefined);

describe.each(patched)("%s", (design) => {
  const states =
    designs[design].conditionalSite === undefined ? (["null", "near", "far"] as const) : (["near", "far"] as const);
  test.each(singleFaults)("%j: nothing is seen that is not allowed", async (weakening) => {
    const run = compared({ design, weakening, states, updates: 5000, instructionCache: "adversarial" });
    const comparison = await run.catch((error: unknown) => {
      if (error instanceof Error && "code" in error && error.code === "no-protection") return undefined;
      throw error;
    });
    expect(comparison?.beyondInOrder ?? []).toEqual([]);
  });
});
