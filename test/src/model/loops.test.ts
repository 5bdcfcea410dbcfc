import { expect, test } from "vitest";
import { verdict } from "./litmus.js";

test("a loop that waits is looked at as a whole", () => {
  const { states, complete, observation } = verdict(`AArch64 waits
{ 0:X0=1; 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; }
 P0           | P1           ;
 STR W0,[X1]  | L:           ;
 STLR W0,[X3] |  LDAR W2,[X3];
              |  CBZ W2,L    ;
              |  LDR W4,[X1] ;
exists (1:X4=0)
`);
  expect({ states, complete, observation }).toEqual({ states: ["1:X4=1;"], complete: true, observation: "Never" });
});

test("a lock that spins, taken by exclusives and by an atomic", () => {
  const text = (take: string): string => `AArch64 lock
{ 0:X1=l; 1:X1=l; 0:X3=c; 1:X3=c; 0:X2=1; 1:X2=1; }
 P0             | P1             ;
${take}
 LDR W5,[X3]    | LDR W5,[X3]    ;
 ADD W5,W5,#1   | ADD W5,W5,#1   ;
 STR W5,[X3]    | STR W5,[X3]    ;
 STLR WZR,[X1]  | STLR WZR,[X1]  ;
forall (c=2)
`;
  const both = (lines: readonly string[]): string =>
    lines.map((line) => ` ${line} | ${line.replaceAll("L0", "L1")} ;`).join("\n");
  const exclusives = text(both(["L0: LDAXR W4,[X1]", "CBNZ W4,L0", "STXR W6,W2,[X1]", "CBNZ W6,L0"]));
  const swap = text(both(["L0: SWPA W2,W4,[X1]", "CBNZ W4,L0"]));
  expect(verdict(exclusives)).toMatchObject({ ok: true, complete: true });
  // Each turn of the other loop stores, so that the search has to stop somewhere.
  const { ok, complete, states } = verdict(swap);
  expect({ ok, complete, states }).toEqual({ ok: undefined, complete: false, states: ["[c]=2;"] });
  // Without acquire the counter may be read before the lock is taken.
  expect(verdict(swap.replaceAll("SWPA", "SWP")).ok).toBe(false);
});

test("a loop that counts without end is cut off, and nothing is claimed of it", () => {
  const { complete, bound, ok } = verdict(`AArch64 counts
{ 0:X1=x; 1:X0=1; 1:X1=x; }
 P0            | P1          ;
 L:            | STR W0,[X1] ;
  ADD W3,W3,#1 |             ;
  LDR W2,[X1]  |             ;
  CBZ W2,L     |             ;
exists (0:X3=1000)
`);
  expect({ complete, bound, ok }).toEqual({ complete: false, bound: "instructions", ok: undefined });
});

test("a thread that never ends has no final state, and nothing is claimed of it", () => {
  const { complete, bound, ok } = verdict("AArch64 for-ever\n{ }\n P0 ;\nL: B L ;\n~exists (0:X0=1)\n");
  expect({ complete, bound, ok }).toEqual({ complete: false, bound: "instructions", ok: undefined });
});
