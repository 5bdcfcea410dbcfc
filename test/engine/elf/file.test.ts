/** Reading ELF structures, and refusing what is none. */
import { ElfError, type ElfErrorCode, linkElf, loadElf, parseElf, readRelocations } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { data, makeObject } from "./files.js";

describe("structures", () => {
  test("an executable's header, program headers and symbols", () => {
    const file = parseElf(data("default.elf"), "default.elf");
    expect(file.type).toBe("executable");
    const symbol = (name: string) => file.symbols.find((each) => each.name === name);
    expect(symbol("_start")).toMatchObject({ type: "function", binding: "global", value: file.entry });
    expect(symbol("counter")).toMatchObject({ type: "object", size: 8n });
    expect(symbol("table")).toMatchObject({ binding: "local", size: 20n });
    expect(file.programHeaders.filter(({ type }) => type === 1).map(({ flags }) => flags)).toEqual([5, 6]);
  });

  test("an object's sections are views of the file", () => {
    const bytes = data("first-gcc.o");
    const file = parseElf(bytes);
    expect(file.type).toBe("relocatable");
    const text = file.sections.find(({ name }) => name === ".text");
    expect(text?.bytes.buffer).toBe(bytes.buffer);
    expect(text?.bytes.length).toBe(text?.size);
    expect(file.sections.find(({ name }) => name === ".bss")).toMatchObject({ size: 4096, bytes: new Uint8Array() });
    expect(file.symbols.find(({ name }) => name === "missing")).toMatchObject({
      binding: "weak",
      section: "undefined",
    });
    expect(parseElf(data("second-gcc.o")).symbols.find(({ name }) => name === "shared")).toMatchObject({
      section: "common",
      size: 40n,
    });
  });
});

describe("relocations", () => {
  const relocationsOf = (name: string, title: string) => {
    const file = parseElf(data(name));
    const section = file.sections.find((each) => each.name === title);
    return section === undefined ? [] : readRelocations(file, section);
  };

  test("of an object name its symbols", () => {
    const [first] = relocationsOf("relocations.o", ".rela.text");
    expect(first).toMatchObject({ offset: 0n, type: 263, name: "MOVW_UABS_G0", symbol: { name: "small" } });
    const calls = relocationsOf("relocations.o", ".rela.text").filter(({ name }) => name === "CALL26");
    expect(calls.map(({ symbol, addend }) => [symbol?.name, addend])).toEqual([
      ["outside", 0n],
      ["outside", -8n],
      ["nowhere", 0n],
    ]);
  });

  test("of an executable name its dynamic symbols", () => {
    const slots = relocationsOf("dynamic.elf", ".rela.plt");
    expect(slots.map(({ type, symbol }) => [type, symbol?.name])).toEqual([
      [1026, "call_outside"],
      [1026, "outside"],
    ]);
    expect(relocationsOf("pie-rela.elf", ".rela.dyn").every(({ type }) => type === 1027)).toBe(true);
  });
});

/** A copy of a file with some bytes changed. */
function changed(name: string, offset: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(data(name));
  copy.set(bytes, offset);
  return copy;
}

