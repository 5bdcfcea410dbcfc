/** What the weak machine executes, the checker allows. More of the same, and how much of it is reached: weak.long.test.ts. */
import { describe, expect, test } from "vitest";
import { layOut, parseLitmus } from "#src/litmus/index.js";
import { countFromEnvironment, Random, runSeed } from "../../support/random.js";
import { ownTests } from "../litmus/own-tests.js";
import { fetchLitmusText, randomFetchProgram } from "./reference-fetch.js";
import { randomLitmus } from "./weak-programs.js";
import { reached } from "./weak-states.js";

const PROGRAMS = countFromEnvironment("CMODX_WEAK_PROGRAMS", 4);

function outside(text: string, seed: number, runs: number): readonly string[] {
  return reached(layOut(parseLitmus(text)).problem, seed, runs).outside;
}

describe("final states of the weak machine", () => {
  test("of every third of the project's own tests", () => {
    const third = new Random(runSeed).below(3);
    const tests = ownTests().filter((_, index) => index % 3 === third);
    expect(tests.length).toBeGreaterThan(20);
    for (const { name, text } of tests) expect([name, outside(text, 1, 60)]).toEqual([name, []]);
  });

  test(`of ${PROGRAMS} random programs`, () => {
    for (let index = 0; index < PROGRAMS; index++) {
      const text = randomLitmus(new Random(`weak ${runSeed} ${index}`));
      expect(outside(text, index, 300), text).toEqual([]);
    }
  });

  test(`of ${PROGRAMS} random programs that modify code`, () => {
    for (let index = 0; index < PROGRAMS; index++) {
      const text = fetchLitmusText(randomFetchProgram(new Random(`weak ${runSeed} ${index}`)));
      expect(outside(text, index, 300), text).toEqual([]);
    }
  });
});
