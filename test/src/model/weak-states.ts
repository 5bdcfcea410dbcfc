/** What the weak machine reaches of a problem, beside what the checker allows. */
import { explore, Uniform } from "#engine/index.js";
import { check } from "#src/model/check.js";
import { stateKey } from "#src/model/combinations.js";
import type { Problem } from "#src/model/problem.js";
import { problemMachine } from "#src/model/weak.js";

export interface Reached {
  /** Final states that were reached and are not allowed; empty where the checker did not look at everything. */
  readonly outside: readonly string[];
  /** How many are allowed, and those that were not reached. */
  readonly allowed: number;
  readonly unreached: readonly string[];
  /** Whether the checker looked at everything. */
  readonly complete: boolean;
}

/** Loops that wait may go round, but not for long. */
const MAX_INSTRUCTIONS = 5000;

/** Explores `runs` executions; then goes on, up to `most`, while an allowed state has not been reached. */
export function reached(problem: Problem, seed: number, runs: number, most = runs): Reached {
  const { states, complete } = check(problem, { timeLimitMs: 20_000 });
  const allowed = new Set(states.map(stateKey));
  const found = new Set<string>();
  const { machine, key } = problemMachine(problem);
  explore(machine, {
    runs: most,
    chooser: new Uniform(seed),
    maxInstructions: MAX_INSTRUCTIONS,
    onRun: ({ reason }, run) => {
      if (reason === "finished") found.add(key());
      return run + 1 >= runs && found.size >= allowed.size;
    },
  });
  return {
    outside: complete ? [...found].filter((state) => !allowed.has(state)) : [],
    allowed: allowed.size,
    unreached: [...allowed].filter((state) => !found.has(state)),
    complete,
  };
}
