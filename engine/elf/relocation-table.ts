/** Relocation sections, as they stand in a file. */
import type { ElfFile } from "./file.js";
import * as format from "./format.js";
import { relocationRules } from "./relocations.js";
import type { ElfSection } from "./sections.js";
import type { ElfSymbol } from "./symbols.js";

export interface ElfRelocation {
  /** The place: in an object its offset in the section that is relocated, else an address. */
  readonly offset: bigint;
  /** R_AARCH64_*, and its name without that if the linker knows it. */
  readonly type: number;
  readonly name: string | undefined;
  /** Index in the symbol table that the section links to, and the symbol; the null symbol for a relocation without one. */
  readonly symbolIndex: number;
  readonly symbol: ElfSymbol | undefined;
  readonly addend: bigint;
  /** Offset of its entry in the file, for messages. */
  readonly at: number;
}

/** The relocations of one SHT_RELA section; `sh_info` of an object's section says which section they change. Throws an ElfError. */
export function readRelocations(file: ElfFile, section: ElfSection): readonly ElfRelocation[] {
  const { reader } = file;
  const { header, name } = section;
  if (section.type !== format.SHT_RELA) {
    reader.fail(
      "unsupported",
      header + 4,
      `${name} is no section of relocations with addends (SHT_RELA), which AArch64 uses`,
    );
  }
  const symbols = symbolsOf(file, section);
  if (section.size % format.RELA_BYTES !== 0) {
    reader.fail("malformed", header + 32, `${section.size} bytes of relocations, of ${format.RELA_BYTES} bytes each`);
  }
  return Array.from({ length: section.size / format.RELA_BYTES }, (_, index) => {
    const at = section.offset + index * format.RELA_BYTES;
    const type = reader.u32(at + 8);
    const symbolIndex = reader.u32(at + 12);
    if (symbolIndex >= Math.max(symbols.length, 1)) {
      reader.fail("malformed", at + 12, `a relocation of ${name} names symbol ${symbolIndex}, of ${symbols.length}`);
    }
    const symbol = symbols[symbolIndex];
    return {
      offset: reader.u64(at),
      type,
      name: relocationRules.get(type)?.name,
      symbolIndex,
      symbol,
      addend: reader.i64(at + 16),
      at,
    };
  });
}

function symbolsOf(
  { reader, sections, symbols, dynamicSymbols }: ElfFile,
  { name, link, header }: ElfSection,
): readonly ElfSymbol[] {
  switch (sections[link]?.type) {
    case format.SHT_SYMTAB:
      return symbols;
    case format.SHT_DYNSYM:
      return dynamicSymbols;
    // Without symbols an executable's table may link to nothing.
    case format.SHT_NULL:
      return [];
    default:
      return reader.fail(
        "malformed",
        header + 40,
        `the relocations of ${name} link to section ${link}, which is no symbol table`,
      );
  }
}
