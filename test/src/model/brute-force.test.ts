/** Random small tests: the search finds what generate and test finds. */
import { describe, expect, test } from "vitest";
import { layOut, parseLitmus } from "#src/litmus/index.js";
import { check } from "#src/model/check.js";
import { stateKey } from "#src/model/combinations.js";
import { countFromEnvironment, Random, runSeed } from "../../support/random.js";
import { bruteForce } from "./brute-force.js";

const ROUNDS = countFromEnvironment("CMODX_MODEL_ROUNDS", 60);

/** x4 and x5 hold the addresses of x and y, x6 and x3 those of two instructions; w7 to w9 values to store. */
const dataInstructions = [
  "LDR W@,[X4]",
  "LDR W@,[X5]",
  "LDAR W@,[X4]",
  "LDAPR W@,[X5]",
  "STR W7,[X4]",
  "STR W8,[X5]",
  "STLR W8,[X4]",
  "STLR W7,[X5]",
  "DMB SY",
  "DMB LD",
  "DMB ST",
  "DSB SY",
  "ISB",
  "SWP W7,W@,[X4]",
  "LDADDAL W8,W@,[X5]",
];

/** The complete update of L, with a message in x or in K's instruction, and the complete wait for it. */
const update = ["STR W9,[X6]", "DC CVAU,X6", "DSB ISH", "IC IVAU,X6", "DSB ISH", "STR W7,[X4]", "STR W9,[X3]"];
const wait = ["LDR W0,[X4]", "DSB SY", "DC CVAU,X6", "DSB SY", "IC IVAU,X6", "DSB SY", "ISB"];
/** Executes K and then L: x1 and x2 say whether as they were. */
const execution = [
  "BL K",
  "MOV W1,W10",
  "BL L",
  "MOV W2,W10",
  "B E",
  "L: B M",
  "MOV W10,#1",
  "RET",
  "K: B M",
  "MOV W10,#1",
  "RET",
  "M: MOV W10,#2",
  "RET",
  "E: NOP",
];

/** Most of a sequence, with a barrier here and there in place of a step. */
function most(random: Random, steps: readonly string[]): string[] {
  return steps.flatMap((step) => {
    if (random.oneIn(5)) return [];
    return random.oneIn(12) ? [random.pick(["DMB SY", "DSB ST", "DMB LD", "ISB"])] : [step];
  });
}

function column(random: Random, from: readonly string[], length: number): string[] {
  let register = 0;
  return Array.from({ length }, () => {
    const text = random.pick(from);
    return text.includes("@") ? text.replace("@", String(register++ % 3)) : text;
  });
}

function litmus(columns: readonly (readonly string[])[], cacheType: string, observed: string): string {
  const fetches = columns[0]?.includes("BL L") === true;
  const rows = Math.max(...columns.map((column) => column.length));
  const lines = Array.from({ length: rows }, (_, row) => columns.map((column) => column[row] ?? "").join(" | "));
  const registers = columns.map(
    (_, thread) =>
      `${thread}:X4=x; ${thread}:X5=y; ${fetches ? `${thread}:X6=P0:L; ${thread}:X3=P0:K; ` : ""}${thread}:X7=${2 * thread + 1}; ${thread}:X8=${2 * thread + 2}; ${thread}:X9=NOP;`,
  );
  return `AArch64 random
${cacheType}{ ${registers.join("\n  ")} }
 ${columns.map((_, thread) => `P${thread}`).join(" | ")} ;
${lines.map((line) => ` ${line} ;`).join("\n")}
locations [${observed}]
exists (0:X0=0)
`;
}

function compare(text: string): void {
  const { problem } = layOut(parseLitmus(text));
  const found = check(problem);
  expect(found.complete, text).toBe(true);
  expect([...found.states.map(stateKey)].sort(), text).toEqual([...bruteForce(problem)].sort());
}

describe("the search against generate and test", () => {
  test("loads, stores, atomics and barriers", () => {
    const random = new Random(runSeed);
    for (let round = 0; round < ROUNDS; round++) {
      const columns = [0, 1].map(() => column(random, dataInstructions, 3));
      compare(litmus(columns, "", "0:X0; 0:X1; 0:X2; 1:X0; 1:X1; 1:X2; x; y;"));
    }
  });

  test.each(["", "CacheType=IDC\n", "CacheType=IDC DIC\n"])("fetches and maintenance, %j", (cacheType) => {
    const random = new Random(`${runSeed}${cacheType}`);
    for (let round = 0; round < ROUNDS; round++) {
      const columns = [[...most(random, wait), ...execution], most(random, update)];
      compare(litmus(columns, cacheType, "0:X0; 0:X1; 0:X2;"));
    }
  });
});
