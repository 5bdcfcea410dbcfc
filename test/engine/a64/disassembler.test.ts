/** Words to texts and back. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { AssemblyError, assembleInstruction } from "#engine/a64/assembler/index.js";
import { decode, nearestRow } from "#engine/a64/decode.js";
import { disassemble } from "#engine/a64/disassembler.js";
import { Syntax } from "#engine/a64/syntax/template.js";
import { rows } from "#engine/a64/table.js";
import { randomWords, wordOf } from "./gnu/texts.mjs";
import { ADDRESS, hexWord, randomRoundTrips, rowRoundTrips, seed } from "./round-trips.js";

describe(`round trips (CMODX_SEED=${seed})`, () => {
  test("random words: the text of each one that is allocated gives the same word", () => randomRoundTrips(250_000));

  test("random words of every row and alias, 100 each", () => rowRoundTrips(100));

  test("what a row excludes is refused by both: no text, and the text that it would have is not assembled", () => {
    const random = randomWords(seed + 2);
    let refused = 0;
    for (const row of rows) {
      const syntax = new Syntax(row);
      for (const exclusion of row.unallocated) {
        const excluded = { mask: row.pattern.mask | exclusion.mask, value: row.pattern.value | exclusion.value };
        for (let turn = 0; turn < 40; turn++) {
          const word = wordOf(excluded, random, turn);
          if (decode(word) !== undefined) continue;
          expect([hexWord(word), disassemble(word, ADDRESS)]).toEqual([hexWord(word), undefined]);
          const text = syntax.print(word, ADDRESS);
          if (text === undefined) continue;
          // A text may mean another, allocated instruction, never the excluded word.
          expect([text, tryAssemble(text)]).not.toEqual([text, word]);
          refused++;
        }
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});

function tryAssemble(text: string): number | undefined {
  try {
    return assembleInstruction(text, ADDRESS);
  } catch (error) {
    if (error instanceof AssemblyError) return undefined;
    throw error;
  }
}

test("recorded texts of GNU objdump, for some words of every row and alias", () => {
  const vectors: readonly [string, string, string, string | null, string][] = JSON.parse(
    readFileSync(new URL("gnu/vectors.json", import.meta.url), "utf8"),
  );
  const different = vectors
    .filter(([, , , text]) => text !== null)
    .map(([, , word, text, address]) => [word, text, disassemble(Number(word), BigInt(address))])
    .filter(([, theirs, ours]) => theirs !== ours);
  expect(different).toEqual([]);
});

test("a bitmask immediate with idle bits in immr keeps them", () => {
  expect(disassemble(0x1201f020, 0n)).toBe("and w0, w1, #0xaaaaaaaa");
  expect(disassemble(0x1203f020, 0n)).toBe("and w0, w1, #0xaaaaaaaa, immr #3");
  expect(assembleInstruction("and w0, w1, #0xaaaaaaaa, immr #3", 0n)).toBe(0x1203f020);
  expect(() => assembleInstruction("and w0, w1, #0xaaaaaaaa, immr #2", 0n)).toThrow(
    /this immr gives another immediate/,
  );
});

test("labels are absolute addresses", () => {
  expect(disassemble(0x14000002, ADDRESS)).toBe("b 0xffff800010000008");
  expect(disassemble(0x17ffffff, 0n)).toBe("b 0xfffffffffffffffc");
  expect(disassemble(0x90000021, 0x1234n)).toBe("adrp x1, 0x5000");
});

test("a word that is not allocated has a nearest row", () => {
  expect(decode(0xffffffff)).toBeUndefined();
  expect(nearestRow(0xd503201e)).toMatchObject({ row: { name: "NOP" }, differingBits: 1 });
  expect(nearestRow(0xd65f03c1)).toMatchObject({ row: { name: "RET" }, differingBits: 1 });
});
