/** What a test's executions ended in, and how often: in the layout of herd's companion that runs tests on hardware (litmus7). */
import type { FinalState } from "../model/problem.js";
import type { LaidOut } from "./layout.js";
import { conditionText, holds } from "./propositions.js";
import type { LitmusTest } from "./syntax.js";
import { Judge, type Observation, observationOf, outcome } from "./verdict.js";

/** A final state of the test's problem, and how many executions ended in it. */
export interface CountedState {
  readonly state: FinalState;
  readonly count: number;
}

export interface HistogramRow {
  /** `0:X0=1; [x]=2;`. */
  readonly text: string;
  readonly count: number;
  /** Whether the condition's proposition holds in it. */
  readonly holds: boolean;
}

export interface Histogram {
  readonly name: string;
  readonly quantifier: LitmusTest["condition"]["quantifier"];
  /** What the test's header has as its hash. */
  readonly hash?: string;
  /** Each state that was seen once. */
  readonly rows: readonly HistogramRow[];
  /** Executions that ended in a state in which the proposition holds, and in others. */
  readonly holding: number;
  readonly failing: number;
  /** Whether the condition is met by what was seen, which says nothing of what was not. */
  readonly ok: boolean;
  readonly observation: Observation;
  /** With its quantifier. */
  readonly condition: string;
}

export function histogramOf(test: LitmusTest, laidOut: LaidOut, counted: readonly CountedState[]): Histogram {
  const judge = new Judge(laidOut);
  const { proposition, quantifier } = test.condition;
  const rows = new Map<string, { readonly state: FinalState; readonly holds: boolean; count: number }>();
  for (const { state, count } of counted) {
    if (test.filter !== undefined && !holds(test.filter, (atom) => judge.holds(atom, state))) continue;
    const key = judge.key(state);
    const row = rows.get(key);
    if (row !== undefined) row.count += count;
    else rows.set(key, { state, count, holds: holds(proposition, (atom) => judge.holds(atom, state)) });
  }
  const sorted = [...rows.values()].sort((a, b) => judge.compare(a.state, b.state));
  const countOf = (which: boolean): number =>
    sorted.reduce((sum, row) => (row.holds === which ? sum + row.count : sum), 0);
  const [holding, failing] = [countOf(true), countOf(false)];
  const hash = test.info.find(([key]) => key === "Hash")?.[1];
  return {
    name: test.name,
    quantifier,
    ...(hash === undefined ? {} : { hash }),
    rows: sorted.map(({ state, count, holds }) => ({ text: judge.text(state), count, holds })),
    holding,
    failing,
    ok: outcome(quantifier, holding, failing, true) === true,
    observation: observationOf(holding, failing, true),
    condition: conditionText(test.condition, (value, offset) => judge.constantText(value, offset)),
  };
}

const kinds = { exists: "Allowed", "~exists": "Forbidden", forall: "Required" } as const;

/** The layout of litmus7, with a line break at its end; * marks states in which the proposition holds. */
export function formatHistogram(histogram: Histogram, seconds?: number): string {
  const { name, quantifier, hash, rows, holding, failing, ok, observation, condition } = histogram;
  const width = Math.max(0, ...rows.map(({ count }) => String(count).length));
  const [positive, negative] = quantifier === "~exists" ? [failing, holding] : [holding, failing];
  const lines = [
    `Test ${name} ${kinds[quantifier]}`,
    `Histogram (${rows.length} states)`,
    ...rows.map(({ text, count, holds }) => `${String(count).padEnd(width)}${holds ? "*" : ":"}>${text}`),
    ok ? "Ok" : "No",
    "",
    "Witnesses",
    `Positive: ${positive}, Negative: ${negative}`,
    `Condition ${condition} is ${ok ? "validated" : "NOT validated"}`,
    ...(hash === undefined ? [] : [`Hash=${hash}`]),
    `Observation ${name} ${observation} ${holding} ${failing}`,
    ...(seconds === undefined ? [] : [`Time ${name} ${seconds.toFixed(2)}`]),
    "",
  ];
  return `${lines.join("\n")}\n`;
}
