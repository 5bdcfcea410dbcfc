/** What taking protections from a design comes to: whether the architecture says that it is wrong, and who can show it. */
import type { Limits } from "../model/problem.js";
import type { DesignName } from "../static-call/design.js";
import type { PatchFaults } from "../static-call/weakening.js";
import { allTransitions, checkTransition, type Outcome } from "./outcomes.js";
import { type SceneOptions, type StateName, stateNames } from "./scene-options.js";

/** What calls may come to during and after one update. */
export interface Allowed {
  /** What a call may come to while the update is under way, or before it is known of. */
  readonly outcomes: readonly Outcome[];
  /** What a call may come to after a DSB and an ISB behind the load that found the update done. */
  readonly synchronised: readonly Outcome[];
}

export interface TransitionVerdict {
  readonly states: readonly [StateName, StateName];
  /** Under the Arm memory model. */
  readonly architecture: Allowed;
  /** In cmodx's engine on a host that keeps loads and stores in order, such as x86. */
  readonly inOrder: Allowed;
  /** Whether instructions are exchanged that may not be while another core executes them. */
  readonly violatesCmodx: boolean;
}

export interface FaultVerdict {
  readonly design: DesignName;
  readonly faults: PatchFaults;
  readonly transitions: readonly TransitionVerdict[];
  /** Whether some transition allows what none may: see `isWrong`. */
  readonly wrong: boolean;
  /** Whether a campaign on an in-order host can show it. False where nothing is wrong. */
  readonly shownInOrder: boolean;
  /** Whether every search came to its end. */
  readonly complete: boolean;
}

export interface JudgeOptions {
  /** The states that the key is switched between; absent: all. */
  readonly states?: readonly StateName[];
  /** CTR_EL0.IDC and DIC. */
  readonly idc?: boolean;
  readonly dic?: boolean;
  readonly limits?: Limits;
}

const bad: ReadonlySet<Outcome> = new Set(["nothing", "crash", "wrong"]);

/** A call that comes to no target or to a wrong one, or crashes; or the old target after a synchronised message. */
export function isWrong({ outcomes, synchronised }: Allowed): boolean {
  return [...outcomes, ...synchronised].some((outcome) => bad.has(outcome)) || synchronised.includes("old");
}

/** Asks the memory model about each pair of states. Throws what `weaken` and `checkTransition` throw. */
export function judge(design: DesignName, faults: PatchFaults, options: JudgeOptions = {}): FaultVerdict {
  const { states = stateNames, idc = false, dic = false, limits = {} } = options;
  let complete = true;
  const ask = (scene: Partial<SceneOptions> & Pick<SceneOptions, "states">) => {
    const result = checkTransition({ design, callers: 1, calls: 1, weakening: faults, idc, dic, ...scene }, limits);
    complete &&= result.complete;
    return result;
  };
  const allowed = (pair: readonly StateName[], host: { readonly inOrder?: true }) => {
    const { outcomes, conflicts } = ask({ states: pair, ...host });
    const { synchronised = [] } = ask({ states: pair, synchronisation: "dsb-isb", ...host });
    return { outcomes, synchronised, conflicts };
  };
  const transitions = allTransitions(states).map((pair): TransitionVerdict => {
    const { conflicts, ...architecture } = allowed(pair, {});
    const { outcomes, synchronised } = allowed(pair, { inOrder: true });
    return { states: pair, architecture, inOrder: { outcomes, synchronised }, violatesCmodx: conflicts.length > 0 };
  });
  return {
    design,
    faults,
    transitions,
    wrong: transitions.some(({ architecture }) => isWrong(architecture)),
    shownInOrder: transitions.some(({ inOrder }) => isWrong(inOrder)),
    complete,
  };
}
