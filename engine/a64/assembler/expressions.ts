/**
 * Expressions: 64-bit, two's complement, with the operators and precedence of GNU as:
 *
 *   - ~ !                     prefix
 *   * / % << >>
 *   | & ^ !                   a ! b is a | ~b
 *   + -
 *   == != <> < > <= >=        true is -1
 *   &&  ||                    true is 1; && binds tighter
 */
import { ExpressionProblem } from "../syntax/input.js";
import { registerOfName } from "../syntax/registers.js";
import type { Section } from "./sections.js";
import { endOfCharacter } from "./source.js";
import { escapeValue } from "./strings.js";

/** A number; or, before sections have addresses, an offset into one. */
export interface Known {
  readonly section: Section | undefined;
  readonly value: bigint;
}

/** undefined: not known yet. */
export type Value = Known | undefined;

export interface Names {
  /** The value of a symbol; throws an ExpressionProblem or AssemblyError if it may not stand here. */
  symbol(name: string, position: number): Value;
  /** `1f`, `1b`. */
  numericLabel(number: string, direction: "f" | "b", position: number): Value;
  /** `.` */
  here(): Value;
}

export function absolute(value: bigint): Known {
  return { section: undefined, value: BigInt.asIntN(64, value) };
}

const precedence: Readonly<Record<string, number>> = {
  "*": 6,
  "/": 6,
  "%": 6,
  "<<": 6,
  ">>": 6,
  "|": 5,
  "&": 5,
  "^": 5,
  "!": 5,
  "+": 4,
  "-": 4,
  "==": 3,
  "!=": 3,
  "<>": 3,
  "<": 3,
  ">": 3,
  "<=": 3,
  ">=": 3,
  "&&": 2,
  "||": 1,
};

const MAX_DEPTH = 200;

function truth(condition: boolean): bigint {
  return condition ? -1n : 0n;
}

/** a op b for numbers; undefined for a division by zero. */
function apply(operator: string, a: bigint, b: bigint): bigint | undefined {
  const unsignedShift = BigInt.asUintN(64, b);
  switch (operator) {
    case "*":
      return a * b;
    case "/":
      return b === 0n ? undefined : a / b;
    case "%":
      return b === 0n ? undefined : a % b;
    case "<<":
      return unsignedShift > 63n ? 0n : a << unsignedShift;
    case ">>":
      return unsignedShift > 63n ? 0n : BigInt.asUintN(64, a) >> unsignedShift;
    case "|":
      return a | b;
    case "&":
      return a & b;
    case "^":
      return a ^ b;
    case "!":
      return a | ~b;
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "==":
      return truth(a === b);
    case "!=":
    case "<>":
      return truth(a !== b);
    case "<":
      return truth(a < b);
    case ">":
      return truth(a > b);
    case "<=":
      return truth(a <= b);
    case ">=":
      return truth(a >= b);
    case "&&":
      return a !== 0n && b !== 0n ? 1n : 0n;
    default:
      return a !== 0n || b !== 0n ? 1n : 0n;
  }
}

const comparisons = new Set(["==", "!=", "<>", "<", ">", "<=", ">="]);

/** The same for values that may lie in sections; what needs their addresses is not known yet. */
function combine(operator: string, a: Known, b: Known, position: number): Value {
  if (a.section === undefined && b.section === undefined) {
    const result = apply(operator, a.value, b.value);
    if (result === undefined) throw new ExpressionProblem(position, "division by zero");
    return absolute(result);
  }
  if (operator === "+" && (a.section === undefined || b.section === undefined)) {
    return { section: a.section ?? b.section, value: BigInt.asIntN(64, a.value + b.value) };
  }
  if (a.section === b.section && (operator === "-" || comparisons.has(operator))) {
    return absolute(apply(operator, a.value, b.value) as bigint);
  }
  if (operator === "-" && b.section === undefined) {
    return { section: a.section, value: BigInt.asIntN(64, a.value - b.value) };
  }
  return undefined;
}

class Reader {
  private depth = 0;

  constructor(
    private readonly text: string,
    public position: number,
    private readonly names: Names,
  ) {}

