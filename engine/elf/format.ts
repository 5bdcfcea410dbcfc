/**
 * Numbers of the file format: the System V ABI's chapters on object files, and "ELF for the Arm 64-bit Architecture"
 * (AAELF64). All fields are little-endian.
 */
export const EM_AARCH64 = 183;
export const EV_CURRENT = 1;
export const ELFCLASS64 = 2;
export const ELFDATA2LSB = 1;

/** Bytes of the structures. */
export const HEADER_BYTES = 64;
export const SECTION_HEADER_BYTES = 64;
export const PROGRAM_HEADER_BYTES = 56;
export const SYMBOL_BYTES = 24;
export const RELA_BYTES = 24;
export const DYNAMIC_BYTES = 16;

export const ET_REL = 1;
export const ET_EXEC = 2;
export const ET_DYN = 3;

export const SHT_NULL = 0;
export const SHT_SYMTAB = 2;
export const SHT_STRTAB = 3;
export const SHT_RELA = 4;
export const SHT_NOTE = 7;
export const SHT_NOBITS = 8;
export const SHT_REL = 9;
export const SHT_DYNSYM = 11;
export const SHT_GROUP = 17;
export const SHT_SYMTAB_SHNDX = 18;

export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;
export const SHF_TLS = 0x400;
export const SHF_COMPRESSED = 0x800;
export const SHF_EXCLUDE = 0x8000_0000;

export const GRP_COMDAT = 1;

export const SHN_UNDEF = 0;
export const SHN_LORESERVE = 0xff00;
export const SHN_ABS = 0xfff1;
export const SHN_COMMON = 0xfff2;
export const SHN_XINDEX = 0xffff;
/** e_phnum when the number of program headers stands in the first section header. */
export const PN_XNUM = 0xffff;

export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_TLS = 7;
export const PT_GNU_PROPERTY = 0x6474_e553;

export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

export const DT_NULL = 0;
export const DT_NEEDED = 1;
export const DT_PLTRELSZ = 2;
export const DT_STRTAB = 5;
export const DT_SYMTAB = 6;
export const DT_RELA = 7;
export const DT_RELASZ = 8;
export const DT_STRSZ = 10;
export const DT_REL = 17;
export const DT_JMPREL = 23;
export const DT_RELRSZ = 35;
export const DT_RELR = 36;

export const NT_GNU_PROPERTY_TYPE_0 = 5;
export const GNU_PROPERTY_AARCH64_FEATURE_1_AND = 0xc000_0000;
export const FEATURE_1_BTI = 1;

/** Dynamic relocations; those of objects are in relocations.ts. */
export const R_AARCH64_NONE = 0;
export const R_AARCH64_WITHDRAWN_NONE = 256;
export const R_AARCH64_ABS64 = 257;
export const R_AARCH64_GLOB_DAT = 1025;
export const R_AARCH64_JUMP_SLOT = 1026;
export const R_AARCH64_RELATIVE = 1027;
export const R_AARCH64_TLS_DTPMOD64 = 1028;
export const R_AARCH64_TLS_DTPREL64 = 1029;
export const R_AARCH64_TLS_TPREL64 = 1030;

/** The thread pointer points at a control block of this size, and the block of thread-local variables follows it, aligned (AAELF64, TLS). */
export const TCB_BYTES = 16n;

/**
 * Limits on what a file may ask for. Everything else is bounded by its own size: a table needs its entries in the file.
 */
export const limits = {
  /** Bytes of memory that the segments of an image, or the sections that are linked, may have together. */
  imageBytes: 2 ** 30,
  /** Bytes that linking may make of its objects: 2^26, or this many times their size if that is more. */
  linkedBytes: 2 ** 26,
  linkedGrowth: 4,
  /** Characters of a name. */
  nameBytes: 4096,
  /** Segments to load. */
  segments: 64,
  /** Alignment of an object's section or common symbol, bytes. */
  alignment: 65536,
} as const;
