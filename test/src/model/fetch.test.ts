import { expect, test } from "vitest";
import { statesOf, verdict } from "./litmus.js";

const flagNames = (text: string): string[] => [...new Set(verdict(text).flags.map(({ name }) => name))];

/** One core overwrites `old` by `next`, the other executes it, unsynchronised. */
const overwritten = (old: string, next: string): string => `AArch64 overwritten
{ 0:X0=instr:"${next}"; 0:X1=P1:L0; 1:X30=P1:L2; }
 P0          | P1         ;
 STR W0,[X1] | L0:        ;
             |  ${old}    ;
             |  MOV W2,#1 ;
             |  B L3      ;
             | L2:        ;
             |  MOV W2,#2 ;
             | L3:        ;
exists (1:X2=1)
`;

test("a NOP over a branch is allowed, and both are executed", () => {
  expect(statesOf(overwritten("B L2", "NOP"))).toEqual(["1:X2=1;", "1:X2=2;"]);
  expect(flagNames(overwritten("B L2", "NOP"))).toEqual([]);
});

test("RET may neither be overwritten nor written while it may be fetched", () => {
  expect(flagNames(overwritten("RET", "NOP"))).toEqual(["violates-CMODX-requirements"]);
  expect(flagNames(overwritten("NOP", "RET"))).toEqual(["violates-CMODX-requirements"]);
});

test("conditional branches and hints are on the manual's list", () => {
  expect(flagNames(overwritten("B.EQ L2", "NOP"))).toEqual([]);
  expect(flagNames(overwritten("NOP", "HINT #34"))).toEqual([]);
});

test("an instruction that is overwritten by itself is not modified", () => {
  expect(flagNames(overwritten("RET", "RET"))).toEqual([]);
});

test("the flag names both instructions", () => {
  const { flags } = verdict(overwritten("RET", "NOP"));
  expect(flags).toHaveLength(1);
  expect(flags[0]?.detail).toBe("P0 at line 4 writes NOP to P1:L0 (line 5) while P1 may fetch RET from there");
});

test("a store of bytes modifies an instruction too", () => {
  const bytes = (word: string): string => `AArch64 bytes
{ 0:X0=${word}; 0:X1=P1:L0; 1:X30=P1:L1; }
 P0           | P1      ;
 STRB W0,[X1] | L0: NOP ;
              | L1: NOP ;
exists (1:X2=0)
`;
  // The low byte of NOP is 0x1f, that of YIELD 0x3f, and with 0 there it is no instruction.
  expect(flagNames(bytes("0x1f"))).toEqual([]);
  expect(flagNames(bytes("0x3f"))).toEqual([]);
  expect(flagNames(bytes("0x00"))).toEqual(["violates-CMODX-requirements"]);
});

/** The complete update of one instruction, then a message, which P1 waits for with `wait`. */
const updated = (wait: string): string => `AArch64 updated
{ 0:X0=NOP; 0:X1=P1:L0; 0:X2=1; 0:X3=z; 1:X3=z; }
 P0          | P1          ;
 STR W0,[X1] | LDR W2,[X3] ;
 DC CVAU,X1  | ${wait}     ;
 DSB ISH     | ISB         ;
 IC IVAU,X1  | L0:         ;
 DSB ISH     |  B L1       ;
 STR W2,[X3] |  MOV W9,#1  ;
             | L1:         ;
exists (1:X2=1 /\\ 1:X9=0)
`;

test("after the complete update, a message and context synchronisation the old instruction is impossible", () => {
  expect(verdict(updated("DSB SY")).observation).toBe("Never");
  expect(verdict(updated("CBNZ W2,L0")).observation).toBe("Sometimes");
  expect(verdict(updated("DMB SY")).observation).toBe("Sometimes");
});

test("an update that is ordered with the fetch violates nothing", () => {
  const text = updated("DSB SY")
    .replace("B L1 ", "MUL W9,W9,W9")
    .replace("exists (1:X2=1 /\\ 1:X9=0)", "filter (1:X2=1)");
  expect(flagNames(overwritten("MUL W9,W9,W9", "NOP"))).toEqual(["violates-CMODX-requirements"]);
  // Where the message has not arrived it still does.
  expect(flagNames(`${text}forall (1:X2=1)`)).toEqual(["violates-CMODX-requirements"]);
});

test("one 64-bit store over two instructions: each fetch reads it or not", () => {
  // mov w0, #2; mov w3, #3
  const text = `AArch64 pair
{ 0:X0=0x5280006352800040; 0:X1=P1:L0; }
 P0          | P1         ;
 STR X0,[X1] | L0:        ;
             |  MOV W0,#0 ;
             |  MOV W3,#1 ;
exists (1:X0=2 /\\ 1:X3=1)
`;
  expect(statesOf(text)).toEqual(["1:X0=0; 1:X3=1;", "1:X0=0; 1:X3=3;", "1:X0=2; 1:X3=1;", "1:X0=2; 1:X3=3;"]);
});

/** mov w1, #1 is overwritten by mov w1, #0x1002, of which each halfword differs. */
const halfwords = (stores: readonly string[]): string => `AArch64 halfwords
{ 0:X0=0x52820041; 0:X2=0x5282; 0:X1=P1:L0; }
 P0              | P1        ;
 ${stores[0]}    | L0:       ;
 ${stores[1]}    | MOV W1,#1 ;
exists (1:X1=2)
`;

test("a fetch is single-copy atomic: it finds all of one store or nothing, and parts of two", () => {
  expect(statesOf(halfwords(["STR W0,[X1]", "NOP"]))).toEqual(["1:X1=1;", "1:X1=4098;"]);
  const two = ["1:X1=1;", "1:X1=2;", "1:X1=4097;", "1:X1=4098;"];
  expect(statesOf(halfwords(["STRH W0,[X1]", "STRH W2,[X1,#2]"]))).toEqual(two);
});
