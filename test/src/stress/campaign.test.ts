/** Campaigns whose cores take turns in one thread, which a seed repeats: what is right passes, what is wrong is found. */
import { describe, expect, test } from "vitest";
import { stressText } from "#src/report/stress.js";
import { runCampaign, type StressOptions } from "#src/stress/campaign.js";
import { mergeReports, parseReport } from "#src/stress/merge.js";
import { type Campaign, campaignDefaults } from "#src/stress/options.js";
import { type StressReport, stressJson } from "#src/stress/report.js";

const quick: Omit<Campaign, "design"> = {
  ...campaignDefaults,
  callers: 2,
  updates: 200,
  rate: 100_000,
  threads: 0,
  engine: "interpreter",
};

function stress(
  campaign: Partial<Campaign> & Pick<Campaign, "design">,
  options?: StressOptions,
): Promise<StressReport> {
  return runCampaign({ ...quick, ...campaign }, options);
}

describe.each(["hybrid", "hybrid-ret", "hybrid-b", "literal", "inline"] as const)("%s", (design) => {
  test.each(["prompt", "adversarial", "late"] as const)("no violation, caches %s", async (instructionCache) => {
    const { violations, counters, ends } = await stress({ design, instructionCache });
    expect(violations).toEqual([]);
    expect(ends).toEqual(["updates"]);
    expect(counters.updates).toBe(200);
    for (const { updates } of counters.transitions) expect(updates).toBeGreaterThanOrEqual(Math.floor(200 / 14));
    // The old target was seen while it was being replaced, so that the check had something to check.
    expect(counters.oldInside).toBeGreaterThan(0);
  });
});

describe("what is taken away is missed", () => {
  const faults = [
    [{ design: "hybrid", weakening: { skip: ["dc"] } }, "stale"],
    [{ design: "hybrid", weakening: { skip: ["ic"] } }, "stale"],
    [{ design: "inline", weakening: { skip: ["ic"] } }, "stale"],
    [{ design: "hybrid", weakening: { stores: "bytes" }, states: ["far"] }, "fault"],
    [{ design: "hybrid", weakening: { stores: "words" }, states: ["far", "null"] }, "fault"],
    [{ design: "hybrid", weakening: { misalign: "4" }, states: ["far", "null"] }, "fault"],
    [{ design: "literal", weakening: { stores: "bytes" }, states: ["far"] }, "fault"],
    [{ design: "hybrid-nocbz", states: ["null", "far"] }, "fault"],
  ] as const satisfies readonly (readonly [Partial<Campaign> & Pick<Campaign, "design">, string])[];

  test.each(faults)("%j: %s", async (campaign, kind) => {
    const report = await stress({ states: ["near", "far"], ...campaign, updates: 20_000 });
    expect(report.ends).toEqual(["violation"]);
    expect(report.violations[0]?.kind).toBe(kind);
    expect(report.model?.shown).not.toEqual([]);
  });

  test("a witness of a call through a pointer has the pointer", async () => {
    const { violations } = await stress({
      design: "pointer",
      states: ["far"],
      weakening: { stores: "bytes" },
      updates: 20_000,
    });
    expect(violations[0]?.lines.join("\n")).toMatch(/^pointer: \S+ .*in memory now; x8 holds /m);
  });

  test("a witness tells what was executed, what stands in memory and what was patched", async () => {
    const { violations } = await stress({ design: "hybrid", states: ["null", "far"], weakening: { skip: ["ic"] } });
    const { title, lines, transition } = violations[0] ?? { title: "", lines: [] };
    expect(title).toMatch(/^caller \d came to \w+ after it had synchronised; update \d+ had replaced that/);
    expect(lines.join("\n")).toMatch(/^ {2}\+4 +[0-9a-f]{8} ! [0-9a-f]{8} .*but cached: /m);
    expect(lines.join("\n")).toMatch(/^ {2}\d+: \w+ to \w+.*returned after \d+ ns$/m);
    expect(transition?.from).toBeDefined();
  });

  test("a campaign can go on after violations, and counts them by transition", async () => {
    const report = await stress(
      { design: "literal", weakening: { stores: "bytes" }, states: ["far"], updates: 20_000 },
      { violations: 5 },
    );
    expect(report.violations.length).toBeGreaterThanOrEqual(5);
    expect(stressText(report)).toContain(`${report.violations.length} violations in `);
  });
});

describe("reports", () => {
  const shard = (index: number, more: Partial<Campaign> = {}): Promise<StressReport> =>
    stress({ design: "literal", updates: 101, seed: 7, ...more }, { shard: { index, count: 2 } });

  test("the seed repeats a campaign", async () => {
    const [first, second, other] = [await shard(1), await shard(1), await shard(2)];
    expect(second.counters).toEqual(first.counters);
    expect(other.counters).not.toEqual(first.counters);
  });

  test("shards are put together, through JSON", async () => {
    const parts = [await shard(1), await shard(2)];
    const read = parts.map((part) => parseReport(stressJson(part), "part"));
    const merged = mergeReports(read);
    expect(merged).toMatchObject({ shards: [1, 2], shardCount: 2, complete: true });
    expect(merged.counters.updates).toBe(101);
    expect(merged.counters.calls).toBe(parts.reduce((sum, part) => sum + part.counters.calls, 0));
    expect(mergeReports(read.slice(0, 1)).complete).toBe(false);
    expect(stressText(merged)).toContain("shard 1, 2 of 2");
  });

  test("what does not belong together is refused", async () => {
    const one = await shard(1);
    const code = (reports: readonly StressReport[]): unknown => {
      try {
        return mergeReports(reports);
      } catch (error) {
        return (error as { code?: string }).code;
      }
    };
    expect(code([one, one])).toBe("not-mergeable");
    expect(code([one, await shard(2, { seed: 8 })])).toBe("not-mergeable");
    expect(code([])).toBe("not-mergeable");
    expect(() => parseReport("{}", "x.json")).toThrow("x.json is no report");
  });

  test("a signal ends a campaign with what there is", async () => {
    const controller = new AbortController();
    const report = await stress(
      { design: "hybrid", updates: 1_000_000 },
      { signal: controller.signal, progress: () => controller.abort() },
    );
    expect(report).toMatchObject({ ends: ["stopped"], complete: false });
    expect(report.counters.calls).toBeGreaterThan(0);
    expect(stressText(report)).toContain("Incomplete: stopped");
  });
});

test("a limit of calls is kept", async () => {
  const { counters, ends } = await stress({ design: "hybrid", updates: 1_000_000, calls: 10_001, callers: 3 });
  expect(counters.calls).toBe(10_001);
  expect(ends).toEqual(["calls"]);
});

test.each([
  [{ design: "direct" }, "fixed-target"],
  [{ design: "hybrid", states: ["null"] }, "bad-campaign"],
  [{ design: "pointer" }, "bad-campaign"],
  [{ design: "hybrid", callers: 16 }, "bad-campaign"],
  [{ design: "literal", weakening: { skip: ["ic"] } }, "no-protection"],
] as const)("%j is no campaign: %s", async (campaign, code) => {
  await expect(stress(campaign)).rejects.toMatchObject({ code });
});
