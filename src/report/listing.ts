/** Assembler listings and disassembly. */
import { disassemble, type Program, type ProgramSection } from "../../engine/index.js";

/** One word, as text and JSON have it. */
export interface ListedWord {
  readonly address: string;
  readonly word: string;
  /** Assembly text; null where the disassembler has none: the word is not allocated, or of floating point or SIMD. */
  readonly text: string | null;
}

const hex = (value: bigint | number, digits: number): string => value.toString(16).padStart(digits, "0");

function* listWords(bytes: Uint8Array, base: bigint): Generator<ListedWord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let offset = 0; offset + 4 <= bytes.length; offset += 4) {
    const word = view.getUint32(offset, true);
    const address = base + BigInt(offset);
    yield { address: `0x${hex(address, 1)}`, word: hex(word, 8), text: disassemble(word, address) ?? null };
  }
}

type Labels = ReadonlyMap<string, readonly string[]>;

/**
 * Lines of address, word and text for the words of `bytes` (little-endian; up to three bytes at the end are left out);
 * labels stand before the words that they name.
 */
export function* formatWords(bytes: Uint8Array, base: bigint, labels: Labels = new Map()): Generator<string> {
  const width = hex(base + BigInt(Math.max(0, bytes.length - 4)), 1).length;
  for (const { address, word, text } of listWords(bytes, base)) {
    for (const label of labels.get(address) ?? []) yield `${label}:\n`;
    yield `${address.slice(2).padStart(width)}:  ${word}  ${text ?? `.inst 0x${word}  // unknown`}\n`;
  }
}

/** What `cmodx disasm --json` prints: one document, a word a line. */
export function* wordsJson(bytes: Uint8Array, base: bigint): Generator<string> {
  yield `{\n  "report": "disasm",\n  "words": [`;
  let separator = "\n";
  for (const word of listWords(bytes, base)) {
    yield `${separator}    ${JSON.stringify(word)}`;
    separator = ",\n";
  }
  yield "\n  ]\n}\n";
}

function labelsOf(program: Program): Labels {
  const labels = new Map<string, string[]>();
  for (const [name, address] of program.symbols) {
    const key = `0x${hex(address, 1)}`;
    const names = labels.get(key);
    if (names === undefined) labels.set(key, [name]);
    else names.push(name);
  }
  return labels;
}

const BYTES_A_LINE = 16;

function* dumpBytes(bytes: Uint8Array, base: bigint): Generator<string> {
  for (let offset = 0; offset < bytes.length; offset += BYTES_A_LINE) {
    const line = [...bytes.subarray(offset, offset + BYTES_A_LINE)].map((byte) => hex(byte, 2));
    yield `${hex(base + BigInt(offset), 1)}:  ${line.join(" ")}\n`;
  }
}

function* listSection({ name, address, bytes, flags }: ProgramSection, labels: Labels): Generator<string> {
  yield `section ${name}, 0x${hex(address, 1)}, ${bytes.length} bytes\n`;
  const codeBytes = flags.includes("x") ? bytes.length & ~3 : 0;
  yield* formatWords(bytes.subarray(0, codeBytes), address, labels);
  yield* dumpBytes(bytes.subarray(codeBytes), address + BigInt(codeBytes));
}

/** Every section that holds something: code disassembled, the rest as bytes. */
export function* formatProgram(program: Program): Generator<string> {
  const labels = labelsOf(program);
  const sections = program.sections.filter((section) => section.bytes.length > 0);
  for (const [index, section] of sections.entries()) {
    if (index > 0) yield "\n";
    yield* listSection(section, labels);
  }
}

/** What `cmodx asm --json` prints. */
export function programJson(program: Program): string {
  const sections = program.sections.map((section) => ({
    name: section.name,
    address: `0x${hex(section.address, 1)}`,
    flags: section.flags,
    bytes: Buffer.from(section.bytes).toString("hex"),
    ...(section.flags.includes("x") ? { words: [...listWords(section.bytes, section.address)] } : {}),
  }));
  const symbols = Object.fromEntries([...program.symbols].map(([name, value]) => [name, `0x${hex(value, 1)}`]));
  return `${JSON.stringify({ report: "asm", sections, symbols }, null, 2)}\n`;
}
