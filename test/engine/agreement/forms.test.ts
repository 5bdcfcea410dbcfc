/** Every form in interpreter and compiled code; CMODX_CASES: more cases of each. forms.long.test.ts has them too. */
import { test } from "vitest";
import { countFromEnvironment, runSeed } from "../../support/random.js";
import { agreeOnEveryForm } from "./forms.js";

const CASES = countFromEnvironment("CMODX_CASES", 40);

test(`interpreter and compiled code agree on every form, seed ${runSeed}`, () => agreeOnEveryForm(CASES, 4), 300_000);
