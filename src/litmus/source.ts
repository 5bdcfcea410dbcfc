/** A text with places, and comments taken out. */
import { LitmusError, type LitmusErrorCode } from "./errors.js";
import type { LitmusSource } from "./syntax.js";

/** Texts larger than this are not litmus tests. */
const MAXIMUM_TEXT = 1 << 20;

/** The error for what stands at an offset of the text. */
export function errorAt(source: LitmusSource, offset: number, code: LitmusErrorCode, reason: string): LitmusError {
  const { text, file } = source;
  const at = Math.min(offset, text.length);
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const start = before.lastIndexOf("\n") + 1;
  const end = text.indexOf("\n", at);
  const shown = text.slice(start, end < 0 ? text.length : end).replace(/\r$/, "");
  return new LitmusError(code, { file, line, column: at - start + 1, source: shown }, reason);
}

/** Throws where a text is too large to be a test. */
export function checkSize(source: LitmusSource): void {
  if (source.text.length <= MAXIMUM_TEXT) return;
  throw errorAt(source, 0, "size", `${source.text.length} characters: a litmus test has at most ${MAXIMUM_TEXT}`);
}

/** The offset behind the comment that starts at `offset`. Comments nest. */
export function skipComment(source: LitmusSource, offset: number): number {
  const { text } = source;
  const ends = /\(\*|\*\)/g;
  ends.lastIndex = offset;
  let depth = 0;
  for (let match = ends.exec(text); match !== null; match = ends.exec(text)) {
    depth += match[0] === "(*" ? 1 : -1;
    if (depth === 0) return ends.lastIndex;
  }
  throw errorAt(source, offset, "syntax", "this comment has no end");
}

/** The text from an offset on with comments as blanks, so that offsets stay what they are. */
export function withoutComments(source: LitmusSource, from: number): string {
  const { text } = source;
  let result = " ".repeat(from);
  let offset = from;
  for (;;) {
    const start = text.indexOf("(*", offset);
    if (start < 0) return result + text.slice(offset);
    const end = skipComment(source, start);
    result += text.slice(offset, start) + text.slice(start, end).replace(/[^\n]/g, " ");
    offset = end;
  }
}
