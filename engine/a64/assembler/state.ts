/** What an assembly knows while it runs: sections, symbols, what must be filled in later. */
import { ExpressionProblem, type ExpressionReader } from "../syntax/input.js";
import { instructions } from "../syntax/instructions.js";
import { DirectiveArguments } from "./arguments.js";
import { Conditionals } from "./conditionals.js";
import { AssemblyError, type SourcePosition } from "./errors.js";
import { absolute, type Names, readExpression, type Value } from "./expressions.js";
import { LiteralPools } from "./literal-pools.js";
import type { Macro } from "./macros.js";
import type { StatementReader } from "./reader.js";
import { Section, standardFlags, writeLittleEndian } from "./sections.js";
import { positionIn, type Statement } from "./source.js";
import { AssemblySymbol, type NameContext, SymbolTable } from "./symbols.js";

export interface StateOptions {
  readonly externals: ReadonlyMap<string, bigint>;
  /** Bytes that all sections may have together. */
  readonly maximumSize: number;
  readonly warn: (message: string) => void;
}

/** Something to fill in once every address is known. */
type Fixup = () => void;

/** The pieces of `ldr x0, =value`. */
export interface PoolLoad {
  readonly mnemonic: string;
  readonly operandsAt: number;
  /** The operands up to the `=`. */
  readonly prefix: string;
  readonly valueAt: number;
  readonly size: 4 | 8;
}

const MAX_FIXUPS = 1_000_000;

const POOL_LABEL = "$literal";

/** Definitions that need definitions that need ...: as deep as this. */
const MAX_SYMBOL_DEPTH = 500;

export class AssemblyState implements Names {
  readonly symbols = new SymbolTable();
  readonly sections = new Map<string, Section>();
  readonly sectionStack: { readonly current: Section; readonly previous: Section | undefined }[] = [];
  readonly macros = new Map<string, Macro>();
  /** `.req`: register aliases. */
  readonly registers = new Map<string, string>();
  readonly conditionals = new Conditionals();
  readonly pools = new LiteralPools();
  section: Section;
  previousSection: Section | undefined;
  expansions = 0;
  /** What is done when all statements are. */
  readonly atEnd: (() => void)[] = [];
  private readonly fixups: Fixup[] = [];
  private size = 0;
  /** The symbols that the current statement named. */
  private named = new Map<string, AssemblySymbol>();
  /** While filling in: what names meant where the statement stood. */
  private resolving: NameContext | undefined;
  private depth = 0;

  constructor(
    readonly reader: StatementReader,
    readonly options: StateOptions,
  ) {
    this.section = this.makeSection(".text", "ax", false);
  }

  // ---- statements

  /** Forgets what the statement before named. */
  beginStatement(): void {
    if (this.named.size > 0) this.named = new Map();
  }

  arguments(statement: Statement, directive: string, position: number): DirectiveArguments {
    return new DirectiveArguments(statement, directive, position, this);
  }

  warn(position: SourcePosition, message: string): void {
    this.options.warn(`${position.file}:${position.line}:${position.column}: warning: ${message}`);
  }

  // ---- sections and bytes

  makeSection(name: string, flags: string, nobits: boolean): Section {
    const section = new Section(name, flags, nobits);
    this.sections.set(name, section);
    return section;
  }

  /** Goes on in a section that a directive names without flags. */
  enterStandard(name: string): void {
    const standard = standardFlags(name) ?? { flags: "aw" };
    this.enter(this.sections.get(name) ?? this.makeSection(name, standard.flags, standard.nobits ?? false));
  }

  enter(section: Section): void {
    this.previousSection = this.section;
    this.section = section;
  }

  /** Room for bytes in the current section; throws if the program becomes too large. */
  reserve(length: number, position: SourcePosition): Uint8Array {
    this.size += length;
    if (this.size > this.options.maximumSize) {
      throw new AssemblyError(position, `the program becomes larger than ${this.options.maximumSize} bytes`);
    }
    return this.section.reserve(length);
  }

