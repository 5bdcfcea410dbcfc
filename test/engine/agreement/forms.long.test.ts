/** forms.test.ts with more cases of each form. */
import { test } from "vitest";
import { agreeOnEveryForm } from "./forms.js";

test("interpreter and compiled code agree on every form, with more cases", () => agreeOnEveryForm(500, 10));
