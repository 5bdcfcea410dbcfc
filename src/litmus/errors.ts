/** What is wrong with a litmus file, and where. */
import { CmodxError } from "../../engine/index.js";

/**
 * syntax        the text is not a litmus test
 * unsupported   it is one, but of something that cmodx has no model of: another architecture, page tables, an instruction
 * symbol        a name that nothing defines, or that two things define
 * value         a value that does not fit where it stands
 * instruction   what stands in the program or in instr:"..." is not an instruction that the assembler knows
 * size          a test larger than the limits of src/litmus/layout.ts
 */
export type LitmusErrorCode = "syntax" | "unsupported" | "symbol" | "instruction" | "value" | "size";

/** A place in a file; line and column count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The text of the line. */
  readonly source: string;
}

export class LitmusError extends CmodxError {
  override readonly name = "LitmusError";
  readonly file: string;
  readonly line: number;
  readonly column: number;

  constructor(
    code: LitmusErrorCode,
    place: Place,
    /** What is wrong, without the place. */
    readonly reason: string,
  ) {
    const { file, line, column, source } = place;
    const shown = source.length <= 200 ? `\n  ${source.replaceAll("\t", " ")}\n  ${" ".repeat(column - 1)}^` : "";
    super(code, `${file}:${line}:${column}: ${reason}${shown}`);
    this.file = file;
    this.line = line;
    this.column = column;
  }
}