  private fixLater(position: SourcePosition, fixup: Fixup): void {
    if (this.fixups.length >= MAX_FIXUPS) {
      throw new AssemblyError(position, `more than ${MAX_FIXUPS} operands depend on addresses`);
    }
    this.fixups.push(fixup);
  }

  /** A number of `size` bytes, now or when it is known. The arguments stand at it. */
  emitNumber(args: DirectiveArguments, size: number): void {
    args.skipSpace();
    const start = args.position;
    const here = this.here();
    const value = args.expression();
    const { section } = this;
    const offset = section.size;
    const position = positionIn(args.statement, start);
    const bytes = this.reserve(size, position);
    if (value !== undefined && value.section === undefined) {
      this.storeNumber(section, bytes, value.value, size, position);
      return;
    }
    const context = { symbols: this.named, here };
    this.fixLater(position, () => {
      const known = this.finalValue(args.statement.text, start, context, position);
      this.storeNumber(section, section.at(offset, size), known, size, position);
    });
  }

  private storeNumber(
    section: Section,
    target: Uint8Array,
    value: bigint,
    size: number,
    position: SourcePosition,
  ): void {
    const bits = BigInt(8 * size);
    if (size < 8 && (value < -(1n << (bits - 1n)) || value >= 1n << bits)) {
      throw new AssemblyError(position, `the value ${value} does not fit in ${size} byte${size === 1 ? "" : "s"}`);
    }
    if (section.nobits && value !== 0n)
      throw new AssemblyError(position, `${this.section.name} can hold nothing but zeros`);
    writeLittleEndian(target, value, size);
  }

  // ---- names

  symbol(name: string, position: number): Value {
    const symbol = (this.resolving?.symbols ?? this.named).get(name) ?? this.symbols.named(name);
    if (this.resolving === undefined) this.named.set(name, symbol);
    return this.valueOf(symbol, position);
  }

  numericLabel(number: string, direction: "f" | "b", position: number): Value {
    const key = number + direction;
    if (this.resolving !== undefined) {
      const symbol = this.resolving.symbols.get(key);
      return symbol === undefined ? undefined : this.valueOf(symbol, position);
    }
    const symbol = direction === "f" ? this.symbols.numericAhead(number) : this.symbols.numericBehind(number);
    if (symbol === undefined)
      throw new ExpressionProblem(
        position,
        `there is no numeric label '${number}:' before this; '${number}f' is the next one`,
      );
    this.named.set(key, symbol);
    return this.valueOf(symbol, position);
  }

  here(): Value {
    if (this.resolving !== undefined) return this.located(this.resolving.here);
    return { section: this.section, value: BigInt(this.section.size) };
  }

  /** An address once sections have theirs. */
  private located(value: Value): Value {
    if (value?.section?.address === undefined) return value;
    return absolute(value.value + value.section.address);
  }

  private valueOf(symbol: AssemblySymbol, position: number): Value {
    if (symbol.value !== undefined) return this.located(symbol.value);
    if (this.resolving === undefined) return undefined;
    if (symbol.waiting !== undefined) return this.settle(symbol, position);
    const external = this.options.externals.get(symbol.name);
    if (external !== undefined) return absolute(external);
    if (symbol.weak) return absolute(0n);
    const numeric = /^([0-9]+)f$/.exec(symbol.name);
    throw new ExpressionProblem(
      position,
      numeric === null ? `undefined symbol '${symbol.name}'` : `there is no numeric label '${numeric[1]}:' after this`,
    );
  }

