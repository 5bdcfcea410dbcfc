/**
 * Objects (ET_REL) as the kernel's module loader takes them: sections laid out by what they are, symbols resolved among the objects and to what is
 * already loaded, relocations applied. Sections of one name are joined; strings are not merged.
 */

import { applyRelocation, NO_THREAD_SECTION, type RelocationContext, type Site } from "./apply.js";
import { ElfError } from "./errors.js";
import * as format from "./format.js";
import {
  accessOf,
  addressesOf,
  type ElfImage,
  type ElfSegment,
  type ElfTls,
  flagLetters,
  type ImageSection,
  type ImageSymbol,
} from "./image.js";
import { Layout, type OutputSection, type Placement } from "./layout.js";
import { type InputObject, type LinkObject, type Piece, type Relocation, readObject } from "./objects.js";
import { SymbolTable, type Target } from "./resolve.js";
import { type SymbolSource, symbolLookup } from "./symbol-source.js";
import { EntryTable, Veneers } from "./tables.js";
import { tlsOffset } from "./tls.js";

export interface LinkOptions extends Placement {
  /** Addresses of symbols that the objects use and do not define: for a module `machine.symbols`, or an image's `globals`. */
  readonly symbols?: SymbolSource;
  /** The symbol to begin at; `_start`, if it is defined, if absent. */
  readonly entry?: string;
  /** A name for the image in messages. */
  readonly name?: string;
}

/** A relocation with what it refers to. */
interface Reference {
  readonly object: InputObject;
  readonly piece: Piece;
  readonly relocation: Relocation;
  readonly target: Target;
}

/** Rounds of giving veneers to the branches that need one now, before all get one. */
const VENEER_ROUNDS = 8;
/** Undefined symbols that one error names. */
const SHOWN_SYMBOLS = 10;

/** Links objects into one image. Throws an ElfError. */
export function linkElf(objects: readonly LinkObject[], options: LinkOptions): ElfImage {
  return new Linker(objects, options).link();
}

class Linker {
  readonly #name: string;
  readonly #objects: readonly InputObject[];
  readonly #symbols: SymbolTable;
  readonly #layout: Layout;
  readonly #references: readonly Reference[];
  readonly #entries: EntryTable;
  readonly #veneers = new Veneers();

