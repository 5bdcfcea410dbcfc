/** Linking objects: the bytes that GNU ld makes of them, and the errors. */
import { type ElfError, type ElfImage, linkElf, loadElf, Machine, windowsFor } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { engines } from "../machine/guest.js";
import { compilers, data, halves, makeObject } from "./files.js";
import { differences, linkAs } from "./gnu.js";
import { expectProgram } from "./program.js";

const TEXT = 0xffff_8000_1000_0000n;
const DATA = 0xffff_8000_2000_0000n;
const MODULES = 0xffff_8000_8000_0000n;

describe("as GNU ld links it", () => {
  test.each(compilers)("the test program by %s", (compiler) => {
    const theirs = loadElf(data(`static-${compiler}.elf`));
    expect(differences(linkAs(halves(compiler), theirs), theirs)).toEqual([]);
  });

  test("every relocation", () => {
    const theirs = loadElf(data("relocations.elf"));
    const ours = linkAs([{ name: "relocations.o", bytes: data("relocations.o") }], theirs, { outside: 0x100_0000n });
    expect(differences(ours, theirs)).toEqual([]);
    expect(ours.sections.map(({ name }) => name)).toContain(".got");
    expect(ours.tls).toMatchObject({ address: theirs.tls?.address, memorySize: 32, alignment: 16n });
  });
});

describe.each(engines)("in the $engine", ({ jit }) => {
  test.each(compilers)("a linked program by %s in the default windows", async (compiler) => {
    const machine = await Machine.create({ jit });
    machine.load(linkElf(halves(compiler), { text: TEXT, data: DATA }));
    expectProgram(machine);
    machine.dispose();
  });

  test("a module out of reach calls the program through veneers", async () => {
    const machine = await Machine.create({ jit });
    const [first, second] = halves("gcc");
    if (first === undefined || second === undefined) throw new Error("two objects are expected");
    const provisional = { other: TEXT, shared: DATA };
    machine.load(linkElf([first], { text: TEXT, data: DATA, symbols: provisional }));
    // Each half refers to the other: the first one is linked again when the addresses of the second are known.
    machine.load(linkElf([second], { text: MODULES, data: DATA + 0x10000n, symbols: machine.symbols }));
    const image = linkElf([first], { text: TEXT, data: DATA, symbols: machine.symbols });
    expect(image.sections.find(({ name }) => name === ".plt")).toMatchObject({ size: 16, flags: "ax" });
    machine.load(image);
    expectProgram(machine);
    machine.dispose();
  });
});

describe("veneers", () => {
  const BL = 0x94000000;
  const caller = (addend = 0n) =>
    makeObject(
      "caller.o",
      [
        {
          name: ".text",
          flags: "ax",
          words: [0xd503245f, 0xa9bf7bfd, BL, BL, 0xa8c17bfd, 0xd65f03c0],
          relocations: [
            { offset: 8, type: 283, symbol: 1, addend },
            { offset: 12, type: 283, symbol: 1, addend },
          ],
        },
      ],
      [{ name: "caller", section: 0 }, { name: "callee" }],
    );
  const veneers = (image: ElfImage): number => (image.sections.find(({ name }) => name === ".plt")?.size ?? 0) / 16;

  test.each([
    ["the first in reach", TEXT + 8n + 0x7ff_fffcn, 0],
    ["the first out of reach", TEXT + 12n + 0x800_0000n, 1],
    ["the last in reach downwards", TEXT + 12n - 0x800_0000n, 0],
    ["the first out of reach downwards", TEXT + 8n - 0x800_0004n, 1],
  ])("%s", (_, callee, count) => {
    expect(veneers(linkElf([caller()], { text: TEXT, symbols: { callee } }))).toBe(count);
  });

  test.each([
    ["by ADRP", MODULES],
    ["by MOVZ and MOVK", 0x4000_0000n],
    ["by MOVN and MOVK", 0xffff_9000_1234_5000n],
  ])("reach %s", async (_, address) => {
    const callee = makeObject(
      "callee.o",
      [{ name: ".text", flags: "ax", words: [0xd503245f, 0x91000800, 0xd65f03c0] }],
      [{ name: "callee", section: 0 }],
    );
    const far = linkElf([callee], { text: address });
    const near = linkElf([caller()], { text: TEXT, symbols: far.symbols });
    expect(veneers(near)).toBe(1);
    const machine = await Machine.create({ windows: windowsFor([far, near]) });
    for (const image of [far, near]) machine.load(image);
    expect(machine.core.call("caller", 100)).toBe(104n);
  });

  test("that cannot reach are refused", () => {
    expect(
      errorOf(() => linkElf([caller()], { text: TEXT, symbols: { callee: 0x1234_0000_0000_0000n } })),
    ).toMatchObject({ code: "relocation-range" });
    // The code itself keeps its branch from the veneers behind it.
    const big = { name: ".text.z", flags: "ax" as const, zeroes: 0x800_0000 };
    const object = makeObject(
      "big.o",
      [{ name: ".text", flags: "ax", words: [BL], relocations: [{ offset: 0, type: 283, symbol: 0 }] }, big],
      [{ name: "callee" }],
    );
    const error = errorOf(() => linkElf([object], { text: 0x10000n, symbols: { callee: 0x5000_0000n } }));
    expect(error).toMatchObject({ code: "relocation-range", place: { section: ".text", offset: 0, symbol: "callee" } });
    expect(error.message).toMatch(
      /big\.o: \.text\+0x0 for 'callee': R_AARCH64_CALL26: .*nor does the distance to the veneer at 0x8010010/,
    );
  });
});

