/**
 * Turns of loops that a path makes of its own where it is translated: the first ones of small inner loops, on the way in, and several
 * of a loop in which ways only part, before it comes back to its head. (Loops in which ways meet are unrolled where they are selected: unroll.ts.)
 */
import { smallInnerLoops } from "./loops.js";
import type { NextNode, RegionPlan } from "./plan.js";
import type { PathState } from "./state.js";
import { TURNS, UNROLLED, UNROLLED_IN_ALL } from "./unroll.js";

/** Turns that a path into a small inner loop makes of its own, the instructions of one, and those that a region may have more for them. */
const FIRST_TURNS = 4;
/** The same while it is known that another turn follows. */
const FIRST_TURNS_DECIDED = 16;
const FIRST_TURN = 10;
const FIRST_TURNS_IN_ALL = 480;

export class Turns {
  /** Heads of loops whose first turns are made on the way into them, with the instructions of a turn. */
  private readonly small: ReadonlyMap<number, number>;
  /** Instructions that were made once more for a loop's further turns; and for its first ones, with what follows these. */
  private copied = 0;
  private early = 0;

  constructor(
    plan: RegionPlan,
    /** A turn from this node on is not repeated. */
    private readonly switching: number,
  ) {
    this.small = smallInnerLoops(plan, FIRST_TURN);
  }

  /** Instructions that were made more than once. */
  get repeated(): number {
    return this.copied + this.early;
  }

  /** Takes note of an instruction that was made on a path. */
  noteInstruction({ entered, turns }: PathState): void {
    if (entered !== undefined) this.early++;
    else if (turns > 0) this.copied++;
  }

  /**
   * Whether a path into a small loop goes on with a turn of its own, which it takes note of. Where a loop begins V8 looks at its stack limit,
   * registers are brought to where the loop expects them, and what the path knows is lost; and many an inner loop ends after a few turns.
   */
  isEarly(state: PathState, { node, back }: NextNode, isDecided: boolean): boolean {
    const turn = this.small.get(node);
    if (turn === undefined || state.root === node || (back && state.entered !== node)) return false;
    const turns = back ? state.firstTurns + 1 : 1;
    const most = isDecided ? FIRST_TURNS_DECIDED : FIRST_TURNS;
    if (turns > most || this.early + turn > FIRST_TURNS_IN_ALL) return false;
    state.entered = node;
    state.firstTurns = turns;
    return true;
  }

  /**
   * Whether a path that comes back to where it began goes on with a copy of the loop's code. So a small loop looks up, and
   * brings its registers to where the loop expects them, once in several turns.
   */
  isUnrolled(state: PathState, to: number): boolean {
    if (state.root !== to || to === this.switching) return false;
    const turn = state.length / (state.turns + 1);
    if (state.turns + 1 >= TURNS || state.length + turn > UNROLLED) return false;
    return state.entered === undefined
      ? this.copied + turn <= UNROLLED_IN_ALL
      : this.early + turn <= FIRST_TURNS_IN_ALL;
  }
}
