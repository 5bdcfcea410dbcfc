/**
 * What a test says that it should give, in header lines that herd leaves alone: `Expect=Never`, each state as `State=...`,
 * and each flag as `Flag=...`.
 */
import type { LitmusTest } from "./syntax.js";
import type { Verdict } from "./verdict.js";

export interface Expectation {
  /** Never, Sometimes or Always. */
  readonly observation: string;
  /** The exact set; absent where the test lists none. */
  readonly states?: readonly string[];
  readonly flags: readonly string[];
}

/** Undefined where a test says nothing. */
export function expectationOf({ info }: LitmusTest): Expectation | undefined {
  const valuesOf = (key: string): readonly string[] => info.filter(([name]) => name === key).map(([, value]) => value);
  const [observation] = valuesOf("Expect");
  if (observation === undefined) return undefined;
  const states = valuesOf("State");
  return { observation, flags: valuesOf("Flag"), ...(states.length > 0 && { states }) };
}

/** In what a verdict differs from what its test expects, a line each. */
export function differences(verdict: Verdict): readonly string[] {
  const expected = expectationOf(verdict.test);
  if (expected === undefined) return ["the test has no line Expect=Never, Sometimes or Always"];
  const found = new Set(verdict.flags.map(({ name }) => name));
  return [
    ...(verdict.complete ? [] : [`incomplete: stopped by its limit (${verdict.bound})`]),
    ...(verdict.observation === expected.observation
      ? []
      : [`${verdict.observation} in place of ${expected.observation}`]),
    ...(expected.states === undefined ? [] : setDifferences("state", verdict.states, expected.states)),
    ...setDifferences("flag", [...found], expected.flags),
  ];
}

function setDifferences(what: string, found: readonly string[], expected: readonly string[]): readonly string[] {
  const trimmed = (texts: readonly string[]): readonly string[] => texts.map((text) => text.trim());
  const [has, wants] = [trimmed(found), trimmed(expected)];
  return [
    ...wants.filter((text) => !has.includes(text)).map((text) => `missing ${what}: ${text}`),
    ...has.filter((text) => !wants.includes(text)).map((text) => `unexpected ${what}: ${text}`),
  ];
}
