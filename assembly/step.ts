/** What executing one instruction takes, for the run loop and for what regions call. */
import {
  BTYPE, BTYPE_ILLEGAL, BTYPE_MASK, EXCEPTION, EXCEPTION_BRK, FIRST_REGION, FUEL, HANDLER_MASK, HEAT_MAX, HEAT_SHIFT, PC,
  TABLE_LANDS, WINDOW_FLAGS, WINDOW_GUARDED,
} from "./layout";
import { raiseBranchTarget, raiseIllegalState } from "./exceptions";
import { hot } from "./host";
import { windowAt } from "./windows";

/** Heat of a taken branch: loops are worth more than what merely is reached often. */
export const HEAT_BACKWARD: u32 = 4;
export const HEAT_FORWARD: u32 = 1;
/** What a target that is hot but has no region yet is set back by, so that it asks again, but not at every branch. */
const HEAT_SETBACK: u32 = 32;
// @ts-ignore: decorators
@inline
export function charge(core: u32): void {
  store<i64>(core, load<i64>(core, FUEL) - 1, FUEL);
}

/**
 * Whether the word may be come to with this PSTATE.BTYPE, not zero, and IL, which it resets; if not, it is charged for and the exception
 * is raised. `index` is that of the word's window.
 */
export function lands(core: u32, pc: u64, word: u32, index: i32, btype: u32): bool {
  if (btype & BTYPE_ILLEGAL) {
    charge(core);
    raiseIllegalState(core, pc, word);
    return false;
  }
  const guarded = load<u32>(windowAt(index), WINDOW_FLAGS) & WINDOW_GUARDED;
  if (guarded != 0 && ((call_indirect<u32>(TABLE_LANDS, word) >>> btype) & 1) == 0) {
    charge(core);
    raiseBranchTarget(core, pc, word, btype);
    return false;
  }
  store<u32>(core, 0, BTYPE);
  return true;
}

/** Charges for and executes a word that was come to with this PSTATE.BTYPE; gives the next PC. */
export function executeForm(core: u32, handler: i32, word: u32, pc: u64, btype: u32): u64 {
  charge(core);
  const next = call_indirect<u64>(handler, core, word, pc);
  // The one exception of an instruction whose SPSR has the BTYPE that it was met with.
  if (load<u32>(core, EXCEPTION) == EXCEPTION_BRK) store<u32>(core, btype & BTYPE_MASK, BTYPE);
  return next;
}

/** Warms the target of a taken branch and asks for a region when it is hot. */
// @ts-ignore: decorators
@inline
export function warm(core: u32, pc: u64, slot: u32, weight: u32, threshold: u32): void {
  const entry = load<i32>(slot, 4);
  if ((entry & HANDLER_MASK) >= FIRST_REGION) return;
  const heat = min<u32>((<u32>entry >>> HEAT_SHIFT) + weight, HEAT_MAX);
  store<u32>(slot, (entry & HANDLER_MASK) | (heat << HEAT_SHIFT), 4);
  if (heat >= threshold) askForRegion(core, pc, slot, heat);
}

function askForRegion(core: u32, pc: u64, slot: u32, heat: u32): void {
  store<u64>(core, pc, PC);
  hot(core, pc);
  const entry = load<i32>(slot, 4);
  if ((entry & HANDLER_MASK) >= FIRST_REGION || <u32>entry >>> HEAT_SHIFT != heat) return;
  const cooled = heat > HEAT_SETBACK ? heat - HEAT_SETBACK : 0;
  store<u32>(slot, (entry & HANDLER_MASK) | (cooled << HEAT_SHIFT), 4);
}
