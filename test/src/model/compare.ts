/** The checker and the plain implementations of the axioms side by side. */
import { expect } from "vitest";
import { runLitmus } from "#src/litmus/index.js";
import { Random, runSeed } from "../../support/random.js";
import { litmusText, randomThreads, referenceStates } from "./reference.js";
import { fetchLitmusText, fetchReferenceStates, randomFetchProgram } from "./reference-fetch.js";

function compare(what: string, text: string, allowed: ReadonlySet<string>): void {
  const verdict = runLitmus(text, "random.litmus");
  expect(verdict.complete).toBe(true);
  expect([...verdict.states].sort(), `${what} of seed ${runSeed}:\n${text}`).toEqual([...allowed].sort());
}

/** Random programs of two and three threads, with data alone. */
export function comparePrograms(count: number): void {
  for (let index = 0; index < count; index++) {
    const threads = randomThreads(new Random(`model ${runSeed} ${index}`));
    compare(`program ${index}`, litmusText(threads), referenceStates(threads));
  }
}

/** Random programs of two threads that modify what they execute, with some of the maintenance. */
export function compareFetchPrograms(count: number): void {
  for (let index = 0; index < count; index++) {
    const program = randomFetchProgram(new Random(`fetch ${runSeed} ${index}`));
    compare(`fetch program ${index}`, fetchLitmusText(program), fetchReferenceStates(program));
  }
}
