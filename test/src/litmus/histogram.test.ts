/** What executions ended in, counted by the states that a test shows. */
import { expect, test } from "vitest";
import { formatHistogram, histogramOf } from "#src/litmus/histogram.js";
import { layOut, parseLitmus } from "#src/litmus/index.js";
import { check } from "#src/model/check.js";

const text = (condition: string): string => `AArch64 counted
Hash=0123
{ 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; }
 P0          | P1          ;
 MOV W0,#1   | LDR W0,[X3] ;
 STR W0,[X1] | LDR W2,[X1] ;
 STR W0,[X3] |             ;
${condition}
`;

/** Each state that the model allows as often as its place in the order of the values says. */
function histogram(condition: string): ReturnType<typeof histogramOf> {
  const parsed = parseLitmus(text(condition), "counted.litmus");
  const laidOut = layOut(parsed);
  const { states } = check(laidOut.problem);
  const key = (values: readonly bigint[]): number => Number(values[0]) * 2 + Number(values[1]);
  return histogramOf(
    parsed,
    laidOut,
    states.map((state) => ({ state, count: 10 ** key(state.values) })),
  );
}

test("the layout is that of herd's companion for hardware", () => {
  const lines = formatHistogram(histogram("exists (1:X0=1 /\\ 1:X2=0)"), 1.5).split("\n");
  expect(lines).toEqual([
    "Test counted Allowed",
    "Histogram (4 states)",
    "1   :>1:X0=0; 1:X2=0;",
    "10  :>1:X0=0; 1:X2=1;",
    "100 *>1:X0=1; 1:X2=0;",
    "1000:>1:X0=1; 1:X2=1;",
    "Ok",
    "",
    "Witnesses",
    "Positive: 100, Negative: 1011",
    "Condition exists (1:X0=1 /\\ 1:X2=0) is validated",
    "Hash=0123",
    "Observation counted Sometimes 100 1011",
    "Time counted 1.50",
    "",
    "",
  ]);
});

test("states that differ only in what is not shown are counted as one, and a filter's are left out", () => {
  expect(histogram("filter (1:X2=0 \\/ 1:X2=1)\nexists (1:X0=1)").rows).toEqual([
    { text: "1:X0=0;", count: 11, holds: false },
    { text: "1:X0=1;", count: 1100, holds: true },
  ]);
  expect(histogram("filter (1:X2=1)\nexists (1:X0=1)").rows.map(({ count }) => count)).toEqual([10, 1000]);
});

test.each([
  ["~exists (1:X0=1 /\\ 1:X2=0)", false, "Sometimes", "Positive: 1011, Negative: 100"],
  ["~exists (1:X0=2)", true, "Never", "Positive: 1111, Negative: 0"],
  ["forall (1:X0=1)", false, "Sometimes", "Positive: 1100, Negative: 11"],
  ["forall (1:X0=0 \\/ 1:X0=1)", true, "Always", "Positive: 1111, Negative: 0"],
])("%s", (condition, ok, observation, witnesses) => {
  const found = histogram(`locations [1:X0; 1:X2;]\n${condition}`);
  expect(found).toMatchObject({ ok, observation });
  expect(formatHistogram(found)).toContain(`\n${witnesses}\n`);
});
