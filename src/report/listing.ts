/** Assembler listings and disassembly. */
import { disassemble, type Program, type ProgramSection } from "../../engine/index.js";

/** One word, as text and JSON have it. */
export interface ListedWord {
  readonly address: string;
  readonly word: string;
  /** Assembly text; null where the word is not allocated. */
  readonly text: string | null;
}

const hex = (value: bigint | number, digits: number): string => value.toString(16).padStart(digits, "0");

/** The words of `bytes` (little-endian; up to three bytes at the end are left out), disassembled. */
export function listWords(bytes: Uint8Array, base: bigint): ListedWord[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length >>> 2 }, (_, index) => {
    const word = view.getUint32(index * 4, true);
    const address = base + BigInt(index * 4);
    return { address: `0x${hex(address, 1)}`, word: hex(word, 8), text: disassemble(word, address) ?? null };
  });
}

/** Lines of address, word and text; labels stand before the words that they name. */
export function formatWords(words: readonly ListedWord[], labels: ReadonlyMap<string, readonly string[]>): string {
  const width = Math.max(0, ...words.map((word) => word.address.length - 2));
  return words
    .flatMap(({ address, word, text }) => [
      ...(labels.get(address) ?? []).map((label) => `${label}:`),
      `${address.slice(2).padStart(width)}:  ${word}  ${text ?? `.inst 0x${word}  // not allocated`}`,
    ])
    .map((line) => `${line}\n`)
    .join("");
}

function labelsOf(program: Program): Map<string, string[]> {
  const labels = new Map<string, string[]>();
  for (const [name, address] of program.symbols) {
    const key = `0x${hex(address, 1)}`;
    labels.set(key, [...(labels.get(key) ?? []), name]);
  }
  return labels;
}

const BYTES_A_LINE = 16;

function dumpBytes(section: ProgramSection): string {
  const lines: string[] = [];
  for (let offset = 0; offset < section.bytes.length; offset += BYTES_A_LINE) {
    const bytes = [...section.bytes.subarray(offset, offset + BYTES_A_LINE)].map((byte) => hex(byte, 2));
    lines.push(`${hex(section.address + BigInt(offset), 1)}:  ${bytes.join(" ")}\n`);
  }
  return lines.join("");
}

function listSection(section: ProgramSection, labels: ReadonlyMap<string, readonly string[]>): string {
  const title = `\nsection ${section.name}, 0x${hex(section.address, 1)}, ${section.bytes.length} bytes\n`;
  if (!section.flags.includes("x")) return title + dumpBytes(section);
  const tail = section.bytes.length & 3;
  const rest =
    tail === 0
      ? ""
      : dumpBytes({
          ...section,
          address: section.address + BigInt(section.bytes.length - tail),
          bytes: section.bytes.subarray(section.bytes.length - tail),
        });
  return title + formatWords(listWords(section.bytes, section.address), labels) + rest;
}

/** Every section that holds something: code disassembled, the rest as bytes. */
export function formatProgram(program: Program): string {
  const labels = labelsOf(program);
  return program.sections
    .filter((section) => section.bytes.length > 0)
    .map((section) => listSection(section, labels))
    .join("")
    .trimStart();
}

/** What `cmodx asm --json` prints. */
export function programJson(program: Program): string {
  const sections = program.sections.map((section) => ({
    name: section.name,
    address: `0x${hex(section.address, 1)}`,
    flags: section.flags,
    bytes: Buffer.from(section.bytes).toString("hex"),
    ...(section.flags.includes("x") ? { words: listWords(section.bytes, section.address) } : {}),
  }));
  const symbols = Object.fromEntries([...program.symbols].map(([name, value]) => [name, `0x${hex(value, 1)}`]));
  return `${JSON.stringify({ report: "asm", sections, symbols }, null, 2)}\n`;
}
