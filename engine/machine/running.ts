/** The words in which a core is told to run, and says how that ended. */
import type { GuestExit } from "./semihosting.js";

/** A symbol of the machine or an address. */
export type Target = string | bigint;

export interface Limits {
  /** Instructions that a call or run may execute. */
  maxInstructions: number;
  /** Milliseconds that it may take; looked at about every million instructions. */
  timeLimitMs: number;
}

export interface RunOptions extends Partial<Limits> {
  /** Where to go on; the current PC if absent. */
  readonly pc?: Target;
}

/** How `run` ended. */
export type RunResult =
  | {
      /**
       * "returned": the function that `call` entered has returned; "waiting": WFI, or WFE without an event; "stopped": by
       * `stop()`; "fuel", "time": a limit was reached.
       */
      readonly reason: "returned" | "waiting" | "stopped" | "fuel" | "time";
      readonly instructions: number;
    }
  | {
      /** The guest has exited by semihosting. */
      readonly reason: "exited";
      readonly exit: GuestExit;
      readonly instructions: number;
    };

export type InterruptKind = "irq" | "fiq";
