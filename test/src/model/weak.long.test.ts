/** The weak machine over all tests that there are: sound, and telling. */
import { afterAll, describe, expect, test } from "vitest";
import { layOut, parseLitmus } from "#src/litmus/index.js";
import { countFromEnvironment, Random, runSeed } from "../../support/random.js";
import { catalogues, catalogueTests, skipped } from "../litmus/catalogues.js";
import { ownTests } from "../litmus/own-tests.js";
import { fetchLitmusText, randomFetchProgram } from "./reference-fetch.js";
import { randomLitmus } from "./weak-programs.js";
import { reached } from "./weak-states.js";
import { unreachedStates } from "./weak-unreached.js";

const RUNS = countFromEnvironment("CMODX_WEAK_RUNS", 20_000);
const MOST = 10 * RUNS;
const PROGRAMS = countFromEnvironment("CMODX_WEAK_PROGRAMS", 500);
/** Share of the allowed states that has to be reached. */
const TELLING = 0.95;

const tests = [
  ...catalogueTests().map(({ file, text }) => ({ name: file, text })),
  ...ownTests().map(({ name, text }) => ({ name: `own/${name}`, text })),
];

describe("the weak machine over litmus tests", () => {
  if (!catalogues) test.skip(skipped);
  let [allowed, missed] = [0, 0];

  test.each(tests)("$name", ({ name, text }) => {
    const result = reached(layOut(parseLitmus(text, name)).problem, 1, RUNS, MOST);
    expect(result.outside).toEqual([]);
    if (!result.complete) return;
    allowed += result.allowed;
    missed += result.unreached.length;
    expect(result.unreached.length, result.unreached.join(" | ")).toBe(unreachedStates[name]?.states ?? 0);
  });

  afterAll(() => {
    console.log(`reached ${allowed - missed} of ${allowed} allowed final states of ${tests.length} tests`);
    expect((allowed - missed) / allowed).toBeGreaterThan(TELLING);
  });
});

describe("random programs reach nothing that the checker does not allow", () => {
  test(`${PROGRAMS} of all kinds of accesses`, () => {
    for (let index = 0; index < PROGRAMS; index++) {
      const text = randomLitmus(new Random(`weak ${runSeed} ${index}`));
      expect(reached(layOut(parseLitmus(text)).problem, index, 3000).outside, text).toEqual([]);
    }
  });

  test(`${PROGRAMS} that modify code`, () => {
    for (let index = 0; index < PROGRAMS; index++) {
      const text = fetchLitmusText(randomFetchProgram(new Random(`weak ${runSeed} ${index}`)));
      expect(reached(layOut(parseLitmus(text)).problem, index, 3000).outside, text).toEqual([]);
    }
  });
});
