/** What a scene is made from. */
import type { DesignName } from "../static-call/design.js";
import type { Weakening } from "../static-call/weakening.js";

/** What a key can point at: nothing, the function that returns 0, one in the reach of a branch, one that is not. */
export const stateNames = ["null", "ret0", "near", "far"] as const;
export type StateName = (typeof stateNames)[number];

/** How a caller learns that the updates are done before it calls; "none": it does not wait. */
export const synchronisations = ["none", "acquire", "acquire-isb", "control-isb", "dsb-isb", "interrupt"] as const;
export type Synchronisation = (typeof synchronisations)[number];

export interface SceneOptions {
  readonly design: DesignName;
  /** The states in the order of the updates, the initial one first. */
  readonly states: readonly StateName[];
  readonly callers: number;
  /** Calls of each caller. */
  readonly calls: number;
  readonly weakening?: Weakening;
  readonly synchronisation?: Synchronisation;
  readonly idc?: boolean;
  readonly dic?: boolean;
  /** The engine on an x86 host in place of the architecture: see Problem.inOrder. */
  readonly inOrder?: true;
}
