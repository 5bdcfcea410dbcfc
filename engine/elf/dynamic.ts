/**
 * The relocations of a position-independent executable, which its own start-up code would otherwise do: DT_RELA, DT_JMPREL
 * and DT_RELR (gABI, "Relative relocation table"). Symbols resolve within the file and to what the embedder hands in.
 */
import { hex } from "./errors.js";
import type { ElfFile, ElfProgramHeader } from "./file.js";
import * as format from "./format.js";
import type { ElfSegment } from "./image.js";
import { type Reader, stringAt } from "./reader.js";
import type { SymbolLookup } from "./symbol-source.js";
import { tlsOffset } from "./tls.js";

/** A table in the file that the dynamic section names by its address. */
interface Table {
  /** Offset in the file. */
  readonly start: number;
  readonly bytes: number;
}

interface Symbol {
  readonly name: string;
  readonly value: bigint;
  readonly isWeak: boolean;
}

/** The tags that may stand once; of one that stands twice the last counts. */
function readTags(file: ElfFile, dynamic: ElfProgramHeader): ReadonlyMap<number, { value: bigint; at: number }> {
  const { reader } = file;
  const tags = new Map<number, { value: bigint; at: number }>();
  const end = dynamic.offset + dynamic.bytes.length;
  for (let at = dynamic.offset; at + format.DYNAMIC_BYTES <= end; at += format.DYNAMIC_BYTES) {
    const tag = reader.u64(at);
    if (tag === BigInt(format.DT_NULL)) break;
    if (tag <= 0xffff_ffffn) tags.set(Number(tag), { value: reader.u64(at + 8), at: at + 8 });
  }
  return tags;
}

/** Relocates the segments of an ET_DYN file, whose bytes are copies. Throws an ElfError. */
export function relocateDynamically(
  file: ElfFile,
  segments: readonly ElfSegment[],
  base: bigint,
  lookup: SymbolLookup,
): void {
  const dynamic = file.programHeaders.find(({ type }) => type === format.PT_DYNAMIC);
  if (dynamic === undefined) return;
  new DynamicRelocator(file, segments, base, lookup, readTags(file, dynamic)).relocate();
}

class DynamicRelocator {
  readonly #loads: readonly ElfProgramHeader[];
  readonly #threadLocals: ElfProgramHeader | undefined;

  constructor(
    private readonly file: ElfFile,
    private readonly segments: readonly ElfSegment[],
    private readonly base: bigint,
    private readonly lookup: SymbolLookup,
    private readonly tags: ReadonlyMap<number, { readonly value: bigint; readonly at: number }>,
  ) {
    this.#loads = file.programHeaders.filter(({ type, memorySize }) => type === format.PT_LOAD && memorySize > 0);
    this.#threadLocals = file.programHeaders.find(({ type }) => type === format.PT_TLS);
  }

  relocate(): void {
    const { reader } = this.file;
    const needed = this.tags.get(format.DT_NEEDED);
    if (needed !== undefined)
      reader.fail("unsupported", needed.at, "the file needs shared libraries (DT_NEEDED): link it with -static-pie");
    const rel = this.tags.get(format.DT_REL);
    if (rel !== undefined)
      reader.fail("unsupported", rel.at, "relocations without addends (DT_REL) are not used on AArch64");
    this.#relative(this.#table(format.DT_RELR, format.DT_RELRSZ, "relative relocations"));
    this.#relocations(this.#table(format.DT_RELA, format.DT_RELASZ, "relocations"));
    this.#relocations(this.#table(format.DT_JMPREL, format.DT_PLTRELSZ, "relocations of the procedure linkage table"));
  }

