/** An instruction of a region while it is selected: where it stands, and where it goes. */
import type { InstructionFlow } from "./flow.js";
import type { PlanInstruction, Successor } from "./plan.js";
import type { ExecutedWord } from "./view.js";

export interface Place extends InstructionFlow {
  readonly instruction: PlanInstruction;
  /** PSTATE.BTYPE that its indirect branch sets. */
  readonly btype: number;
  /** Where it goes: one for straight code, [taken, next] for conditions. Filled when its successors are explored. */
  readonly successors: (Place | Successor)[];
  /** The targets for which an indirect branch goes to its successors. */
  readonly predictions: bigint[];
  /** A call that leaves the region, and comes back. */
  call: PlaceCall | undefined;
  /** A BR that goes to the region's dispatch node. */
  isSwitch: boolean;
  predecessors: number;
  /** Reached as one of two ways on, or from behind a call, so that it starts a node. */
  startsNode: boolean;
  /** Reached from outside: the registers are in their canonical locals. */
  isEntered: boolean;
}

export const isPlace = (to: Place | Successor): to is Place => "instruction" in to;

export interface PlaceCall {
  /** Undefined for BLR. */
  readonly callee: bigint | undefined;
  /** Where a BLR has gone. */
  readonly guesses: readonly bigint[];
  readonly returnTo: bigint;
  to: Place | Successor;
}

export function placeOf(
  pc: bigint,
  { word, form, analysed }: ExecutedWord,
  window: number | "several" | undefined,
  btype: number,
): Place {
  const { handler } = form;
  return {
    // Property by property: so that all places have the same shape. Spreading took a third of selection's time.
    flow: analysed.flow,
    reads: analysed.reads,
    writes: analysed.writes,
    flags: analysed.flags,
    access: analysed.access,
    leaves: analysed.leaves,
    writesLink: analysed.writesLink,
    literal: analysed.literal,
    moves: analysed.moves,
    instruction: window === undefined ? { pc, word, handler } : { pc, word, handler, window },
    btype,
    successors: [],
    predictions: [],
    call: undefined,
    isSwitch: false,
    predecessors: 0,
    startsNode: false,
    isEntered: false,
  };
}
