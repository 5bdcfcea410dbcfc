/**
 * The structures of an ELF file: header, program headers, and what sections.ts and symbols.ts read. Views, nothing is copied. Every offset, size,
 * index and name is checked here, so that what follows may rely on them.
 */
import * as format from "./format.js";
import { Reader } from "./reader.js";
import { type ElfSection, firstSectionHeader, readAlignment, readSections, tableAt } from "./sections.js";
import { type ElfSymbol, readSymbols } from "./symbols.js";

export interface ElfProgramHeader {
  /** PT_*. */
  readonly type: number;
  /** PF_*. */
  readonly flags: number;
  readonly offset: number;
  readonly address: bigint;
  readonly memorySize: number;
  readonly alignment: bigint;
  /** The part that is in the file. */
  readonly bytes: Uint8Array;
  /** Offset of this header in the file, for messages. */
  readonly header: number;
}

export interface ElfFile {
  /** What messages call it. */
  readonly name: string;
  readonly reader: Reader;
  readonly type: "relocatable" | "executable" | "dynamic";
  readonly entry: bigint;
  readonly sections: readonly ElfSection[];
  readonly programHeaders: readonly ElfProgramHeader[];
  /** Of SHT_SYMTAB, the null symbol included, so that an index is an index; empty if the file is stripped. */
  readonly symbols: readonly ElfSymbol[];
  /** Of SHT_DYNSYM. */
  readonly dynamicSymbols: readonly ElfSymbol[];
}

const types: ReadonlyMap<number, ElfFile["type"]> = new Map([
  [format.ET_REL, "relocatable"],
  [format.ET_EXEC, "executable"],
  [format.ET_DYN, "dynamic"],
]);

/** Reads an ELF file's structures. Throws an ElfError. */
export function parseElf(bytes: Uint8Array, name = "ELF file"): ElfFile {
  const reader: Reader = new Reader(bytes, name);
  checkIdentification(reader);
  const type = types.get(reader.u16(16));
  if (type === undefined)
    reader.fail("unsupported", 16, `file type ${reader.u16(16)} is neither an object nor an executable (e_type)`);
  const machine = reader.u16(18);
  if (machine !== format.EM_AARCH64) {
    reader.fail(
      "not-elf",
      18,
      `the file is for machine ${machine}, not for AArch64 (${format.EM_AARCH64}): build it for aarch64`,
    );
  }
  if (reader.u32(20) !== format.EV_CURRENT)
    reader.fail("malformed", 20, `e_version is ${reader.u32(20)}, not ${format.EV_CURRENT}`);
  const sections = readSections(reader);
  return {
    name,
    reader,
    type,
    entry: reader.u64(24),
    sections,
    programHeaders: readProgramHeaders(reader),
    symbols: readSymbols(reader, sections, format.SHT_SYMTAB),
    dynamicSymbols: readSymbols(reader, sections, format.SHT_DYNSYM),
  };
}

function checkIdentification(reader: Reader): void {
  const magic = [0x7f, 0x45, 0x4c, 0x46];
  if (reader.length < 4 || magic.some((byte, index) => reader.u8(index) !== byte)) {
    reader.fail("not-elf", 0, "the file does not begin with 0x7f 'ELF'");
  }
  if (reader.length < format.HEADER_BYTES) {
    reader.fail(
      "truncated",
      0,
      `the ELF header is ${format.HEADER_BYTES} bytes, and the file has ${reader.length}: it is cut off`,
    );
  }
  if (reader.u8(4) !== format.ELFCLASS64)
    reader.fail("not-elf", 4, "not a 64-bit file (EI_CLASS): build it for aarch64, LP64");
  if (reader.u8(5) !== format.ELFDATA2LSB)
    reader.fail("not-elf", 5, "not little-endian (EI_DATA): big-endian code is not supported");
  if (reader.u8(6) !== format.EV_CURRENT)
    reader.fail("malformed", 6, `EI_VERSION is ${reader.u8(6)}, not ${format.EV_CURRENT}`);
}

function readProgramHeaders(reader: Reader): readonly ElfProgramHeader[] {
  if (reader.u64(32) === 0n) return [];
  const said = reader.u16(56);
  const count = said === format.PN_XNUM ? reader.u32(firstSectionHeader(reader) + 44) : said;
  if (count === 0) return [];
  const start = tableAt(reader, 32, count, 54, format.PROGRAM_HEADER_BYTES, "program header table");
  return Array.from({ length: count }, (_, index) =>
    readProgramHeader(reader, start + index * format.PROGRAM_HEADER_BYTES, index),
  );
}

function readProgramHeader(reader: Reader, header: number, index: number): ElfProgramHeader {
  const what = `program header ${index}`;
  const offset = reader.size(header + 8, `the offset of ${what}`);
  return {
    type: reader.u32(header),
    flags: reader.u32(header + 4),
    offset,
    address: reader.u64(header + 16),
    memorySize: reader.size(header + 40, `the size in memory of ${what}`),
    alignment: readAlignment(reader, header + 48, what),
    bytes: reader.range(offset, reader.size(header + 32, `the size of ${what}`), header + 8, `what ${what} describes`),
    header,
  };
}
