/** Puts the reports of shards together. */
import type { Counters, TransitionCounts } from "./counters.js";
import { StressError } from "./errors.js";
import type { StressReport } from "./report.js";

function refuse(why: string): never {
  throw new StressError("not-mergeable", why);
}

function sums(a: readonly number[], b: readonly number[]): number[] {
  return a.map((value, index) => value + (b[index] ?? 0));
}

function addTransitions(a: readonly TransitionCounts[], b: readonly TransitionCounts[]): TransitionCounts[] {
  return a.map((row) => {
    const other = b.find(({ from, to }) => from === row.from && to === row.to);
    if (other === undefined) return refuse(`a report has no transition ${row.from}:${row.to}`);
    return {
      from: row.from,
      to: row.to,
      updates: row.updates + other.updates,
      old: row.old + other.old,
      new: row.new + other.new,
      stale: row.stale + other.stale,
    };
  });
}

function addCounters(a: Counters, b: Counters): Counters {
  return {
    calls: a.calls + b.calls,
    synchronisations: a.synchronisations + b.synchronisations,
    examined: a.examined + b.examined,
    updates: a.updates + b.updates,
    oldInside: a.oldInside + b.oldInside,
    transitions: addTransitions(a.transitions, b.transitions),
    sinceBegin: sums(a.sinceBegin, b.sinceBegin),
    sinceReturn: sums(a.sinceReturn, b.sinceReturn),
    patching: a.patching + b.patching,
  };
}

/** JSON whose keys are in order, whatever order flags were given in. */
function canonical(value: unknown): string {
  const sorted = (_: string, part: unknown): unknown =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part;
  return JSON.stringify(value, sorted);
}

function add(a: StressReport, b: StressReport): StressReport {
  const twice = b.shards.find((shard) => a.shards.includes(shard));
  if (twice !== undefined) refuse(`shard ${twice} is there twice`);
  if (a.shardCount !== b.shardCount) refuse(`the shards are of ${a.shardCount} and of ${b.shardCount}`);
  if (canonical(a.campaign) !== canonical(b.campaign)) refuse("the reports are of different campaigns");
  return {
    ...a,
    shards: [...a.shards, ...b.shards].sort((x, y) => x - y),
    ends: [...new Set([...a.ends, ...b.ends])],
    seconds: a.seconds + b.seconds,
    counters: addCounters(a.counters, b.counters),
    regions: {
      compiled: a.regions.compiled + b.regions.compiled,
      linked: a.regions.linked + b.regions.linked,
      unlinked: a.regions.unlinked + b.regions.unlinked,
    },
    instructions: a.instructions + b.instructions,
    violations: [...a.violations, ...b.violations],
  };
}

/**
 * One report of several shards'. It is complete when all shards are there and none was stopped. Throws a StressError for reports
 * of different campaigns, and for a shard that comes twice.
 */
export function mergeReports(reports: readonly StressReport[]): StressReport {
  const [first, ...others] = reports;
  if (first === undefined) return refuse("there is no report to merge");
  const merged = others.reduce(add, first);
  return { ...merged, complete: merged.shards.length === merged.shardCount && !merged.ends.includes("stopped") };
}

/** A report out of JSON. Throws a StressError if it is none. */
export function parseReport(text: string, file: string): StressReport {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(`${file} is not JSON`);
  }
  if (!isReport(value)) return refuse(`${file} is no report of cmodx stress --json`);
  return value;
}

/** Whether it has what merging looks at. */
function isReport(value: unknown): value is StressReport {
  if (typeof value !== "object" || value === null) return false;
  const { report, campaign, shards, counters, regions, ends } = value as Record<string, unknown>;
  const isObject = (part: unknown): boolean => typeof part === "object" && part !== null;
  return (
    report === "stress" && [campaign, counters, regions].every(isObject) && Array.isArray(shards) && Array.isArray(ends)
  );
}
