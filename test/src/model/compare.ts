/** The checker and the plain implementation of the axioms side by side. */
import { expect } from "vitest";
import { runLitmus } from "#src/litmus/index.js";
import { Random, runSeed } from "../../support/random.js";
import { litmusText, randomThreads, referenceStates } from "./reference.js";

/** Random programs of two and three threads have exactly the states that the axioms allow. */
export function comparePrograms(count: number): void {
  let states = 0;
  for (let index = 0; index < count; index++) {
    const threads = randomThreads(new Random(`model ${runSeed} ${index}`));
    const text = litmusText(threads);
    const verdict = runLitmus(text, "random.litmus");
    expect(verdict.complete).toBe(true);
    const expected = [...referenceStates(threads)].sort();
    expect([...verdict.states].sort(), `program ${index} of seed ${runSeed}:\n${text}`).toEqual(expected);
    states += expected.length;
  }
  expect(states).toBeGreaterThan(5 * count);
}
