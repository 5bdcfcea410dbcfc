/** Objects to be linked, cut into the pieces that go into memory, with their relocations. */
import { hex } from "./errors.js";
import { type ElfFile, parseElf } from "./file.js";
import * as format from "./format.js";
import { declaresBti } from "./properties.js";
import type { Reader } from "./reader.js";
import { type ElfRelocation, readRelocations } from "./relocation-table.js";
import { type RelocationRule, relocationRules } from "./relocations.js";
import type { ElfSection } from "./sections.js";
import type { ElfSymbol } from "./symbols.js";

export interface LinkObject {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A run of bytes that is placed as one: an object's section, common symbols, or what the linker makes itself. */
export interface Piece {
  readonly name: string;
  readonly flags: number;
  readonly type: number;
  readonly size: number;
  readonly alignment: number;
  /** Empty for zero bytes. */
  readonly bytes: Uint8Array;
}

export interface Relocation {
  readonly rule: RelocationRule;
  /** In the piece. */
  readonly offset: number;
  /** Index in the object's symbol table. */
  readonly symbol: number;
  readonly addend: bigint;
  /** Offset of its entry in the file, for messages. */
  readonly at: number;
}

export interface InputObject {
  readonly file: ElfFile;
  /** By section index; undefined for a section that goes nowhere. */
  readonly pieces: readonly (Piece | undefined)[];
  readonly relocations: ReadonlyMap<Piece, readonly Relocation[]>;
  readonly guarded: boolean;
}

/** Reads objects. `groups` remembers the COMDAT groups seen so far: of several with one signature the first is kept. Throws an ElfError. */
export function readObject({ name, bytes }: LinkObject, groups: Set<string>): InputObject {
  const file = parseElf(bytes, name);
  const { reader } = file;
  if (file.type !== "relocatable")
    reader.fail("unsupported", 16, "this is no object (ET_REL): an executable is loaded with loadElf");
  checkNoOverlap(file);
  const dropped = droppedSections(file, groups);
  const pieces = file.sections.map((section) => (dropped.has(section.index) ? undefined : pieceOf(file, section)));
  const relocations = new Map<Piece, Relocation[]>();
  for (const section of file.sections) {
    const piece = pieces[section.info];
    const isTable = section.type === format.SHT_RELA || section.type === format.SHT_REL;
    if (!isTable || piece === undefined) continue;
    relocations.set(piece, [
      ...(relocations.get(piece) ?? []),
      ...readRelocations(file, section).map((relocation) => toApply(file, relocation, piece)),
    ]);
  }
  const properties = file.sections.find(
    (section) => section.type === format.SHT_NOTE && section.name === ".note.gnu.property",
  );
  return {
    file,
    pieces,
    relocations,
    guarded: properties !== undefined && declaresBti(reader, properties.offset, properties.size),
  };
}

/** Sections that share bytes could make a small file ask for any amount of work. */
function checkNoOverlap({ sections, reader }: ElfFile): void {
  const total = sections.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (total > reader.length)
    reader.fail("malformed", 40, `the sections have ${total} bytes in a file of ${reader.length}: they overlap`);
}

function pieceOf({ reader }: ElfFile, section: ElfSection): Piece | undefined {
  const { name, flags, type, size, alignment, bytes, header } = section;
  if ((flags & format.SHF_ALLOC) === 0 || (flags & format.SHF_EXCLUDE) !== 0 || type === format.SHT_NULL)
    return undefined;
  // Said of objects, and nothing that is read when running.
  if (name === ".note.gnu.property") return undefined;
  if ((flags & format.SHF_COMPRESSED) !== 0) reader.fail("unsupported", header + 8, `section ${name} is compressed`);
  if (alignment > format.limits.alignment) {
    reader.fail(
      "limit",
      header + 48,
      `section ${name} asks for an alignment of ${hex(alignment)}, at most ${hex(format.limits.alignment)} is allowed`,
    );
  }
  return { name, flags, type, size, alignment, bytes };
}

/** The members of COMDAT groups that an earlier object has had. */
function droppedSections(file: ElfFile, groups: Set<string>): ReadonlySet<number> {
  const reader: Reader = file.reader;
  const dropped = new Set<number>();
  for (const group of file.sections) {
    if (group.type !== format.SHT_GROUP || group.size < 4 || (reader.u32(group.offset) & format.GRP_COMDAT) === 0)
      continue;
    const signature = file.symbols[group.info];
    if (signature === undefined)
      reader.fail("malformed", group.header + 44, `the group's signature is symbol ${group.info}, which is not there`);
    const name =
      signature.type === "section" && typeof signature.section === "number"
        ? (file.sections[signature.section] as ElfSection).name
        : signature.name;
    if (!groups.has(name)) {
      groups.add(name);
      continue;
    }
    for (let at = 4; at + 4 <= group.size; at += 4) dropped.add(reader.u32(group.offset + at));
  }
  return dropped;
}

function toApply(
  file: ElfFile,
  { offset: place, type, symbolIndex, symbol, addend, at }: ElfRelocation,
  piece: Piece,
): Relocation {
  const reader: Reader = file.reader;
  const rule = relocationRules.get(type);
  if (rule === undefined) {
    reader.fail(
      "relocation-type",
      at + 8,
      `relocation ${type} of ${piece.name} is not supported: see engine/elf/relocations.ts for those that are`,
    );
  }
  if (place + BigInt(rule.encoder.width) > BigInt(piece.bytes.length)) {
    reader.fail(
      "malformed",
      at,
      `R_AARCH64_${rule.name} changes ${piece.name}+${hex(place)}, which has ${piece.bytes.length} bytes in the file`,
    );
  }
  if (symbol !== file.symbols[symbolIndex]) {
    reader.fail("malformed", at + 12, `R_AARCH64_${rule.name} of ${piece.name} names a dynamic symbol, in an object`);
  }
  return { rule, offset: Number(place), symbol: symbolIndex, addend, at };
}

/** A common symbol's value is its alignment. */
export function commonAlignment({ reader }: ElfFile, symbol: ElfSymbol): number {
  const { value, at, name } = symbol;
  if (value === 0n || (value & (value - 1n)) !== 0n || value > BigInt(format.limits.alignment)) {
    reader.fail(
      "malformed",
      at + 8,
      `common symbol '${name}' asks for alignment ${hex(value)}: a power of two to ${hex(format.limits.alignment)} is possible`,
    );
  }
  if (symbol.size > BigInt(format.limits.imageBytes)) {
    reader.fail(
      "limit",
      at + 16,
      `common symbol '${name}' asks for ${symbol.size} bytes, at most ${format.limits.imageBytes} are allowed`,
    );
  }
  return Number(value);
}
