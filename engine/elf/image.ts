/** What loading or linking gives: memory to be filled, and what stands where in it. */
import * as format from "./format.js";
import type { SymbolBinding, SymbolType, SymbolVisibility } from "./symbols.js";

export type ElfAccess = "r" | "rw" | "rx" | "rwx";

/** A run of memory with one access right. Segments of an image do not overlap. */
export interface ElfSegment {
  readonly address: bigint;
  /** What it begins with; zero bytes follow, up to `memorySize`. */
  readonly bytes: Uint8Array;
  readonly memorySize: number;
  readonly access: ElfAccess;
  /** Its code was built for guarded pages (BTI); false for a segment without code. */
  readonly guarded: boolean;
}

export interface ImageSection {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
  /** SHT_*. */
  readonly type: number;
  /** GNU as section flags: "a", "ax", "aw". */
  readonly flags: string;
  /** What stands in memory at first; empty for a section of zero bytes (SHT_NOBITS). */
  readonly bytes: Uint8Array;
}

export interface ImageSymbol {
  readonly name: string;
  /** For a thread-local symbol its offset in the thread's block. */
  readonly address: bigint;
  /** Bytes; 0 if not known. */
  readonly size: bigint;
  readonly type: SymbolType;
  readonly binding: SymbolBinding;
  readonly visibility: SymbolVisibility;
  /** Name of its section; undefined for an absolute symbol. */
  readonly section: string | undefined;
}

/** What every thread's block of thread-local variables begins as. */
export interface ElfTls {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly memorySize: number;
  readonly alignment: bigint;
}

export interface ElfImage {
  /** What messages call it. */
  readonly name: string;
  /** Where it begins; undefined if linked objects define no entry symbol. */
  readonly entry: bigint | undefined;
  readonly segments: readonly ElfSegment[];
  /** The sections that stand in memory; none if the file has no section headers. */
  readonly sections: readonly ImageSection[];
  /** All that the file says of its defined symbols, in its order. */
  readonly symbolTable: readonly ImageSymbol[];
  /**
   * Addresses by name, as a program's: global and weak symbols, and local ones whose name no global one has (of several the
   * first). Without mapping symbols ($x, $d), and without section, file and thread-local symbols.
   */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** The global and weak ones of them: what other objects may be linked to. */
  readonly globals: ReadonlyMap<string, bigint>;
  readonly tls: ElfTls | undefined;
}

/** Mapping symbols say whether code or data follows (AAELF64). */
const mappingSymbol = /^\$[xd](\.|$)/;

/** The maps of addresses of a symbol table; see ElfImage. */
export function addressesOf(table: readonly ImageSymbol[]): Pick<ElfImage, "symbols" | "globals"> {
  const named = table.filter(
    ({ name, type }) =>
      name !== "" && type !== "section" && type !== "file" && type !== "tls" && !mappingSymbol.test(name),
  );
  const globals = new Map<string, bigint>();
  for (const { name, address, binding } of named) if (binding !== "local") globals.set(name, address);
  const symbols = new Map(globals);
  for (const { name, address } of named) if (!symbols.has(name)) symbols.set(name, address);
  return { symbols, globals };
}

/** SHF_* as GNU as writes them, as far as a machine has use for them. */
export function flagLetters(flags: number): string {
  return [
    (flags & format.SHF_ALLOC) !== 0 ? "a" : "",
    (flags & format.SHF_WRITE) !== 0 ? "w" : "",
    (flags & format.SHF_EXECINSTR) !== 0 ? "x" : "",
    (flags & format.SHF_TLS) !== 0 ? "T" : "",
  ].join("");
}

export function accessOf(isWritten: boolean, isExecuted: boolean): ElfAccess {
  return `r${isWritten ? "w" : ""}${isExecuted ? "x" : ""}` as ElfAccess;
}