describe("symbols", () => {
  const word = (name: string, value: number, binding: "weak" | "global" | "local" = "global") =>
    makeObject(
      `${name}-${value}.o`,
      [{ name: ".data", flags: "aw", words: [value, 0], alignment: 8 }],
      [{ name, section: 0, binding }],
    );
  const pointer = (name: string, binding: "weak" | "global" = "global") =>
    makeObject(
      "pointer.o",
      [{ name: ".data", flags: "aw", words: [0, 0], alignment: 8, relocations: [{ offset: 0, type: 257, symbol: 0 }] }],
      [{ name, binding }],
    );
  const at = (image: ElfImage, address: bigint): number => {
    const section = image.sections.find(({ name }) => name === ".data");
    if (section === undefined) throw new Error("no .data");
    return new DataView(section.bytes.buffer, section.bytes.byteOffset).getUint32(
      Number(address - section.address),
      true,
    );
  };

  test("a global definition replaces a weak one, whichever comes first", () => {
    for (const objects of [
      [word("x", 1, "weak"), word("x", 2)],
      [word("x", 2), word("x", 1, "weak")],
    ]) {
      const image = linkElf(objects, { text: 0x10000n });
      expect(at(image, image.symbols.get("x") ?? 0n)).toBe(2);
    }
    const image = linkElf([word("x", 1, "weak"), word("x", 2, "weak")], { text: 0x10000n });
    expect(at(image, image.symbols.get("x") ?? 0n)).toBe(1);
  });

  test("two global definitions are refused", () => {
    const error = errorOf(() => linkElf([word("x", 1), word("x", 2)], { text: 0x10000n }));
    expect(error).toMatchObject({ code: "duplicate-symbol", file: "x-2.o" });
    expect(error.message).toMatch(/'x' is defined here and in x-1\.o/);
  });

  test("local symbols of one name are different ones", () => {
    const image = linkElf([word("x", 1, "local"), word("x", 2, "local")], { text: 0x10000n });
    expect(image.symbolTable.filter(({ name }) => name === "x").map(({ address }) => at(image, address))).toEqual([
      1, 2,
    ]);
  });

  test("a local symbol hides no global one in a machine", async () => {
    const [shown, own] = [
      linkElf([word("x", 1)], { text: DATA }),
      linkElf([word("x", 2, "local")], { text: DATA + 4096n }),
    ];
    expect([own.symbols.has("x"), own.globals.has("x")]).toEqual([true, false]);
    for (const images of [
      [shown, own],
      [own, shown],
    ]) {
      const machine = await Machine.create();
      for (const image of images) machine.load(image);
      expect(machine.symbols.get("x")).toBe(shown.symbols.get("x"));
    }
  });

  test("of COMDAT groups with one signature the first is kept", async () => {
    const objects = ["comdat-1.o", "comdat-2.o"].map((name) => ({ name, bytes: data(name) }));
    const machine = await Machine.create();
    const image = linkElf(objects, { text: TEXT, data: DATA });
    expect(image.sections.find(({ name }) => name === ".text.inline")?.size).toBe(8);
    machine.load(image);
    expect([machine.core.call("caller_1"), machine.core.call("caller_2")]).toEqual([1n, 1n]);
  });

  test("what is missing is named, unless it is weak", () => {
    const error = errorOf(() => linkElf([pointer("y"), pointer("z")], { text: 0x10000n }));
    expect(error).toMatchObject({ code: "undefined-symbol", place: { section: ".data", offset: 0, symbol: "y" } });
    expect(error.message).toMatch(/undefined: 'y', 'z'\. Link an object/);
    expect(at(linkElf([pointer("y", "weak")], { text: 0x10000n }), 0x10000n)).toBe(0);
    expect(at(linkElf([pointer("y", "weak")], { text: 0x10000n, symbols: { y: 5 } }), 0x10000n)).toBe(5);
  });

  test("common symbols become one, as large and as aligned as any", () => {
    const common = (alignment: bigint, size: bigint) =>
      makeObject("common.o", [], [{ name: "c", section: "common", value: alignment, size }]);
    const image = linkElf([common(4n, 100n), common(64n, 8n)], { text: 0x10000n, data: 0x20008n });
    expect(image.sections).toMatchObject([{ name: "COMMON", size: 100, address: 0x20040n }]);
    expect(image.symbols.get("c")).toBe(0x20040n);
    const defined = linkElf([common(4n, 100n), word("c", 7)], { text: 0x10000n });
    expect(at(defined, defined.symbols.get("c") ?? 0n)).toBe(7);
  });

  test("__start_ and __stop_ symbols stand at the ends of a section", () => {
    const list = makeObject("list.o", [{ name: "list", flags: "a", words: [1, 2, 3] }], []);
    const image = linkElf([pointer("__start_list"), pointer("__stop_list"), list], { text: 0x10000n, data: 0x20000n });
    const section = image.sections.find(({ name }) => name === "list");
    expect([at(image, 0x20000n), at(image, 0x20008n)]).toEqual([
      Number(section?.address),
      Number(section?.address) + 12,
    ]);
    expect(errorOf(() => linkElf([pointer("__start_toString")], { text: 0x10000n }))).toMatchObject({
      code: "undefined-symbol",
    });
  });

  test("static calls are found by their names and sections", async () => {
    const image = linkElf([{ name: "static-calls.o", bytes: data("static-calls.o") }], { text: TEXT, data: DATA });
    const section = image.sections.find(({ name }) => name === ".static_call.text");
    const trampolines = image.symbolTable.filter(
      (symbol) => symbol.section === ".static_call.text" && symbol.name.startsWith("__SCT__"),
    );
    expect(trampolines.map(({ name, size, address }) => [name, size, address - (section?.address ?? 0n)])).toEqual([
      ["__SCT__first_call", 24n, 16n],
      ["__SCT__second_call", 24n, 64n],
    ]);
    const machine = await Machine.create();
    machine.load(image);
    const key = image.symbols.get("__SCK__second_call") ?? 0n;
    expect(machine.readU64(key)).toBe(image.symbols.get("two"));
    expect(machine.core.call("caller", 4)).toBe(56n);
  });
});

