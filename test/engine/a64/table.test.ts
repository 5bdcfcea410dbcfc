/** Facts about the instruction table's patterns: what overlaps, what is excluded, what aliases narrow. */

import { describe, expect, test } from "vitest";
import { decodeBitMasks } from "#engine/a64/bitmask-immediate.js";
import { FormIndex, formsOf } from "#engine/a64/forms.js";
import { contains, extractField, insertField, overlaps, type Pattern, parsePattern } from "#engine/a64/pattern.js";
import { alias, isAliasOf, type Row, row } from "#engine/a64/row.js";
import { aliases, rows } from "#engine/a64/table.js";

/** Rows that stand for some words of a wider row, because these words mean something else. */
const specialisations = new Set(
  [
    ...["NOP", "YIELD", "WFE", "WFI", "SEV", "SEVL", "XPACLRI", "ESB", "PSB CSYNC", "TSB CSYNC", "CSDB"],
    ...["PACIA1716", "PACIB1716", "AUTIA1716", "AUTIB1716"],
    ...["PACIAZ", "PACIASP", "PACIBZ", "PACIBSP", "AUTIAZ", "AUTIASP", "AUTIBZ", "AUTIBSP"],
    ...["BTI", "BTI c", "BTI j", "BTI jc"],
  ].map((name) => `${name} < HINT`),
);

/** An atomic operation loses its acquire semantics when its result goes to the zero register. */
const toZero = / to ZR$/;

function strictlyNarrows(narrow: Row, wide: Row): boolean {
  return contains(wide.pattern, narrow.pattern) && !contains(narrow.pattern, wide.pattern);
}

function* overlappingPairs(): Generator<readonly [Row, Row]> {
  for (const [index, first] of rows.entries()) {
    for (const second of rows.slice(index + 1)) {
      if (overlaps(first.pattern, second.pattern)) yield [first, second];
    }
  }
}

function describeOverlap(first: Row, second: Row): string {
  if (strictlyNarrows(first, second)) return `${first.name} < ${second.name}`;
  if (strictlyNarrows(second, first)) return `${second.name} < ${first.name}`;
  return `${first.name} clashes with ${second.name}`;
}

function matches(pattern: Pattern, word: number): boolean {
  return ((word ^ pattern.value) & pattern.mask) === 0;
}

/** The rows under which a word is allocated. */
function rowsOf(word: number): Row[] {
  return rows.filter(
    (row) => matches(row.pattern, word) && !row.unallocated.some((excluded) => matches(excluded, word)),
  );
}

function rowNamed(name: string): Row {
  const found = rows.find((row) => row.name === name);
  if (found === undefined) throw new Error(`the table has no row '${name}'`);
  return found;
}

/** The letters that a syntax template's operands mention; a register of either width mentions Z. */
function lettersOfSyntax(syntax: string): Set<string> {
  const letters = new Set<string>();
  for (const [, operand = ""] of syntax.matchAll(/<([^>]*)>/g)) {
    for (const token of operand.replace("|sp", "").split(/[^A-Za-z]+/)) {
      if (token.length === 1) letters.add(token);
      if (/^[RXWVE][a-z]$/.test(token)) letters.add(token.charAt(1));
      if (/^[RE][a-z]$/.test(token)) letters.add("Z");
    }
  }
  return letters;
}

