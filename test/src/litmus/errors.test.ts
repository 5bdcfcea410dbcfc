/** Bad litmus files: each is refused with a typed error that says where and why. */
import { describe, expect, test } from "vitest";
import { LitmusError, type LitmusErrorCode, runLitmus } from "#src/litmus/index.js";

const good = `AArch64 good
{ 0:X1=x; 1:X1=x; int y[2]={1,2}; }
 P0          | P1          ;
 MOV W0,#1   | LDR W2,[X1] ;
 STR W0,[X1] | L0:         ;
exists (1:X2=1 /\\ y[1]=2)
`;

/** The error of the good test with one piece of it replaced; ^ in `by` marks where the error is. */
function errorOf(piece: string, by: string): { error: LitmusError; line: number; column: number } {
  expect(good).toContain(piece);
  const marked = good.replace(piece, by);
  const at = marked.indexOf("^");
  const before = marked.slice(0, at).split("\n");
  try {
    runLitmus(marked.replace("^", ""), "bad.litmus");
  } catch (error) {
    expect(error).toBeInstanceOf(LitmusError);
    return { error: error as LitmusError, line: before.length, column: (before.at(-1) as string).length + 1 };
  }
  throw new Error(`taken:\n${marked}`);
}

test("the test that the others are made from is good", () => {
  expect(runLitmus(good, "good.litmus").states).toEqual(["1:X2=0; y[1]=2;", "1:X2=1; y[1]=2;"]);
});

type Row = readonly [piece: string, by: string, code: LitmusErrorCode, reason: RegExp];