test("initial-exec thread-local accesses find their offsets in the table", async () => {
  // adrp x0; ldr x0, [x0]; ldr x1, literal; cmp x0, x1; csinv x0, x0, xzr, eq; ret
  const words = [0x90000000, 0xf9400000, 0x58000001, 0xeb01001f, 0xda9f0000, 0xd65f03c0];
  const relocations = [541, 542, 543].map((type, i) => ({ offset: 4 * i, type, symbol: 1 }));
  const locals = { name: ".tdata", flags: "awT", words: [1, 0, 2, 0], alignment: 64 } as const;
  const object = makeObject(
    "thread.o",
    [{ name: ".text", flags: "ax", words, relocations }, locals],
    [
      { name: "offset", section: 0 },
      { name: "local", section: 1, value: 8n },
    ],
  );
  const image = linkElf([object], { text: 0x10000n });
  const machine = await Machine.create({ windows: windowsFor(image) });
  machine.load(image);
  // The block is aligned to 64 bytes behind the control block of 16.
  expect(machine.core.call("offset")).toBe(64n + 8n);
  const text = makeObject(
    "thread.o",
    [{ name: ".text", flags: "ax", words, relocations }],
    [
      { name: "offset", section: 0 },
      { name: "local", section: 0 },
    ],
  );
  expect(errorOf(() => linkElf([text], { text: 0x10000n }))).toMatchObject({ code: "malformed" });
});

