/** Tokens of the initial state and of the condition. */
import type { LitmusErrorCode } from "./errors.js";
import { errorAt } from "./source.js";
import type { LitmusSource } from "./syntax.js";

export interface Token {
  readonly kind: "number" | "name" | "instruction" | "label" | "symbol" | "end";
  /** The instruction or label without its quotes. */
  readonly text: string;
  readonly offset: number;
}

const PATTERNS: readonly (readonly [Token["kind"], RegExp])[] = [
  ["instruction", /instr:\s*"([^"\n]*)"/y],
  ["label", /label:\s*"([^"\n]*)"/y],
  ["number", /(-?(?:0[xX][0-9a-fA-F]+|[0-9]+))/y],
  ["name", /([A-Za-z_.$](?:[\w.$-]|\/(?!\\))*)/y],
  ["symbol", /(\/\\|\\\/|==|=>|!=|<>|[:;,=[\](){}*~+&%])/y],
];

/** Reads tokens of `text`, in which comments are blanks, from one offset to another. */
export class TokenReader {
  #offset: number;
  #next: Token;

  constructor(
    readonly source: LitmusSource,
    private readonly text: string,
    from: number,
    private readonly to: number = text.length,
  ) {
    this.#offset = from;
    this.#next = this.#read();
  }

  get next(): Token {
    return this.#next;
  }

  get ended(): boolean {
    return this.#next.kind === "end";
  }

  take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  /** Whether the next token is one of these symbols or words. */
  at(...texts: readonly string[]): boolean {
    return (this.#next.kind === "symbol" || this.#next.kind === "name") && texts.includes(this.#next.text);
  }

  accept(...texts: readonly string[]): boolean {
    if (!this.at(...texts)) return false;
    this.take();
    return true;
  }

  expect(text: string, where: string): Token {
    if (!this.at(text)) throw this.unexpected(`'${text}' ${where}`);
    return this.take();
  }

  expectName(what: string): Token {
    if (this.#next.kind !== "name") throw this.unexpected(what);
    return this.take();
  }

  /** The next tokens without taking any. */
  lookAhead(count: number): readonly Token[] {
    const offset = this.#offset;
    const tokens = [this.#next];
    while (tokens.length < count) tokens.push(this.#read());
    this.#offset = offset;
    return tokens;
  }

  unexpected(wanted: string): Error {
    const { kind, text, offset } = this.#next;
    const found = kind === "end" ? "the end of this part of the test" : `'${text}'`;
    return this.error(offset, `${wanted} should stand here, in place of ${found}`);
  }

  error(offset: number, reason: string, code: LitmusErrorCode = "syntax"): Error {
    return errorAt(this.source, offset, code, reason);
  }

  #read(): Token {
    const behind = this.#offset;
    while (this.#offset < this.to && /\s/.test(this.text.charAt(this.#offset))) this.#offset++;
    const offset = this.#offset;
    if (offset >= this.to) return { kind: "end", text: "", offset: behind };
    for (const [kind, pattern] of PATTERNS) {
      pattern.lastIndex = offset;
      const match = pattern.exec(this.text);
      if (match === null || pattern.lastIndex > this.to) continue;
      this.#offset = pattern.lastIndex;
      return { kind, text: match[1] as string, offset };
    }
    throw this.error(offset, `'${this.text.charAt(offset)}' has no meaning here`);
  }
}