  /** The value of a symbol that .set gave in terms of others. */
  private settle(symbol: AssemblySymbol, position: number): Value {
    const { waiting } = symbol;
    if (waiting === undefined) return symbol.value;
    if (symbol.busy) throw new ExpressionProblem(position, `the symbol '${symbol.name}' is defined in terms of itself`);
    if (++this.depth > MAX_SYMBOL_DEPTH)
      throw new ExpressionProblem(position, "symbols are defined in terms of each other too deeply");
    const outer = this.resolving;
    symbol.busy = true;
    this.resolving = waiting.context;
    try {
      symbol.value = readExpression(waiting.text, waiting.position, this).value;
    } catch (error) {
      if (error instanceof ExpressionProblem && symbol.definedAt !== undefined) {
        const { definedAt } = symbol;
        throw new AssemblyError(
          { ...definedAt, column: definedAt.column + error.position - waiting.position },
          error.reason,
        );
      }
      throw error;
    } finally {
      this.resolving = outer;
      symbol.busy = false;
      this.depth--;
    }
    symbol.waiting = undefined;
    return symbol.value;
  }

  /** Gives a symbol the expression at the arguments (`.set`, `=`). */
  assign(name: string, args: DirectiveArguments, position: SourcePosition): void {
    const before = this.symbols.find(name);
    if (before?.definedAt !== undefined && !before.variable) {
      throw new AssemblyError(position, `'${name}' is a label already, defined on line ${before.definedAt.line}`);
    }
    args.skipSpace();
    const start = args.position;
    const here = this.here();
    const value = args.expression();
    const symbol = this.symbols.forAssignment(name);
    symbol.definedAt = positionIn(args.statement, start);
    symbol.variable = true;
    symbol.value = value;
    if (value === undefined) {
      symbol.waiting = { text: args.statement.text, position: start, context: { symbols: this.named, here } };
    }
  }

  /** Whether a name has a value here. */
  isDefined(name: string): boolean {
    return this.symbols.find(name)?.definedAt !== undefined || this.options.externals.has(name);
  }

  /** Throws if the symbol has a meaning already. */
  expectUndefined(symbol: AssemblySymbol, position: SourcePosition): void {
    if (symbol.definedAt === undefined) return;
    const reason = `the label '${symbol.name}' is defined already, on line ${symbol.definedAt.line}`;
    throw new AssemblyError(position, reason);
  }

  /** A label stands here. */
  defineLabel(symbol: AssemblySymbol, position: SourcePosition): void {
    this.expectUndefined(symbol, position);
    symbol.definedAt = position;
    symbol.value = { section: this.section, value: BigInt(this.section.size) };
  }

  // ---- instructions

  /** Encodes the instruction of a statement, now or when its operands are known. */
  emitInstruction(statement: Statement, mnemonic: string, operandsAt: number): void {
    const position = positionIn(statement, 0);
    const { section } = this;
    if (section.nobits) throw new AssemblyError(position, `${section.name} can hold nothing but zeros`);
    if (section.size % 4 !== 0) {
      throw new AssemblyError(position, "an instruction must stand at a multiple of 4 bytes; put .align 2 before it");
    }
    section.raiseAlignment(4);
    const here = this.here();
    const offset = section.size;
    const encoded = this.encode(statement, mnemonic, operandsAt, undefined);
    const bytes = this.reserve(4, position);
    writeLittleEndian(bytes, BigInt(encoded.word), 4);
    if (!encoded.deferred) return;
    const context = { symbols: this.named, here };
    this.fixLater(position, () => {
      this.resolving = context;
      const address = (section.address as bigint) + BigInt(offset);
      const { word } = this.encode(statement, mnemonic, operandsAt, address);
      this.resolving = undefined;
      writeLittleEndian(section.at(offset, 4), BigInt(word), 4);
    });
  }

  private encode(
    statement: Statement,
    mnemonic: string,
    operandsAt: number,
    address: bigint | undefined,
  ): { word: number; deferred: boolean } {
    const encoding = instructions.encode(mnemonic, statement.text.slice(operandsAt), address, this.expressionReader);
    if (encoding === undefined) throw new AssemblyError(positionIn(statement, 0), unknownMnemonic(mnemonic));
    if ("failure" in encoding) {
      const { position, reason } = encoding.failure;
      throw new AssemblyError(positionIn(statement, operandsAt + position), `${mnemonic}: ${reason}`);
    }
    return encoding;
  }

