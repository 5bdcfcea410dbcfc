/** What the memory model allows calls to come to while their target is changed, as a table and as JSON. */
import type { TransitionSummary } from "../proof/outcomes.js";
import { type Column, formatTable } from "./table.js";

function list(words: readonly string[]): string {
  return words.length === 0 ? "-" : words.join(" ");
}

const columns: readonly Column<TransitionSummary>[] = [
  { title: "design", align: "left", cell: ({ options }) => options.design },
  { title: "transition", align: "left", cell: ({ options }) => options.states.join(":") },
  { title: "a call may come to", align: "left", cell: ({ outcomes }) => list(outcomes) },
  { title: "back", align: "left", cell: ({ goesBack, options }) => (options.calls < 2 ? "" : goesBack ? "yes" : "no") },
  {
    title: "synchronised",
    align: "left",
    cell: ({ synchronised }) => (synchronised === undefined ? "" : list(synchronised)),
  },
  { title: "CMODX", align: "left", cell: ({ conflicts }) => (conflicts.length === 0 ? "ok" : "violated") },
  { title: "executions", align: "right", cell: ({ executions }) => String(executions) },
  { title: "ms", align: "right", cell: ({ seconds }) => (1000 * seconds).toFixed(0) },
  { title: "", align: "left", cell: ({ complete, bound }) => (complete ? "" : `incomplete: ${bound}`) },
];

const LEGEND = `
old, new: the target before and after (with null: rightly nothing)    between: a target of an update in the middle
nothing: no target was called, though there always was one            crash: the caller took a fault
back: a later call of a caller may get to an older target             CMODX: whether only instructions are exchanged
synchronised: what calls come to after the message                      that may be while another core executes them
`;

/** The columns that say something about these rows. */
function shown(rows: readonly TransitionSummary[]): readonly Column<TransitionSummary>[] {
  return columns.filter((column) => rows.some((row) => column.cell(row) !== ""));
}

export function transitionsTable(rows: readonly TransitionSummary[], verbose: boolean): string {
  const notes = rows.flatMap(({ options, crashes, conflicts }) =>
    [...crashes, ...(verbose ? conflicts : [])].map(
      (text) => `${options.design} ${options.states.join(":")}: ${text}\n`,
    ),
  );
  return `${formatTable(shown(rows), rows)}${LEGEND}${notes.length === 0 ? "" : `\n${notes.join("")}`}`;
}

/** One JSON document, with a newline at its end. */
export function transitionsJson(rows: readonly TransitionSummary[]): string {
  return `${JSON.stringify({ report: "check", complete: rows.every(({ complete }) => complete), transitions: rows }, null, 2)}\n`;
}
