/** Names of registers and locations, types and values, as the initial state and the condition both write them. */
import type { LitmusType, LitmusValue, RegisterName, StateName } from "./syntax.js";
import type { Token, TokenReader } from "./tokens.js";
import { knownTypes, scalarType } from "./types.js";

/** Elements of an array; larger ones are not litmus tests. */
export const MAXIMUM_ARRAY = 4096;

const threadName = /^P([0-9]{1,4})$/;

/** The number of X or W register names, upper or lower case, and 31 for SP. */
export function registerNumber(name: string): number | undefined {
  if (/^(sp|wsp)$/i.test(name)) return 31;
  const match = /^[xw]([0-9]|[12][0-9]|30)$/i.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Whether a register's name starts here: `0:` or `P0:`. */
export function atThread(tokens: TokenReader): boolean {
  const [first, second] = tokens.lookAhead(2);
  return second?.text === ":" && (first?.kind === "number" || threadName.test(first?.text ?? ""));
}

/** `0` or `P0`. */
export function readThread(tokens: TokenReader): number {
  const { text, offset } = tokens.take();
  const number = Number(threadName.exec(text)?.[1] ?? text);
  if (!Number.isInteger(number) || number < 0 || number > 9999) {
    throw tokens.error(offset, `'${text}' is not the number of a thread`);
  }
  return number;
}

export function readName(tokens: TokenReader): StateName {
  if (!atThread(tokens)) return readLocation(tokens);
  const thread = readThread(tokens);
  tokens.expect(":", "behind the thread's number");
  if (tokens.accept("%")) {
    return { kind: "symbolic-register", thread, name: tokens.expectName("the name of a symbolic register").text };
  }
  const name = tokens.expectName("a register");
  const register = registerNumber(name.text);
  if (register === undefined) {
    throw tokens.error(name.offset, `'${name.text}' is not a general-purpose register`, "unsupported");
  }
  return { kind: "register", thread, register };
}

function readLocation(tokens: TokenReader): StateName {
  if (tokens.accept("[")) {
    const name = tokens.expectName("the name of a location").text;
    const index = tokens.at("[") ? readIndex(tokens) : {};
    tokens.expect("]", "behind the location");
    return { kind: "location", name, ...index };
  }
  const { text, offset } = tokens.expectName("a register (0:X0) or a location");
  if (tokens.at("(") || tokens.at(":")) {
    throw tokens.error(offset, `'${text}' is of an extension that cmodx has no model of`, "unsupported");
  }
  return { kind: "location", name: text, ...(tokens.at("[") ? readIndex(tokens) : {}) };
}

/** `[3]`, in a declaration a length. */
export function readIndex(tokens: TokenReader): { readonly index: number } {
  tokens.expect("[", "before the index");
  const { kind, text, offset } = tokens.take();
  const index = Number(text);
  if (kind !== "number" || !(index >= 0 && index <= MAXIMUM_ARRAY)) {
    throw tokens.error(offset, `'${text}' is not an index or length up to ${MAXIMUM_ARRAY}`);
  }
  tokens.expect("]", "behind the index");
  return { index };
}

/** The type that a declaration or an entry of `locations` names. `void` is only ever pointed to. */
export function typeNamed(tokens: TokenReader, { text, offset }: Token): LitmusType {
  const scalar = scalarType(text);
  if (tokens.accept("*")) {
    if (scalar === undefined && text !== "void") throw unknownType(tokens, text, offset);
    return { kind: "pointer" };
  }
  if (scalar === undefined) throw unknownType(tokens, text, offset);
  return { kind: "scalar", scalar };
}

function unknownType(tokens: TokenReader, name: string, offset: number): Error {
  return tokens.error(offset, `'${name}' is not one of the types ${knownTypes()}`, "unsupported");
}

export function numberValue(tokens: TokenReader, { text, offset }: Token): bigint {
  const value = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
  if (value < -(1n << 63n) || value >= 1n << 64n)
    throw tokens.error(offset, `${text} needs more than 64 bits`, "value");
  return BigInt.asUintN(64, value);
}

/** A value that is not an array. */
export function readScalarValue(tokens: TokenReader): LitmusValue {
  const { kind, text, offset } = tokens.next;
  if (kind === "instruction") return { kind: "instruction", text: tokens.take().text.trim() };
  if (kind === "label") return labelValue(tokens, tokens.take());
  if (atThread(tokens)) return readLabel(tokens);
  if (kind === "number") return { kind: "number", value: numberValue(tokens, tokens.take()) };
  if (kind === "name" && /^nop$/i.test(text)) return { kind: "instruction", text: tokens.take().text };
  if (tokens.at("(")) return readPageTableEntry(tokens);
  tokens.accept("&");
  const name = tokens.expectName("a value");
  if (tokens.at("(") || tokens.at(":")) {
    throw tokens.error(offset, `'${text}' is of an extension that cmodx has no model of`, "unsupported");
  }
  return { kind: "address", name: name.text, ...(tokens.at("[") ? readIndex(tokens) : {}) };
}

function readLabel(tokens: TokenReader): LitmusValue {
  const thread = readThread(tokens);
  tokens.expect(":", "behind the thread's number");
  return { kind: "label", thread, label: tokens.expectName("a label").text };
}

function labelValue(tokens: TokenReader, { text, offset }: Token): LitmusValue {
  const match = /^\s*P?([0-9]{1,4})\s*:\s*([\w.$]+)\s*$/.exec(text);
  if (match === null) throw tokens.error(offset, `"${text}" is not a label such as "P1:L0"`);
  return { kind: "label", thread: Number(match[1]), label: match[2] as string };
}

/** `(oa:phy_x, valid:0)`. */
function readPageTableEntry(tokens: TokenReader): LitmusValue {
  const words: string[] = [];
  let depth = 0;
  do {
    const { kind, text } = tokens.next;
    if (kind === "end") throw tokens.unexpected("')'");
    if (text === "(") depth++;
    if (text === ")") depth--;
    words.push(tokens.take().text);
  } while (depth > 0);
  return { kind: "page-table-entry", text: words.join("") };
}

/** Whether what follows is a register's name rather than a label's: `1:X0`, `P1:W2`. */
export function atRegister(tokens: TokenReader): boolean {
  const third = tokens.lookAhead(3)[2];
  return atThread(tokens) && (third?.text === "%" || registerNumber(third?.text ?? "") !== undefined);
}

export function sameName(a: StateName, b: StateName): boolean {
  return nameText(a) === nameText(b);
}

export function registerText(register: RegisterName["register"]): string {
  return register === 31 ? "SP" : `X${register}`;
}

/** herd's way to write a name in a state: `0:X1`, `[x]`, `x[1]`. */
export function nameText(name: StateName): string {
  if (name.kind === "register") return `${name.thread}:${registerText(name.register)}`;
  if (name.kind === "symbolic-register") return `${name.thread}:%${name.name}`;
  return name.index === undefined ? `[${name.name}]` : `${name.name}[${name.index}]`;
}
