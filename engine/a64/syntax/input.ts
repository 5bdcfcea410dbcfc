/** The text of an instruction's operands while it is read, and the word that grows from it. */
import type { FieldReference } from "./field.js";

/** Where expressions and symbols come from: the assembler, or a plain reader of numbers. */
export interface ExpressionReader {
  /**
   * Reads the expression that starts at `position`: its value as a signed 64-bit number, undefined if it
   * is not known yet, and the position after it. Throws an ExpressionProblem where there is none.
   */
  expression(text: string, position: number): { readonly value: bigint | undefined; readonly end: number };
  /** The register that `.req` gave this name (lower case). */
  registerNamed?(name: string): string | undefined;
}

/**
 * Thrown where a text is no expression; `position` counts from the start of the text. Caught by whoever
 * reads operands; often only one syntax of several fails by it, so it has no stack trace to be gathered.
 */
export class ExpressionProblem {
  constructor(
    readonly position: number,
    readonly reason: string,
    /** What should stand there, if the reason is just that it does not. */
    readonly expected?: string,
  ) {}
}

/** Why no syntax fits, and where in the operands. */
export interface Failure {
  readonly position: number;
  readonly reason: string;
}

/**
 * Of the failures of several syntaxes the most telling one is kept: first one where all was in its place
 * and only a value was wrong (weight 3), then the one furthest to the right, and of two at one place a
 * wrong value (2) before something else than expected (1). What was expected at one place is gathered.
 */
class Failures {
  private position = -1;
  private weight = 0;
  private reason = "";
  /** For weight 1 what was expected, else the ranges that the reason ends with. */
  private choices: string[] = [];

  note(position: number, weight: 1 | 2 | 3, reason: string, choice?: string): void {
    const rank = Math.max(weight, 2) - Math.max(this.weight, 2) || position - this.position || weight - this.weight;
    const same = position === this.position && weight === this.weight && reason === this.reason;
    if (rank < 0 || (rank === 0 && !same)) return;
    if (rank > 0) {
      this.position = position;
      this.weight = weight;
      this.reason = reason;
      this.choices = [];
    }
    if (choice !== undefined && !this.choices.includes(choice)) this.choices.push(choice);
  }

  /** `found`: says what stands at a position. */
  result(found: (position: number) => string): Failure {
    const shown = this.choices.slice(0, 4);
    const choices = shown.join(", or ") + (this.choices.length > shown.length ? ", ..." : "");
    const end = this.weight === 1 ? found(this.position) : "";
    return { position: Math.max(0, this.position), reason: `${this.reason}${choices}${end}` };
  }
}

export interface Immediate {
  /** Undefined if it is not known yet. */
  readonly value: bigint | undefined;
  /** Where it begins, behind the `#`. */
  readonly start: number;
  /** A relocation operator, in lower case without its colons. */
  readonly operator: string | undefined;
}

export class OperandInput {
  /** The word so far, and which of its bits are settled. */
  word = 0;
  known = 0;
  position = 0;
  /** Whether a value was not known yet: the word is then only a reading of the syntax. */
  deferred = false;
  /** The width of the register that an extension behind it applies to. */
  extendedWide: boolean | undefined;
  /** A value that does not fit, in operands that are otherwise read: the syntax fails by it at its end. */
  rejected: { readonly position: number; readonly reason: string; readonly range: string | undefined } | undefined;
  private readonly failures = new Failures();

  /** `address`: of the instruction, undefined while it is not known. */
  constructor(
    readonly text: string,
    readonly address: bigint | undefined,
    private readonly expressions: ExpressionReader,
  ) {}

  /** Starts one syntax afresh. */
  restart(word: number, known: number): void {
    this.word = word;
    this.known = known;
    this.position = 0;
    this.deferred = false;
    this.extendedWide = undefined;
    this.rejected = undefined;
  }

  /** Reading stops here, and why; always false. */
  fail(position: number, reason: string): false {
    this.failures.note(position, 2, reason);
    return false;
  }

  /** Reading stops because something else was expected; always false. */
  expected(position: number, what: string): false {
    this.failures.note(position, 1, "expected ", what);
    return false;
  }

  /**
   * The value at `position` does not fit; reading goes on, to see whether all else does. Always true.
   * `range`: the values possible, put behind the reason.
   */
  reject(position: number, reason: string, range?: string): true {
    this.failures.note(position, 2, reason, range);
    this.rejected ??= { position, reason, range };
    return true;
  }

  /** At the end of a syntax: whether nothing was rejected. */
  accepted(): boolean {
    if (this.rejected === undefined) return true;
    this.failures.note(this.rejected.position, 3, this.rejected.reason, this.rejected.range);
    return false;
  }

