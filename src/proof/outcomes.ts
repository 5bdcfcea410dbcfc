/** What a scene's final states say about calls: which target each got to, or how it ended. */
import { checkKeeping, type KeptResult } from "../model/check.js";
import type { CheckResult, FinalState, Limits, ThreadFault } from "../model/problem.js";
import { witnessLines } from "../model/witness.js";
import { witnessDot } from "../model/witness-graph.js";
import { namer } from "./naming.js";
import { buildScene, type Scene, UNMADE } from "./scene.js";
import type { SceneOptions, StateName } from "./scene-options.js";
import { NOTHING } from "./scene-text.js";

/**
 * old, new   the target before the updates, or after all of them (with null: nothing was called, as it should be)
 * between    a target that was current between two updates
 * nothing    nothing was called, though there always was a target
 * crash      the caller took a fault
 * wrong      something else was called
 */
export type Outcome = "old" | "new" | "between" | "nothing" | "crash" | "wrong";

export const outcomeOrder: readonly Outcome[] = ["old", "between", "new", "nothing", "crash", "wrong"];

/** One execution, told and drawn. */
export interface Witness {
  readonly title: string;
  readonly lines: readonly string[];
  /** A graph in DOT. */
  readonly dot: string;
}

export interface TransitionSummary {
  readonly options: SceneOptions;
  /** What any call may come to. */
  readonly outcomes: readonly Outcome[];
  /** What any call of a caller that has got the message may come to; absent if none was waited for. */
  readonly synchronised?: readonly Outcome[];
  /** Whether a caller may get to a newer target and then, in a later call, to an older one. */
  readonly goesBack: boolean;
  /** The crashes, as text. */
  readonly crashes: readonly string[];
  /** Pairs of instructions that the architecture does not let one exchange under a running core. */
  readonly conflicts: readonly string[];
  /** How many different final states there are. */
  readonly states: number;
  readonly complete: boolean;
  readonly bound?: NonNullable<CheckResult["bound"]>;
  readonly executions: number;
  readonly seconds: number;
  /** Those that were asked for. */
  readonly witnesses: readonly Witness[];
}

function isCrash({ type }: ThreadFault): boolean {
  return type !== "svc";
}

/** The place of a returned value among the states; the latest state that has it. */
function stateOf(scene: Scene, value: bigint): number {
  return scene.returns.lastIndexOf(value);
}

function outcomeOf(scene: Scene, value: bigint): Outcome {
  const index = stateOf(scene, value);
  if (index === scene.returns.length - 1) return "new";
  if (index === 0) return "old";
  if (index > 0) return "between";
  return value === NOTHING ? "nothing" : "wrong";
}

/** The outcomes of one caller's calls, as far as they were made. */
export function callsOf(scene: Scene, state: FinalState, caller: number): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let call = 0; call < scene.options.calls; call++) {
    const value = state.values[scene.result(caller, call)] ?? UNMADE;
    if (value !== UNMADE) outcomes.push(outcomeOf(scene, value));
    else if (state.faults.some((fault) => fault.thread === caller && isCrash(fault))) return [...outcomes, "crash"];
    else break;
  }
  return outcomes;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function crashText(fault: ThreadFault): string {
  if (fault.type === "translation" && fault.address === undefined)
    return `branch to ${hex(fault.pc)}, where nothing is mapped`;
  const at = fault.address === undefined ? "" : ` of ${hex(fault.address)}`;
  return `${fault.type} fault${at} at ${hex(fault.pc)}`;
}

/** The crashes of a state, with addresses as 0x... */
export function crashesOf({ faults }: FinalState): string[] {
  return faults.filter(isCrash).map(crashText);
}

