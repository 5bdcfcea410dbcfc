/** What the format allows, and what is printed for it. */
import { describe, expect, test } from "vitest";
import { formatVerdict, parseLitmus, runLitmus, verdictJson } from "#src/litmus/index.js";

/** The states of a test that has this initial state, program and condition. */
function states(initial: string, program: string, condition: string, header = ""): readonly string[] {
  return runLitmus(`AArch64 test\n${header}{ ${initial} }\n${program}\n${condition}\n`, "test.litmus").states;
}

describe("the text", () => {
  test("comments stand anywhere, and within each other; line ends may be of two characters", () => {
    const text = [
      'AArch64 commented (* the (* first *) line *) "not a doc"',
      '"about (* it"',
      "Cycle=any (* thing",
      "(* a { b *)",
      "{ 0:X1=x; (* y=1; (* 2 *) *) 1:X1=x; }",
      " P0 (* ; *) | P1          ; (* | P2 *)",
      " MOV W0,#1  | LDR W2,[X1] ;",
      " STR W0,[X1] (* ; *) | (* L0: *) ;",
      "exists (* ~ *) (1:X2=1) (* end",
      "*)",
    ];
    for (const end of ["\n", "\r\n"]) {
      const litmus = parseLitmus(text.join(end));
      expect(litmus.doc).toBe("not a doc");
      expect(litmus.info).toEqual([["Cycle", "any (* thing"]]);
      expect(litmus.threads.map(({ code }) => code.instructions.map((cell) => cell.text))).toEqual([
        ["MOV W0,#1", "STR W0,[X1]"],
        ["LDR W2,[X1]"],
      ]);
      expect(runLitmus(text.join(end), "commented").observation).toBe("Sometimes");
    }
  });

  test("threads stand in any order, have any numbers, and a handler may stand before its thread", () => {
    const program = "P3.F | P7 | P3 ;\nMOV W9,#1 | NOP | UDF #0 ;";
    expect(states("", program, "locations [3:X9; 7:X9;]")).toEqual(["3:X9=1; 7:X9=0;"]);
  });

  test("a row may be short, labels stand alone or in front, several at a place", () => {
    expect(
      states(
        "",
        "P0 | P1 ;\nB l ;\n| NOP ;\nMOV W0,#1 | ;\na: b: l: ;\nc: MOV W1,#2 ;\nlast:;",
        "locations [0:X0;0:X1;]",
      ),
    ).toEqual(["0:X0=0; 0:X1=2;"]);
  });

  test("a test without a condition holds in all states", () => {
    const verdict = runLitmus("AArch64 none\n{}\nP0 ;\nMOV W0,#1 ;\nlocations [0:X0;];\n", "none");
    expect(verdict).toMatchObject({ condition: "forall (true)", ok: true, observation: "Always", states: ["0:X0=1;"] });
  });
});

