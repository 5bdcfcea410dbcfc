/** Executables: segments at their addresses, with the relocations that a static-pie start-up would do already done. */
import { relocateDynamically } from "./dynamic.js";
import { hex } from "./errors.js";
import { type ElfFile, type ElfProgramHeader, parseElf } from "./file.js";
import * as format from "./format.js";
import {
  accessOf,
  addressesOf,
  type ElfImage,
  type ElfSegment,
  flagLetters,
  type ImageSection,
  type ImageSymbol,
} from "./image.js";
import { declaresBti } from "./properties.js";
import type { ElfSection } from "./sections.js";
import { type SymbolSource, symbolLookup } from "./symbol-source.js";

export interface LoadOptions {
  /** Where address 0 of a position-independent executable goes, a multiple of its alignment; 0x400000 if absent. */
  readonly base?: bigint;
  /** Addresses of symbols that the file uses and does not define. */
  readonly symbols?: SymbolSource;
  /**
   * Whether to apply the relocations of a position-independent executable. False for one whose own start-up code does it, as that of C
   * libraries: relative relocations in the packed form (DT_RELR) may be applied once only. True if absent.
   */
  readonly relocate?: boolean;
  /** A name for the file in messages. */
  readonly name?: string;
}

const DEFAULT_BASE = 0x40_0000n;
const PAGE = 4096n;
const ADDRESS_SPACE = 1n << 64n;

/**
 * An executable (ET_EXEC) or a static position-independent one (ET_DYN without an interpreter and needed libraries) as an
 * image. The bytes of an ET_EXEC are views of the file's, those of an ET_DYN copies. Throws an ElfError.
 */
export function loadElf(bytes: Uint8Array, options: LoadOptions = {}): ElfImage {
  const file = parseElf(bytes, options.name);
  const base = checkKind(file, options.base);
  const segments = loadSegments(file, base);
  if (file.type === "dynamic" && options.relocate !== false)
    relocateDynamically(file, segments, base, symbolLookup(options.symbols));
  const symbolTable = imageSymbols(file, base);
  return {
    name: file.name,
    entry: BigInt.asUintN(64, base + file.entry),
    segments,
    sections: imageSections(file, segments, base),
    symbolTable,
    ...addressesOf(symbolTable),
    tls: threadLocal(file, segments, base),
  };
}

function checkKind(file: ElfFile, base: bigint | undefined): bigint {
  const { reader } = file;
  if (file.type === "relocatable")
    reader.fail("unsupported", 16, "this is an object, not an executable: link it with linkElf");
  const interpreter = file.programHeaders.find(({ type }) => type === format.PT_INTERP);
  if (interpreter !== undefined) {
    reader.fail(
      "unsupported",
      interpreter.header,
      "the file needs a dynamic linker (PT_INTERP): link it with -static or -static-pie",
    );
  }
  if (file.type === "executable") {
    if (base !== undefined)
      reader.fail("layout", 16, "an executable at fixed addresses (ET_EXEC) takes no base: link it with -static-pie");
    return 0n;
  }
  return base ?? DEFAULT_BASE;
}

/** Checks one PT_LOAD header and where it would go. */
function checkSegment(file: ElfFile, header: ElfProgramHeader, address: bigint, base: bigint): void {
  const { reader } = file;
  const at = header.header;
  if (header.bytes.length > header.memorySize) {
    reader.fail(
      "malformed",
      at + 40,
      `the segment has ${header.bytes.length} bytes in the file and ${header.memorySize} in memory`,
    );
  }
  if ((header.address - BigInt(header.offset)) % header.alignment !== 0n) {
    reader.fail(
      "malformed",
      at + 48,
      `address ${hex(header.address)} and offset ${hex(header.offset)} differ modulo the alignment ${hex(header.alignment)}`,
    );
  }
  const needed = header.alignment > PAGE ? header.alignment : PAGE;
  if (base % needed !== 0n || base < 0n)
    reader.fail("layout", at + 48, `the base ${hex(base)} is no multiple of the segment's alignment ${hex(needed)}`);
  if (address + BigInt(header.memorySize) > ADDRESS_SPACE) {
    reader.fail(
      "layout",
      at + 16,
      `${hex(header.memorySize)} bytes at ${hex(address)} go past the end of the address space`,
    );
  }
}

