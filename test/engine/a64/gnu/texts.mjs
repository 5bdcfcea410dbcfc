/** Random instruction texts, from every row and alias of the instruction table. */
import { decode } from "#engine/a64/decode.js";
import { Syntax } from "#engine/a64/syntax/template.js";
import { aliases, rows } from "#engine/a64/table.js";

/**
 * A generator of unsigned 32-bit numbers (mulberry32).
 * @param {number} seed
 * @returns {() => number}
 */
export function randomWords(seed) {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/**
 * A word of the pattern; its free bits random, now and then mostly zeros or mostly ones.
 * @param {{ readonly mask: number, readonly value: number }} pattern
 * @param {() => number} random
 * @param {number} turn
 */
export function wordOf(pattern, random, turn) {
  let bits = random();
  if (turn % 4 === 0) bits &= random();
  if (turn % 4 === 1) bits |= random();
  return ((bits & ~pattern.mask) | pattern.value) >>> 0;
}

/**
 * Up to `count` texts of every row and alias, each as if it stood at the address that `addressOf` gives
 * for its index. What only this assembler knows (`immr #n`) is left out.
 * @param {number} seed
 * @param {number} count
 * @param {(index: number) => bigint} addressOf
 */
export function randomTexts(seed, count, addressOf) {
  const random = randomWords(seed);
  /** @type {{ name: string, text: string, address: bigint }[]} */
  const texts = [];
  for (const owner of [...rows, ...aliases]) {
    const { name, pattern } = owner;
    const template = new Syntax(owner);
    /** @type {Set<string>} */
    const seen = new Set();
    for (let turn = 0; turn < 4 * count && seen.size < count; turn++) {
      const word = wordOf(pattern, random, turn);
      if (decode(word) === undefined) continue;
      const address = addressOf(texts.length);
      const text = template.print(word, address);
      if (text === undefined || seen.has(text) || /immr|^b(al|nv) /.test(text)) continue;
      seen.add(text);
      texts.push({ name, text, address });
    }
  }
  return texts;
}
