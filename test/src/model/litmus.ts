/** Litmus text to the checker's answer, for tests of the model. */
import { layOut, parseLitmus, type Verdict, verdictOf } from "#src/litmus/index.js";
import { check } from "#src/model/check.js";
import type { Limits } from "#src/model/problem.js";

export function verdict(text: string, limits: Limits = {}): Verdict {
  const test = parseLitmus(text);
  const laidOut = layOut(test);
  return verdictOf(test, laidOut, check(laidOut.problem, limits));
}

/** The final states, sorted. */
export function statesOf(text: string): string[] {
  return [...verdict(text).states].sort();
}
