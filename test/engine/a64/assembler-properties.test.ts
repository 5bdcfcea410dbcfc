/** Properties: expressions against BigInt arithmetic, and garbage, which must end in an AssemblyError. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AssemblyError, assemble } from "#engine/a64/assembler/index.js";

function expressionValue(text: string): bigint {
  const program = assemble(`.data\n.quad ${text}`);
  const bytes = program.sections.find(({ name }) => name === ".data")?.bytes;
  if (bytes === undefined) throw new Error("no data");
  return new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true);
}

/** An expression with its value, and how tightly its outermost operator binds. */
interface Sample {
  readonly text: string;
  readonly value: bigint;
  readonly rank: number;
}

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
const truth = (condition: boolean): bigint => (condition ? -1n : 0n);
const shifted = (amount: bigint, by: (amount: bigint) => bigint): bigint => {
  const unsigned = BigInt.asUintN(64, amount);
  return unsigned > 63n ? 0n : by(unsigned);
};

/** Operators with their rank and meaning; undefined where there is none. */
const operators: readonly (readonly [string, number, (a: bigint, b: bigint) => bigint | undefined])[] = [
  ["*", 6, (a, b) => a * b],
  ["/", 6, (a, b) => (b === 0n ? undefined : a / b)],
  ["%", 6, (a, b) => (b === 0n ? undefined : a % b)],
  ["<<", 6, (a, b) => shifted(b, (amount) => a << amount)],
  [">>", 6, (a, b) => shifted(b, (amount) => BigInt.asUintN(64, a) >> amount)],
  ["|", 5, (a, b) => a | b],
  ["&", 5, (a, b) => a & b],
  ["^", 5, (a, b) => a ^ b],
  ["!", 5, (a, b) => a | ~b],
  ["+", 4, (a, b) => a + b],
  ["-", 4, (a, b) => a - b],
  ["==", 3, (a, b) => truth(a === b)],
  ["!=", 3, (a, b) => truth(a !== b)],
  ["<>", 3, (a, b) => truth(a !== b)],
  ["<", 3, (a, b) => truth(a < b)],
  [">", 3, (a, b) => truth(a > b)],
  ["<=", 3, (a, b) => truth(a <= b)],
  [">=", 3, (a, b) => truth(a >= b)],
  ["&&", 2, (a, b) => (a !== 0n && b !== 0n ? 1n : 0n)],
  ["||", 1, (a, b) => (a !== 0n || b !== 0n ? 1n : 0n)],
];

const bracketed = ({ text, rank }: Sample, least: number): string => (rank < least ? `(${text})` : text);

const number = fc
  .tuple(fc.oneof(fc.bigInt(0n, 40n), fc.bigInt(0n, 2n ** 64n - 1n)), fc.nat(3))
  .map(([value, style]): Sample => {
    const text = [value.toString(), `0x${value.toString(16)}`, `0b${value.toString(2)}`, `0${value.toString(8)}`][
      style
    ] as string;
    return { text, value: wrap(value), rank: 9 };
  });

const prefixes: readonly (readonly [string, (a: bigint) => bigint])[] = [
  ["-", (a) => -a],
  ["~", (a) => ~a],
  ["!", (a) => (a === 0n ? 1n : 0n)],
  ["+", (a) => a],
];

const { sample } = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: "small" },
    number,
    fc.tuple(fc.constantFrom(...prefixes), tie("sample")).map(
      ([[operator, meaning], of]): Sample => ({
        text: operator + bracketed(of, 8),
        value: wrap(meaning(of.value)),
        rank: 8,
      }),
    ),
    fc
      .tuple(fc.constantFrom(...operators), tie("sample"), tie("sample"), fc.constantFrom("", " "))
      .map(([[operator, rank, meaning], left, right, space]): Sample => {
        const value = meaning(left.value, right.value);
        if (value === undefined) return left;
        // Operators of one rank group from the left. A space keeps `<` and `<`, or `!` and `=`, apart.
        const text = `${bracketed(left, rank)}${space}${operator} ${bracketed(right, rank + 1)}`;
        return { text, value: wrap(value), rank };
      }),
  ),
}));

const seed = Number(process.env["CMODX_SEED"] ?? Date.now() % 2 ** 31);

describe(`properties (CMODX_SEED=${seed})`, () => {
  test("expressions have the value of BigInt arithmetic wrapped to 64 bits", () => {
    fc.assert(
      fc.property(sample, ({ text, value }) => {
        expect([text, expressionValue(text)]).toEqual([text, value]);
      }),
      { seed, numRuns: 2000 },
    );
  });

  const words = [
    ...[
      "add",
      "ldr",
      "b",
      "mov",
      "x0",
      "w1",
      "sp",
      "xzr",
      "#",
      "[",
      "]",
      "!",
      ",",
      "=",
      ":",
      ":lo12:",
      "lsl",
      "1f",
      "1b",
      "1:",
      ".",
    ],
    ...[
      "(",
      ")",
      "+",
      "-",
      "*",
      "/",
      "'",
      '"',
      "\\",
      "\\a",
      "\\@",
      "\n",
      ";",
      " ",
      "0x",
      "99999999999",
      "-1",
      "foo",
      "foo:",
      "//",
      "/*",
      "*/",
    ],
    ...[
      ".macro",
      ".endm",
      ".rept",
      ".endr",
      ".if",
      ".else",
      ".endif",
      ".irp",
      ".set",
      ".quad",
      ".byte",
      ".ascii",
      ".align",
      ".org",
      ".skip",
    ],
    ...[
      ".section",
      ".text",
      ".data",
      ".bss",
      ".ltorg",
      ".exitm",
      ".pushsection",
      ".popsection",
      ".previous",
      ".equ",
      ".req",
      ".fill",
    ],
  ];

  function onlyAssemblyErrors(text: string): void {
    try {
      assemble(text, { maximumSize: 1 << 20 });
    } catch (error) {
      if (!(error instanceof AssemblyError)) throw error;
      expect(error.line).toBeGreaterThan(0);
      expect(error.column).toBeGreaterThan(0);
      expect(error.line).toBeLessThanOrEqual(text.split("\n").length);
    }
  }

  test("tokens in any order are assembled or refused with an AssemblyError", () => {
    const soup = fc.array(fc.tuple(fc.constantFrom(...words), fc.constantFrom("", " ")), { maxLength: 60 });
    fc.assert(
      fc.property(soup, (pieces) => onlyAssemblyErrors(pieces.flat().join(""))),
      { seed, numRuns: 3000 },
    );
  });

  test("any characters are assembled or refused with an AssemblyError", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 80 }), onlyAssemblyErrors), { seed, numRuns: 1000 });
  });
});
