/** The dispatch measurement as a table and as JSON. */
import type { DispatchMeasurement, DispatchRow } from "../dispatch/measure.js";
import { type Column, formatTable } from "./table.js";

/** A count a turn: whole where it is. */
function perTurn(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

const columns: readonly Column<DispatchRow>[] = [
  { title: "design", align: "left", cell: (row) => row.design },
  { title: "state", align: "left", cell: (row) => row.state },
  { title: "interpreter ns", align: "right", cell: (row) => row.interpreterNanoseconds.toFixed(1) },
  { title: "ratio", align: "right", cell: (row) => row.interpreterRatio.toFixed(2) },
  { title: "JIT ns", align: "right", cell: (row) => row.jitNanoseconds.toFixed(2) },
  { title: "ratio", align: "right", cell: (row) => row.jitRatio.toFixed(2) },
  { title: "instructions", align: "right", cell: (row) => perTurn(row.instructions) },
  { title: "data reads", align: "right", cell: (row) => perTurn(row.dataReads) },
  { title: "taken branches", align: "right", cell: (row) => perTurn(row.takenBranches) },
];

const LEGEND = `
Each figure is for one turn of a loop { call; subs; b.ne } around a function { bti c; add; ret }, nothing
subtracted; times are those of the fastest sample; ratios are to the direct call. States:
  RET, NULL      no target: the trampoline returns        B              a patched branch to the target
  NOP+literal    target beyond +-128 MiB of B             literal        loaded from data, nothing patched
`;

export function dispatchTable({ rows, cases, complete }: DispatchMeasurement): string {
  const note = complete ? "" : `\nIncomplete: stopped after ${rows.length} of ${cases} rows.\n`;
  return `${formatTable(columns, rows)}${note}${LEGEND}`;
}

/** One JSON document, with a newline at its end. */
export function dispatchJson({ rows, cases, complete }: DispatchMeasurement): string {
  const environment = { node: process.version, architecture: process.arch };
  return `${JSON.stringify({ report: "dispatch", environment, complete, cases, rows }, null, 2)}\n`;
}