/** Whether a state has a caller in which a newer target comes before an older one. */
export function goesBack(scene: Scene, state: FinalState): boolean {
  for (let caller = 0; caller < scene.options.callers; caller++) {
    let newest = -1;
    for (let call = 0; call < scene.options.calls; call++) {
      const index = stateOf(scene, state.values[scene.result(caller, call)] ?? UNMADE);
      if (index >= 0 && index < newest) return true;
      newest = Math.max(newest, index);
    }
  }
  return false;
}

/** The callers' numbers. */
export function callers(scene: Scene): number[] {
  return Array.from({ length: scene.options.callers }, (_, caller) => caller);
}

function inOrder(outcomes: Iterable<Outcome>): Outcome[] {
  const found = new Set(outcomes);
  return outcomeOrder.filter((outcome) => found.has(outcome));
}

function synchronisedOutcomes(scene: Scene, states: readonly FinalState[]): Outcome[] | undefined {
  const { message } = scene;
  if (message === undefined) return undefined;
  return inOrder(
    states.flatMap((state) =>
      callers(scene).flatMap((caller) => (state.values[message(caller)] === 1n ? callsOf(scene, state, caller) : [])),
    ),
  );
}

/** Which states are to be told: an execution for each outcome, or for the first state that a test picks. */
export type WitnessChoice = "none" | "outcomes" | ((scene: Scene, state: FinalState) => boolean);

/** The states to be told, by what they are told for. */
function chosenStates(scene: Scene, states: readonly FinalState[], choice: WitnessChoice): [string, FinalState][] {
  if (choice === "none") return [];
  if (choice !== "outcomes") {
    const state = states.find((each) => choice(scene, each));
    return state === undefined ? [] : [["", state]];
  }
  const first = new Map<Outcome, FinalState>();
  for (const state of states) {
    for (const outcome of callers(scene).flatMap((caller) => callsOf(scene, state, caller))) {
      if (!first.has(outcome)) first.set(outcome, state);
    }
  }
  return inOrder(first.keys()).map((outcome) => [`: ${outcome}`, first.get(outcome) as FinalState]);
}

function witnessesOf(
  scene: Scene,
  result: KeptResult,
  choice: WitnessChoice,
  named: (text: string) => string,
): Witness[] {
  return chosenStates(scene, result.states, choice).flatMap(([what, state]) => {
    const found = result.executionOf(state);
    const title = `${scene.problem.name}${what}`;
    if (found === undefined) return [];
    return [{ title, lines: witnessLines(found, named), dot: witnessDot(found, title, named) }];
  });
}

/** Checks one scene. */
export function checkTransition(
  options: SceneOptions,
  limits: Limits = {},
  witness: WitnessChoice = "none",
): TransitionSummary {
  const start = performance.now();
  const scene = buildScene(options);
  const result = checkKeeping(scene.problem, limits);
  const named = namer(scene.symbols);
  const { states } = result;
  const crashes = states.flatMap(crashesOf).map(named);
  const synchronised = synchronisedOutcomes(scene, states);
  const conflicts = result.flags.filter(({ name }) => name === "violates-CMODX-requirements");
  return {
    options,
    outcomes: inOrder(states.flatMap((state) => callers(scene).flatMap((caller) => callsOf(scene, state, caller)))),
    ...(synchronised === undefined ? {} : { synchronised }),
    goesBack: states.some((state) => goesBack(scene, state)),
    crashes: [...new Set(crashes)].sort(),
    conflicts: conflicts.map(({ detail }) => named(detail)),
    states: states.length,
    complete: result.complete,
    ...(result.bound === undefined ? {} : { bound: result.bound }),
    executions: result.executions,
    seconds: (performance.now() - start) / 1000,
    witnesses: witnessesOf(scene, result, witness, named),
  };
}

/** Each state to each, the ones with another function behind the same name too. */
export function allTransitions(states: readonly StateName[]): (readonly [StateName, StateName])[] {
  const same: ReadonlySet<StateName> = new Set(["null", "ret0"]);
  return states.flatMap((from) => states.flatMap((to) => (from === to && same.has(from) ? [] : [[from, to] as const])));
}
