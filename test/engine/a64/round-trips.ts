/** Words to texts and back, as many as are asked for. */
import { expect } from "vitest";
import { assembleInstruction } from "#engine/a64/assembler/index.js";
import { decode } from "#engine/a64/decode.js";
import { disassemble } from "#engine/a64/disassembler.js";
import { aliases, rows } from "#engine/a64/table.js";
import { randomWords, wordOf } from "./gnu/texts.mjs";

export const seed = Number(process.env["CMODX_SEED"] ?? Date.now() % 2 ** 31);
export const ADDRESS = 0xffff_8000_1000_0000n;

export const hexWord = (word: number): string => word.toString(16).padStart(8, "0");

/** The text of a word, and the word it assembles to, if that is another one or none. */
export function lostWord(word: number): string | undefined {
  const text = disassemble(word, ADDRESS);
  if (text === undefined) return undefined;
  try {
    const again = assembleInstruction(text, ADDRESS);
    return again === word ? undefined : `${hexWord(word)} -> ${text} -> ${hexWord(again)}`;
  } catch (error) {
    return `${hexWord(word)} -> ${text} -> ${error}`;
  }
}

/** Any words: the text of each one that is allocated gives the same word. */
export function randomRoundTrips(count: number): void {
  const random = randomWords(seed);
  const lost: string[] = [];
  let allocated = 0;
  for (let index = 0; index < count; index++) {
    const word = random();
    if (decode(word) === undefined) {
      if (disassemble(word, ADDRESS) !== undefined) lost.push(`${hexWord(word)} is not allocated`);
      continue;
    }
    allocated++;
    const message = lostWord(word);
    if (message !== undefined) lost.push(message);
  }
  expect(lost).toEqual([]);
  expect(allocated).toBeGreaterThan(count / 10);
}

/** The same with words of every row and alias. */
export function rowRoundTrips(countOfEach: number): void {
  const random = randomWords(seed + 1);
  const lost: string[] = [];
  for (const { pattern } of [...rows, ...aliases]) {
    for (let turn = 0; turn < countOfEach; turn++) {
      const message = lostWord(wordOf(pattern, random, turn));
      if (message !== undefined) lost.push(message);
    }
  }
  expect(lost).toEqual([]);
}