/** PT_LOAD headers as segments. A segment without any right (PROT_NONE) is left out: an access to it is to fault. */
function loadSegments(file: ElfFile, base: bigint): ElfSegment[] {
  const { reader } = file;
  const headers = file.programHeaders.filter(
    ({ type, memorySize, flags }) => type === format.PT_LOAD && memorySize > 0 && (flags & 7) !== 0,
  );
  if (headers.length === 0) reader.fail("malformed", 56, "there is nothing to load (no PT_LOAD program header)");
  if (headers.length > format.limits.segments)
    reader.fail("limit", 56, `${headers.length} segments to load, at most ${format.limits.segments} are allowed`);
  const properties = file.programHeaders.find(({ type }) => type === format.PT_GNU_PROPERTY);
  const guarded = properties !== undefined && declaresBti(reader, properties.offset, properties.bytes.length);
  let end = 0n;
  let total = 0;
  return headers.map((header) => {
    const address = base + header.address;
    checkSegment(file, header, address, base);
    if (address < end)
      reader.fail(
        "malformed",
        header.header + 16,
        `the segment at ${hex(address)} overlaps the one before, or is not in order`,
      );
    end = address + BigInt(header.memorySize);
    total += header.memorySize;
    if (total > format.limits.imageBytes) {
      reader.fail(
        "limit",
        header.header + 40,
        `the segments ask for more than ${format.limits.imageBytes} bytes of memory`,
      );
    }
    const isExecuted = (header.flags & format.PF_X) !== 0;
    return {
      address,
      bytes: file.type === "dynamic" ? header.bytes.slice() : header.bytes,
      memorySize: header.memorySize,
      access: accessOf((header.flags & format.PF_W) !== 0, isExecuted),
      guarded: guarded && isExecuted,
    };
  });
}

/** The bytes of a range that are in the file, as the segments have them after relocation. */
function bytesAt(segments: readonly ElfSegment[], address: bigint, size: number): Uint8Array | undefined {
  for (const segment of segments) {
    const offset = address - segment.address;
    if (offset >= 0n && offset + BigInt(size) <= BigInt(segment.bytes.length)) {
      return segment.bytes.subarray(Number(offset), Number(offset) + size);
    }
  }
  return undefined;
}

function imageSections(file: ElfFile, segments: readonly ElfSegment[], base: bigint): readonly ImageSection[] {
  const isLoaded = (section: ElfSection): boolean =>
    (section.flags & format.SHF_ALLOC) !== 0 && section.type !== format.SHT_NULL;
  return file.sections.filter(isLoaded).map((section) => {
    const address = BigInt.asUintN(64, base + section.address);
    return {
      name: section.name,
      address,
      size: section.size,
      type: section.type,
      flags: flagLetters(section.flags),
      bytes:
        section.type === format.SHT_NOBITS
          ? section.bytes
          : (bytesAt(segments, address, section.size) ?? section.bytes),
    };
  });
}

function imageSymbols(file: ElfFile, base: bigint): readonly ImageSymbol[] {
  const table = file.symbols.length > 0 ? file.symbols : file.dynamicSymbols;
  return table
    .slice(1)
    .filter(({ section }) => section !== "undefined" && section !== "common")
    .map((symbol) => {
      const isFixed = symbol.section === "absolute" || symbol.type === "tls";
      return {
        name: symbol.name,
        address: isFixed ? symbol.value : BigInt.asUintN(64, base + symbol.value),
        size: symbol.size,
        type: symbol.type,
        binding: symbol.binding,
        visibility: symbol.visibility,
        section: typeof symbol.section === "number" ? file.sections[symbol.section]?.name : undefined,
      };
    });
}

function threadLocal(file: ElfFile, segments: readonly ElfSegment[], base: bigint): ElfImage["tls"] {
  const header = file.programHeaders.find(({ type }) => type === format.PT_TLS);
  if (header === undefined) return undefined;
  const { reader } = file;
  if (header.bytes.length > header.memorySize || header.memorySize > format.limits.imageBytes) {
    reader.fail(
      "malformed",
      header.header + 40,
      `thread-local variables of ${header.bytes.length} bytes in the file and ${header.memorySize} in memory`,
    );
  }
  const address = BigInt.asUintN(64, base + header.address);
  return {
    address,
    bytes: bytesAt(segments, address, header.bytes.length) ?? header.bytes,
    memorySize: header.memorySize,
    alignment: header.alignment,
  };
}
