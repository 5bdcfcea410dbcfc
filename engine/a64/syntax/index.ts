/** All syntaxes of a table: by mnemonic for the assembler, by row for the disassembler. */
import { type Alias, isAliasOf, type Row } from "../row.js";
import { type ExpressionReader, type Failure, OperandInput } from "./input.js";
import { type Spelling, Syntax } from "./template.js";

interface Candidate {
  readonly syntax: Syntax;
  readonly spelling: Spelling;
}

/** An encoded instruction, or why there is none. */
export type Encoding = { readonly word: number; readonly deferred: boolean } | { readonly failure: Failure };

export class SyntaxIndex {
  private mnemonics: ReadonlyMap<string, readonly Candidate[]> | undefined;
  private readonly printed = new Map<Row, readonly Syntax[]>();

  /** `isAllocated`: whether a word belongs to some row, its exclusions considered. */
  constructor(
    private readonly rows: readonly Row[],
    private readonly aliases: readonly Alias[],
    private readonly isAllocated: (word: number) => boolean,
  ) {}

  /** Whether an instruction has this name (lower case). */
  hasMnemonic(name: string): boolean {
    return this.byMnemonic().has(name);
  }

  /** Every mnemonic. */
  allMnemonics(): Iterable<string> {
    return this.byMnemonic().keys();
  }

  /**
   * The word of a mnemonic (lower case) and its operands' text; undefined if there is no such mnemonic.
   * `address`: where the instruction stands; undefined while not known, then the word of a PC-relative
   * operand is `deferred`.
   */
  encode(
    mnemonic: string,
    operands: string,
    address: bigint | undefined,
    expressions: ExpressionReader,
  ): Encoding | undefined {
    const candidates = this.byMnemonic().get(mnemonic);
    if (candidates === undefined) return undefined;
    const input = new OperandInput(operands, address, expressions);
    for (const { syntax, spelling } of candidates) {
      if (!syntax.parse(input, spelling)) continue;
      if (input.deferred || this.isAllocated(input.word)) return { word: input.word, deferred: input.deferred };
      input.reject(0, `no instruction is allocated for these operands (0x${input.word.toString(16).padStart(8, "0")})`);
      input.accepted();
    }
    return { failure: input.failure() };
  }

  /** The text of a word of `row`: its printing aliases in their order, then the row's own syntax. */
  print(row: Row, word: number, address: bigint): string | undefined {
    for (const syntax of this.syntaxesOf(row)) {
      const { mask, value } = syntax.pattern;
      if (((word ^ value) & mask) !== 0) continue;
      const text = syntax.print(word, address);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  private syntaxesOf(row: Row): readonly Syntax[] {
    let found = this.printed.get(row);
    if (found === undefined) {
      const aliases = this.aliases.filter((alias) => !alias.parseOnly && isAliasOf(alias, row));
      found = [...aliases, row].map((owner) => new Syntax(owner));
      this.printed.set(row, found);
    }
    return found;
  }

  private byMnemonic(): ReadonlyMap<string, readonly Candidate[]> {
    this.mnemonics ??= indexByMnemonic([
      ...this.rows,
      ...this.aliases.filter((alias) => !alias.parseOnly),
      ...this.aliases.filter((alias) => alias.parseOnly),
    ]);
    return this.mnemonics;
  }
}

function indexByMnemonic(entries: readonly (Row | Alias)[]): ReadonlyMap<string, readonly Candidate[]> {
  const map = new Map<string, Candidate[]>();
  for (const entry of entries) {
    const syntax = new Syntax(entry);
    for (const spelling of syntax.spellings()) {
      const list = map.get(spelling.text);
      if (list === undefined) map.set(spelling.text, [{ syntax, spelling }]);
      else list.push({ syntax, spelling });
    }
  }
  return map;
}