  private readonly expressionReader: ExpressionReader = {
    expression: (text, position) => {
      const { value, end } = readExpression(text, position, this);
      return { value: value?.section === undefined ? value?.value : undefined, end };
    },
    registerNamed: (name) => this.registers.get(name),
  };

  // ---- literal pools

  /** `ldr x0, =value` */
  emitPoolLoad(statement: Statement, load: PoolLoad): void {
    const args = this.arguments(statement, load.mnemonic, load.valueAt);
    args.skipSpace();
    const start = args.position;
    const here = this.here();
    const value = args.expression();
    args.expectEnd();
    const known = value?.section === undefined ? value?.value : undefined;
    const text = statement.text.slice(start);
    const meaning = value === undefined ? "" : `${value.section?.name ?? ""}+${value.value}`;
    const key = `${load.size} ${value === undefined ? text : meaning}`;
    const entry = this.pools.entry(this.section, key, () => ({
      symbol: new AssemblySymbol("literal"),
      size: load.size,
      value: known,
      text: statement.text,
      start,
      context: { symbols: this.named, here },
      position: positionIn(statement, start),
    }));
    // The load's own operand is the entry's label; a name that no text can hold keeps it apart from symbols.
    this.named = new Map([[POOL_LABEL, entry.symbol]]);
    const operands = `${load.prefix}${POOL_LABEL}`;
    this.emitInstruction(
      { ...statement, text: statement.text.slice(0, load.operandsAt) + operands },
      load.mnemonic,
      load.operandsAt,
    );
  }

  /** Puts the section's pending literals where it stands now. */
  flushPool(section: Section): void {
    const outer = this.section;
    this.section = section;
    for (const entry of this.pools.take(section)) {
      const { size, position } = entry;
      section.raiseAlignment(size);
      this.reserve((size - (section.size % size)) % size, position);
      entry.symbol.value = { section, value: BigInt(section.size) };
      entry.symbol.definedAt = position;
      const offset = section.size;
      const bytes = this.reserve(size, position);
      if (entry.value !== undefined) {
        this.storeNumber(section, bytes, entry.value, size, position);
        continue;
      }
      this.fixLater(position, () => {
        const value = this.finalValue(entry.text, entry.start, entry.context, position);
        this.storeNumber(section, section.at(offset, size), value, size, position);
      });
    }
    this.section = outer;
  }

  // ---- the end

  /** Works out a value when every address is known. */
  finalValue(text: string, start: number, context: NameContext, position: SourcePosition): bigint {
    this.resolving = context;
    try {
      const value = readExpression(text, start, this).value;
      if (value === undefined)
        throw new ExpressionProblem(start, "this expression has no value: it lies in a section without an address");
      return value.value;
    } catch (error) {
      if (!(error instanceof ExpressionProblem)) throw error;
      throw new AssemblyError({ ...position, column: position.column + error.position - start }, error.reason);
    } finally {
      this.resolving = undefined;
    }
  }

  /** Fills in all that waited for addresses. */
  applyFixups(): void {
    for (const fixup of this.fixups) fixup();
  }

  /** Every named symbol that is defined, with its value. */
  symbolValues(): Map<string, bigint> {
    const values = new Map<string, bigint>();
    for (const symbol of this.symbols.all()) {
      if (symbol.definedAt === undefined) continue;
      const { waiting } = symbol;
      const value =
        symbol.value !== undefined
          ? this.located(symbol.value)?.value
          : waiting === undefined
            ? undefined
            : this.finalValue(waiting.text, waiting.position, waiting.context, symbol.definedAt);
      if (value !== undefined) values.set(symbol.name, BigInt.asUintN(64, value));
    }
    return values;
  }
}

/** The message for a name that is no instruction, with a likely one. */
function unknownMnemonic(name: string): string {
  let best: string | undefined;
  let least = 3;
  for (const candidate of instructions.allMnemonics()) {
    const distance = editDistance(name, candidate);
    if (distance < least && distance < name.length) {
      least = distance;
      best = candidate;
    }
  }
  return `unknown instruction '${name}'${best === undefined ? "" : `; did you mean '${best}'?`}`;
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