  /** An expression of operators of at least this precedence. */
  binary(least: number): Value {
    if (++this.depth > MAX_DEPTH) throw new ExpressionProblem(this.position, "the expression is nested too deeply");
    let left = this.unary();
    for (;;) {
      const operator = this.peekOperator();
      const rank = operator === undefined ? undefined : precedence[operator];
      if (operator === undefined || rank === undefined || rank < least) break;
      const at = this.position;
      this.position += operator.length;
      const right = this.binary(rank + 1);
      left = left === undefined || right === undefined ? undefined : combine(operator, left, right, at);
    }
    this.depth--;
    return left;
  }

  private skipSpace(): void {
    while (this.text[this.position] === " " || this.text[this.position] === "\t") this.position++;
  }

  private peekOperator(): string | undefined {
    this.skipSpace();
    const two = this.text.slice(this.position, this.position + 2);
    if (two.length === 2 && two in precedence) return two;
    const one = this.text.charAt(this.position);
    return one !== "" && one in precedence ? one : undefined;
  }

  private unary(): Value {
    this.skipSpace();
    const operators: string[] = [];
    for (;;) {
      const character = this.text[this.position];
      if (character === undefined || !"-+~!".includes(character)) break;
      operators.push(character);
      this.position++;
      this.skipSpace();
    }
    let value = this.primary();
    for (const operator of operators.reverse()) value = this.prefix(operator, value);
    return value;
  }

  private prefix(operator: string, value: Value): Value {
    if (operator === "+" || value === undefined) return value;
    if (value.section !== undefined) return undefined;
    if (operator === "-") return absolute(-value.value);
    return absolute(operator === "~" ? ~value.value : value.value === 0n ? 1n : 0n);
  }

  private primary(): Value {
    const { text } = this;
    const start = this.position;
    const character = text[start];
    if (character === "(") {
      this.position++;
      const value = this.binary(1);
      this.skipSpace();
      if (text[this.position] !== ")") throw new ExpressionProblem(this.position, "expected ')'", "')'");
      this.position++;
      return value;
    }
    if (character === "'" && start + 1 < text.length) return this.character();
    const word = /^[A-Za-z0-9_.$]+/.exec(text.slice(start, start + 1000))?.[0];
    if (word === undefined) {
      const found = character === undefined ? "the end of the statement" : `'${character}'`;
      throw new ExpressionProblem(start, `expected an expression, found ${found}`, "an expression");
    }
    this.position += word.length;
    if (/^[0-9]/.test(word)) return this.number(word, start);
    if (word === ".") return this.names.here();
    if (registerOfName(word.toLowerCase()) !== undefined) {
      throw new ExpressionProblem(start, `expected an expression, found the register '${word}'`, "an expression");
    }
    return this.names.symbol(word, start);
  }

  private character(): Value {
    const { text } = this;
    const start = this.position;
    this.position = endOfCharacter(text, start);
    if (text[start + 1] !== "\\") return absolute(BigInt(text.codePointAt(start + 1) ?? 0));
    const escaped = escapeValue(text, start + 2);
    if (escaped === undefined) throw new ExpressionProblem(start, "unknown escape in a character constant");
    return absolute(BigInt(escaped.value));
  }

  private number(word: string, start: number): Value {
    const label = /^([0-9]+)([fb])$/.exec(word);
    if (label !== null) return this.names.numericLabel(label[1] as string, label[2] as "f" | "b", start);
    if (!/^(0x[0-9a-f]+|0b[01]+|0[0-7]*|[1-9][0-9]*)$/i.test(word)) {
      throw new ExpressionProblem(start, `'${word}' is no number`);
    }
    const octal = /^0[0-7]+$/.test(word);
    const digits = word.replace(/^0[xb]?0*/i, "");
    if (digits.length > 64)
      throw new ExpressionProblem(start, `the number ${word.slice(0, 20)}... does not fit in 64 bits`);
    const value = BigInt(octal ? `0o${word.slice(1)}` : word);
    if (value > 0xffff_ffff_ffff_ffffn)
      throw new ExpressionProblem(start, `the number ${word} does not fit in 64 bits`);
    return absolute(value);
  }
}

/** Reads the expression at `position` of `text`. Throws an ExpressionProblem if there is none. */
export function readExpression(
  text: string,
  position: number,
  names: Names,
): { readonly value: Value; readonly end: number } {
  const reader = new Reader(text, position, names);
  const value = reader.binary(1);
  return { value, end: reader.position };
}
