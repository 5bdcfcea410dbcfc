/** Settles claims: runs their experiments. */
import type { FinalState, Limits } from "../model/problem.js";
import type { Claim, Experiment, Question } from "./claims.js";
import { callers, callsOf, checkTransition, goesBack, type Outcome, type Witness } from "./outcomes.js";
import type { Scene } from "./scene.js";
import type { SceneOptions } from "./scene-options.js";

export interface ExperimentResult {
  readonly what: string;
  /** Whether it is possible, and in which transitions. */
  readonly possible: boolean;
  readonly where: readonly string[];
  /** How many scenes were asked. */
  readonly asked: number;
  readonly asClaimed: boolean;
  /** Whether the engine on an x86 host can show it: undefined where there is nothing to be shown. */
  readonly inOrder: boolean | undefined;
  readonly complete: boolean;
  readonly witness?: Witness;
}

export interface ClaimResult {
  readonly title: string;
  readonly holds: boolean;
  readonly complete: boolean;
  readonly experiments: readonly ExperimentResult[];
}

const badOutcomes: ReadonlySet<Outcome> = new Set(["nothing", "crash", "wrong"]);

/** Whether a final state answers a question with yes; undefined: states do not answer it. */
function answers(question: Question): ((scene: Scene, state: FinalState) => boolean) | undefined {
  const some = (scene: Scene, state: FinalState, test: (outcome: Outcome) => boolean): boolean =>
    callers(scene).some((caller) => callsOf(scene, state, caller).some(test));
  switch (question.kind) {
    case "outcome":
      return (scene, state) => some(scene, state, (outcome) => outcome === question.outcome);
    case "bad":
      return (scene, state) => some(scene, state, (outcome) => badOutcomes.has(outcome));
    case "back":
      return goesBack;
    case "old after message":
      return (scene, state) =>
        callers(scene).some(
          (caller) =>
            state.values[scene.message?.(caller) ?? -1] === 1n && callsOf(scene, state, caller).includes("old"),
        );
    case "conflict":
      return undefined;
  }
}

interface Answer {
  readonly possible: boolean;
  readonly complete: boolean;
  readonly witness: Witness | undefined;
}

function ask(options: SceneOptions, question: Question, limits: Limits): Answer {
  const test = answers(question);
  const { witnesses, conflicts, complete } = checkTransition(options, limits, test ?? "none");
  const possible = test === undefined ? conflicts.length > 0 : witnesses.length > 0;
  return { possible, complete, witness: witnesses[0] };
}

function run({ what, scenes: of, question, claimed }: Experiment, limits: Limits): ExperimentResult {
  const asked = of.map((options) => ({ options, ...ask(options, question, limits) }));
  const found = asked.filter(({ possible }) => possible);
  const shows = found.length > 0 && question.kind !== "conflict";
  const inOrder = shows && found.some(({ options }) => ask({ ...options, inOrder: true }, question, limits).possible);
  const witness = found.find((each) => each.witness !== undefined)?.witness;
  const complete = asked.every((each) => each.complete);
  return {
    what,
    possible: found.length > 0,
    asked: of.length,
    where: found.map(({ options }) => options.states.join(":")),
    asClaimed: claimed === "everywhere" ? found.length === of.length : found.length === 0 && complete,
    inOrder: shows ? inOrder : undefined,
    complete,
    ...(witness === undefined ? {} : { witness }),
  };
}

/** Settles one claim. */
export function settle({ title, experiments }: Claim, limits: Limits = {}): ClaimResult {
  const results = experiments.map((each) => run(each, limits));
  return {
    title,
    holds: results.every(({ asClaimed }) => asClaimed),
    complete: results.every(({ complete }) => complete),
    experiments: results,
  };
}
