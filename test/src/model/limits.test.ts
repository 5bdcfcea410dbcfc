import { expect, test } from "vitest";
import { verdict } from "./litmus.js";

/** Sums of sums: more values than anybody can wait for. */
const line = (
  from: number,
): string => ` LDADD W${from},W${from + 1},[X1] | LDADD W${from},W${from + 1},[X1] | LDR W4,[X1] ;
 LDADD W${from + 1},W${from + 2},[X3] | LDADD W${from + 1},W${from + 2},[X3] | STR W4,[X3] ;`;
const large = `AArch64 large
{ 0:X1=x; 1:X1=x; 2:X1=x; 0:X3=y; 1:X3=y; 2:X3=y; 0:X4=1; 1:X4=1; }
 P0 | P1 | P2 ;
${[4, 6, 8, 10].map(line).join("\n")}
forall (x=2)
`;

test("a limit of time ends the search, and is named", () => {
  expect(verdict(large, { timeLimitMs: 100 })).toMatchObject({
    complete: false,
    bound: "time",
    observation: "Unknown",
  });
});

test("so does one of memory, and somebody who says stop", () => {
  expect(verdict(large, { memoryLimit: 1 })).toMatchObject({ complete: false, bound: "memory" });
  expect(verdict(large, { stopped: () => true })).toMatchObject({ complete: false, bound: "stopped" });
});

test("an unsupported instruction is named with its address", () => {
  expect(() => verdict("AArch64 simd\n{ }\n P0 ;\n WFI ;\n TLBI VMALLE1IS ;\nexists (0:X0=0)\n")).toThrow(
    /no meaning for/,
  );
});
