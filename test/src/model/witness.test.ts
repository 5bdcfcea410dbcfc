import { expect, test } from "vitest";
import { runKeeping } from "#src/litmus/run.js";

const messagePassing = (barrier: string): string => `AArch64 message
{ 0:X0=1; 0:X1=x; 0:X3=y; 1:X1=x; 1:X3=y; }
 P0          | P1          ;
 STR W0,[X1] | LDR W2,[X3] ;
 ${barrier}  | LDR W4,[X1] ;
 STR W0,[X3] |             ;
exists (1:X2=1 /\\ 1:X4=0)
`;

const told = (text: string, state: string): readonly string[] => {
  const { verdict, witnesses } = runKeeping(text, "message.litmus");
  return witnesses()[verdict.states.indexOf(state)]?.lines ?? [];
};

test("each state has an execution, told in an order that ordered-before allows", () => {
  const { verdict, witnesses } = runKeeping(messagePassing("DMB SY"), "message.litmus");
  const all = witnesses();
  expect(all.map(({ title }) => title)).toEqual(verdict.states.map((state) => `message: ${state}`));
  for (const { lines } of all) {
    const stores = lines.filter((line) => line.includes("writes"));
    expect(stores.map((line) => /to (\w)/.exec(line)?.[1])).toEqual(["x", "y"]);
  }
});

test("a step says where its value is from, and of what it is ahead", () => {
  expect(told(messagePassing("NOP"), "1:X2=1; 1:X4=0;")).toEqual([
    "1. P0  line 6: str w0, [x3]  writes 0x1 to y; ahead of line 4, which nothing orders before it",
    "2. P1  line 4: ldr w2, [x3]  reads 0x1 at y, from step 1",
    "3. P1  line 5: ldr w4, [x1]  reads 0x0 at x, as it was at first",
    "4. P0  line 4: str w0, [x1]  writes 0x1 to x",
  ]);
});

test("a stale fetch says what was missing", () => {
  const text = (maintenance: string): string => `AArch64 stale
{ 0:X0=NOP; 0:X1=P0:L0; }
 P0             ;
 STR W0,[X1]    ;
 ${maintenance} ;
 ISB            ;
L0: B L1        ;
 MOV W2,#1      ;
L1:             ;
exists (0:X2=0)
`;
  expect(told(text("NOP"), "0:X2=0;").join("\n")).toMatch(/stale: nothing puts P0's step \d before it/);
  expect(told(text("DSB SY"), "0:X2=0;").join("\n")).toMatch(/is before it, but the cache was not made to look again/);
});

test("the graph is DOT that Graphviz draws", async () => {
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  for (const { dot, title } of runKeeping(messagePassing("DMB SY"), "message.litmus").witnesses()) {
    const svg = viz.renderString(dot, { format: "svg" });
    expect(svg).toContain("str w0, [x1]");
    expect(svg, title).toContain("cluster_1");
  }
});
