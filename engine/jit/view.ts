/** What region selection reads of a core. */
import type { Form } from "../a64/forms.js";
import type { InstructionFlow } from "./flow.js";
import type { PlanWindow, RegionPlan } from "./plan.js";

export interface CodeView {
  /** The word held by the instruction cache at an address; undefined if it holds none that was executed and is allocated. */
  executed(pc: bigint): ExecutedWord | undefined;
  /** Whether `executed` fetches what it does not hold: nothing is known then of how the core comes to where it looks. */
  readonly isWhole: boolean;
  /** Where the indirect branch at this address last went. */
  lastTarget(pc: bigint): bigint | undefined;
  /** Where it has gone, as far as that is remembered; the last first. */
  targets(pc: bigint): readonly bigint[];
  /** Index of the window that the access at this address has used, if it ran. */
  lastWindow(pc: bigint): number | "several" | undefined;
  /** Bit b: PSTATE.BTYPE = b may land on this word. */
  lands(word: number): number;
  readonly windows: readonly PlanWindow[];
  /** What plans say of the machine. */
  readonly machine: Pick<RegionPlan, "core" | "pages" | "windows" | "checksSP" | "pollsPending">;
}

export interface ExecutedWord {
  readonly word: number;
  readonly form: Form;
  readonly analysed: InstructionFlow;
}
