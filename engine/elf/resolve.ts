/** Which definition a symbol of an object stands for. */
import { ElfError } from "./errors.js";
import * as format from "./format.js";
import { commonAlignment, type InputObject, type Piece } from "./objects.js";
import type { SymbolLookup } from "./symbol-source.js";
import type { ElfSymbol } from "./symbols.js";

/** What a relocation refers to. One object for each symbol, so that it can be a key. */
export interface Target {
  readonly name: string;
  /** "weak": a weak symbol that nothing defines. "edge": the start or end of an output section, by its name. */
  readonly where:
    | { readonly kind: "piece"; readonly piece: Piece; readonly offset: bigint }
    | { readonly kind: "absolute"; readonly address: bigint }
    | { readonly kind: "edge"; readonly section: string; readonly isEnd: boolean }
    | { readonly kind: "weak" };
}

interface Definition {
  readonly object: InputObject;
  readonly symbol: ElfSymbol;
  readonly target: Target;
}

/** Symbols that a linker makes for the sections whose names are C identifiers. */
const edgeSymbol = /^__(start|stop)_([A-Za-z_]\w*)$/;

const noSymbol: Target = { name: "", where: { kind: "absolute", address: 0n } };

/** The symbols of all objects. */
export class SymbolTable {
  readonly #globals = new Map<string, Definition>();
  readonly #locals = new Map<ElfSymbol, Target>();
  readonly #externals = new Map<string, Target>();
  readonly #commons = new Map<string, Piece>();
  readonly #sections: ReadonlySet<string>;

  constructor(
    objects: readonly InputObject[],
    private readonly lookup: SymbolLookup,
  ) {
    for (const object of objects) {
      for (const symbol of object.file.symbols) {
        if (symbol.binding !== "local" && symbol.section !== "undefined" && symbol.section !== "common")
          this.#define(object, symbol);
      }
    }
    this.#makeCommons(objects);
    this.#sections = new Set(objects.flatMap(({ pieces }) => pieces).map((piece) => piece?.name ?? ""));
  }

  /** Memory for the common symbols that nothing defines. */
  get commons(): readonly Piece[] {
    return [...this.#commons.values()];
  }

  /** Whether the image's table of symbols shows this one: a global that another object's definition replaced is not shown. */
  shown(object: InputObject, symbol: ElfSymbol): Target | undefined {
    if (symbol.section === "undefined") return undefined;
    if (symbol.binding === "local") return this.#local(object, symbol);
    const definition = this.#globals.get(symbol.name);
    return definition?.symbol === symbol ? definition.target : undefined;
  }

  /** The target of a symbol; undefined if it is defined nowhere, or in a section that goes nowhere. */
  target(object: InputObject, index: number): Target | undefined {
    const symbol = object.file.symbols[index];
    if (index === 0 || symbol === undefined) return noSymbol;
    if (symbol.binding === "local") return this.#local(object, symbol);
    return this.#globals.get(symbol.name)?.target ?? this.#external(symbol);
  }

  #local(object: InputObject, symbol: ElfSymbol): Target | undefined {
    const known = this.#locals.get(symbol);
    if (known !== undefined) return known;
    const target = targetOf(object, symbol);
    if (target !== undefined) this.#locals.set(symbol, target);
    return target;
  }

  #external({ name, binding }: ElfSymbol): Target | undefined {
    const known = this.#externals.get(name);
    if (known !== undefined && known.where.kind !== "weak") return known;
    const where = this.#whereOutside(name, binding === "weak");
    if (where === undefined) return undefined;
    const target = known ?? { name, where };
    this.#externals.set(name, target);
    return target;
  }

  #whereOutside(name: string, isWeak: boolean): Target["where"] | undefined {
    const address = this.lookup(name);
    if (address !== undefined) return { kind: "absolute", address };
    // What -fpic adds an entry's offset to.
    if (name === "_GLOBAL_OFFSET_TABLE_") return { kind: "edge", section: ".got", isEnd: false };
    const [, edge, section] = edgeSymbol.exec(name) ?? [];
    if (section !== undefined && this.#sections.has(section)) return { kind: "edge", section, isEnd: edge === "stop" };
    return isWeak ? { kind: "weak" } : undefined;
  }

  #define(object: InputObject, symbol: ElfSymbol): void {
    const target = targetOf(object, symbol);
    if (target === undefined) return;
    const before = this.#globals.get(symbol.name);
    if (before !== undefined && symbol.binding === "weak") return;
    if (before !== undefined && before.symbol.binding !== "weak") {
      throw new ElfError(
        "duplicate-symbol",
        object.file.name,
        symbol.at,
        `'${symbol.name}' is defined here and in ${before.object.file.name}: rename one, make it static, or make one weak`,
      );
    }
    this.#globals.set(symbol.name, { object, symbol, target });
  }

  /** Of several common symbols of one name the largest and the strictest alignment count; a definition takes precedence. */
  #makeCommons(objects: readonly InputObject[]): void {
    const wanted = new Map<string, { object: InputObject; symbol: ElfSymbol; size: number; alignment: number }>();
    for (const object of objects) {
      for (const symbol of object.file.symbols) {
        if (symbol.section !== "common") continue;
        const alignment = commonAlignment(object.file, symbol);
        const before = this.#globals.get(symbol.name);
        if (before !== undefined && before.symbol.binding !== "weak") continue;
        const other = wanted.get(symbol.name);
        wanted.set(symbol.name, {
          object,
          symbol,
          size: Math.max(Number(symbol.size), other?.size ?? 0),
          alignment: Math.max(alignment, other?.alignment ?? 1),
        });
      }
    }
    for (const [name, { object, symbol, size, alignment }] of wanted) {
      const flags = format.SHF_ALLOC | format.SHF_WRITE;
      const piece = { name: "COMMON", flags, type: format.SHT_NOBITS, size, alignment, bytes: new Uint8Array() };
      this.#commons.set(name, piece);
      this.#globals.set(name, { object, symbol, target: { name, where: { kind: "piece", piece, offset: 0n } } });
    }
  }
}

function targetOf(object: InputObject, symbol: ElfSymbol): Target | undefined {
  const { section, value } = symbol;
  if (section === "absolute") return { name: symbol.name, where: { kind: "absolute", address: value } };
  if (typeof section !== "number") return undefined;
  const piece = object.pieces[section];
  const name = symbol.type === "section" ? (object.file.sections[section]?.name ?? "") : symbol.name;
  return piece === undefined ? undefined : { name, where: { kind: "piece", piece, offset: value } };
}