describe("rows", () => {
  test("overlap only where one strictly specialises the other", () => {
    const unexpected = [...overlappingPairs()]
      .filter(([first, second]) => {
        const text = describeOverlap(first, second);
        const [narrow = "", wide = ""] = text.split(" < ");
        return !specialisations.has(text) && narrow.replace(toZero, "") !== wide;
      })
      .map(([first, second]) => describeOverlap(first, second));
    expect(unexpected).toEqual([]);
  });

  test("the listed specialisations all exist", () => {
    const found = new Set([...overlappingPairs()].map(([first, second]) => describeOverlap(first, second)));
    expect([...specialisations].filter((name) => !found.has(name))).toEqual([]);
  });

  test("no exclusion empties a row, and none is contained in another", () => {
    const faults = rows.flatMap((row) =>
      row.unallocated.flatMap((excluded, index) => {
        const others = row.unallocated.filter((_, other) => other !== index);
        if (contains(excluded, row.pattern)) return [`${row.name}: ${excluded.text} excludes all of it`];
        if (others.some((other) => contains(other, excluded)))
          return [`${row.name}: ${excluded.text} is excluded twice`];
        return [];
      }),
    );
    expect(faults).toEqual([]);
  });

  test("none expands into more than 64 forms", () => {
    const counts = new Map<Row, number>();
    for (const form of formsOf(rows)) counts.set(form.row, (counts.get(form.row) ?? 0) + 1);
    expect(rows.filter((row) => !counts.has(row)).map((row) => row.name)).toEqual([]);
    expect([...counts].filter(([, count]) => count > 64).map(([row]) => row.name)).toEqual([]);
  });

  test("each is found by its handler, whichever was asked for before", () => {
    const forms = formsOf(rows);
    const index = new FormIndex(rows);
    const found = [...forms].reverse().map(({ handler }) => index.byHandler(handler));
    expect(found.reverse()).toEqual(forms);
    const [first, last] = [forms[0]?.handler ?? 0, forms.at(-1)?.handler ?? 0];
    expect([index.byHandler(first - 1), index.byHandler(last + 1)]).toEqual([undefined, undefined]);
  });

  test("a pattern of the wrong length and an exclusion outside the pattern are refused", () => {
    expect(() => row("SHORT", "0101", "short", () => undefined).pattern).toThrow(RangeError);
    const outside = row("OUTSIDE", "00000000000000000000000000000000", "outside", () => undefined, {
      unallocated: ["1..............................."],
    });
    expect(() => outside.unallocated).toThrow(/shares no word/);
  });
});

describe("aliases", () => {
  test("each narrows exactly one row", () => {
    const faults = aliases
      .map((entry) => ({ entry, of: rows.filter((row) => isAliasOf(entry, row)).map((row) => row.name) }))
      .filter(({ of }) => of.length !== 1)
      .map(({ entry, of }) => `${entry.name} '${entry.syntax}': [${of.join("; ")}]`);
    expect(faults).toEqual([]);
  });

  test("each leaves some allocated word", () => {
    const faults = aliases.filter((entry) => {
      const of = rows.find((row) => isAliasOf(entry, row));
      return of?.unallocated.some((excluded) => contains(excluded, entry.pattern));
    });
    expect(faults.map((entry) => entry.name)).toEqual([]);
  });

  test("one that leaves its row is noticed", () => {
    const stray = alias("STRAY", "1..10000000000000000000000000000".replaceAll(".", "x"), "stray <x>");
    expect(rows.filter((row) => isAliasOf(stray, row)).map((row) => row.name)).toEqual(["ADRP"]);
    const outside = alias("OUTSIDE", "x0010000000000000000000000000000", "outside <x>");
    expect(rows.filter((row) => isAliasOf(outside, row))).toEqual([]);
  });
});

test("a syntax mentions every field of its pattern, so that the assembler can set it", () => {
  const faults = [...rows, ...aliases].flatMap((entry) => {
    const letters = lettersOfSyntax(entry.syntax);
    const missing = [...entry.pattern.fields.keys()].filter((letter) => letter !== "Z" && !letters.has(letter));
    return missing.length > 0 ? [`${entry.name} '${entry.syntax}': ${missing.join(", ")}`] : [];
  });
  expect(faults).toEqual([]);
});

