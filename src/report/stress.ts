/** A stress campaign's report as text. */
import type { Expectation } from "../stress/expectation.js";
import type { StressReport, Violation } from "../stress/report.js";
import { type Column, formatTable } from "./table.js";

const whole = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });
const MICROSECOND = 1000;
const BAR = 40;

interface Row {
  readonly from: string;
  readonly to: string;
  readonly updates: number;
  readonly old: number;
  readonly new: number;
  readonly stale: number;
  readonly violations: number;
}

const columns: readonly Column<Row>[] = [
  { title: "from", align: "left", cell: ({ from }) => from },
  { title: "to", align: "left", cell: ({ to }) => to },
  { title: "updates", align: "right", cell: ({ updates }) => whole.format(updates) },
  { title: "old", align: "right", cell: (row) => whole.format(row.old) },
  { title: "new", align: "right", cell: (row) => whole.format(row.new) },
  { title: "stale", align: "right", cell: ({ stale }) => whole.format(stale) },
  { title: "violations", align: "right", cell: ({ violations }) => whole.format(violations) },
];

const LEGEND = `
old, new: what calls came to during which the update began or returned
stale:    calls to the old target after the update had returned, by a caller that had not synchronised since
`;

function rowsOf({ counters, violations }: StressReport): Row[] {
  return counters.transitions.map((row) => ({
    ...row,
    violations: violations.filter(({ transition }) => transition?.from === row.from && transition.to === row.to).length,
  }));
}

/** 2^exponent nanoseconds. */
function duration(exponent: number): string {
  const nanoseconds = 2 ** exponent;
  if (nanoseconds < MICROSECOND) return `${nanoseconds} ns`;
  if (nanoseconds < MICROSECOND ** 2) return `${(nanoseconds / MICROSECOND).toPrecision(3)} us`;
  if (nanoseconds < MICROSECOND ** 3) return `${(nanoseconds / MICROSECOND ** 2).toPrecision(3)} ms`;
  return `${(nanoseconds / MICROSECOND ** 3).toPrecision(3)} s`;
}

/** Counts by powers of two, from the first bucket that has any to the last one. */
function histogram(title: string, buckets: readonly number[]): string {
  const total = buckets.reduce((sum, count) => sum + count, 0);
  if (total === 0) return `\n${title}: none\n`;
  const most = Math.max(...buckets);
  const first = buckets.findIndex((count) => count > 0);
  const last = buckets.findLastIndex((count) => count > 0);
  const lines = buckets.slice(first, last + 1).map((count, index) => {
    const bar = "#".repeat(Math.ceil((BAR * count) / most));
    return `  from ${duration(first + index).padStart(8)}  ${whole.format(count).padStart(12)}  ${bar}`.trimEnd();
  });
  return `\n${title}: ${whole.format(total)}\n${lines.join("\n")}\n`;
}

function heading({ campaign, shards, shardCount, seconds, ends }: StressReport): string {
  const { design, states, callers, patchers, seed, weakening, instructionCache } = campaign;
  const cores = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`;
  const faults = Object.keys(weakening).length === 0 ? "" : `, without protections: ${JSON.stringify(weakening)}`;
  const part = shardCount === 1 ? "" : `, shard ${shards.join(", ")} of ${shardCount}`;
  return `${design}, ${states.join(" ")}: ${cores(callers, "caller")}, ${cores(patchers, "patcher")}, caches ${instructionCache}, seed ${seed}${part}${faults}
${seconds.toFixed(1)} s, ended by: ${ends.join(", ")}
`;
}

function totals({ counters, seconds, regions, instructions }: StressReport): string {
  const rate = (count: number): string => (seconds > 0 ? ` (${whole.format(count / seconds)}/s)` : "");
  const { calls, updates, synchronisations, examined, oldInside, patching } = counters;
  const each = updates === 0 ? "" : `, ${(patching / updates / MICROSECOND).toFixed(1)} us each`;
  return `
calls checked      ${whole.format(calls)}${rate(calls)}
updates            ${whole.format(updates)}${rate(updates)}${each}
synchronisations   ${whole.format(synchronisations)}
calls near updates ${whole.format(examined)}, of which came to the old target though the update had begun before: ${whole.format(oldInside)}
instructions       ${whole.format(instructions)}${rate(instructions)}
regions            ${whole.format(regions.compiled)} compiled, ${whole.format(regions.linked)} times linked, ${whole.format(regions.unlinked)} unlinked
`;
}

function violationText({ title, lines, core, shard }: Violation, number: number, shardCount: number): string {
  const where = shardCount === 1 ? `core ${core}` : `shard ${shard}, core ${core}`;
  return `\nViolation ${number} (${where}): ${title}\n${lines.map((line) => `  ${line}\n`).join("")}`;
}

function modelText({ shown, notShown, complete }: Expectation): string {
  const list = (lines: readonly string[]): string => lines.map((line) => `  ${line}\n`).join("");
  const unfinished = complete ? "" : "\nThe memory model was not asked about everything: a limit was reached.\n";
  if (shown.length + notShown.length === 0) {
    return `\nThe memory model allows no wrong call with this: what was taken away is not needed.\n${unfinished}`;
  }
  return `${shown.length === 0 ? "" : `\nThe memory model allows with this, and this host can show:\n${list(shown)}`}${
    notShown.length === 0
      ? ""
      : `\nNot shown: the memory model allows it, but a host that keeps loads and stores in order, as x86 does, never does it:\n${list(notShown)}`
  }${unfinished}`;
}

function verdict({ violations, complete, ends, shards, shardCount, model, counters }: StressReport): string {
  const missing =
    shards.length === shardCount || shards.length === 1 ? "" : `, ${shardCount - shards.length} shards are missing`;
  const note =
    complete || (shards.length === 1 && !ends.includes("stopped"))
      ? ""
      : `Incomplete: ${ends.includes("stopped") ? "stopped" : "not all shards"}${missing}.\n`;
  const found =
    violations.length === 0 ? "No violation" : `${violations.length} violation${violations.length === 1 ? "" : "s"}`;
  const proof =
    counters.oldInside > 0 || violations.length > 0
      ? ""
      : " The old target was never seen during an update: this proves nothing.";
  const unlucky =
    violations.length === 0 && (model?.shown.length ?? 0) > 0
      ? " What the model allows may take another --icache (late shows missing barriers), a longer run, or --rate 0."
      : "";
  const hidden =
    violations.length === 0 && (model?.notShown.length ?? 0) > 0
      ? " That does not make it safe: see what is not shown."
      : "";
  return `\n${note}${found} in ${whole.format(counters.calls)} calls.${proof}${unlucky}${hidden}\n`;
}

export function stressText(report: StressReport): string {
  const { counters, violations, model, shardCount } = report;
  return [
    heading(report),
    totals(report),
    `\n${formatTable(columns, rowsOf(report))}${LEGEND}`,
    histogram("Calls to the old target, by time since the update had begun", counters.sinceBegin),
    histogram("Calls to the old target, by time since the update had returned", counters.sinceReturn),
    ...violations.map((violation, index) => violationText(violation, index + 1, shardCount)),
    ...(model === undefined ? [] : [modelText(model)]),
    verdict(report),
  ].join("");
}