  /** Where a table stands in the file; undefined if there is none. */
  #table(addressTag: number, sizeTag: number, what: string): Table | undefined {
    const address = this.tags.get(addressTag);
    if (address === undefined) return undefined;
    const size = this.tags.get(sizeTag);
    if (size === undefined)
      this.file.reader.fail("malformed", address.at, `the dynamic section names ${what} and not their size`);
    const start = this.#fileOffset(address.value, size.value);
    if (start === undefined) {
      this.file.reader.fail(
        "malformed",
        address.at,
        `${what} of ${size.value} bytes at address ${hex(address.value)} are in no segment's part of the file`,
      );
    }
    return { start, bytes: Number(size.value) };
  }

  #fileOffset(address: bigint, size: bigint): number | undefined {
    for (const header of this.#loads) {
      const offset = address - header.address;
      if (offset >= 0n && offset + size <= BigInt(header.bytes.length)) return header.offset + Number(offset);
    }
    return undefined;
  }

  /** The 8 bytes at an address of the file, to be read and written. */
  #place(offset: bigint, at: number): { readonly get: () => bigint; readonly set: (value: bigint) => void } {
    const address = BigInt.asUintN(64, this.base + offset);
    for (const { address: first, bytes } of this.segments) {
      const within = address - first;
      if (within < 0n || within + 8n > BigInt(bytes.length)) continue;
      const view = new DataView(bytes.buffer, bytes.byteOffset + Number(within), 8);
      return {
        get: () => view.getBigUint64(0, true),
        set: (value) => view.setBigUint64(0, BigInt.asUintN(64, value), true),
      };
    }
    this.file.reader.fail(
      "malformed",
      at,
      `the relocation changes 8 bytes at ${hex(offset)}, which are in no segment's part of the file`,
    );
  }

  /** An even word is a place; an odd one says by its other bits which of the 63 places that follow are relocated too. */
  #relative(table: Table | undefined): void {
    if (table === undefined) return;
    const { reader } = this.file;
    let next = 0n;
    for (let at = table.start; at + 8 <= table.start + table.bytes; at += 8) {
      const entry = reader.u64(at);
      if ((entry & 1n) === 0n) {
        this.#addBase(entry, at);
        next = entry + 8n;
        continue;
      }
      for (let bit = 1n; bit < 64n; bit++) {
        if (((entry >> bit) & 1n) !== 0n) this.#addBase(next + 8n * (bit - 1n), at);
      }
      next += 63n * 8n;
    }
  }

  #addBase(offset: bigint, at: number): void {
    const place = this.#place(offset, at);
    place.set(place.get() + this.base);
  }

  #relocations(table: Table | undefined): void {
    if (table === undefined) return;
    if (table.bytes % format.RELA_BYTES !== 0) {
      this.file.reader.fail(
        "malformed",
        table.start,
        `${table.bytes} bytes of relocations, of ${format.RELA_BYTES} bytes each`,
      );
    }
    for (let at = table.start; at < table.start + table.bytes; at += format.RELA_BYTES) this.#relocation(at);
  }

  #relocation(at: number): void {
    const { reader } = this.file;
    const type = reader.u32(at + 8);
    if (type === format.R_AARCH64_NONE || type === format.R_AARCH64_WITHDRAWN_NONE) return;
    const addend = reader.i64(at + 16);
    const place = this.#place(reader.u64(at), at);
    const index = reader.u32(at + 12);
    switch (type) {
      case format.R_AARCH64_RELATIVE:
        return place.set(this.base + addend);
      case format.R_AARCH64_ABS64:
      case format.R_AARCH64_GLOB_DAT:
      case format.R_AARCH64_JUMP_SLOT:
        return place.set(this.#address(index, at) + addend);
      // The executable is module 1.
      case format.R_AARCH64_TLS_DTPMOD64:
        return place.set(1n);
      case format.R_AARCH64_TLS_DTPREL64:
        return place.set(this.#threadLocal(index, at) + addend);
      case format.R_AARCH64_TLS_TPREL64:
        return place.set(this.#threadPointerOffset(this.#threadLocal(index, at) + addend, at));
      default:
        reader.fail(
          "relocation-type",
          at + 8,
          `dynamic relocation ${type} is not supported: link without ifuncs and shared libraries, or load with relocate: false if the program's own start-up code applies it`,
        );
    }
  }

  #symbol(index: number, at: number): Symbol & { readonly isDefined: boolean; readonly isAbsolute: boolean } {
    const reader: Reader = this.file.reader;
    const address = this.tags.get(format.DT_SYMTAB)?.value;
    const strings = this.#table(format.DT_STRTAB, format.DT_STRSZ, "dynamic symbols' names");
    const start =
      address === undefined
        ? undefined
        : this.#fileOffset(address + BigInt(index * format.SYMBOL_BYTES), BigInt(format.SYMBOL_BYTES));
    if (start === undefined || strings === undefined)
      reader.fail("malformed", at + 12, `the relocation's symbol ${index} is in no segment's part of the file`);
    const name = stringAt(reader.bytes.subarray(strings.start, strings.start + strings.bytes), reader.u32(start));
    if (name === undefined) reader.fail("malformed", start, "the symbol's name does not end within the table of names");
    const section = reader.u16(start + 6);
    const isWeak = reader.u8(start + 4) >> 4 === 2;
    return {
      name,
      value: reader.u64(start + 8),
      isWeak,
      isDefined: section !== format.SHN_UNDEF,
      isAbsolute: section === format.SHN_ABS,
    };
  }

  /** S of a relocation's symbol; 0 for none, and for a weak one that nothing defines. */
  #address(index: number, at: number): bigint {
    if (index === 0) return 0n;
    const symbol = this.#symbol(index, at);
    if (symbol.isDefined) return symbol.isAbsolute ? symbol.value : this.base + symbol.value;
    const address = this.lookup(symbol.name);
    if (address !== undefined) return address;
    if (symbol.isWeak) return 0n;
    this.file.reader.fail(
      "undefined-symbol",
      at + 12,
      `undefined symbol '${symbol.name}': define it, or pass its address in symbols`,
    );
  }

  #threadLocal(index: number, at: number): bigint {
    return index === 0 ? 0n : this.#symbol(index, at).value;
  }

  #threadPointerOffset(value: bigint, at: number): bigint {
    const header = this.#threadLocals;
    if (header === undefined)
      this.file.reader.fail("malformed", at, "a thread-local relocation, and no thread-local segment (PT_TLS)");
    return tlsOffset(value, header.address, header.alignment);
  }
}
