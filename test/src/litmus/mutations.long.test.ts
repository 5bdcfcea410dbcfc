import { test } from "vitest";
import { countFromEnvironment } from "../../support/random.js";
import { runMutations } from "./mutations.js";

const COUNT = countFromEnvironment("CMODX_LITMUS_MUTATIONS", 2000);

test(`${COUNT} mutations of litmus files give typed errors or verdicts`, () => runMutations(COUNT));
