/** Symbols: labels, values given by .set, and names that are only used so far. */
import type { SourcePosition } from "./errors.js";
import type { Value } from "./expressions.js";

/** An expression that waits for values: its text, and the symbols that its names meant where it stood. */
export interface WaitingExpression {
  readonly text: string;
  readonly position: number;
  readonly context: NameContext;
}

/** What names meant at one statement. */
export interface NameContext {
  readonly symbols: ReadonlyMap<string, AssemblySymbol>;
  readonly here: Value;
}

export class AssemblySymbol {
  /** Known: where or what it is. */
  value: Value;
  /** Given by .set in terms of names that were not known. */
  waiting: WaitingExpression | undefined;
  /** Where it was defined, undefined if it is not. */
  definedAt: SourcePosition | undefined;
  /** Given by .set or `=`: may be given again. */
  variable = false;
  /** `.weak`: 0 if nothing defines it. */
  weak = false;
  /** Being worked out: a symbol that needs itself has no value. */
  busy = false;

  constructor(readonly name: string) {}
}

export class SymbolTable {
  private readonly byName = new Map<string, AssemblySymbol>();
  /** The last definition of each numeric label, and the one that is still ahead. */
  private readonly behind = new Map<string, AssemblySymbol>();
  private readonly ahead = new Map<string, AssemblySymbol>();

  /** The symbol of a name, made if it is new. */
  named(name: string): AssemblySymbol {
    let symbol = this.byName.get(name);
    if (symbol === undefined) {
      symbol = new AssemblySymbol(name);
      this.byName.set(name, symbol);
    }
    return symbol;
  }

  find(name: string): AssemblySymbol | undefined {
    return this.byName.get(name);
  }

  /**
   * The symbol that a new .set gives: one that has a value keeps it for those that used it before, and
   * a new one takes its name.
   */
  forAssignment(name: string): AssemblySymbol {
    const before = this.named(name);
    if (before.definedAt === undefined) return before;
    const symbol = new AssemblySymbol(name);
    symbol.weak = before.weak;
    this.byName.set(name, symbol);
    return symbol;
  }

  /** `1b`: undefined if there is none yet. */
  numericBehind(number: string): AssemblySymbol | undefined {
    return this.behind.get(number);
  }

  /** `1f`. */
  numericAhead(number: string): AssemblySymbol {
    let symbol = this.ahead.get(number);
    if (symbol === undefined) {
      symbol = new AssemblySymbol(`${number}f`);
      this.ahead.set(number, symbol);
    }
    return symbol;
  }

  /** `1:` stands here: what was ahead is now behind. */
  defineNumeric(number: string): AssemblySymbol {
    const symbol = this.numericAhead(number);
    this.ahead.delete(number);
    this.behind.set(number, symbol);
    return symbol;
  }

  all(): Iterable<AssemblySymbol> {
    return this.byName.values();
  }
}
