/** Words of assembly text, for tests that put instructions together. */
import { assemble } from "cmodx/engine";

const known = new Map<string, readonly number[]>();

/** The words of position-independent text: branches are written as `b . + 8`. */
export function wordsFor(text: string): readonly number[] {
  let words = known.get(text);
  if (words === undefined) {
    const bytes = assemble(text, { base: 0x10000n }).sections.find((section) => section.name === ".text")?.bytes;
    if (bytes === undefined) throw new Error(`'${text}' has no code`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    words = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
    known.set(text, words);
  }
  return words;
}

/** The one word of an instruction. */
export function wordFor(text: string): number {
  const words = wordsFor(text);
  if (words.length !== 1) throw new Error(`'${text}' is ${words.length} words`);
  return words[0] as number;
}
