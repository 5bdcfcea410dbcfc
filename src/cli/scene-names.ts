/**
 * The names that flags of several commands take. They stand here too: the command line loads nothing of the product before a command runs.
 * Their types hold them.
 */
import type { StateName, Synchronisation } from "../proof/scene-options.js";
import type { DesignName } from "../static-call/design.js";

export const designNames: readonly DesignName[] = [
  "hybrid",
  "hybrid-nocbz",
  "hybrid-ret",
  "hybrid-b",
  "literal",
  "inline",
  "pointer",
  "kcfi",
];

export const stateNames: readonly StateName[] = ["null", "ret0", "near", "far"];

export const synchronisations: readonly Synchronisation[] = [
  "none",
  "acquire",
  "acquire-isb",
  "control-isb",
  "dsb-isb",
  "interrupt",
];