  constructor(
    objects: readonly LinkObject[],
    private readonly options: LinkOptions,
  ) {
    this.#name = options.name ?? objects.map(({ name }) => name).join(", ");
    const groups = new Set<string>();
    this.#objects = objects.map((object) => readObject(object, groups));
    this.#symbols = new SymbolTable(this.#objects, symbolLookup(options.symbols));
    this.#layout = new Layout(options, this.#name);
    for (const { pieces } of this.#objects)
      for (const piece of pieces) if (piece !== undefined) this.#layout.add(piece);
    for (const piece of this.#symbols.commons) this.#layout.add(piece);
    this.#references = this.#resolveAll();
    this.#entries = new EntryTable(this.#references);
    if (this.#entries.piece.size > 0) this.#layout.add(this.#entries.piece);
    this.#layout.add(this.#veneers.piece);
  }

  link(): ElfImage {
    this.#place();
    const bytes = this.#fill();
    const segments = this.#segments(bytes);
    const symbolTable = this.#symbolTable();
    const addresses = addressesOf(symbolTable);
    return {
      name: this.#name,
      entry: this.#entry(addresses.symbols),
      segments,
      sections: this.#sections(bytes),
      symbolTable,
      ...addresses,
      tls: this.#threadLocals(bytes),
    };
  }

  #resolveAll(): readonly Reference[] {
    const references: Reference[] = [];
    const missing = new Map<string, () => never>();
    for (const object of this.#objects) {
      for (const [piece, relocations] of object.relocations) {
        for (const relocation of relocations) {
          if (relocation.rule.operation === "none") continue;
          const target = this.#symbols.target(object, relocation.symbol);
          if (target !== undefined) references.push({ object, piece, relocation, target });
          // Unwind tables keep entries for functions that an earlier object's COMDAT group has replaced.
          else if (piece.name !== ".eh_frame") this.#noteMissing(object, piece, relocation, missing);
        }
      }
    }
    const [first] = missing.values();
    first?.();
    return references;
  }

  #noteMissing(object: InputObject, piece: Piece, relocation: Relocation, missing: Map<string, () => never>): void {
    const symbol = object.file.symbols[relocation.symbol];
    const name = symbol?.name ?? "";
    const place = { section: piece.name, offset: relocation.offset, symbol: name };
    if (symbol?.section !== "undefined") {
      throw new ElfError(
        "malformed",
        object.file.name,
        relocation.at,
        `it refers to '${name}', whose section is not in memory`,
        place,
      );
    }
    if (missing.has(name)) return;
    missing.set(name, () => {
      const names = [...missing.keys()];
      const others = names.length > SHOWN_SYMBOLS ? ` and ${names.length - SHOWN_SYMBOLS} more` : "";
      const list = names
        .slice(0, SHOWN_SYMBOLS)
        .map((each) => `'${each}'`)
        .join(", ");
      throw new ElfError(
        "undefined-symbol",
        object.file.name,
        relocation.at,
        `undefined: ${list}${others}. Link an object that defines it, or pass its address in symbols`,
        place,
      );
    });
  }

  /** Where a target is, once everything is placed. */
  readonly #address = ({ where }: Target): bigint => {
    switch (where.kind) {
      case "piece":
        return BigInt.asUintN(64, this.#layout.address(where.piece) + where.offset);
      case "absolute":
        return where.address;
      case "edge": {
        const section = this.#layout.section(where.section);
        return section === undefined ? 0n : section.address + BigInt(where.isEnd ? section.size : 0);
      }
      case "weak":
        return 0n;
    }
  };

  readonly #site = ({ object, piece, relocation, target }: Reference): Site => ({
    file: object.file.name,
    section: piece.name,
    relocation,
    target,
    address: this.#layout.address(piece) + BigInt(relocation.offset),
  });

  /** Veneers stand behind the code, so that making one moves no branch; it may move a branch's target. */
  #place(): void {
    const branches = this.#references.filter(({ relocation }) => relocation.rule.operation === "branch");
    for (let round = 0; ; round++) {
      this.#layout.place();
      const added = this.#veneers.add(branches.map(this.#site), this.#address, round >= VENEER_ROUNDS);
      if (!added) return;
      const old = this.#veneers.piece;
      this.#layout.remove(old);
      this.#veneers.grow();
      this.#layout.add(this.#veneers.piece);
    }
  }

  /** The bytes of every output section that is not of zero bytes. */
  #fill(): ReadonlyMap<OutputSection, Uint8Array> {
    const filled = new Map<OutputSection, Uint8Array>();
    const outputs = this.#layout.outputs.filter(({ type }) => type !== format.SHT_NOBITS);
    this.#checkFilled(outputs);
    for (const output of outputs) {
      const bytes = new Uint8Array(output.size);
      for (const piece of output.pieces) bytes.set(piece.bytes, Number(this.#layout.address(piece) - output.address));
      filled.set(output, bytes);
    }
    const viewOf = (piece: Piece): DataView => {
      const output = this.#layout.section(piece.name) as OutputSection;
      const bytes = filled.get(output) as Uint8Array;
      return new DataView(bytes.buffer, Number(this.#layout.address(piece) - output.address), piece.size);
    };
    if (this.#entries.piece.size > 0) this.#fillEntries(viewOf(this.#entries.piece));
    const veneers = this.#veneers.piece;
    if (veneers.size > 0) this.#veneers.fill(viewOf(veneers), this.#layout.address(veneers), this.#address, this.#name);
    this.#relocate(viewOf);
    return filled;
  }

  #fillEntries(view: DataView): void {
    const block = this.#threadBlock();
    this.#entries.fill(view, this.#address, (address) => {
      if (block === undefined) throw new ElfError("malformed", this.#name, 0, NO_THREAD_SECTION);
      return tlsOffset(address - block.address, block.address, block.alignment);
    });
  }

  #checkFilled(outputs: readonly OutputSection[]): void {
    const given = this.#objects.reduce((sum, { file }) => sum + file.reader.length, 0);
    const allowed = Math.max(format.limits.linkedBytes, given * format.limits.linkedGrowth);
    const total = outputs.reduce((sum, { size }) => sum + size, 0);
    if (total > allowed)
      throw new ElfError(
        "limit",
        this.#name,
        0,
        `${total} bytes of sections from ${given} bytes of objects, at most ${allowed} are allowed`,
      );
  }

  #relocate(viewOf: (piece: Piece) => DataView): void {
    const context: RelocationContext = {
      address: this.#address,
      entry: (rule, target, addend) =>
        this.#layout.address(this.#entries.piece) + BigInt(this.#entries.offset(rule, target, addend)),
      table: () => this.#layout.address(this.#entries.piece),
      veneer: (target, addend) => {
        const offset = this.#veneers.offset(target, addend);
        return offset === undefined ? undefined : this.#layout.address(this.#veneers.piece) + BigInt(offset);
      },
      threadBlock: this.#threadBlock(),
    };
    const views = new Map<Piece, DataView>();
    for (const reference of this.#references) {
      const { piece, relocation } = reference;
      const view = views.get(piece) ?? viewOf(piece);
      views.set(piece, view);
      applyRelocation(view, relocation.offset, this.#site(reference), context);
    }
  }

  #threadSections(): readonly OutputSection[] {
    return this.#layout.outputs.filter(({ flags }) => (flags & format.SHF_TLS) !== 0);
  }

  #threadBlock(): RelocationContext["threadBlock"] {
    const sections = this.#threadSections();
    const [first] = sections;
    if (first === undefined) return undefined;
    return { address: first.address, alignment: BigInt(Math.max(...sections.map(({ alignment }) => alignment))) };
  }

  #threadLocals(bytes: ReadonlyMap<OutputSection, Uint8Array>): ElfTls | undefined {
    const sections = this.#threadSections();
    const block = this.#threadBlock();
    const last = sections.at(-1);
    if (block === undefined || last === undefined) return undefined;
    const memorySize = Number(last.address - block.address) + last.size;
    const filled = sections.filter((section) => bytes.has(section)).at(-1);
    const initial = new Uint8Array(filled === undefined ? 0 : Number(filled.address - block.address) + filled.size);
    for (const section of sections) initial.set(bytes.get(section) ?? [], Number(section.address - block.address));
    return { ...block, bytes: initial, memorySize };
  }

  /** One segment for each output section: windowsFor joins what stands together. */
  #segments(bytes: ReadonlyMap<OutputSection, Uint8Array>): readonly ElfSegment[] {
    const guarded = this.#objects.every((object) => object.guarded);
    return this.#layout.outputs
      .filter(({ size }) => size > 0)
      .map((output) => {
        const isExecuted = (output.flags & format.SHF_EXECINSTR) !== 0;
        return {
          address: output.address,
          bytes: bytes.get(output) ?? new Uint8Array(),
          memorySize: output.size,
          access: accessOf((output.flags & format.SHF_WRITE) !== 0, isExecuted),
          guarded: guarded && isExecuted,
        };
      });
  }

  #sections(bytes: ReadonlyMap<OutputSection, Uint8Array>): readonly ImageSection[] {
    return this.#layout.outputs
      .filter(({ size }) => size > 0)
      .map((output) => {
        const { name, address, size, type, flags } = output;
        return { name, address, size, type, flags: flagLetters(flags), bytes: bytes.get(output) ?? new Uint8Array() };
      });
  }

  #symbolTable(): readonly ImageSymbol[] {
    const block = this.#threadBlock();
    return this.#objects.flatMap((object) =>
      object.file.symbols.slice(1).flatMap((symbol) => {
        const target = this.#symbols.shown(object, symbol);
        if (target === undefined) return [];
        const { name, size, type, binding, visibility } = symbol;
        const address = this.#address(target) - (type === "tls" ? (block?.address ?? 0n) : 0n);
        const section = target.where.kind === "piece" ? target.where.piece.name : undefined;
        return [
          { name, address, size, type: type === "common" ? "object" : type, binding, visibility, section } as const,
        ];
      }),
    );
  }

  #entry(symbols: ReadonlyMap<string, bigint>): bigint | undefined {
    const { entry } = this.options;
    const address = symbols.get(entry ?? "_start");
    if (address === undefined && entry !== undefined) {
      throw new ElfError("undefined-symbol", this.#name, 0, `the entry symbol '${entry}' is not defined`);
    }
    return address;
  }
}