function errorOf(action: () => unknown): ElfError {
  try {
    action();
  } catch (error) {
    if (error instanceof ElfError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

const PROGRAM_HEADERS = 64;
/** Fields of the second program header: the text segment of default.elf is the first. */
const SECOND = PROGRAM_HEADERS + 56;
const sectionTable = Number(new DataView(Uint8Array.from(data("default.elf")).buffer).getBigUint64(40, true));

const refusals: readonly (readonly [
  what: string,
  bytes: Uint8Array,
  code: ElfErrorCode,
  offset: number,
  says: RegExp,
])[] = [
  ["nothing", new Uint8Array(), "not-elf", 0, /does not begin/],
  ["a text", new TextEncoder().encode("#!/bin/sh\n"), "not-elf", 0, /does not begin/],
  ["half a header", data("default.elf").subarray(0, 40), "truncated", 0, /cut off/],
  ["32-bit", changed("default.elf", 4, 1), "not-elf", 4, /64-bit/],
  ["big-endian", changed("default.elf", 5, 2), "not-elf", 5, /little-endian/],
  ["a core dump", changed("default.elf", 16, 4), "unsupported", 16, /file type 4/],
  ["x86-64", changed("default.elf", 18, 62), "not-elf", 18, /machine 62/],
  ["a cut file", data("default.elf").subarray(0, 3000), "truncated", 40, /section header table/],
  ["odd section headers", changed("default.elf", 58, 63), "malformed", 58, /63 bytes, not 64/],
  ["section names nowhere", changed("default.elf", 62, 77), "malformed", 62, /section 77, of/],
  [
    "a section outside",
    changed("default.elf", sectionTable + 64 + 26, 1),
    "truncated",
    sectionTable + 64 + 24,
    /section 1 is said to be/,
  ],
  [
    "a name outside",
    changed("default.elf", sectionTable + 64 + 2, 1),
    "malformed",
    sectionTable + 64,
    /name of section 1/,
  ],
  [
    "alignment 3",
    changed("default.elf", sectionTable + 64 + 48, 3),
    "malformed",
    sectionTable + 64 + 48,
    /no power of two/,
  ],
  ["a segment outside", changed("default.elf", SECOND + 12, 1), "truncated", SECOND + 8, /program header 1/],
  [
    "a segment larger in the file",
    changed("default.elf", SECOND + 40, 1, 0),
    "malformed",
    SECOND + 40,
    /48 bytes in the file and 1 in memory/,
  ],
  [
    "a segment of 2^40 bytes",
    changed("default.elf", SECOND + 45, 1),
    "limit",
    SECOND + 40,
    /more than 1073741824 bytes/,
  ],
  ["overlapping segments", changed("default.elf", SECOND + 17, 0xff, 0x3f), "malformed", SECOND + 16, /overlaps/],
  ["an object", data("first-gcc.o"), "unsupported", 16, /linkElf/],
];

describe("refusals name the offset of what is wrong", () => {
  test.each(refusals)("%s", (_, bytes, code, offset, says) => {
    const error = errorOf(() => loadElf(bytes, { name: "x.elf" }));
    expect({ code: error.code, offset: error.offset, file: error.file }).toEqual({ code, offset, file: "x.elf" });
    expect(error.message).toMatch(says);
    expect(error.message.startsWith(`x.elf: offset 0x${offset.toString(16)}: `)).toBe(true);
  });

  test("an executable at fixed addresses takes no base", () => {
    expect(errorOf(() => loadElf(data("default.elf"), { base: 0x10000n }))).toMatchObject({
      code: "layout",
      offset: 16,
    });
  });

  test("a base that is not aligned, and one too high", () => {
    expect(errorOf(() => loadElf(data("pie-rela.elf"), { base: 0x800n }))).toMatchObject({ code: "layout" });
    expect(errorOf(() => loadElf(data("pie-rela.elf"), { base: 0xffff_ffff_ffff_f000n }))).toMatchObject({
      code: "layout",
    });
  });

  test("an executable is not linked, sections do not overlap", () => {
    const link = (bytes: Uint8Array) => () => linkElf([{ name: "x.o", bytes }], { text: 0x10000n });
    expect(errorOf(link(data("default.elf")))).toMatchObject({ code: "unsupported", offset: 16 });
    const words = new Array<number>(100).fill(0);
    const { bytes } = makeObject(
      "x.o",
      [
        { name: ".text", flags: "ax", words },
        { name: ".rodata", flags: "a", words },
      ],
      [],
    );
    const view = new DataView(bytes.buffer);
    const table = Number(view.getBigUint64(40, true));
    for (const section of [1, 2]) {
      view.setBigUint64(table + 64 * section + 24, 64n, true);
      view.setBigUint64(table + 64 * section + 32, 900n, true);
    }
    expect(errorOf(link(bytes))).toMatchObject({ code: "malformed", offset: 40 });
  });
});