describe("words that are not allocated", () => {
  test.each([32, 64] as const)("logical immediates of %i bits: exactly where DecodeBitMasks is undefined", (width) => {
    for (const name of ["AND (immediate)", "ORR (immediate)", "EOR (immediate)", "ANDS (immediate)"]) {
      const { pattern } = rowNamed(name);
      for (let field = 0; field < 8192; field++) {
        const word = (pattern.value | (width === 64 ? 1 << 31 : 0) | (field << 10)) >>> 0;
        const allocated = rowsOf(word).length === 1;
        if (allocated !== (decodeBitMasks(field, width) !== undefined)) {
          throw new Error(`${name}, N:immr:imms ${field.toString(2).padStart(13, "0")}: allocated ${allocated}`);
        }
      }
    }
  });

  // Each pair: a word with the last allocated value, and the same with the first reserved one.
  test.each([
    ["ADD (immediate) / bits 28-23", 0x917ffc20, 0x91800020],
    ["add w0, w1, w2, lsl #31 / #32", 0x0b027c20, 0x0b028020],
    ["sub x0, x1, x2, asr #63 / ror #0", 0xcb82fc20, 0xcbc20020],
    ["subs w0, w1, w2, lsr #31 / #32", 0x6b427c20, 0x6b428020],
    ["orr w0, w1, w2, ror #31 / #32", 0x2ac27c20, 0x2ac28020],
    ["bics w0, w1, w2, lsl #31 / #32", 0x6a227c20, 0x6a228020],
    ["add x0, x1, x2, sxtx #4 / #5", 0x8b22f020, 0x8b22f420],
    ["subs w0, w1, w2, uxtb #4 / #7", 0x6b221020, 0x6b221c20],
    ["ADD (extended register), bits 23-22 00 / 01", 0x8b226020, 0x8b626020],
    ["movz w0, #1, lsl #16 / #32", 0x52a00020, 0x52c00020],
    ["movn w0, #1, lsl #16 / #48", 0x12a00020, 0x12e00020],
    ["movk w0, #1, lsl #16 / #32", 0x72a00020, 0x72c00020],
    ["sbfm w0, w1, #31, #31 / immr 32", 0x131f7c20, 0x13207c20],
    ["bfm w0, w1, #31, #31 / imms 32", 0x331f7c20, 0x331f8020],
    ["ubfm w0, w1, #1, #2 / N = 1", 0x53010820, 0x53410820],
    ["ubfm x0, x1, #1, #2 / N = 0", 0xd3410820, 0xd3010820],
    ["bitfield opc 10 / 11", 0xd3410820, 0xf3410820],
    ["extr w0, w1, w2, #31 / #32", 0x13827c20, 0x13828020],
    ["extr x0, x1, x2, #1 / N = 0", 0x93c20420, 0x93820420],
    ["extr x0, x1, x2, #1 / o0 = 1", 0x93c20420, 0x93e20420],
    ["rev x0, x1 / w0, w1 with the same opcode", 0xdac00c20, 0x5ac00c20],
    ["smaddl x0, w1, w2, x3 / sf = 0", 0x9b220c20, 0x1b220c20],
    ["umulh x0, x1, x2 / Ra not 31", 0x9bc27c20, 0x9bc20c20],
    ["ccmp x0, x1, #0, eq / o3 = 1", 0xfa410000, 0xfa410010],
    ["ccmp x0, x1, #0, eq / S = 0", 0xfa410000, 0xda410000],
    ["csel x0, x1, x2, eq / op2 = 10", 0x9a820020, 0x9a820820],
    ["csel x0, x1, x2, eq / S = 1", 0x9a820020, 0xba820020],
    ["adc x0, x1, x2 / bits 15-10 not zero", 0x9a020020, 0x9a020420],
  ] as const)("%s", (_, allocated, reserved) => {
    expect(rowsOf(allocated)).toHaveLength(1);
    expect(rowsOf(reserved)).toEqual([]);
  });
});

describe("fields", () => {
  test("a letter in two places is one field, high part first", () => {
    // TBZ's b5:b40: tbz x3, #42, .
    const bit = parsePattern("b0110110 bbbbb iiiiiiiiiiiiii ttttt").fields.get("b");
    expect(bit?.width).toBe(6);
    expect(bit && extractField(bit, 0xb6500003)).toBe(42);
    expect(bit && insertField(bit, 42)).toBe(0x80500000);
    expect(() => bit && insertField(bit, 64)).toThrow(/6 bits/);
  });

  test("selectors are upper case and fixed for a form", () => {
    for (const form of formsOf([rowNamed("ADD (shifted register)")])) {
      expect(form.selectors).toEqual({ Z: form.value >>> 31, T: (form.value >>> 22) & 3 });
    }
  });
});
