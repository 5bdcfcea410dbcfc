/** What an entry of the instruction table is, and the functions that make one. */
import type { Ops } from "./ops.js";
import { contains, type Fields, type Pattern, parsePattern } from "./pattern.js";

/** The fields as a row's own consumers see them, when the pattern is no longer known to the compiler. */
export type AnyFields<F> = Readonly<Record<string, F | number>>;

/** An instruction's meaning over any backend. */
export type Meaning = <V, F, A>(o: Ops<V, F, A>, fields: AnyFields<F>) => void;

export interface RowOptions {
  /** Patterns (fixed bits 0 and 1, any other bit `.`) of words that the row's own pattern includes but that are not allocated. */
  readonly unallocated?: readonly string[];
  /**
   * The values of PSTATE.BTYPE with which a branch into a guarded page may land here: bit b is set
   * when BTYPE = b is compatible. Absent: only BTYPE = 0.
   */
  readonly lands?: number;
}

export interface Row {
  /** The heading of the Arm ARM's page, e.g. "ADD (immediate)". */
  readonly name: string;
  readonly pattern: Pattern;
  /** GNU assembler syntax; engine/a64/syntax.ts has the grammar of these templates. */
  readonly syntax: string;
  readonly unallocated: readonly Pattern[];
  readonly lands: number;
  readonly meaning: Meaning;
}

/** Another way to write some of a row's words (CMP for SUBS to ZR). */
export interface Alias {
  readonly name: string;
  /** A narrowing of exactly one row's pattern; letters may differ. */
  readonly pattern: Pattern;
  readonly syntax: string;
  /** Accepted by the assembler, never printed by the disassembler. */
  readonly parseOnly: boolean;
}

/** Reads `.` as "any", so that a pattern of excluded words can be written compactly. */
function parseExclusion(text: string): Pattern {
  return parsePattern(text.replaceAll(".", "x"));
}

/**
 * One instruction. The compiler checks that the meaning names only fields of the pattern: lower-case
 * letters arrive as the backend's field, upper-case ones as numbers.
 */
export function row<const P extends string>(
  name: string,
  pattern: P,
  syntax: string,
  meaning: <V, F, A>(o: Ops<V, F, A>, fields: Fields<P, F>) => void,
  options: RowOptions = {},
): Row {
  const parsed = parsePattern(pattern);
  const unallocated = (options.unallocated ?? []).map(parseExclusion);
  for (const exclusion of unallocated) {
    if ((parsed.value ^ exclusion.value) & parsed.mask & exclusion.mask) {
      throw new RangeError(`${name}: the exclusion ${exclusion.text} shares no word with ${pattern}`);
    }
  }
  // The fields' names were checked against the pattern above; behind this line they are only letters.
  return {
    name,
    pattern: parsed,
    syntax,
    unallocated,
    lands: options.lands ?? 0b0001,
    meaning: meaning as unknown as Meaning,
  };
}

export function alias(name: string, pattern: string, syntax: string, options: { parseOnly?: boolean } = {}): Alias {
  return { name, pattern: parsePattern(pattern), syntax, parseOnly: options.parseOnly ?? false };
}

/** Whether every word of the alias is a word of the row. */
export function isAliasOf(candidate: Alias, of: Row): boolean {
  return contains(of.pattern, candidate.pattern);
}
