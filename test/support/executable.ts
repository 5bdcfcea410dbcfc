/** Executables made of assembly text: ELF files with a segment for each section and the symbols. */
import { type AssembleOptions, assemble, type ProgramSection } from "cmodx/engine";

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const SECTION_HEADER_BYTES = 64;
const SYMBOL_BYTES = 24;
/** Sections stand in the file as they stand in pages of memory, so that a kernel can map it. */
const PAGE = 4096;

const ET_EXEC = 2;
const EM_AARCH64 = 183;
const SHT_SYMTAB = 2;
const SHT_STRTAB = 3;
const SHN_ABS = 0xfff1;
const STB_GLOBAL_FUNC = 0x12;

type Field = readonly [width: 2 | 4 | 8, value: bigint | number];

function pack(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.map(([width, value]) => {
      const bytes = Buffer.alloc(8);
      bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
      return bytes.subarray(0, width);
    }),
  );
}

function rights(flags: string): number {
  return 4 + (flags.includes("w") ? 2 : 0) + (flags.includes("x") ? 1 : 0);
}

function programHeader({ address, bytes, flags }: ProgramSection, offset: number): Buffer {
  const size = bytes.length;
  return pack([4, 1], [4, rights(flags)], [8, offset], [8, address], [8, address], [8, size], [8, size], [8, PAGE]);
}

function sectionHeader(type: number, offset: number, size: number, link: number, entry: number): Buffer {
  return pack([4, 0], [4, type], [8, 0], [8, 0], [8, offset], [8, size], [4, link], [4, 1], [8, 1], [8, entry]);
}

/** Every symbol as a global function at an absolute address, and their names. */
function symbolTable(symbols: ReadonlyMap<string, bigint>): { readonly table: Buffer; readonly names: Buffer } {
  let names = "\0";
  const entries: Buffer[] = [Buffer.alloc(SYMBOL_BYTES)];
  for (const [name, address] of symbols) {
    entries.push(pack([4, names.length], [2, STB_GLOBAL_FUNC], [2, SHN_ABS], [8, address], [8, 0]));
    names += `${name}\0`;
  }
  return { table: Buffer.concat(entries), names: Buffer.from(names) };
}

/** An ET_EXEC that begins at `_start`. Its sections stand on pages of their own from 0x400000 on, unless `options` say otherwise. */
export function executable(source: string, options: AssembleOptions = {}): Buffer {
  const sections = { ".data": 0x50_0000, ...options.sections };
  const program = assemble(source, { base: 0x40_0000, ...options, sections });
  const entry = program.symbols.get("_start") ?? 0n;
  const { table, names } = symbolTable(program.symbols);
  const segments = program.sections.filter(({ bytes }) => bytes.length > 0);
  let end = HEADER_BYTES + segments.length * PROGRAM_HEADER_BYTES;
  const headers: Buffer[] = [];
  const parts: Buffer[] = [];
  const place = (bytes: Uint8Array, boundary: number): number => {
    const offset = Math.ceil(end / boundary) * boundary;
    parts.push(Buffer.alloc(offset - end), Buffer.from(bytes));
    end = offset + bytes.length;
    return offset;
  };
  for (const section of segments) headers.push(programHeader(section, place(section.bytes, PAGE)));
  const symbols = sectionHeader(SHT_SYMTAB, place(table, 8), table.length, 2, SYMBOL_BYTES);
  const strings = sectionHeader(SHT_STRTAB, place(names, 1), names.length, 0, 0);
  const sectionHeaders = Buffer.concat([Buffer.alloc(SECTION_HEADER_BYTES), symbols, strings]);
  const start = place(sectionHeaders, 8);
  const identification = Buffer.from("7f454c46020101000000000000000000", "hex");
  const header = pack(
    ...([
      [2, ET_EXEC],
      [2, EM_AARCH64],
      [4, 1],
      [8, entry],
      [8, HEADER_BYTES],
      [8, start],
      [4, 0],
    ] as const),
    ...([
      [2, HEADER_BYTES],
      [2, PROGRAM_HEADER_BYTES],
      [2, segments.length],
    ] as const),
    ...([
      [2, SECTION_HEADER_BYTES],
      [2, 3],
      [2, 2],
    ] as const),
  );
  return Buffer.concat([identification, header, ...headers, ...parts]);
}
