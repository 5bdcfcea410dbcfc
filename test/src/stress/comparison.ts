/** Short campaigns beside the model. */
import { expect } from "vitest";
import { runCampaign } from "#src/stress/campaign.js";
import { type Comparison, compareWithModel } from "#src/stress/comparison.js";
import { type Campaign, campaignDefaults } from "#src/stress/options.js";

/** The cores take turns in this thread, so that the seed repeats it. */
export async function compared(campaign: Partial<Campaign> & Pick<Campaign, "design">): Promise<Comparison> {
  const quick = {
    ...campaignDefaults,
    callers: 2,
    updates: 400,
    rate: 100_000,
    threads: 0,
    engine: "interpreter",
  } as const;
  const comparison = compareWithModel(await runCampaign({ ...quick, ...campaign }));
  expect(comparison).toMatchObject({ complete: true, beyondArchitecture: [] });
  return comparison;
}
