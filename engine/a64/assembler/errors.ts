/** What is wrong with an assembly text, and where. */
import { CmodxError } from "../errors.js";

export interface SourcePosition {
  /** File name for messages. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The text of the line; inside an expansion, the statement after substitution. */
  readonly source: string;
  /** "in the expansion of macro 'x' at line 7", innermost first. */
  readonly notes: readonly string[];
}

export class AssemblyError extends CmodxError {
  override readonly name = "AssemblyError";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly source: string;

  constructor(
    position: SourcePosition,
    /** What is wrong, without the place. */
    readonly reason: string,
  ) {
    const { file, line, column, source, notes } = position;
    const marker = " ".repeat(Math.max(0, column - 1));
    const shown = source.length <= 200 ? [`  ${source.replaceAll("\t", " ")}`, `  ${marker}^`] : [];
    super(
      "assembly",
      [`${file}:${line}:${column}: ${reason}`, ...shown, ...notes.map((note) => `  ${note}`)].join("\n"),
    );
    this.file = file;
    this.line = line;
    this.column = column;
    this.source = source;
  }
}
