/** The header: architecture, name, a line about it, `Key=value` lines. */
import { checkSize, errorAt, skipComment } from "./source.js";
import type { CacheTypeOption, LitmusSource } from "./syntax.js";

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
  if (first === null) {
    throw errorAt(source, 0, "syntax", "a litmus test starts with its architecture and its name: AArch64 MP");
  }
  const [start, architecture, name] = first as unknown as readonly [string, string, string];
  if (architecture !== "AArch64") {
    const reason = `tests are for AArch64; this one is for ${architecture}`;
    throw errorAt(source, text.indexOf(architecture), "unsupported", reason);
  }
  const lines = new HeaderLines(source);
  const end = lines.read(start.length);
  return {
    name,
    info: lines.info,
    cacheType: lines.cacheType,
    end,
    ...(lines.doc !== undefined && { doc: lines.doc }),
  };
}

/** What stands between the name and the initial state. */
class HeaderLines {
  readonly info: [key: string, value: string][] = [];
  doc: string | undefined;
  cacheType: CacheTypeOption = { idc: false, dic: false };

  constructor(private readonly source: LitmusSource) {}

  /** Reads from an offset on; gives the offset of the brace. */
  read(from: number): number {
    const { text } = this.source;
    let at = skipBlanks(text, from);
    while (text.charAt(at) !== "{") {
      if (at >= text.length) throw errorAt(this.source, at, "syntax", "the initial state is missing: { 0:X1=x; }");
      if (text.startsWith("(*", at)) at = skipComment(this.source, at);
      else at = text.charAt(at) === '"' ? this.#readDoc(at) : this.#readLine(at);
      at = skipBlanks(text, at);
    }
    return at;
  }

  #readDoc(at: number): number {
    const { text } = this.source;
    const end = text.indexOf('"', at + 1);
    if (end < 0) throw errorAt(this.source, at, "syntax", "this string has no end");
    this.doc ??= text.slice(at + 1, end);
    return end + 1;
  }

  /** `Key=value` up to the end of the line, or prose, which herd skips too. */
  #readLine(at: number): number {
    const { text } = this.source;
    const entry = /([A-Za-z][\w/.-]*)[ \t]*=[ \t]*([^\n]*)/y;
    entry.lastIndex = at;
    const match = entry.exec(text);
    if (match === null) {
      const end = text.slice(at).search(/[\n{]/);
      return end < 0 ? text.length : Math.max(at + 1, at + end);
    }
    const [whole, key, value] = match as unknown as readonly [string, string, string];
    this.#note(key, value, at + whole.length - value.length);
    return entry.lastIndex;
  }

  #note(key: string, value: string, offset: number): void {
    this.info.push([key, value.trim()]);
    if (key === "CacheType") this.cacheType = cacheTypeOf(this.source, offset, value);
    if (/^variants?$/i.test(key)) checkVariants(this.source, offset, value);
  }
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
