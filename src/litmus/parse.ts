/**
 * The `.litmus` format as herd's AArch64 catalogues use it. Source: the format's description in herdtools7's manual
 * (diy.inria.fr/doc) and the catalogues' own files. Extensions that need a model of page tables, tags, capabilities or
 * vectors are refused by name.
 */
import { readConditionPart } from "./condition.js";
import { readHeader } from "./header.js";
import { readInitialState } from "./initial-state.js";
import { readProgram } from "./program.js";
import { errorAt, withoutComments } from "./source.js";
import type { LitmusTest } from "./syntax.js";
import { TokenReader } from "./tokens.js";

/** Parses a test. Throws a LitmusError; `file` is the name for its message. */
export function parseLitmus(text: string, file: string = "test.litmus"): LitmusTest {
  const source = { file, text };
  const { end: brace, ...header } = readHeader(source);
  const plain = withoutComments(source, brace);
  const close = closingBrace(plain, brace);
  if (close < 0) throw errorAt(source, brace, "syntax", "the initial state has no '}' at its end");
  const initial = readInitialState(new TokenReader(source, plain, brace + 1, close));
  const { threads, end } = readProgram(source, plain, close + 1);
  const after = plain.indexOf("<<", end);
  const part = readConditionPart(new TokenReader(source, plain, end, after < 0 ? plain.length : after));
  return { ...header, initial, threads, ...part, source };
}

function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "{") depth++;
    if (character === "}" && --depth === 0) return at;
  }
  return -1;
}