describe("the initial state", () => {
  test("values of registers and locations", () => {
    const initial =
      '0:X0=-1; 0:W1=0x10; P0:X2=x; 0:X3=P0:l; 0:x4=label:"P0:l"; x=y; [y]=7; 0:X5=NOP; 0:X6=instr:"ISB"; z=&x';
    expect(states(initial, "P0 ;\nl: NOP ;", "locations [0:X0;0:X1;0:X2;0:X3;0:X4;x;[y];0:X5;0:X6;z]")).toEqual([
      '0:X0=-1; 0:X1=16; 0:X2=x; 0:X3=label:"P0:l"; 0:X4=label:"P0:l"; 0:X5=NOP; 0:X6=instr:"ISB"; [x]=y; [y]=7; [z]=x;',
    ]);
  });

  test.each([
    ["int8_t", "-1", "-1"],
    ["uint8_t", "-1", "255"],
    ["int16_t", "0xffff", "-1"],
    ["uint16_t", "0xffff", "65535"],
    ["int", "0x80000000", "-2147483648"],
    ["uint32_t", "-1", "4294967295"],
    ["int64_t", "-1", "-1"],
    ["uint64_t", "-1", "18446744073709551615"],
    ["long", "-1", "-1"],
    ["", "0xffffffff", "-1"],
  ])("%s x=%s is shown as %s", (type, value, shown) => {
    expect(states(`${type} x=${value};`, "P0 ;\nNOP ;", "locations [x;]")).toEqual([`[x]=${shown};`]);
    expect(states(`${type} 0:X0=${value};`, "P0 ;\nNOP ;", "locations [0:X0;]")).toEqual([`0:X0=${shown};`]);
  });

  test("a type behind a name of `locations` is the one it is shown by", () => {
    expect(states("x=-1; int y=-1;", "P0 ;\nNOP ;", "locations [x uint8_t; y uint16_t; 0:X0 *;]")).toEqual([
      "0:X0=0; [x]=255; [y]=65535;",
    ]);
  });

  test("a pointer's type, declared apart from its value", () => {
    expect(
      states(
        "ins_t *0:X1; 0:X1=P0:l; uint64_t *y; void *0:X2=x;",
        "P0 ;\nl: LDR W3,[X1] ;",
        "locations [0:X1;0:X2;0:X3;y]",
      ),
    ).toEqual(['0:X1=label:"P0:l"; 0:X2=x; 0:X3=instr:"LDR W3,[X1]"; [y]=0;']);
  });

  test("arrays", () => {
    const initial = "int16_t a[3]={1,-2,3}; uint64_t p[2]={a,a[1]}; 0:X1=a; 0:X2=a[2];";
    const program = "P0 ;\nMOV W0,#9 ;\nSTRH W0,[X2] ;\nLDRH W3,[X1,#2] ;\nADD X4,X1,#4 ;";
    expect(states(initial, program, "locations [a; a[1]; p; 0:X3; 0:X4;]")).toEqual([
      "0:X3=65534; 0:X4=a+4; a={1,-2,9}; p={a,a+2}; a[1]=-2;",
    ]);
    expect(
      runLitmus(`AArch64 a\n{ ${initial} }\n${program}\nforall a={1,-2,9} /\\ a[2]=9 /\\ not (a={1,2,9})`, "a").ok,
    ).toBe(true);
  });

  test("registers that the tool chooses", () => {
    const program = "P0 | P1 ;\nLDR W%a,[X%b] | MOV W%a,#5 ;\nADD W0,W%a,#1 | NOP ;";
    expect(states("0:%b=x; x=41; 0:X1=1;", program, "locations [0:X0;0:X1;0:%a;1:%a;]")).toEqual([
      "0:X0=42; 0:X1=1; 0:%a=41; 1:%a=5;",
    ]);
  });
});

describe("the condition", () => {
  const condition = (text: string): { condition: string; ok: boolean | undefined } => {
    const verdict = runLitmus(`AArch64 c\n{ x=1; y=1; 0:X0=2; 0:X1=x; 0:X2=x; }\nP0 ;\nl: NOP ;\n${text}`, "c.litmus");
    return { condition: verdict.condition, ok: verdict.ok };
  };

  test.each([
    ["exists x=1 /\\ y=2 \\/ 0:X0=2", "exists ([x]=1 /\\ [y]=2 \\/ 0:X0=2)", true],
    ["exists x=1 /\\ (y=2 \\/ 0:X0=2)", "exists ([x]=1 /\\ ([y]=2 \\/ 0:X0=2))", true],
    ["exists (x=1 /\\ y=2) /\\ 0:X0=2", "exists ([x]=1 /\\ [y]=2 /\\ 0:X0=2)", false],
    ["forall x=2 => y=7", "forall ([x]=2 => [y]=7)", true],
    ["forall x=1 /\\ x=2 => y=7", "forall ([x]=1 /\\ ([x]=2 => [y]=7))", true],
    ["forall (x=1 => y=1 => 0:X0=3)", "forall ([x]=1 => [y]=1 => 0:X0=3)", false],
    ["~exists ~(x=1)", "~exists (not ([x]=1))", true],
    ["~exists not x=2", "~exists (not ([x]=2))", false],
    ["not exists x=1", "~exists ([x]=1)", false],
    ["final x<>1", "exists (not ([x]=1))", false],
    ["exists x!=0x2", "exists (not ([x]=2))", true],
    ["forall true", "forall (true)", true],
    ["exists false \\/ x==1;", "exists (false \\/ [x]=1)", true],
    ["forall [x]=[y] /\\ 0:X1=0:X2", "forall ([x]=[y] /\\ 0:X1=0:X2)", true],
    ["forall 0:X1=x /\\ ~(0:X1=y)", "forall (0:X1=x /\\ not (0:X1=y))", true],
    ["exists 0:X0=-1 \\/ 0:X0=0xffffffffffffffff", "exists (0:X0=-1 \\/ 0:X0=-1)", false],
    ['exists 0:X0=P0:l \\/ 0:X0=label:"P0:l"', 'exists (0:X0=label:"P0:l" \\/ 0:X0=label:"P0:l")', false],
    ['exists 0:X0=nop \\/ 0:X0=instr:"b .+8"', 'exists (0:X0=NOP \\/ 0:X0=instr:"B .+8")', false],
    [
      "exists fault(P0) \\/ Fault(P0:l,x,MMU:Translation)",
      "exists (fault(P0) \\/ fault(P0:l,x,MMU:Translation))",
      false,
    ],
    ["exists fault(P0,UndefinedInstruction)", "exists (fault(P0,UndefinedInstruction))", false],
  ])("%s", (text, printed, ok) => {
    expect(condition(text)).toEqual({ condition: printed, ok });
  });

  test("numbers are compared as values of the name's type", () => {
    const verdict = runLitmus(
      "AArch64 t\n{ uint8_t x=1; }\nP0 ;\nMOVN X0,#0 ;\nforall x=0x101 /\\ 0:X0=0xffffffff /\\ 0:X0=-1\n",
      "t",
    );
    expect(verdict.ok).toBe(true);
  });

  test("a filter leaves states out, and is not shown", () => {
    const program = "P0 | P1 ;\nMOV W0,#1 | LDR W2,[X1] ;\nSTR W0,[X1] | LDR W3,[X1] ;";
    const verdict = runLitmus(`AArch64 f\n{ 0:X1=x; 1:X1=x; }\n${program}\nfilter 1:X3=1\nexists 1:X2=0\n`, "f");
    expect(verdict.states).toEqual(["1:X2=0;", "1:X2=1;"]);
    expect({ ...verdict }).toMatchObject({ holding: 1, failing: 1 });
  });
});

