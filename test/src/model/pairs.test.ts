import { expect, test } from "vitest";
import { statesOf } from "./litmus.js";

test("a compare and swap of two doublewords is one access", () => {
  const text = `AArch64 pair
{ uint64_t x[2] = {1,2}; uint64_t 1:X4; uint64_t 1:X5;
  0:X0=1; 0:X1=2; 0:X2=3; 0:X3=4; 0:X10=x; 1:X4=7; 1:X10=x; }
 P0                     | P1                     ;
 CASP X0,X1,X2,X3,[X10] | CASP X4,X5,X6,X7,[X10] ;
exists (1:X4=1 /\\ 1:X5=4)
`;
  expect(statesOf(text)).toEqual(["1:X4=1; 1:X5=2;", "1:X4=3; 1:X5=4;"]);
});

test("a store exclusive of two doublewords pairs with its load", () => {
  const text = `AArch64 exclusive
{ uint64_t x[2] = {1,2}; 0:X10=x; 0:X4=5; 0:X5=6; }
 P0                      ;
 LDXP X0,X1,[X10]        ;
 STXP W2,X4,X5,[X10]     ;
 LDXP X6,X7,[X10]        ;
exists (0:X2=0 /\\ 0:X6=5 /\\ 0:X7=6)
`;
  expect(statesOf(text)).toEqual(["0:X2=0; 0:X6=5; 0:X7=6;", "0:X2=1; 0:X6=1; 0:X7=2;"]);
});

test("a load exclusive of two doublewords is two accesses, unless its store exclusive succeeds", () => {
  const text = (last: string): string => `AArch64 halves
{ uint64_t x[2] = {1,2}; uint64_t 1:X4; uint64_t 1:X5;
  0:X0=1; 0:X1=2; 0:X2=3; 0:X3=4; 0:X10=x; 1:X10=x; }
 P0                     | P1                  ;
 CASP X0,X1,X2,X3,[X10] | LDXP X4,X5,[X10]    ;
                        | STXP W6,X4,X5,[X10] ;
${last}
exists (1:X4=1 /\\ 1:X5=4)
`;
  expect(statesOf(text("filter 1:X6=0"))).toEqual(["1:X4=1; 1:X5=2;", "1:X4=3; 1:X5=4;"]);
  expect(statesOf(text("filter 1:X6=1"))).toHaveLength(4);
});
