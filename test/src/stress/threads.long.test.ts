/** Campaigns whose cores run in threads, with the defaults that a user has: every protection is missed, and a million updates cost no memory. */
import { type CampaignOptions, type StressReport, stress } from "cmodx";
import { describe, expect, test } from "vitest";
import { expectFlat, looksAt } from "../../support/resident.js";

/** What the issue of many cores allows for finding one. */
const SECONDS = 30;

/** Wrong by the architecture, and shown by a host that keeps accesses in order. */
const caught: readonly CampaignOptions[] = [
  { design: "hybrid", weakening: { skip: ["dc"] } },
  { design: "hybrid", weakening: { skip: ["dsb1"] } },
  { design: "hybrid", weakening: { skip: ["ic"] } },
  { design: "hybrid", weakening: { skip: ["dsb2"] } },
  { design: "hybrid", weakening: { skip: ["dc", "dsb1", "ic", "dsb2", "isb"] } },
  { design: "hybrid", weakening: { stores: "words" } },
  { design: "hybrid", weakening: { stores: "bytes" } },
  { design: "hybrid", weakening: { misalign: "4" } },
  { design: "hybrid", weakening: { misalign: "line" } },
  { design: "hybrid", weakening: { misalign: "page" } },
  { design: "hybrid-nocbz" },
  { design: "hybrid-nocbz", weakening: { order: "insn-first" } },
  { design: "hybrid-ret", weakening: { stores: "words" } },
  { design: "hybrid-b", weakening: { skip: ["ic"] } },
  { design: "literal", weakening: { stores: "words" } },
  { design: "literal", weakening: { stores: "bytes" } },
  { design: "literal", weakening: { misalign: "line" } },
  { design: "pointer", weakening: { stores: "bytes" }, states: ["near", "far"] },
  { design: "inline", weakening: { skip: ["dc"] } },
  { design: "inline", weakening: { skip: ["ic"] } },
  { design: "inline", weakening: { stores: "bytes" } },
];

/** Wrong by the architecture, and never shown by such a host: the report must not pass it off as safe. */
const hidden: readonly CampaignOptions[] = [
  { design: "hybrid", weakening: { noNearLiteral: true } },
  { design: "literal", weakening: { misalign: "4" } },
];

/** Not wrong. */
const harmless: readonly CampaignOptions[] = [
  { design: "hybrid", weakening: { skip: ["isb"] } },
  { design: "hybrid", weakening: { order: "insn-first" } },
  { design: "hybrid", weakening: { misalign: "8" } },
];

function told({ violations }: StressReport): string {
  return violations.flatMap(({ title, lines }) => [title, ...lines]).join("\n");
}

describe("each protection is missed", () => {
  test.each(caught)("%j is caught", async (campaign) => {
    const report = await stress({ ...campaign, seconds: SECONDS });
    expect(report.ends).toEqual(["violation"]);
    expect(report.model?.shown).not.toEqual([]);
    const code = "in memory now and in this core's instruction cache";
    expect(told(report)).toContain(campaign.design === "pointer" ? "pointer: " : code);
    expect(told(report)).toMatch(/^updates:\n {2}\d+: \w+ to \w+/m);
  });

  test.each(hidden)("%j is named as what this host cannot show", async (campaign) => {
    const { violations, model } = await stress({ ...campaign, seconds: 2 });
    expect(violations).toEqual([]);
    expect(model?.notShown).not.toEqual([]);
  });

  test.each(harmless)("%j is not needed", async (campaign) => {
    const { violations, model } = await stress({ ...campaign, seconds: 2 });
    expect(violations).toEqual([]);
    expect(model).toMatchObject({ shown: [], notShown: [] });
  });
});

/** Looks are taken while the campaign runs. */
const MILLION = `
import { stress } from "cmodx";

const report = await stress({ design: "hybrid", updates: 1_000_000, rate: 0 }, { progress: () => look() });
await look();
if (report.counters.updates !== 1_000_000 || report.violations.length > 0) throw new Error(JSON.stringify(report));
`;

test("a million updates in one process take no memory that they keep", () => {
  const looks = looksAt(MILLION);
  expectFlat(looks);
  // Every worker has ended with its machine.
  expect(looks.at(-1)?.resources.filter((name) => name === "Worker")).toEqual([]);
});