describe("what is printed", () => {
  const text = `AArch64 printed
"with a doc"
Hash=0123456789abcdef
{ 0:X1=x; 1:X1=x; }
 P0          | P1          ;
 MOV W0,#1   | LDR W2,[X1] ;
 STR W0,[X1] |             ;
~exists (1:X2=1)
`;

  test("~exists counts what it forbids as negative", () => {
    expect(formatVerdict(runLitmus(text, "printed.litmus"))).toBe(`Test printed Forbidden
States 2
1:X2=0;
1:X2=1;
No
Witnesses
Positive: 1 Negative: 1
Condition ~exists (1:X2=1)
Observation printed Sometimes 1 1
Hash=0123456789abcdef

`);
  });

  test("JSON", () => {
    expect(verdictJson(runLitmus(text, "printed.litmus"), 0.1234)).toEqual({
      name: "printed",
      file: "printed.litmus",
      condition: "~exists (1:X2=1)",
      ok: false,
      observation: "Sometimes",
      states: ["1:X2=0;", "1:X2=1;"],
      holding: 1,
      failing: 1,
      flags: [],
      complete: true,
      bound: null,
      executions: expect.any(Number),
      seconds: 0.123,
    });
  });

  test("faults: those that were taken, and those that were asked for and were not", () => {
    const program = "P0 | P1 ;\na: LDR W2,[X1] | STR W0,[X1] ;\n | l: NOP ;";
    expect(states("1:X1=P1:l;", program, "locations [fault(P0:a); fault(P1);]")).toEqual([
      " Fault(P0:a,0,MMU:Translation); ~Fault(P1);",
      " Fault(P0:a,0,MMU:Translation); Fault(P1:l,UndefinedInstruction);",
    ]);
  });

  test("of several labels at an address, the one that the initial state names", () => {
    expect(states("0:X1=P0:b;", "P0 ;\na: b: c: NOP ;", "locations [0:X1;]")).toEqual(['0:X1=label:"P0:b";']);
  });

  test("states that were found decide a search that was cut off, as far as they can", () => {
    const loop = (condition: string): string =>
      formatVerdict(
        runLitmus(
          `AArch64 loop\n{ 0:X1=x; 1:X1=x; }\nP0 | P1 ;\nl: LDR W0,[X1] | MOV W0,#1 ;\nADD W5,W5,#1 | ;\nCBZ W0,l | STR W0,[X1] ;\n${condition}`,
          "loop",
          { maxInstructions: 20 },
        ),
      );
    expect(loop("exists 0:X0=1")).toMatch(
      /\nIncomplete \(instructions\) Ok\n.*\nPositive: 1 Negative: 0\n(.*\n)*Observation loop Unknown 1 0\n/,
    );
    expect(loop("~exists 0:X0=1")).toMatch(/\nIncomplete \(instructions\) No\n/);
    expect(loop("forall 0:X0=1")).toMatch(/\nIncomplete \(instructions\) Unknown\n/);
    expect(loop("exists 0:X0=2")).toMatch(/\nIncomplete \(instructions\) Unknown\n/);
  });
});
