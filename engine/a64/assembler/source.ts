/** From text to statements: comments gone, lines split at `;`, every piece with its place. */
import { AssemblyError, type SourcePosition } from "./errors.js";

export interface Statement {
  /** Without comments and surrounding spaces. */
  readonly text: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Column of the text's first character, from 1. */
  readonly column: number;
  /** The whole line. */
  readonly source: string;
  /** See SourcePosition. */
  readonly notes: readonly string[];
}

/** The place of a character of a statement's text. */
export function positionIn(statement: Statement, offset: number): SourcePosition {
  const { file, line, column, source, notes } = statement;
  return { file, line, column: column + offset, source, notes };
}

/** The index after a string that starts at `start` with a quote; undefined if its line ends first. */
export function endOfString(text: string, start: number): number | undefined {
  for (let index = start + 1; index < text.length && text[index] !== "\n"; index++) {
    if (text[index] === "\\") index++;
    else if (text[index] === '"') return index + 1;
  }
  return undefined;
}

/** The index after a character constant `'a'`, `'a` or `'\n'`. */
export function endOfCharacter(text: string, start: number): number {
  const end = start + (text[start + 1] === "\\" ? 3 : 2);
  return text[end] === "'" ? end + 1 : end;
}

/** Splits a text. Comments: from `//` to the end of the line, between `/*` and its end, and lines that begin with `#`. */
export function splitStatements(text: string, file: string): Statement[] {
  return new Splitter(text.replaceAll("\r\n", "\n"), file).split();
}

/** Characters of one statement. */
const MAX_STATEMENT = 100_000;

class Splitter {
  private readonly statements: Statement[] = [];
  private readonly lines: readonly string[];
  private index = 0;
  private line = 1;
  private lineStart = 0;
  /** The statement so far, where it begins, and on which line. */
  private piece = "";
  private start: { line: number; column: number } | undefined;

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {
    this.lines = text.split("\n");
  }

  split(): Statement[] {
    const { text } = this;
    while (this.index < text.length) {
      const character = text[this.index] as string;
      if (character === "\n") this.endLine();
      else if (character === ";") this.endStatement(1);
      else if (character === "#" && this.atLineStart()) this.skipLine();
      else if (character === "/" && text[this.index + 1] === "/") this.skipLine();
      else if (character === "/" && text[this.index + 1] === "*") this.skipBlockComment();
      else this.take(this.tokenEnd(character));
    }
    this.endStatement(0);
    return this.statements;
  }

  private atLineStart(): boolean {
    return this.text.slice(this.lineStart, this.index).trim() === "";
  }

  /** The end of the string, character constant or single character at the index. */
  private tokenEnd(character: string): number {
    if (character === "'") return Math.min(endOfCharacter(this.text, this.index), this.lineEnd());
    if (character !== '"') return this.index + 1;
    const end = endOfString(this.text, this.index);
    if (end === undefined) throw new AssemblyError(this.position(), 'unterminated string: the closing " is missing');
    return end;
  }

  private lineEnd(): number {
    const end = this.text.indexOf("\n", this.index);
    return end < 0 ? this.text.length : end;
  }

  private take(end: number): void {
    const piece = this.text.slice(this.index, end);
    if (this.start !== undefined || piece.trim() !== "") {
      this.start ??= { line: this.line, column: this.index - this.lineStart + 1 };
      this.piece += piece;
    }
    this.index = end;
  }

  private endStatement(skip: number): void {
    const text = this.piece.trimEnd();
    if (text.length > MAX_STATEMENT) {
      throw new AssemblyError(this.position(), `the statement is longer than ${MAX_STATEMENT} characters`);
    }
    if (this.start !== undefined && text !== "") {
      const source = this.lines[this.start.line - 1] ?? "";
      this.statements.push({ text, file: this.file, ...this.start, source, notes: [] });
    }
    this.piece = "";
    this.start = undefined;
    this.index += skip;
  }

  private endLine(): void {
    this.endStatement(1);
    this.line++;
    this.lineStart = this.index;
  }

  private skipLine(): void {
    this.index = this.lineEnd();
  }

  /** A comment is a space; the columns behind it on its line stay right. */
  private skipBlockComment(): void {
    const end = this.text.indexOf("*/", this.index + 2);
    if (end < 0) throw new AssemblyError(this.position(), "unterminated comment: the closing */ is missing");
    const comment = this.text.slice(this.index, end + 2);
    if (this.start !== undefined) this.piece += comment.includes("\n") ? " " : " ".repeat(comment.length);
    this.index = end + 2;
    const lastNewline = comment.lastIndexOf("\n");
    if (lastNewline >= 0) {
      this.line += comment.split("\n").length - 1;
      this.lineStart = end + 2 - (comment.length - lastNewline - 1);
    }
  }

  private position(): SourcePosition {
    const { file, line } = this;
    return { file, line, column: this.index - this.lineStart + 1, source: this.lines[line - 1] ?? "", notes: [] };
  }
}
