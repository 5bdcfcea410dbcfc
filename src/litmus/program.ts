/** The program: a table whose columns are threads. */
import type { LitmusErrorCode } from "./errors.js";
import { errorAt } from "./source.js";
import type { Column, InstructionCell, LabelCell, LitmusSource, LitmusThread } from "./syntax.js";

/** Columns, fault handlers included, and rows; more are not litmus tests. */
const MAXIMUM_COLUMNS = 64;
const MAXIMUM_ROWS = 4096;

/** What follows the program, at the start of a row. */
const CONDITION_WORD = /(?:~\s*exists|not\s+exists|exists|forall|final|locations|filter)(?![\w.$:])/y;

export interface ProgramPart {
  readonly threads: readonly LitmusThread[];
  /** The offset behind the program. */
  readonly end: number;
}

interface Cell {
  readonly text: string;
  readonly offset: number;
}

interface OpenColumn {
  readonly thread: number;
  readonly handler: boolean;
  readonly offset: number;
  readonly instructions: InstructionCell[];
  readonly labels: LabelCell[];
}

/** Reads the program of `text`, in which comments are blanks, from an offset on. */
export function readProgram(source: LitmusSource, text: string, from: number): ProgramPart {
  const wrong = (offset: number, reason: string, code: LitmusErrorCode = "syntax"): Error =>
    errorAt(source, offset, code, reason);
  let row = readRow(source, text, from);
  if (row === undefined) throw wrong(skipBlanks(text, from), "the program is missing: P0 | P1 ;");
  const columns = row.cells.map((cell) => openColumn(cell, wrong));
  if (columns.length > MAXIMUM_COLUMNS) throw wrong(from, `more than ${MAXIMUM_COLUMNS} columns`, "size");
  let end = row.end;
  for (let rows = 0; ; rows++) {
    row = readRow(source, text, end);
    if (row === undefined) break;
    if (rows >= MAXIMUM_ROWS) throw wrong(end, `more than ${MAXIMUM_ROWS} rows`, "size");
    end = row.end;
    for (const [index, cell] of row.cells.entries()) {
      const column = columns[index];
      if (column !== undefined) readCell(cell, column, wrong);
      else if (cell.text !== "")
        throw wrong(cell.offset, `there is no thread for this column: ${columns.length} are named`);
    }
  }
  return { threads: threadsOf(columns, wrong), end };
}

function skipBlanks(text: string, offset: number): number {
  let at = offset;
  while (at < text.length && /\s/.test(text.charAt(at))) at++;
  return at;
}

function readRow(
  source: LitmusSource,
  text: string,
  from: number,
): { readonly cells: readonly Cell[]; readonly end: number } | undefined {
  const start = skipBlanks(text, from);
  CONDITION_WORD.lastIndex = start;
  if (start >= text.length || CONDITION_WORD.test(text)) return undefined;
  const end = text.indexOf(";", start);
  if (end < 0) throw errorAt(source, start, "syntax", "this row of the program has no ';' at its end");
  const cells: Cell[] = [];
  let offset = from;
  for (const piece of text.slice(from, end).split("|")) {
    const text = piece.trim();
    cells.push({ text, offset: offset + (text === "" ? 0 : piece.indexOf(text)) });
    offset += piece.length + 1;
  }
  return { cells, end: end + 1 };
}

type Wrong = (offset: number, reason: string, code?: LitmusErrorCode) => Error;

/** The heading of a column: P0, or P0.F for the fault handler of P0. */
function openColumn({ text, offset }: Cell, wrong: Wrong): OpenColumn {
  const match = /^P([0-9]{1,4})(\.F)?$/.exec(text);
  if (match === null) throw wrong(offset, `'${text}' is not the name of a thread: P0, or P0.F for its fault handler`);
  return { thread: Number(match[1]), handler: match[2] !== undefined, offset, instructions: [], labels: [] };
}

function readCell(cell: Cell, column: OpenColumn, wrong: Wrong): void {
  let { text, offset } = cell;
  for (;;) {
    const match = /^([A-Za-z_.$][\w.$]*)\s*:\s*/.exec(text);
    if (match === null) break;
    column.labels.push({ name: match[1] as string, index: column.instructions.length, offset });
    text = text.slice(match[0].length);
    offset += match[0].length;
  }
  if (text === "") return;
  const newLine = text.indexOf("\n");
  if (newLine >= 0) throw wrong(offset, "this row of the program has no ';' at its end");
  column.instructions.push({ text, offset });
}

function threadsOf(columns: readonly OpenColumn[], wrong: Wrong): readonly LitmusThread[] {
  const main = columns.filter((column) => !column.handler);
  const handlers = columns.filter((column) => column.handler);
  for (const [index, column] of columns.entries()) {
    const other = columns.findIndex(({ thread, handler }) => thread === column.thread && handler === column.handler);
    const name = `P${column.thread}${column.handler ? ".F" : ""}`;
    if (other !== index) throw wrong(column.offset, `${name} has two columns`, "symbol");
    if (column.handler && !main.some(({ thread }) => thread === column.thread)) {
      throw wrong(column.offset, `${name} is the handler of a thread that has no column`, "symbol");
    }
  }
  return main
    .map((column) => {
      const handler = handlers.find(({ thread }) => thread === column.thread);
      const code: Column = { instructions: column.instructions, labels: column.labels };
      return { id: column.thread, code, ...(handler && { handler }) };
    })
    .sort((a, b) => a.id - b.id);
}
