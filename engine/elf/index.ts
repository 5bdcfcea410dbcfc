/** ELF files for AArch64: their structures, executables as images, objects linked into images. */
export { ElfError, type ElfErrorCode, type ElfPlace } from "./errors.js";
export { type ElfFile, type ElfProgramHeader, parseElf } from "./file.js";
export { limits as elfLimits } from "./format.js";
export type { ElfAccess, ElfImage, ElfSegment, ElfTls, ImageSection, ImageSymbol } from "./image.js";
export { type LinkOptions, linkElf } from "./link.js";
export { type LoadOptions, loadElf } from "./load.js";
export type { LinkObject } from "./objects.js";
export { type ElfRelocation, readRelocations } from "./relocation-table.js";
export type { ElfSection } from "./sections.js";
export type { SymbolSource } from "./symbol-source.js";
export type { ElfSymbol, SymbolBinding, SymbolType, SymbolVisibility } from "./symbols.js";
export { type ImageWindow, type WindowOptions, windowsFor } from "./windows.js";
