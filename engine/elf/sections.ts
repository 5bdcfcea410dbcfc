/** Section headers. */
import { hex } from "./errors.js";
import * as format from "./format.js";
import { type Reader, stringAt } from "./reader.js";

export interface ElfSection {
  /** Place in the section header table. */
  readonly index: number;
  readonly name: string;
  /** SHT_*. */
  readonly type: number;
  /** SHF_*, the low 32 bits. */
  readonly flags: number;
  /** sh_addr; 0 in an object. */
  readonly address: bigint;
  /** In the file. */
  readonly offset: number;
  /** Bytes in memory. */
  readonly size: number;
  /** sh_link and sh_info. */
  readonly link: number;
  readonly info: number;
  /** Bytes, a power of two. */
  readonly alignment: number;
  /** Empty for SHT_NOBITS. */
  readonly bytes: Uint8Array;
  /** Offset of its header in the file, for messages. */
  readonly header: number;
}

/** Where a table of headers stands, after checking that it is in the file. */
export function tableAt(
  reader: Reader,
  field: number,
  count: number,
  entryField: number,
  entryBytes: number,
  what: string,
): number {
  const start = reader.size(field, `the offset of the ${what}`);
  const entry = reader.u16(entryField);
  if (entry !== entryBytes)
    reader.fail("malformed", entryField, `an entry of the ${what} is said to have ${entry} bytes, not ${entryBytes}`);
  reader.range(start, count * entryBytes, field, `the ${what} of ${count} entries`);
  return start;
}

/** Fields that are too small for the number stand in the first section header (gABI, "extended numbering"). */
export function firstSectionHeader(reader: Reader): number {
  return tableAt(reader, 40, 1, 58, format.SECTION_HEADER_BYTES, "section header table");
}

export function readSections(reader: Reader): readonly ElfSection[] {
  if (reader.u64(40) === 0n) return [];
  const first = firstSectionHeader(reader);
  const count = reader.u16(60) === 0 ? reader.size(first + 32, "the number of sections") : reader.u16(60);
  const start = tableAt(reader, 40, count, 58, format.SECTION_HEADER_BYTES, "section header table");
  const namesIndex = reader.u16(62) === format.SHN_XINDEX ? reader.u32(first + 40) : reader.u16(62);
  if (namesIndex >= Math.max(count, 1)) {
    reader.fail(
      "malformed",
      62,
      `section names are said to be in section ${namesIndex}, of ${count} sections (e_shstrndx)`,
    );
  }
  const names =
    namesIndex === 0
      ? new Uint8Array()
      : sectionBytes(reader, start + namesIndex * format.SECTION_HEADER_BYTES, namesIndex);
  return Array.from({ length: count }, (_, index) => readSection(reader, start, index, names));
}

function sectionBytes(reader: Reader, header: number, index: number): Uint8Array {
  const type = reader.u32(header + 4);
  if (type === format.SHT_NOBITS || type === format.SHT_NULL) return new Uint8Array();
  const offset = reader.size(header + 24, `the offset of section ${index}`);
  return reader.range(
    offset,
    reader.size(header + 32, `the size of section ${index}`),
    header + 24,
    `section ${index}`,
  );
}

/** An alignment; 0 and 1 both mean none. */
export function readAlignment(reader: Reader, offset: number, what: string): bigint {
  const alignment = reader.u64(offset);
  if ((alignment & (alignment - 1n)) !== 0n && alignment !== 0n) {
    reader.fail("malformed", offset, `the alignment ${hex(alignment)} of ${what} is no power of two`);
  }
  return alignment === 0n ? 1n : alignment;
}

function readSection(reader: Reader, table: number, index: number, names: Uint8Array): ElfSection {
  const header = table + index * format.SECTION_HEADER_BYTES;
  const type = reader.u32(header + 4);
  if (type === format.SHT_NULL) return nullSection(index, header);
  const name = stringAt(names, reader.u32(header));
  if (name === undefined) {
    reader.fail(
      "malformed",
      header,
      `the name of section ${index} does not end within the table of names and ${format.limits.nameBytes} bytes`,
    );
  }
  const size = reader.size(header + 32, `the size of section ${index}`);
  if (type === format.SHT_NOBITS && size > format.limits.imageBytes) {
    reader.fail(
      "limit",
      header + 32,
      `section ${name} asks for ${size} bytes of memory, at most ${format.limits.imageBytes} are allowed`,
    );
  }
  const alignment = readAlignment(reader, header + 48, `section ${name}`);
  return {
    index,
    name,
    type,
    flags: reader.u32(header + 8),
    address: reader.u64(header + 16),
    offset: reader.size(header + 24, `the offset of section ${index}`),
    size,
    link: reader.u32(header + 40),
    info: reader.u32(header + 44),
    alignment: Number(alignment),
    bytes: sectionBytes(reader, header, index),
    header,
  };
}

function nullSection(index: number, header: number): ElfSection {
  return {
    index,
    header,
    name: "",
    type: format.SHT_NULL,
    flags: 0,
    address: 0n,
    offset: 0,
    size: 0,
    link: 0,
    info: 0,
    alignment: 1,
    bytes: new Uint8Array(),
  };
}
