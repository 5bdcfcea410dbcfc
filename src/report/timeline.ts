/** An execution on a terminal: in words, and as lanes beside what memory and the instruction caches hold. */
import type { Contents, Row, Timeline } from "../explore/timeline.js";
import { type Column, formatTable } from "./table.js";

/** Characters of an instruction in a lane; longer ones are cut. */
const LANE_WIDTH = 34;

const LEGEND = "I$: what a core may fetch there; two words as long as nothing has made its cache drop the old one\n";

/** What a column of contents is headed by: where, and whose. */
export function contentsTitle({ title, core }: Contents, lanes: readonly string[]): string {
  return core === undefined ? `memory ${title}` : `I$ ${lanes[core] ?? core} ${title}`;
}

/** Numbered lines, one a row: core, instruction, what it did. */
export function storyText({ lanes, rows }: Timeline): string {
  const names = Math.max(...lanes.map((name) => name.length), 0);
  const instructions = Math.max(...rows.map(({ instruction }) => instruction.length), 0);
  const digits = String(rows.length).length;
  const lines = rows.map(({ core, instruction, text }, index) => {
    const step = `${String(index + 1).padStart(digits)}.`;
    return `${step} ${(lanes[core] ?? "").padEnd(names)}  ${instruction.padEnd(instructions)}  ${text}`.trimEnd();
  });
  return `${lines.join("\n")}\n`;
}

const marks: Readonly<Record<Row["tone"], string>> = {
  plain: "",
  read: "",
  store: "",
  maintenance: "",
  stale: " (stale)",
  fault: " FAULT",
};

/** What stands in a lane. */
export function laneText({ instruction, tone, text }: Row): string {
  const effect = /^its (store|load) of/.test(text) ? " (takes effect)" : "";
  const mark = `${effect}${marks[tone]}`;
  const room = LANE_WIDTH - mark.length;
  return `${instruction.length > room ? `${instruction.slice(0, room - 3)}...` : instruction}${mark}`;
}

interface Line {
  readonly step: string;
  readonly lanes: readonly string[];
  readonly values: readonly string[];
}

/** A table: a lane a core, then the contents, written where they change. */
export function timelineText(timeline: Timeline): string {
  const { lanes, contents, initial, rows } = timeline;
  let before = initial;
  const lines: Line[] = [{ step: "", lanes: lanes.map(() => ""), values: initial }];
  for (const [index, row] of rows.entries()) {
    lines.push({
      step: String(index + 1),
      lanes: lanes.map((_, lane) => (lane === row.core ? laneText(row) : "|")),
      values: row.values.map((value, at) => (value === before[at] ? "" : value)),
    });
    before = row.values;
  }
  const columns: Column<Line>[] = [
    { title: "step", align: "right", cell: ({ step }) => step },
    ...lanes.map((title, lane): Column<Line> => ({ title, align: "left", cell: (line) => line.lanes[lane] ?? "" })),
    ...contents.map(
      (content, at): Column<Line> => ({
        title: contentsTitle(content, lanes),
        align: "left",
        cell: ({ values }) => values[at] ?? "",
      }),
    ),
  ];
  const legend = contents.some(({ core }) => core !== undefined) ? LEGEND : "";
  return `${formatTable(columns, lines)}${legend}`;
}
