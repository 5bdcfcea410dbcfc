/** What an entry of the instruction table is, and the functions that make one. */
import type { Ops } from "./ops.js";
import { contains, type Fields, overlaps, type Pattern, parsePattern } from "./pattern.js";

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
  /** Bits of the pattern's selectors, all together. */
  readonly selectorBits: number;
  /** GNU assembler syntax; engine/a64/syntax/template.ts has the grammar of these templates. */
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
 * A row whose patterns are parsed when somebody asks: a program that assembles ten instructions needs ten of them,
 * and parsing all takes longer than the rest of its start.
 */
class TableRow implements Row {
  #pattern: Pattern | undefined;
  #unallocated: readonly Pattern[] | undefined;

  constructor(
    readonly name: string,
    private readonly text: string,
    readonly syntax: string,
    readonly meaning: Meaning,
    private readonly options: RowOptions,
  ) {}

  get pattern(): Pattern {
    this.#pattern ??= parsePattern(this.text);
    return this.#pattern;
  }

  get selectorBits(): number {
    return /[A-Z]/.test(this.text) ? this.text.replaceAll(/[^A-Z]/g, "").length : 0;
  }

  get lands(): number {
    return this.options.lands ?? 0b0001;
  }

  /** Throws a RangeError if an exclusion shares no word with the row. */
  get unallocated(): readonly Pattern[] {
    this.#unallocated ??= (this.options.unallocated ?? []).map(parseExclusion).map((exclusion) => {
      if (overlaps(this.pattern, exclusion)) return exclusion;
      throw new RangeError(`${this.name}: the exclusion ${exclusion.text} shares no word with ${this.text}`);
    });
    return this.#unallocated;
  }
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
  // The fields' names were checked against the pattern above; behind this line they are only letters.
  return new TableRow(name, pattern, syntax, meaning as unknown as Meaning, options);
}

class TableAlias implements Alias {
  #pattern: Pattern | undefined;

  constructor(
    readonly name: string,
    private readonly text: string,
    readonly syntax: string,
    readonly parseOnly: boolean,
  ) {}

  get pattern(): Pattern {
    this.#pattern ??= parsePattern(this.text);
    return this.#pattern;
  }
}

export function alias(name: string, pattern: string, syntax: string, options: { parseOnly?: boolean } = {}): Alias {
  return new TableAlias(name, pattern, syntax, options.parseOnly ?? false);
}

/** Whether every word of the alias is a word of the row. */
export function isAliasOf(candidate: Alias, of: Row): boolean {
  return contains(of.pattern, candidate.pattern);
}