  /** Why the syntaxes read so far all failed. */
  failure(): Failure {
    return this.failures.result((position) => {
      this.position = position;
      return this.found();
    });
  }

  skipSpace(): void {
    const { text } = this;
    for (;;) {
      const code = text.charCodeAt(this.position);
      if (code !== 32 && code !== 9) return;
      this.position++;
    }
  }

  atEnd(): boolean {
    this.skipSpace();
    return this.position >= this.text.length;
  }

  /** Takes a punctuation character if it comes next. */
  take(character: string): boolean {
    this.skipSpace();
    if (this.text[this.position] !== character) return false;
    this.position++;
    return true;
  }

  expect(character: string): boolean {
    return this.take(character) || this.expected(this.position, `'${character}'`);
  }

  /** The name (letters, digits, `_ . $`) that comes next, in lower case; empty if there is none. */
  peekWord(): string {
    this.skipSpace();
    let end = this.position;
    while (isWordCode(this.text.charCodeAt(end))) end++;
    return this.text.slice(this.position, end).toLowerCase();
  }

  /** ", found ..." for messages. */
  private found(): string {
    this.skipSpace();
    if (this.position >= this.text.length) return ", found the end of the statement";
    const word = this.peekWord();
    return `, found '${word === "" ? this.text.charAt(this.position) : this.text.slice(this.position, this.position + word.length)}'`;
  }

  /** An expression; undefined (with the failure noted) if there is none. */
  expression(): { readonly value: bigint | undefined } | undefined {
    this.skipSpace();
    const literal = this.literal();
    if (literal !== undefined) return { value: literal };
    try {
      const result = this.expressions.expression(this.text, this.position);
      this.position = result.end;
      return result;
    } catch (error) {
      if (!(error instanceof ExpressionProblem)) throw error;
      if (error.expected === undefined) this.fail(error.position, error.reason);
      else this.expected(error.position, error.expected);
      return undefined;
    }
  }

  /** `#`, which may be left out, and an expression; undefined (with the failure noted) if there is none. */
  immediate(): Immediate | undefined {
    const start = this.behindHash();
    return this.immediateFrom(start, undefined);
  }

  /** The same with a relocation operator before the expression, if one is there. */
  relocatedImmediate(): Immediate | undefined {
    const start = this.behindHash();
    return this.immediateFrom(start, this.relocation());
  }

  private behindHash(): number {
    this.take("#");
    this.skipSpace();
    return this.position;
  }

  private immediateFrom(start: number, operator: string | undefined): Immediate | undefined {
    const expression = this.expression();
    return expression === undefined ? undefined : { value: expression.value, start, operator };
  }

  /** A relocation operator (`:lo12:`), in lower case without its colons. */
  relocation(): string | undefined {
    this.skipSpace();
    if (this.text[this.position] !== ":") return undefined;
    const match = /^:\s*([A-Za-z0-9_]+)\s*:/.exec(this.text.slice(this.position, this.position + 40));
    if (match === null) return undefined;
    this.position += match[0].length;
    return (match[1] as string).toLowerCase();
  }

  /** The register a name stands for, after `.req`. */
  registerNamed(name: string): string | undefined {
    return this.expressions.registerNamed?.(name);
  }

  /** Settles a field. False if an earlier operand settled it otherwise. */
  assign(field: FieldReference, value: number, position: number, reason: string): boolean {
    const bits = field.place(value);
    if (((bits ^ this.word) & this.known & field.mask) !== 0) return this.fail(position, reason);
    this.word = (this.word | bits) >>> 0;
    this.known |= field.mask;
    return true;
  }

  isKnown(field: FieldReference): boolean {
    return (field.mask & ~this.known) === 0;
  }

  /** A field whose value is not known yet. */
  defer(): true {
    this.deferred = true;
    return true;
  }

  /** The usual short cases, without the full reader: a number and then the end, `,` or `]`. */
  private literal(): bigint | undefined {
    const { text } = this;
    const start = this.position;
    let end = start;
    let code = text.charCodeAt(end);
    const negative = code === 45;
    if (negative) code = text.charCodeAt(++end);
    if (!(code >= 48 && code <= 57)) return undefined;
    const digits = end;
    do code = text.charCodeAt(++end);
    while (isWordCode(code));
    if (!(end >= text.length || code === 44 || code === 93)) return undefined;
    const number = text.slice(digits, end);
    if (number.length > 1 && number[0] === "0" ? !/^0x[0-9a-f]{1,15}$/i.test(number) : !/^[0-9]{1,15}$/.test(number))
      return undefined;
    this.position = end;
    const value = BigInt(number);
    return negative ? -value : value;
  }
}

function isWordCode(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90) ||
    code === 95 ||
    code === 46 ||
    code === 36
  );
}
