import { test } from "vitest";
import { countFromEnvironment } from "../../support/random.js";
import { comparePrograms } from "./compare.js";

const COUNT = countFromEnvironment("CMODX_MODEL_PROGRAMS", 40);

test(`${COUNT} random programs have exactly the states that the axioms allow`, () => comparePrograms(COUNT));
