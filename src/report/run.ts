/** The counters of a run, for people and for programs. */
import type { RunReport } from "../run/run.js";

interface Figure {
  readonly name: string;
  readonly value: string;
}

const whole = (name: string, value: number): Figure => ({ name, value: value.toLocaleString("en-US") });

/** Instructions a second; 0 for a run that took no time. */
function speed({ stats, seconds }: RunReport): number {
  return seconds > 0 ? stats.instructions / seconds : 0;
}

function figures(report: RunReport): readonly Figure[] {
  const { stats, seconds } = report;
  const { branches, regions } = stats;
  const taken = Object.values(branches).reduce((sum, count) => sum + count, 0);
  const exits = Object.entries(regions.exits).filter(([, count]) => count > 0);
  return [
    { name: "seconds", value: seconds.toFixed(3) },
    whole("instructions", stats.instructions),
    whole("instructions/s", Math.round(speed(report))),
    whole("data reads", stats.dataReads),
    whole("data writes", stats.dataWrites),
    whole("taken branches", taken),
    whole("exceptions", stats.exceptions),
    whole("cache lines fetched", stats.fetches),
    whole("regions compiled", regions.compiled),
    whole("region entries", regions.entries),
    ...exits.map(([reason, count]) => whole(`region exits: ${reason}`, count)),
  ];
}

/** A line a figure. */
export function runTable(report: RunReport): string {
  const rows = figures(report);
  const names = Math.max(...rows.map(({ name }) => name.length));
  const values = Math.max(...rows.map(({ value }) => value.length));
  return rows.map(({ name, value }) => `${name.padEnd(names)}  ${value.padStart(values)}\n`).join("");
}

/** One JSON document on one line, with a newline at its end. */
export function runJson(report: RunReport): string {
  const { outcome, seconds, stats } = report;
  const ending =
    outcome.kind === "failed"
      ? { kind: outcome.kind, code: outcome.error.code, message: outcome.error.message }
      : outcome;
  const environment = { node: process.version, architecture: process.arch };
  const instructionsPerSecond = speed(report);
  return `${JSON.stringify({ report: "run", environment, outcome: ending, seconds, instructionsPerSecond, stats })}\n`;
}
