import { test } from "vitest";
import { countFromEnvironment } from "../../support/random.js";
import { compareFetchPrograms, comparePrograms } from "./compare.js";

const COUNT = countFromEnvironment("CMODX_MODEL_PROGRAMS", 400);
/** They are much quicker: most of their choices are made by their order. */
const FETCH_COUNT = 5 * COUNT;

test(`${COUNT} random programs have exactly the states that the axioms allow`, () => comparePrograms(COUNT));

test(`${FETCH_COUNT} random programs that modify code have exactly the states that the axioms allow`, () =>
  compareFetchPrograms(FETCH_COUNT));