describe.each<[string, readonly Row[]]>([
  [
    "header",
    [
      ["AArch64 good", "^", "syntax", /starts with its architecture and its name/],
      ["AArch64", "^X86_64", "unsupported", /for AArch64; this one is for X86_64/],
      ["good\n", 'good\n^"no end\n', "syntax", /string has no end/],
      ["good\n", "good\n^(* no end\n", "syntax", /comment has no end/],
      ["good\n", "good\nCacheType=^IDC DIK\n", "value", /'DIK' is not a cache type/],
      ["good\n", "good\nVariant=mixed,^vmsa\n", "unsupported", /no model of the variant 'vmsa'/],
    ],
  ],
  [
    "initial state",
    [
      ["{ 0:X1=x; 1:X1=x; int y[2]={1,2}; }", "^{ 0:X1=x; 1:X1=x;", "syntax", /has no '}' at its end/],
      ["0:X1=x;", "0:^V1=x;", "unsupported", /'V1' is not a general-purpose register/],
      ["0:X1=x;", "0:X1=^;", "syntax", /a value should stand here, in place of ';'/],
      ["0:X1=x;", "0:X1=x ^1:X3=x;", "syntax", /';' should stand here/],
      ["0:X1=x;", "0:X1=x; ^0:X1=y;", "symbol", /0:X1 already has its initial value/],
      ["0:X1=x;", "^7:X1=x;", "symbol", /there is no thread P7/],
      ["0:X1=x;", "^0:X1=P1:L9;", "symbol", /there is no label P1:L9/],
      ["0:X1=x;", '0:X1=^label:"L0";', "syntax", /is not a label such as "P1:L0"/],
      ["0:X1=x;", "0:X1=^0x12345678123456789;", "value", /needs more than 64 bits/],
      ["0:X1=x;", "0:X1=x; ^float z=1;", "unsupported", /'float' is not one of the types/],
      ["0:X1=x;", '0:X1=x; ^0:X2=instr:"FROB X1";', "instruction", /"FROB X1": unknown instruction/],
      ["0:X1=x;", "^0:X1=y[2];", "value", /y has 2 elements, and no \[2\]/],
      ["0:X1=x;", "^0:X1=x[1];", "value", /x is not an array/],
      ["0:X1=x;", "^x[1]=1;", "syntax", /an array is declared with a type/],
      ["{1,2}", "^{1,2,3}", "value", /3 values stand here in place of 2 values/],
      ["={1,2}", "=^1", "value", /an array's value is a list/],
      ["int y[2]", "int y[^5000]", "syntax", /not an index or length up to 4096/],
      ["int y[2]={1,2}", "int ^y[0]", "value", /the array y has no elements/],
      ["0:X1=x;", "^PTE(x)=(oa:PA(x));", "unsupported", /'PTE' is of an extension/],
      ["0:X1=x;", "pte_x=(oa:phy_x); ^0:X1=pte_x;", "unsupported", /no model of page tables/],
      ["0:X1=x;", "0:X1=^`x`;", "syntax", /'`' has no meaning here/],
    ],
  ],
  [
    "program",
    [
      [" P0          | P1          ;", " P0          | ^Q1          ;", "syntax", /'Q1' is not the name of a thread/],
      [" P0          | P1          ;", " P0          | ^P0          ;", "symbol", /P0 has two columns/],
      [" P0          | P1          ;", " P0          | ^P2.F        ;", "symbol", /P2.F is the handler of a thread/],
      ["LDR W2,[X1] ;", "LDR W2,[X1] | ^NOP ;", "syntax", /no thread for this column: 2 are named/],
      ["MOV W0,#1 ", "^FROB W0 ", "instruction", /unknown instruction 'frob'/],
      ["MOV W0,#1 ", "^.word 0 ", "instruction", /'.word 0' is not an instruction/],
      ["MOV W0,#1 ", "^LDR X0,=1 ", "instruction", /'LDR X0,=1' is not an instruction/],
      ["MOV W0,#1 ", "B ^L7 ", "instruction", /undefined symbol 'L7'/],
      [
        "STR W0,[X1] | L0:         ;\n",
        "^STR W0,[X1] | L0:         \n",
        "syntax",
        /this row of the program has no ';'/,
      ],
      ["L0:  ", "L0: ^L0:", "instruction", /L0/],
    ],
  ],
  [
    "condition",
    [
      ["exists (1", "^exist (1", "syntax", /no ';' at its end|should stand here/],
      ["(1:X2=1 /\\ y[1]=2)", "(1:X2=1 /\\ ^)", "syntax", /a register \(0:X0\) or a location should stand here/],
      ["(1:X2=1 /\\ y[1]=2)", "(1:X2=1^", "syntax", /'\)' behind the condition should stand here/],
      ["1:X2=1", "1:X2^>1", "syntax", /'>' has no meaning here/],
      ["1:X2=1", "1:X2^;", "syntax", /'=' or '!=' should stand here/],
      ["1:X2=1", "^3:X2=1", "symbol", /there is no thread P3/],
      ["1:X2=1", "^1:X2=P1:M", "symbol", /there is no label P1:M/],
      ["1:X2=1", "^fault(P1:M)", "symbol", /there is no label P1:M/],
      ["1:X2=1", "^fault(P1:L0,x,Nonsense)", "value", /'Nonsense' is not a kind of fault/],
      ["exists", "locations [1:X2 ^quad;]\nexists", "unsupported", /'quad' is not one of the types/],
      ["exists", "^with exists", "syntax", /no ';' at its end|should stand here/],
    ],
  ],
])("%s", (_, rows) => {
  test.each(rows)("%j -> %j", (piece, by, code, reason) => {
    const { error, line, column } = errorOf(piece, by);
    expect(error.reason).toMatch(reason);
    expect({ code: error.code, line: error.line, column: error.column }).toEqual({ code, line, column });
    expect(error.message).toContain(`bad.litmus:${line}:${column}: `);
  });
});

test("a condition that is nested without end is refused", () => {
  const nested = good.replace("(1:X2=1", `${"(".repeat(100_000)}1:X2=1`);
  expect(() => runLitmus(nested, "nested.litmus")).toThrow(/nested too deeply/);
});

test("long conditions are not deep ones", () => {
  const long = good.replace("(1:X2=1", `(${"1:X2=1 /\\ y[0]=1 \\/ ".repeat(20_000)}1:X2=1`);
  expect(runLitmus(long, "long.litmus").ok).toBe(true);
});

test("a final state without end is refused", () => {
  const arrays = Array.from({ length: 20 }, (_, index) => `int a${index}[4096];`);
  const many = good
    .replace("int y", `${arrays.join(" ")} int y`)
    .replace("exists", `locations [${arrays.map((_, index) => `a${index};`).join(" ")}]\nexists`);
  expect(() => runLitmus(many, "many.litmus")).toThrow(/a final state of more than 4096 values/);
});

test("a file of the wrong size is refused", () => {
  expect(() => runLitmus(good + " ".repeat(1 << 20), "large.litmus")).toThrow(/a litmus test has at most/);
  expect(() => runLitmus("", "empty.litmus")).toThrow(LitmusError);
});

test("an instruction that the model has no meaning for is named with its line", () => {
  const { error, line, column } = errorOf("MOV W0,#1 ", "^HLT #1 ");
  expect(error).toMatchObject({ code: "unsupported", line, column });
  expect(error.reason).toBe("the model has no meaning for HLT at line 4");
});
