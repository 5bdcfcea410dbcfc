/** Fresh comparisons with GNU as, ld and objdump, where they are installed. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { assembleInstruction } from "#engine/a64/assembler/index.js";
import { disassemble } from "#engine/a64/disassembler.js";
import { aliases, rows } from "#engine/a64/table.js";
import {
  addresses,
  assembleProgramWithGnu,
  assembleWithGnu,
  disassembleWithGnu,
  gnuToolsPresent,
  readPrograms,
} from "./gnu/gnu-as.mjs";
import { randomTexts, randomWords, wordOf } from "./gnu/texts.mjs";

const present = gnuToolsPresent();
if (!present)
  console.log("SKIPPED: aarch64-linux-gnu-as, ld and objdump (Debian: binutils-aarch64-linux-gnu) are not installed");

const seed = Number(process.env["CMODX_SEED"] ?? Date.now() % 2 ** 31);

describe.skipIf(!present)(`GNU binutils (CMODX_SEED=${seed})`, () => {
  test("random operands for every row and alias: the same words", () => {
    const texts = randomTexts(seed, 40, (index) => addresses[".text"] + 4n * BigInt(index));
    const theirs = assembleWithGnu(texts.map(({ text }) => text));
    const refused = new Set(
      texts.filter((_, index) => theirs[index] === undefined).map(({ text }) => text.split(" ")[0]),
    );
    const different = texts
      .map(({ text, address }, index) => ({ text, ours: assembleInstruction(text, address), theirs: theirs[index] }))
      .filter((one) => one.theirs !== undefined && one.ours !== one.theirs);
    expect(different).toEqual([]);
    // This version of GNU as does not know the newer name of CLEARBHB.
    refused.delete("clrbhb");
    expect([...refused]).toEqual([]);
  });

  test("random words of every row and alias: the same text", () => {
    const random = randomWords(seed + 1);
    const words = [...rows, ...aliases].flatMap(({ pattern }) =>
      Array.from({ length: 100 }, (_, turn) => wordOf(pattern, random, turn)),
    );
    const theirs = disassembleWithGnu(words);
    const different = words
      .map((word, index) => ({
        word: word.toString(16),
        ours: disassemble(word, 4n * BigInt(index)),
        theirs: theirs[index],
      }))
      // What stands behind a bitmask that can be written in several ways is this project's own.
      .filter(({ ours, theirs }) => ours?.replace(/, immr #\d+$/, "") !== theirs)
      // objdump takes LDPSW with writeback into one of its registers for unallocated; LDP it does not.
      .filter(({ ours, theirs }) => !(theirs === undefined && ours?.startsWith("ldpsw")));
    expect(different).toEqual([]);
  });

  test("the recorded programs are what GNU gives today", () => {
    const recorded = JSON.parse(readFileSync(new URL("gnu/programs.json", import.meta.url), "utf8"));
    expect([...readPrograms()].map(([title, text]) => ({ title, ...assembleProgramWithGnu(text) }))).toEqual(recorded);
  });
});