describe("relocations that do not fit", () => {
  const cases: readonly (readonly [type: number, name: string, first: bigint, last: bigint])[] = [
    [258, "ABS32", -(1n << 31n), (1n << 32n) - 1n],
    [259, "ABS16", -(1n << 15n), (1n << 16n) - 1n],
    [263, "MOVW_UABS_G0", 0n, 0xffffn],
    [267, "MOVW_UABS_G2", 0n, (1n << 48n) - 1n],
    [270, "MOVW_SABS_G0", -0x1_0000n, 0xffffn],
    [272, "MOVW_SABS_G2", -(1n << 48n), (1n << 48n) - 1n],
  ];
  const absolute = (type: number, value: bigint) =>
    makeObject(
      "place.o",
      [
        {
          name: ".data",
          flags: "aw",
          words: [1, 0, 0xd2800000, 0],
          relocations: [{ offset: 8, type, symbol: 0, addend: 0n }],
        },
      ],
      [{ name: "there", section: "absolute", value }],
    );

  test.each(cases)("%i R_AARCH64_%s", (type, name, first, last) => {
    for (const value of [first, last]) linkElf([absolute(type, value)], { text: 0x10000n });
    for (const value of [first - 1n, last + 1n]) {
      const error = errorOf(() => linkElf([absolute(type, value)], { text: 0x10000n }));
      expect(error).toMatchObject({
        code: "relocation-range",
        file: "place.o",
        place: { section: ".data", offset: 8, symbol: "there" },
      });
      expect(error.message).toMatch(new RegExp(`^place\\.o: \\.data\\+0x8 for 'there': R_AARCH64_${name}: the value `));
    }
  });

  const relative: readonly (readonly [type: number, name: string, first: bigint, last: bigint, step: bigint])[] = [
    [261, "PREL32", -(1n << 31n), (1n << 31n) - 1n, 1n],
    [262, "PREL16", -(1n << 15n), (1n << 15n) - 1n, 1n],
    [273, "LD_PREL_LO19", -(1n << 20n), (1n << 20n) - 4n, 4n],
    [274, "ADR_PREL_LO21", -(1n << 20n), (1n << 20n) - 1n, 1n],
    [275, "ADR_PREL_PG_HI21", -(1n << 32n), (1n << 32n) - 4096n, 4096n],
    [279, "TSTBR14", -(1n << 15n), (1n << 15n) - 4n, 4n],
    [280, "CONDBR19", -(1n << 20n), (1n << 20n) - 4n, 4n],
  ];

  test.each(relative)("%i R_AARCH64_%s", (type, name, first, last, step) => {
    const place = 0x4_0000_0000n;
    const link = (distance: bigint) =>
      linkElf([absolute(type, place + distance)], { text: 0x10000n, data: place - 8n });
    // Pages are counted from the place's own.
    for (const distance of [first, last]) link(distance);
    for (const distance of [first - step, last + step]) {
      const error = errorOf(() => link(distance));
      expect(error.code).toBe("relocation-range");
      expect(error.message).toContain(`R_AARCH64_${name}: the value`);
    }
  });

  test.each([
    [280, 2n],
    [273, 1n],
    [284, 1n],
    [285, 2n],
    [286, 4n],
    [299, 8n],
  ])("%i misaligned by %i", (type, by) => {
    const link = () => linkElf([absolute(type, 0x10000n + by)], { text: 0x10000n, data: 0x10000n });
    expect(errorOf(link)).toMatchObject({
      code: "relocation-alignment",
      place: { section: ".data", offset: 8, symbol: "there" },
    });
  });

  test("unknown relocations, places outside, symbols outside", () => {
    expect(errorOf(() => linkElf([absolute(999, 0n)], { text: 0x10000n }))).toMatchObject({ code: "relocation-type" });
    const object = (offset: number, symbol: number) =>
      makeObject(
        "place.o",
        [{ name: ".data", flags: "aw", words: [0, 0], relocations: [{ offset, type: 257, symbol }] }],
        [{ name: "there", section: 0 }],
      );
    expect(errorOf(() => linkElf([object(1, 0)], { text: 0x10000n }))).toMatchObject({ code: "malformed" });
    expect(errorOf(() => linkElf([object(0, 7)], { text: 0x10000n }))).toMatchObject({ code: "malformed" });
  });
});

