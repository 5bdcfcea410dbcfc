/** The checker against a second, plain implementation of the model's axioms, on random programs. */
import { expect, test } from "vitest";
import { runLitmus } from "#src/litmus/index.js";
import { countFromEnvironment, Random, runSeed } from "../../support/random.js";
import { litmusText, randomThreads, referenceStates } from "./reference.js";

const COUNT = countFromEnvironment("CMODX_MODEL_PROGRAMS", 60);

test(`${COUNT} random programs of two and three threads have exactly the states that the axioms allow`, () => {
  let states = 0;
  for (let index = 0; index < COUNT; index++) {
    const threads = randomThreads(new Random(`model ${runSeed} ${index}`));
    const text = litmusText(threads);
    const verdict = runLitmus(text, "random.litmus");
    expect(verdict.complete).toBe(true);
    const expected = [...referenceStates(threads)].sort();
    expect([...verdict.states].sort(), `program ${index} of seed ${runSeed}:\n${text}`).toEqual(expected);
    states += expected.length;
  }
  expect(states).toBeGreaterThan(5 * COUNT);
});
