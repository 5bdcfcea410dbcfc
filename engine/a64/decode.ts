/** From an instruction word to the row of the table that it belongs to. */
import { overlaps } from "./pattern.js";
import type { Row } from "./row.js";
import { rows } from "./table.js";

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits >>> 0; rest !== 0; rest = (rest & (rest - 1)) >>> 0) count++;
  return count;
}

export class Decoder {
  /** By bits 31 to 24 of the word: the rows that fit, those with more fixed bits first. */
  private readonly buckets: (readonly Row[] | undefined)[] = new Array(256).fill(undefined);

  constructor(private readonly rows: readonly Row[]) {}

  /** The row of a word; undefined if the word is not allocated. Of several rows the most specific one. */
  decode(word: number): Row | undefined {
    for (const row of this.buckets[word >>> 24] ?? this.fill(word >>> 24)) {
      const { mask, value } = row.pattern;
      if (((word ^ value) & mask) !== 0) continue;
      if (row.unallocated.some((excluded) => ((word ^ excluded.value) & excluded.mask) === 0)) continue;
      return row;
    }
    return undefined;
  }

  /** The row whose fixed bits differ least from the word's, of several the one with most: for messages about words that are not allocated. */
  nearestRow(word: number): { readonly row: Row; readonly differingBits: number } {
    let nearest: { row: Row; differingBits: number; fixedBits: number } | undefined;
    for (const row of this.rows) {
      const differingBits = bitCount((word ^ row.pattern.value) & row.pattern.mask);
      const fixedBits = bitCount(row.pattern.mask);
      if (
        nearest === undefined ||
        differingBits < nearest.differingBits ||
        (differingBits === nearest.differingBits && fixedBits > nearest.fixedBits)
      ) {
        nearest = { row, differingBits, fixedBits };
      }
    }
    if (nearest === undefined) throw new RangeError("the instruction table is empty");
    return { row: nearest.row, differingBits: nearest.differingBits };
  }

  private fill(high: number): readonly Row[] {
    const wanted = { text: "", mask: 0xff000000, value: (high << 24) >>> 0, fields: new Map(), operands: [] };
    const bucket = this.rows
      .filter((row) => overlaps(row.pattern, wanted))
      .sort((a, b) => bitCount(b.pattern.mask) - bitCount(a.pattern.mask));
    this.buckets[high] = bucket;
    return bucket;
  }
}

const decoder = new Decoder(rows);

/** The row of a word in the instruction table; undefined if the word is not allocated. */
export function decode(word: number): Row | undefined {
  return decoder.decode(word);
}

/** The row of the instruction table whose fixed bits differ least from the word's, and in how many. */
export function nearestRow(word: number): { readonly row: Row; readonly differingBits: number } {
  return decoder.nearestRow(word);
}
