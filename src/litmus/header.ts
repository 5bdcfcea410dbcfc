/** The header: architecture, name, a line about it, `Key=value` lines. */
import { checkSize, errorAt, skipComment } from "./source.js";
import type { CacheTypeOption, LitmusSource } from "./test.js";

export interface Header {
  readonly name: string;
  readonly doc?: string;
  readonly info: readonly (readonly [key: string, value: string])[];
  readonly cacheType: CacheTypeOption;
  /** The offset of the initial state's brace. */
  readonly end: number;
}

/**
 * Variants of herd that change nothing here, since this model always has what they switch on: instruction fetch (self,
 * ifetch), mixed-size accesses, faults that end or leave the instruction (fatal, handled, precise).
 */
const variants = new Set(["self", "ifetch", "mixed", "fatal", "handled", "precise", "deps", "warn", "exp"]);

export function readHeader(source: LitmusSource): Header {
  checkSize(source);
  const { text } = source;
  const first = /^\s*([A-Za-z0-9_]+)[ \t]+([\w/.+\-[\]]+)/.exec(text);
  if (first === null)
    throw errorAt(source, 0, "syntax", "a litmus test starts with its architecture and its name: AArch64 MP");
  const [, architecture, name] = first as unknown as readonly [string, string, string];
  if (architecture !== "AArch64") {
    throw errorAt(
      source,
      text.indexOf(architecture),
      "unsupported",
      `tests are for AArch64; this one is for ${architecture}`,
    );
  }
  const info: [string, string][] = [];
  let doc: string | undefined;
  let cacheType: CacheTypeOption = { idc: false, dic: false };
  let at = first[0].length;
  for (;;) {
    at = skipBlanks(text, at);
    if (at >= text.length) throw errorAt(source, at, "syntax", "the initial state is missing: { 0:X1=x; }");
    if (text.charAt(at) === "{") break;
    if (text.startsWith("(*", at)) at = skipComment(source, at);
    else if (text.charAt(at) === '"') {
      const end = text.indexOf('"', at + 1);
      if (end < 0) throw errorAt(source, at, "syntax", "this string has no end");
      doc ??= text.slice(at + 1, end);
      at = end + 1;
    } else {
      const line = /[^\n{]*/y;
      line.lastIndex = at;
      const key = /([A-Za-z][\w/.-]*)[ \t]*=[ \t]*([^\n]*)/y;
      key.lastIndex = at;
      const entry = key.exec(text);
      if (entry !== null) {
        const [whole, word, value] = entry as unknown as readonly [string, string, string];
        info.push([word, value.trim()]);
        if (word === "CacheType") cacheType = cacheTypeOf(source, at + whole.length - value.length, value);
        if (/^variants?$/i.test(word)) checkVariants(source, at + whole.length - value.length, value);
        at = key.lastIndex;
      } else {
        // Anything else there is prose, as herd has it.
        at += Math.max(1, line.exec(text)?.[0].length ?? 1);
      }
    }
  }
  return { name, info, cacheType, end: at, ...(doc !== undefined && { doc }) };
}

function skipBlanks(text: string, offset: number): number {
  let at = offset;
  while (at < text.length && /[\s;]/.test(text.charAt(at))) at++;
  return at;
}

function cacheTypeOf(source: LitmusSource, offset: number, value: string): CacheTypeOption {
  const words = value.split(/[\s,]+/).filter((word) => word !== "");
  const unknown = words.find((word) => !/^(IDC|DIC)$/i.test(word));
  if (unknown !== undefined) throw errorAt(source, offset, "value", `'${unknown}' is not a cache type: IDC or DIC`);
  const has = (name: string): boolean => words.some((word) => word.toUpperCase() === name);
  return { idc: has("IDC") || has("DIC"), dic: has("DIC") };
}

function checkVariants(source: LitmusSource, offset: number, value: string): void {
  const unknown = value.split(/[\s,]+/).find((word) => word !== "" && !variants.has(word.toLowerCase()));
  if (unknown === undefined) return;
  throw errorAt(
    source,
    offset + value.indexOf(unknown),
    "unsupported",
    `cmodx has no model of the variant '${unknown}'`,
  );
}
