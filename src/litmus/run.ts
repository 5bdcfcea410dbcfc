/** A litmus test from its text to its verdict. */
import { check } from "../model/check.js";
import { ModelError } from "../model/errors.js";
import type { CheckResult, Limits } from "../model/problem.js";
import { type LaidOut, layOut } from "./layout.js";
import { parseLitmus } from "./parse.js";
import { errorAt } from "./source.js";
import type { LitmusTest } from "./test.js";
import { type Verdict, verdictOf } from "./verdict.js";

/** Checks the test that `text` holds. Throws a LitmusError; `file` is the name for its message. */
export function runLitmus(text: string, file: string, limits: Limits = {}): Verdict {
  const test = parseLitmus(text, file);
  const laidOut = layOut(test);
  return verdictOf(test, laidOut, checked(test, laidOut, limits));
}

/** The checker knows addresses; the user wants to know the line. */
function checked(test: LitmusTest, { problem, offsetOf, named }: LaidOut, limits: Limits): CheckResult {
  try {
    return check(problem, limits);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const offset = error.pc === undefined ? undefined : offsetOf(error.pc);
    throw errorAt(test.source, offset ?? 0, "unsupported", named(error.message));
  }
}
