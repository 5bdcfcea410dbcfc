/** The arguments of a directive, read from left to right. */
import { ExpressionProblem } from "../syntax/input.js";
import { AssemblyError } from "./errors.js";
import { type Names, readExpression, type Value } from "./expressions.js";
import { endOfString, positionIn, type Statement } from "./source.js";
import { escapeValue } from "./strings.js";

const encoder = new TextEncoder();

export class DirectiveArguments {
  constructor(
    readonly statement: Statement,
    /** Lower case, with its dot. */
    readonly directive: string,
    /** Where in the statement's text reading goes on. */
    public position: number,
    private readonly names: Names,
  ) {}

  error(reason: string, position = this.position): AssemblyError {
    return new AssemblyError(positionIn(this.statement, position), reason);
  }

  skipSpace(): void {
    const { text } = this.statement;
    while (text[this.position] === " " || text[this.position] === "\t") this.position++;
  }

  atEnd(): boolean {
    this.skipSpace();
    return this.position >= this.statement.text.length;
  }

  /** Whether a comma comes next; takes it. */
  comma(): boolean {
    this.skipSpace();
    if (this.statement.text[this.position] !== ",") return false;
    this.position++;
    return true;
  }

  expectComma(): void {
    if (!this.comma()) throw this.error(`${this.directive}: expected ','`);
  }

  expectEnd(): void {
    if (!this.atEnd()) throw this.error(`${this.directive}: unexpected text behind the arguments`);
  }

  /** Everything that is left. */
  rest(): string {
    this.skipSpace();
    const text = this.statement.text.slice(this.position);
    this.position = this.statement.text.length;
    return text;
  }

  /** Text up to the next comma or the end. */
  untilComma(): string {
    this.skipSpace();
    const text = /^[^,]*/.exec(this.statement.text.slice(this.position))?.[0] ?? "";
    this.position += text.length;
    return text.trim();
  }

  /** A name; undefined if none comes next. */
  name(): string | undefined {
    this.skipSpace();
    const { text } = this.statement;
    if (text[this.position] === '"') return new TextDecoder().decode(this.string());
    const name = /^[A-Za-z_.$][A-Za-z0-9_.$]*/.exec(text.slice(this.position))?.[0];
    if (name !== undefined) this.position += name.length;
    return name;
  }

  expectName(): string {
    const name = this.name();
    if (name === undefined) throw this.error(`${this.directive}: expected a name`);
    return name;
  }

  /** A string's bytes, escapes resolved, text in UTF-8. */
  string(): Uint8Array {
    this.skipSpace();
    const { text } = this.statement;
    const start = this.position;
    if (text[start] !== '"') throw this.error(`${this.directive}: expected a string`);
    const end = endOfString(text, start);
    if (end === undefined) throw this.error('unterminated string: the closing " is missing');
    const bytes: number[] = [];
    let index = start + 1;
    while (index < end - 1) {
      if (text[index] !== "\\") {
        const next = text.indexOf("\\", index);
        const piece = text.slice(index, next < 0 || next > end - 1 ? end - 1 : next);
        for (const byte of encoder.encode(piece)) bytes.push(byte);
        index += piece.length;
        continue;
      }
      const escaped = escapeValue(text, index + 1);
      if (escaped === undefined)
        throw this.error(`unknown escape '${text.slice(index, index + 2)}' in a string`, index);
      bytes.push(escaped.value);
      index = escaped.end;
    }
    this.position = end;
    return Uint8Array.from(bytes);
  }

  /** An expression's value, undefined if it is not known yet. */
  expression(): Value {
    const { text } = this.statement;
    this.skipSpace();
    try {
      const { value, end } = readExpression(text, this.position, this.names);
      this.position = end;
      return value;
    } catch (error) {
      if (error instanceof ExpressionProblem) throw this.error(error.reason, error.position);
      throw error;
    }
  }

  /** An expression that must be a known number here. */
  number(): bigint {
    this.skipSpace();
    const start = this.position;
    const value = this.expression();
    if (value === undefined || value.section !== undefined) {
      throw this.error(
        `${this.directive}: this needs a value that is known here (no symbol defined further on, no address)`,
        start,
      );
    }
    return value.value;
  }

  /** A known number within a range. */
  numberWithin(least: number, most: number, what: string): number {
    this.skipSpace();
    const start = this.position;
    const value = this.number();
    if (value < BigInt(least) || value > BigInt(most)) {
      throw this.error(`${this.directive}: ${what} ${value} is out of range: ${least} to ${most}`, start);
    }
    return Number(value);
  }
}
