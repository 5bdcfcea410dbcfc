/** What is left out where nobody looks: loads that come to nothing, and who of several that do the same did it. */
import { expect, test } from "vitest";
import { layOut, parseLitmus } from "#src/litmus/index.js";
import { check } from "#src/model/check.js";
import type { Problem } from "#src/model/problem.js";
import { countFromEnvironment, Random, runSeed } from "../../support/random.js";
import { litmusText, randomThreads } from "./reference.js";

const COUNT = countFromEnvironment("CMODX_MODEL_PROGRAMS", 20);

/** The values of the observables with these indices in each final state, each once. */
function projected(problem: Problem, indices: readonly number[]): string[] {
  const { states, complete } = check(problem);
  expect(complete).toBe(true);
  return [...new Set(states.map(({ values }) => indices.map((index) => values[index]).join(" ")))].sort();
}

function compare(what: string, text: string, random: Random): void {
  const { problem } = layOut(parseLitmus(text));
  const indices = problem.observed.flatMap((_, index) => (random.oneIn(3) ? [index] : []));
  const observed = indices.map((index) => problem.observed[index] as (typeof problem.observed)[number]);
  const all = observed.map((_, index) => index);
  const found = projected({ ...problem, observed }, all);
  expect(found, `${what} of seed ${runSeed}, ${indices.join(" ")} of:\n${text}`).toEqual(projected(problem, indices));
}

test(`${COUNT} random programs have the same states where only some of the registers are looked at`, () => {
  for (let index = 0; index < COUNT; index++) {
    const random = new Random(`observed ${runSeed} ${index}`);
    compare(`program ${index}`, litmusText(randomThreads(random)), random);
  }
});

test(`${COUNT} random programs whose threads are alike`, () => {
  for (let index = 0; index < COUNT; index++) {
    const random = new Random(`alike ${runSeed} ${index}`);
    const [first = []] = randomThreads(random);
    const threads = Array.from({ length: random.oneIn(3) && first.length < 3 ? 3 : 2 }, () => first);
    compare(`program ${index}`, litmusText(threads), random);
  }
});

/** Threads that add one to x by LDXR and STXR, each `times` times. */
function increments(threads: number, observed: string): Problem {
  const columns = Array.from({ length: threads }, (_, thread) => thread);
  const row = (text: string): string => ` ${columns.map(() => text).join(" | ")} ;`;
  const text = `AArch64 increments
{ ${columns.map((thread) => `${thread}:X1=x;`).join(" ")} }
 ${columns.map((thread) => `P${thread}`).join(" | ")} ;
${["LDXR W0,[X1]", "ADD W2,W0,#1", "STXR W3,W2,[X1]"].map(row).join("\n")}
locations [${observed}]
exists (x=${threads})
`;
  return layOut(parseLitmus(text)).problem;
}

test("eight threads of LDXR and STXR: as many increments as stores that succeed", () => {
  const { states, complete, executions } = check(increments(8, "x;"));
  expect(complete).toBe(true);
  expect(states.map(({ values }) => Number(values[0])).sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(executions).toBeLessThan(1000);
});

test("the statuses of three say how many", () => {
  const problem = increments(3, "0:X3; 1:X3; 2:X3; x;");
  const { states } = check(problem);
  expect(states).toHaveLength(8);
  for (const { values } of states) {
    const [x, ...statuses] = [...values].reverse();
    expect(x).toBe(statuses.reduce((sum, status) => sum + 1n - status, 0n));
  }
});
