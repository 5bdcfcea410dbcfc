/** Symbol tables. */
import * as format from "./format.js";
import { type Reader, stringAt } from "./reader.js";
import type { ElfSection } from "./sections.js";

export type SymbolType = "none" | "object" | "function" | "section" | "file" | "common" | "tls" | "ifunc" | "other";
export type SymbolBinding = "local" | "global" | "weak" | "other";
export type SymbolVisibility = "default" | "internal" | "hidden" | "protected";

export interface ElfSymbol {
  readonly name: string;
  /** An address in an executable, an offset in its section in an object, an alignment for a common symbol. */
  readonly value: bigint;
  /** Bytes; 0 if not known. */
  readonly size: bigint;
  readonly type: SymbolType;
  readonly binding: SymbolBinding;
  readonly visibility: SymbolVisibility;
  /** Index of its section, or what it is instead. */
  readonly section: number | "undefined" | "absolute" | "common";
  /** Offset of its entry in the file, for messages. */
  readonly at: number;
}

const symbolTypes: readonly SymbolType[] = ["none", "object", "function", "section", "file", "common", "tls"];
const STT_GNU_IFUNC = 10;
const symbolBindings: readonly SymbolBinding[] = ["local", "global", "weak"];
/** STB_GNU_UNIQUE: one definition in a process; one in an image too. */
const STB_GNU_UNIQUE = 10;
const symbolVisibilities: readonly SymbolVisibility[] = ["default", "internal", "hidden", "protected"];

/** The section that another one's sh_link names, if it is of a type that may be named so. */
function linkedSection(reader: Reader, sections: readonly ElfSection[], from: ElfSection, type: number): ElfSection {
  const linked = sections[from.link];
  if (linked === undefined || linked.type !== type) {
    reader.fail(
      "malformed",
      from.header + 40,
      `section ${from.name} links to section ${from.link}, which is not there or of another type`,
    );
  }
  return linked;
}

/** The symbols of the table of one type; of none if there is no such table. */
export function readSymbols(reader: Reader, sections: readonly ElfSection[], type: number): readonly ElfSymbol[] {
  const tables = sections.filter((section) => section.type === type);
  const [table] = tables;
  if (table === undefined) return [];
  if (tables.length > 1)
    reader.fail("malformed", (tables[1] as ElfSection).header, "there are two symbol tables of one type");
  if (table.size % format.SYMBOL_BYTES !== 0) {
    reader.fail("malformed", table.header + 32, `${table.size} bytes of symbols, of ${format.SYMBOL_BYTES} bytes each`);
  }
  const names = linkedSection(reader, sections, table, format.SHT_STRTAB).bytes;
  const extended = sections.find((section) => section.type === format.SHT_SYMTAB_SHNDX && section.link === table.index);
  return Array.from({ length: table.size / format.SYMBOL_BYTES }, (_, index) =>
    readSymbol(
      reader,
      table.offset + index * format.SYMBOL_BYTES,
      names,
      sections,
      sectionIndex(reader, table, index, extended),
    ),
  );
}

function sectionIndex(
  reader: Reader,
  table: ElfSection,
  index: number,
  extended: ElfSection | undefined,
): ElfSymbol["section"] {
  const at = table.offset + index * format.SYMBOL_BYTES + 6;
  const said = reader.u16(at);
  switch (said) {
    case format.SHN_UNDEF:
      return "undefined";
    case format.SHN_ABS:
      return "absolute";
    case format.SHN_COMMON:
      return "common";
    case format.SHN_XINDEX:
      if (extended === undefined || index * 4 + 4 > extended.size) {
        reader.fail(
          "malformed",
          at,
          "the symbol's section index stands in a table (SHT_SYMTAB_SHNDX) that does not have it",
        );
      }
      return reader.u32(extended.offset + index * 4);
    default:
      if (said >= format.SHN_LORESERVE) reader.fail("unsupported", at, `the symbol is in the reserved section ${said}`);
      return said;
  }
}

/** One entry, of a table of a file or of the dynamic symbols in memory. */
export function readSymbol(
  reader: Reader,
  at: number,
  names: Uint8Array,
  sections: readonly ElfSection[],
  section: ElfSymbol["section"],
): ElfSymbol {
  if (typeof section === "number" && section >= sections.length) {
    reader.fail("malformed", at + 6, `the symbol is in section ${section}, of ${sections.length} sections`);
  }
  const name = stringAt(names, reader.u32(at));
  if (name === undefined) {
    reader.fail(
      "malformed",
      at,
      `the symbol's name does not end within the table of names and ${format.limits.nameBytes} bytes`,
    );
  }
  const info = reader.u8(at + 4);
  const type = info & 15;
  const binding = info >> 4;
  return {
    name,
    value: reader.u64(at + 8),
    size: reader.u64(at + 16),
    type: type === STT_GNU_IFUNC ? "ifunc" : (symbolTypes[type] ?? "other"),
    binding: binding === STB_GNU_UNIQUE ? "global" : (symbolBindings[binding] ?? "other"),
    visibility: symbolVisibilities[reader.u8(at + 5) & 3] as SymbolVisibility,
    section,
    at,
  };
}
