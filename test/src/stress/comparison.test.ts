/** What campaigns see is among what the memory model allows; comparison.long.test.ts has all designs and faults. */
import { expect, test } from "vitest";
import { runCampaign } from "#src/stress/campaign.js";
import { compareWithModel } from "#src/stress/comparison.js";
import { campaignDefaults } from "#src/stress/options.js";
import { compared } from "./comparison.js";

test("what is right comes to old and new, and to nothing else", async () => {
  const { transitions, violations, beyondInOrder } = await compared({ design: "hybrid", states: ["null", "far"] });
  expect([violations.seen, beyondInOrder]).toEqual([[], []]);
  for (const { seen, allowed } of transitions)
    expect([seen, allowed]).toEqual([
      ["old", "new"],
      ["old", "new"],
    ]);
});

test("what is found with something taken away is what the model has", async () => {
  const campaign = { design: "hybrid", states: ["near", "far"], weakening: { skip: ["ic"] } } as const;
  const { violations, beyondInOrder } = await compared(campaign);
  expect([violations.seen, violations.allowed, beyondInOrder]).toEqual([["late"], ["late"], []]);
});

test("what is not allowed is said", async () => {
  const report = await runCampaign({
    ...campaignDefaults,
    design: "literal",
    states: ["near", "far"],
    updates: 10,
    threads: 0,
  });
  const forged = { kind: "nothing", shard: 1, core: 0, title: "", lines: [] } as const;
  const { beyondArchitecture, beyondInOrder } = compareWithModel({ ...report, violations: [forged] });
  expect([beyondArchitecture, beyondInOrder]).toEqual([["violation nothing"], ["violation nothing"]]);
});
