/** Texts to programs: against what GNU as and ld gave, and what they have no say in. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type AssembleOptions, AssemblyError, assemble, assembleInstruction } from "#engine/a64/assembler/index.js";
import type { Program } from "#engine/a64/program.js";
import { addresses, readPrograms } from "./gnu/gnu-as.mjs";

type Vector = readonly [text: string, address: string, word: string, ...unknown[]];

function recorded<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(new URL(`gnu/${name}.json`, import.meta.url), "utf8")) as readonly T[];
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}

function section(program: Program, name: string) {
  const found = program.sections.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no section ${name}`);
  return found;
}

function words(text: string, options?: AssembleOptions): string[] {
  const { bytes } = section(assemble(text, options), ".text");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) =>
    view
      .getUint32(4 * index, true)
      .toString(16)
      .padStart(8, "0"),
  );
}

describe("what GNU as gives", () => {
  test("recorded instructions of every row and alias", () => {
    const vectors = recorded<Vector>("vectors");
    expect(vectors.length).toBeGreaterThan(1000);
    const wrong = vectors.filter(
      ([text, address, word]) => assembleInstruction(text, BigInt(address)) !== Number(word),
    );
    expect(wrong).toEqual([]);
  });

  const expected = recorded<{ title: string; sections: Record<string, string>; symbols: Record<string, string> }>(
    "programs",
  );
  test.each(expected)("recorded program: $title", ({ title, sections, symbols }) => {
    const text = readPrograms().get(title) ?? "";
    expect(text).not.toBe("");
    const program = assemble(text, { base: addresses[".text"], sections: addresses });
    const ours = program.sections.filter(({ name }) => name !== ".bss").map(({ name, bytes }) => [name, hex(bytes)]);
    expect(Object.fromEntries(ours)).toEqual(sections);
    for (const [name, value] of Object.entries(symbols)) {
      expect([name, program.symbols.get(name)]).toEqual([name, BigInt(value)]);
    }
  });
});

describe("addresses", () => {
  test(".text is at 0x10000 or the base given; the others follow, aligned", () => {
    const text = ".text\nf: nop\n.data\n.balign 16\nd: .byte 1,2,3\n.section .rodata\n.balign 8\nr: .quad r";
    const program = assemble(text);
    expect(program.sections.map(({ name, address, flags }) => [name, address, flags])).toEqual([
      [".text", 0x10000n, "ax"],
      [".data", 0x10010n, "aw"],
      [".rodata", 0x10018n, "a"],
    ]);
    expect([...program.symbols]).toEqual([
      ["f", 0x10000n],
      ["d", 0x10010n],
      ["r", 0x10018n],
    ]);
    expect(hex(section(program, ".rodata").bytes)).toBe("1800010000000000");
    expect(assemble(text, { base: 0x4000 }).symbols.get("r")).toBe(0x4018n);
  });

  test("sections go where they are told, across all of 64 bits", () => {
    const program = assemble("f: adrp x0, d\n add x0, x0, :lo12:d\n.data\n.skip 16\nd: .quad f, d - f", {
      base: 0xffff_8000_1000_0000n,
      sections: { ".data": 0xffff_8000_2000_0000n },
    });
    expect(program.symbols.get("d")).toBe(0xffff_8000_2000_0010n);
    expect(hex(section(program, ".data").bytes.subarray(16))).toBe("000000100080ffff1000001000000000");
    expect(hex(section(program, ".text").bytes)).toBe("0000089000400091");
  });

  test("symbols handed in are known; the text's own come first", () => {
    const options = { base: 0x1000, symbols: { outside: 0x2000n, own: 1 } };
    expect(words("own: bl outside\n b own\n.ifdef outside\n nop\n.endif", options)).toEqual([
      "94000400",
      "17ffffff",
      "d503201f",
    ]);
    expect(words("b outside", { base: 0x1000, symbols: new Map([["outside", 0x1008n]]) })).toEqual(["14000002"]);
  });

  test("a bare number is an address, #n an offset from the instruction", () => {
    expect(words("nop\n b 0x10000\n b #-4\n adr x0, 0x10010\n cbz x1, #8\n ldr x2, #-16")).toEqual([
      "d503201f",
      "17ffffff",
      "17ffffff",
      "10000020",
      "b4000041",
      "58ffff82",
    ]);
  });

  test("sections that are not allocated are left out", () => {
    const program = assemble('nop\n.section .debug_info,"",%progbits\n.quad 1\n.section .comment\n.byte 1');
    expect(program.sections.map(({ name }) => name)).toEqual([".text"]);
  });

  test("sections may not overlap, and get addresses that suit their alignment", () => {
    expect(() => assemble(".skip 16\n.data\n.quad 1", { base: 0x1000, sections: { ".data": 0x1008 } })).toThrow(
      /\.text and \.data overlap at 0x1008/,
    );
    expect(() => assemble(".balign 16\nnop", { base: 0x1008 })).toThrow(
      /\.text needs an address that is a multiple of 16/,
    );
  });
});

describe("literal pools", () => {
  test("a value stands once, in front of what follows .ltorg, or at the section's end", () => {
    expect(words("ldr x0, =1\n ldr x1, =1\n b 1f\n .ltorg\n1: ldr w2, =0xfffffff0")).toEqual([
      "58000080",
      "58000061",
      "14000004",
      "00000000",
      "00000001",
      "00000000",
      "18000022",
      "fffffff0",
    ]);
  });

  test("labels, also those that stand further on and in other sections", () => {
    const program = assemble("ldr x0, =late + 8\nlate: ret\n.data\n.quad late");
    expect(hex(section(program, ".text").bytes)).toBe("40000058c0035fd60c00010000000000");
  });
});

describe("symbols", () => {
  test("an instruction sees the value that .set gave before it", () => {
    expect(words(".set n, 1\n mov x0, #n\n b l + 4 * n\nl: .set n, 2\n mov x0, #n\n nop")).toEqual([
      "d2800020",
      "14000002",
      "d2800040",
      "d503201f",
    ]);
  });

  test("numeric labels count from where they are used", () => {
    expect(words("1: b 1f\n1: b 1b\n b 1f\n1: nop")).toEqual(["14000001", "14000000", "14000001", "d503201f"]);
  });

  test("a weak symbol that nothing defines is zero", () => {
    expect(hex(section(assemble(".weak w\n.quad w, w + 1"), ".text").bytes)).toBe("00000000000000000100000000000000");
  });
});

describe("macros and conditionals", () => {
  test("messages of .warning go to the caller", () => {
    const warnings: string[] = [];
    assemble('nop\n.warning "look out"', { file: "a.s", onWarning: (message) => warnings.push(message) });
    expect(warnings).toEqual(["a.s:2:1: warning: look out"]);
  });

  test("\\() ends a name, \\@ counts, arguments may be quoted, named, missing", () => {
    const text = `
      .macro push first:req, second=xzr, extra:vararg
      stp \\first, \\second, [sp, #-16]!
      .ifnb \\extra
      push \\extra
      .endif
      .endm
      .macro loop body
      start\\@_\\(): \\body
      b start\\@_
      .endm
      push x0, x1, x2, x3, x4
      push second=x5, first=x6
      loop "add x0, x0, #1"
      loop nop`;
    expect(words(text)).toEqual([
      "a9bf07e0",
      "a9bf0fe2",
      "a9bf7fe4",
      "a9bf17e6",
      "91000400",
      "17ffffff",
      "d503201f",
      "17ffffff",
    ]);
  });

  test(".exitm leaves the macro and closes its conditionals", () => {
    expect(words(".macro m n\n.if \\n\n nop\n.exitm\n.endif\n ret\n.endm\n m 1\n m 0\n.if 1\n m 1\n.endif")).toEqual([
      "d503201f",
      "d65f03c0",
      "d503201f",
    ]);
  });
});

describe("bounded work: refused, quickly, with a place", () => {
  const doubling = `.macro d x:vararg\n d \\x\\x\n.endm\n d ${"ab".repeat(20)}`;
  test.each([
    ["a repetition without end", ".rept 1000000000000\n nop\n.endr", /more than 1000000 statements/],
    ["an empty one within", `${".rept 100000\n".repeat(3)}${".endr\n".repeat(3)}`, /more than 1000000 statements/],
    ["a macro that calls itself", ".macro m\n m\n.endm\n m", /nested more than 100 deep/],
    ["a macro that calls itself twice", ".macro m\n m\n m\n.endm\n m", /nested more than 100 deep/],
    ["arguments that double", doubling, /characters|nested/],
    ["a large .skip", ".skip 0x1fffffffffffff", /larger than 67108864 bytes/],
    ["a large .fill", ".fill 0x1fffffff, 8", /larger than 67108864 bytes/],
    ["a large .org", ".org 0x7fffffff0000", /larger than 67108864 bytes/],
    ["a large .balign", " nop\n.balign 1 << 30", /larger than 67108864 bytes/],
    ["deep parentheses", `.quad ${"(".repeat(5000)}1${")".repeat(5000)}`, /nested too deeply/],
    ["a huge number", `.quad 1${"0".repeat(5000)}`, /does not fit in 64 bits/],
    ["a huge shift", ".skip 1 << (1 << 40)\n.byte 256", /256 does not fit/],
    [
      "a long chain of symbols",
      Array.from({ length: 5000 }, (_, n) => `.set s${n}, s${n + 1} + 1`)
        .concat(".quad s0", ".set s5000, z", "z:")
        .join("\n"),
      /too deeply/,
    ],
    ["a long statement", `.ascii "${"a".repeat(200_000)}"`, /longer than 100000 characters/],
    ["prefix operators", `.quad ${"-".repeat(90_000)}x`, /undefined symbol 'x'/],
  ])("%s", (_, text, reason) => {
    let error: unknown;
    try {
      assemble(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(AssemblyError);
    expect((error as AssemblyError).message).toMatch(reason);
  });

  test("the limit on the program's size can be lower", () => {
    expect(() => assemble(".skip 17", { maximumSize: 16 })).toThrow(/larger than 16 bytes/);
    expect(section(assemble(".skip 16", { maximumSize: 16 }), ".text").bytes.length).toBe(16);
  });
});
