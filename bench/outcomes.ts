/**
 * What campaigns see beside what the memory model allows. Requirement: no campaign sees anything that is not allowed, in any
 * transition of any design, as it is or with something taken away. What is allowed and was never seen is listed.
 *
 * --short: three hundred updates for each campaign in place of five thousand, and two behaviours of the caches of three.
 */
import { type DesignName, designs, type PatchFaults } from "cmodx";
import { singleFaults } from "#src/static-call/weakening.js";
import { runCampaign } from "#src/stress/campaign.js";
import { type Comparison, compareWithModel } from "#src/stress/comparison.js";
import type { CacheBehaviour } from "#src/stress/options.js";
import { flags, Verdict } from "./support.js";

const UPDATES = flags.short ? 300 : 5000;
/** A campaign that can't make its updates in this time ends all the same. */
const SECONDS = 10;
const CALLERS = 2;
const caches: readonly CacheBehaviour[] = flags.short ? ["prompt", "adversarial"] : ["prompt", "adversarial", "late"];

const faults: readonly PatchFaults[] = [{}, ...singleFaults];

interface Row {
  readonly what: string;
  readonly calls: number;
  readonly updates: number;
  readonly comparison: Comparison;
}

/** One campaign for each behaviour of the caches; none where the design has nothing of that kind. */
async function rowsOf(design: DesignName, weakening: PatchFaults): Promise<Row[]> {
  const states = designs[design].conditionalSite === undefined ? {} : { states: ["ret0", "near", "far"] as const };
  const rows: Row[] = [];
  for (const instructionCache of caches) {
    try {
      const report = await runCampaign({
        design,
        weakening,
        callers: CALLERS,
        updates: UPDATES,
        seconds: SECONDS,
        instructionCache,
        ...states,
      });
      const { calls, updates } = report.counters;
      const what = `${design} ${JSON.stringify(weakening)} ${instructionCache}`;
      rows.push({ what, calls, updates, comparison: compareWithModel(report) });
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "no-protection") return rows;
      throw error;
    }
  }
  return rows;
}

const list = (texts: readonly string[]): string => (texts.length === 0 ? "-" : texts.join(", "));

function print({ what, calls, updates, comparison }: Row): void {
  const { violations, neverSeen, hidden, beyondArchitecture, beyondInOrder } = comparison;
  console.log(`${what}: ${calls} calls, ${updates} updates, violations seen: ${list(violations.seen)}`);
  if (neverSeen.length > 0) console.log(`    allowed on this host, never seen: ${list(neverSeen)}`);
  if (hidden.length > 0) console.log(`    allowed by the architecture only: ${list(hidden)}`);
  for (const each of beyondArchitecture) console.log(`    NOT ALLOWED: ${each}`);
  for (const each of beyondInOrder)
    console.log(`    not in the model of hosts that keep loads and stores in order: ${each}`);
}

const rows: Row[] = [];
for (const design of Object.keys(designs) as DesignName[]) {
  if (designs[design].patch === undefined) continue;
  for (const weakening of faults) {
    for (const row of await rowsOf(design, weakening)) {
      rows.push(row);
      print(row);
    }
  }
}

const count = (of: (comparison: Comparison) => number): number =>
  rows.reduce((sum, { comparison }) => sum + of(comparison), 0);
const verdict = new Verdict();
verdict.require("campaigns", rows.length, "at least", 1, "");
verdict.require(
  "searches that were cut off",
  count(({ complete }) => (complete ? 0 : 1)),
  "at most",
  0,
  "",
);
verdict.require(
  "outcomes that are not allowed",
  count((each) => each.beyondArchitecture.length),
  "at most",
  0,
  "",
);
const inOrder = process.arch === "x64" ? count((each) => each.beyondInOrder.length) : 0;
verdict.require("outcomes that this host should not show", inOrder, "at most", 0, "");
verdict.end();
