/** A litmus test from its text to its verdict. */
import { checkKeeping, type KeptResult } from "../model/check.js";
import { ModelError } from "../model/errors.js";
import type { Limits } from "../model/problem.js";
import { witnessLines } from "../model/witness.js";
import { witnessDot } from "../model/witness-graph.js";
import { type LaidOut, layOut } from "./layout.js";
import { parseLitmus } from "./parse.js";
import { errorAt } from "./source.js";
import type { LitmusTest } from "./syntax.js";
import { type Verdict, verdictOf } from "./verdict.js";

/** One execution with a final state, told and drawn. */
export interface LitmusWitness {
  readonly title: string;
  readonly lines: readonly string[];
  /** A graph in DOT. */
  readonly dot: string;
}

export interface LitmusRun {
  readonly verdict: Verdict;
  /** An execution for each state, in the verdict's order. */
  witnesses(): LitmusWitness[];
}

/** Checks the test that `text` holds. Throws a LitmusError; `file` is the name for its message. */
export function runLitmus(text: string, file: string, limits: Limits = {}): Verdict {
  return runKeeping(text, file, limits).verdict;
}

/** As `runLitmus`; the run can be asked for executions. */
export function runKeeping(text: string, file: string, limits: Limits = {}): LitmusRun {
  const test = parseLitmus(text, file);
  const laidOut = layOut(test);
  const result = checked(test, laidOut, limits);
  const verdict = verdictOf(test, laidOut, result);
  const witnesses = (): LitmusWitness[] =>
    verdict.finalStates.flatMap((state, index) => {
      const found = result.executionOf(state);
      const title = `${test.name}: ${verdict.states[index]}`;
      if (found === undefined) return [];
      return [{ title, lines: witnessLines(found, laidOut.named), dot: witnessDot(found, title, laidOut.named) }];
    });
  return { verdict, witnesses };
}

/** The checker knows addresses; the user wants to know the line. */
function checked(test: LitmusTest, { problem, offsetOf, named }: LaidOut, limits: Limits): KeptResult {
  try {
    return checkKeeping(problem, limits);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const offset = error.pc === undefined ? undefined : offsetOf(error.pc);
    throw errorAt(test.source, offset ?? 0, "unsupported", named(error.message));
  }
}