describe("layout", () => {
  const object = makeObject(
    "sections.o",
    [
      { name: ".data", flags: "aw", words: [1] },
      { name: ".text", flags: "ax", words: [2], alignment: 16 },
      { name: ".bss", flags: "aw", zeroes: 64, alignment: 64 },
      { name: ".rodata", flags: "a", words: [3] },
      { name: ".init.text", flags: "ax", words: [4] },
      { name: ".comment", flags: "", words: [5] },
    ],
    [],
  );
  const places = (image: ElfImage) => image.sections.map(({ name, address }) => [name, address]);

  test("sections follow each other by kind, kinds begin on pages", () => {
    expect(places(linkElf([object], { text: 0x10000n }))).toEqual([
      [".text", 0x10000n],
      [".init.text", 0x10004n],
      [".rodata", 0x11000n],
      [".data", 0x12000n],
      [".bss", 0x12040n],
    ]);
  });

  test("kinds and sections go where they are told", () => {
    const image = linkElf([object, object], {
      text: 0x10000n,
      rodata: 0x8000n,
      data: 0x20000n,
      sections: { ".init.text": 0x9000 },
    });
    expect(places(image)).toEqual([
      [".rodata", 0x8000n],
      [".init.text", 0x9000n],
      [".text", 0x10000n],
      [".data", 0x20000n],
      [".bss", 0x20040n],
    ]);
    expect(image.segments.map(({ access, memorySize }) => [access, memorySize])).toEqual([
      ["r", 8],
      ["rx", 8],
      ["rx", 20],
      ["rw", 8],
      ["rw", 128],
    ]);
  });

  test("overlaps, odd addresses and the end of the address space are refused", () => {
    for (const sections of [{ ".data": 0x10002 }, { ".data": 0x10000 }, { ".data": 0xffff_ffff_ffff_fffen }]) {
      expect(errorOf(() => linkElf([object], { text: 0x10000n, sections }))).toMatchObject({
        code: "layout",
        file: "sections.o",
      });
    }
  });

  test("sections too large are refused before there is memory for them", () => {
    const large = makeObject(
      "large.o",
      [
        { name: ".bss", flags: "aw", zeroes: 2 ** 30 },
        { name: ".bss2", flags: "aw", zeroes: 2 ** 30 },
      ],
      [],
    );
    expect(errorOf(() => linkElf([large], { text: 0x10000n }))).toMatchObject({ code: "limit" });
    const mixed = makeObject(
      "mixed.o",
      [
        { name: ".x", flags: "aw", zeroes: 2 ** 29 },
        { name: ".x", flags: "aw", words: [1] },
      ],
      [],
    );
    expect(errorOf(() => linkElf([mixed], { text: 0x10000n }))).toMatchObject({ code: "limit" });
  });

  test("the entry is _start, or what is asked for", () => {
    expect(linkElf(halves("gcc"), { text: TEXT }).entry).toBeDefined();
    expect(linkElf([object], { text: 0x10000n }).entry).toBeUndefined();
    const image = linkElf(halves("gcc"), { text: TEXT, entry: "fibonacci" });
    expect(image.entry).toBe(image.symbols.get("fibonacci"));
    expect(errorOf(() => linkElf([object], { text: 0x10000n, entry: "main" }))).toMatchObject({
      code: "undefined-symbol",
    });
  });
});

function errorOf(action: () => unknown): ElfError {
  try {
    action();
  } catch (error) {
    expect(error).toMatchObject({ name: "ElfError" });
    return error as ElfError;
  }
  throw new Error("it was accepted");
}
