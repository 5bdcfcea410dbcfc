/** The prebuilt files of data/, and objects written byte by byte for what no compiler makes. */
import { readFileSync } from "node:fs";
import type { LinkObject } from "cmodx/engine";

export function data(name: string): Uint8Array {
  return readFileSync(new URL(`data/${name}`, import.meta.url));
}

/** The two halves of the test program by one compiler. */
export function halves(compiler: string): readonly LinkObject[] {
  return ["first", "second"].map((half) => ({ name: `${half}-${compiler}.o`, bytes: data(`${half}-${compiler}.o`) }));
}

export const compilers = ["gcc", "clang"] as const;

export interface SymbolText {
  readonly name: string;
  /** Index among the sections given, from 0. */
  readonly section?: number | "absolute" | "common";
  readonly value?: bigint;
  readonly size?: bigint;
  readonly binding?: "local" | "global" | "weak";
}

export interface SectionText {
  readonly name: string;
  readonly flags: "a" | "ax" | "aw" | "awT" | "";
  /** Instruction words. */
  readonly words?: readonly number[];
  /** Bytes of zeroes in place of words (SHT_NOBITS). */
  readonly zeroes?: number;
  readonly alignment?: number;
  readonly relocations?: readonly {
    readonly offset: number;
    readonly type: number;
    /** Index among the symbols given, from 0. */
    readonly symbol: number;
    readonly addend?: bigint;
  }[];
}

const HEADER = 64;
const flagBits = { a: 2, ax: 6, aw: 3, awT: 0x403, "": 0 };
const bindings = { local: 0, global: 1, weak: 2 };

class Bytes {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  number(width: 1 | 2 | 4 | 8, value: bigint | number): this {
    for (let i = 0; i < width; i++)
      this.#bytes.push(Number((BigInt.asUintN(64, BigInt(value)) >> BigInt(8 * i)) & 0xffn));
    return this;
  }

  text(value: string): number {
    const at = this.length;
    this.#bytes.push(...Buffer.from(`${value}\0`));
    return at;
  }

  append(other: Bytes): this {
    this.#bytes.push(...other.#bytes);
    return this;
  }

  toArray(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}

interface Header {
  readonly name: string;
  readonly type: number;
  readonly flags: number;
  readonly contents: Bytes;
  readonly size?: number;
  readonly link?: number;
  readonly info?: number;
  readonly alignment?: number;
  readonly entry?: number;
}

function symbolTable(symbols: readonly SymbolText[], strings: Bytes): Bytes {
  const table = new Bytes().number(8, 0).number(8, 0).number(8, 0);
  for (const { name, section, value = 0n, size = 0n, binding = "global" } of symbols) {
    const index =
      section === "absolute" ? 0xfff1 : section === "common" ? 0xfff2 : section === undefined ? 0 : section + 1;
    table
      .number(4, strings.text(name))
      .number(1, bindings[binding] << 4)
      .number(1, 0)
      .number(2, index)
      .number(8, value)
      .number(8, size);
  }
  return table;
}

function relocationTable(relocations: NonNullable<SectionText["relocations"]>): Bytes {
  const table = new Bytes();
  for (const { offset, type, symbol, addend = 0n } of relocations) {
    table
      .number(8, offset)
      .number(4, type)
      .number(4, symbol + 1)
      .number(8, addend);
  }
  return table;
}

/** An object with the given contents. */
export function makeObject(name: string, sections: readonly SectionText[], symbols: readonly SymbolText[]): LinkObject {
  const strings = new Bytes();
  strings.text("");
  const headers: Header[] = sections.map(({ name: title, flags, words = [], zeroes, alignment = 4 }) => {
    const contents = words.reduce((bytes, word) => bytes.number(4, word), new Bytes());
    return {
      name: title,
      type: zeroes === undefined ? 1 : 8,
      flags: flagBits[flags],
      contents,
      size: zeroes ?? contents.length,
      alignment,
    };
  });
  const symbolsAt = sections.length + 1;
  headers.push({
    name: ".symtab",
    type: 2,
    flags: 0,
    contents: symbolTable(symbols, strings),
    link: symbolsAt + 1,
    info: 1,
    entry: 24,
  });
  headers.push({ name: ".strtab", type: 3, flags: 0, contents: strings });
  sections.forEach(({ name: title, relocations }, index) => {
    if (relocations === undefined) return;
    headers.push({
      name: `.rela${title}`,
      type: 4,
      flags: 0,
      contents: relocationTable(relocations),
      link: symbolsAt,
      info: index + 1,
      entry: 24,
    });
  });
  return { name, bytes: file(headers) };
}

function file(headers: readonly Header[]): Uint8Array {
  const names = new Bytes();
  names.text("");
  const table = new Bytes();
  for (let i = 0; i < 8; i++) table.number(8, 0);
  const contents = new Bytes();
  const all: Header[] = [...headers, { name: ".shstrtab", type: 3, flags: 0, contents: names }];
  for (const { name, type, flags, contents: bytes, size, link = 0, info = 0, alignment = 1, entry = 0 } of all) {
    const title = names.text(name);
    table
      .number(4, title)
      .number(4, type)
      .number(8, flags)
      .number(8, 0)
      .number(8, HEADER + contents.length)
      .number(8, size ?? bytes.length)
      .number(4, link)
      .number(4, info)
      .number(8, alignment)
      .number(8, entry);
    contents.append(bytes);
  }
  const header = new Bytes()
    .number(4, 0x464c457f)
    .number(4, 0x00010102)
    .number(8, 0)
    .number(2, 1)
    .number(2, 183)
    .number(4, 1)
    .number(8, 0)
    .number(8, 0)
    .number(8, HEADER + contents.length)
    .number(4, 0)
    .number(2, HEADER)
    .number(2, 0)
    .number(2, 0)
    .number(2, 64)
    .number(2, all.length + 1)
    .number(2, all.length);
  return header.append(contents).append(table).toArray();
}
