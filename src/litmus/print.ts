/** Verdicts as text in herd's layout, and as JSON. */
import type { Verdict } from "./verdict.js";

const kinds = { exists: "Allowed", "~exists": "Forbidden", forall: "Required" } as const;

/** The result of a condition, and where the search was cut off, by what. */
function resultText({ ok, complete, bound }: Verdict): string {
  const result = ok === undefined ? "Unknown" : ok ? "Ok" : "No";
  return complete ? result : `Incomplete (${bound ?? "stopped"}) ${result}`;
}

export interface PrintOptions {
  /** Seconds that the check took; absent: no `Time` line. */
  readonly seconds?: number;
  /** The detail of each flag beside its name. */
  readonly verbose?: boolean;
}

/** herd's layout, with a line break at its end. The witness counts are of states, not of executions. */
export function formatVerdict(verdict: Verdict, options: PrintOptions = {}): string {
  const { test, states, holding, failing, observation, condition } = verdict;
  const { name, info } = test;
  const { quantifier } = test.condition;
  const [positive, negative] = quantifier === "~exists" ? [failing, holding] : [holding, failing];
  const flags = [...new Set(verdict.flags.map((flag) => flag.name))].sort();
  const hash = info.find(([key]) => key === "Hash");
  const lines = [
    `Test ${name} ${kinds[quantifier]}`,
    `States ${states.length}`,
    ...states,
    resultText(verdict),
    "Witnesses",
    `Positive: ${positive} Negative: ${negative}`,
    ...flags.flatMap((flag) => [
      `Flag ${flag}`,
      ...(options.verbose
        ? verdict.flags.filter((entry) => entry.name === flag).map(({ detail }) => `  ${detail}`)
        : []),
    ]),
    `Condition ${condition}`,
    `Observation ${name} ${observation} ${holding} ${failing}`,
    ...(options.seconds === undefined ? [] : [`Time ${name} ${options.seconds.toFixed(2)}`]),
    ...(hash === undefined ? [] : [`Hash=${hash[1]}`]),
    "",
  ];
  return `${lines.join("\n")}\n`;
}

/** What `--json` prints for a test. */
export function verdictJson(verdict: Verdict, seconds: number): unknown {
  const { test, states, holding, failing, ok, observation, flags, condition, complete, bound, executions } = verdict;
  return {
    name: test.name,
    file: test.source.file,
    condition,
    ok: ok ?? null,
    observation,
    states,
    holding,
    failing,
    flags,
    complete,
    bound: bound ?? null,
    executions,
    seconds: Math.round(seconds * 1000) / 1000,
  };
}
