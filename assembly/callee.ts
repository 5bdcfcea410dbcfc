/** The interpreter as compiled regions call it, for code that has no region. */
import {
  BTYPE, CALL_WINDOW_BASE, CALL_WINDOW_BIAS, CALL_WINDOW_BYTES, COUNT_REGION_INSTRUCTIONS, EXCEPTION, FAULT_PC, FIRST_FORM,
  FIRST_REGION, FUEL, HANDLER_MASK, HEAT_THRESHOLD, LEEWAY, PENDING, REGION_STACK, WINDOW_BASE, WINDOW_BYTES,
} from "./layout";
import { increment, prepare } from "./icache";
import { executeForm, HEAT_BACKWARD, HEAT_FORWARD, lands, warm } from "./step";
import { findWindow, slotsOf, windowAt } from "./windows";

/** Of REGION_STACK: beyond this nothing is asked for, since choosing what a region is to be takes stack too. */
const SHALLOW: u32 = 65536;

/** Slot of a guest address in the window of the last call, or else in its own; 0 if it is not executable or not aligned. */
export function callSlot(core: u32, pc: u64): u32 {
  if (pc - load<u64>(core, CALL_WINDOW_BASE) >= load<u64>(core, CALL_WINDOW_BYTES) && !findCallWindow(core, pc)) return 0;
  return (<u32>pc & 3) != 0 ? 0 : <u32>pc * 2 + load<u32>(core, CALL_WINDOW_BIAS);
}

/** Finds the executable window of `pc` for calls; false if there is none. */
function findCallWindow(core: u32, pc: u64): bool {
  const index = findWindow(pc);
  const slots = index < 0 ? 0 : slotsOf(core, index);
  if (slots == 0) return false;
  const base = load<u64>(windowAt(index), WINDOW_BASE);
  store<u64>(core, base, CALL_WINDOW_BASE);
  store<u64>(core, load<u64>(windowAt(index), WINDOW_BYTES), CALL_WINDOW_BYTES);
  store<u32>(core, slots - <u32>base * 2, CALL_WINDOW_BIAS);
  return true;
}

/**
 * Interprets from `from` as far as to `expected`, to code that has a region, or to where the run loop is needed: PENDING, no fuel, a fetch that
 * fails; gives that address, or FAULT_PC with an exception noted. Flags are in NZCV, as the interpreter has them.
 */
export function interpretCallee(core: u32, from: u64, expected: u64): u64 {
  const before = load<i64>(core, FUEL);
  const next = interpret(core, from, expected);
  // Its caller's caller counts all of this as executed in regions.
  increment(core, COUNT_REGION_INSTRUCTIONS, load<i64>(core, FUEL) - before);
  return next;
}

/**
 * The run loop's way of executing, twice: that one keeps its window in locals and stops for the host, this one has the window of calls and gives way
 * to whoever called it. A common inner part would be a call for each branch, or carry both ends through it.
 */
function interpret(core: u32, from: u64, expected: u64): u64 {
  const threshold = load<u32>(core, REGION_STACK) < SHALLOW ? load<u32>(core, HEAT_THRESHOLD) : 0;
  const leeway = load<i64>(core, LEEWAY);
  let pc = from;
  // Worth as much as a turn of a loop: what calls it is hot.
  let weight = HEAT_BACKWARD;
  while (pc != expected) {
    let slot = callSlot(core, pc);
    if (slot == 0) return pc;
    if (threshold != 0 && weight != 0) warm(core, pc, slot, weight, threshold);
    if (atomic.load<u32>(core + PENDING) != 0) return pc;
    const fuel = load<i64>(core, FUEL) + leeway;
    if (fuel <= 0) return pc;
    const end = load<u64>(core, CALL_WINDOW_BASE) + load<u64>(core, CALL_WINDOW_BYTES);
    const batch = <i32>min<i64>(fuel, (end - pc) >>> 2);
    let left = batch;
    let next: u64;
    do {
      const handler = load<i32>(slot, 4) & HANDLER_MASK;
      if (handler >= FIRST_REGION) {
        next = pc;
        break;
      }
      if (handler < FIRST_FORM || load<u32>(core, BTYPE) != 0) {
        store<i64>(core, load<i64>(core, FUEL) - (batch - left), FUEL);
        next = special(core, pc, slot);
        left = batch;
        break;
      }
      left--;
      next = call_indirect<u64>(handler, core, load<u32>(slot), pc);
      if (next != pc + 4) break;
      pc = next;
      slot += 8;
    } while (left != 0);
    store<i64>(core, load<i64>(core, FUEL) - (batch - left), FUEL);
    if (next == FAULT_PC && load<u32>(core, EXCEPTION) != 0) return FAULT_PC;
    // At code that has a region, or a branch to itself, of which the run loop takes care.
    if (next == pc) return pc;
    weight = next == pc + 4 ? 0 : next < pc ? HEAT_BACKWARD : HEAT_FORWARD;
    pc = next;
  }
  return pc;
}

/** A word that is not there or not decoded yet, or met with PSTATE.BTYPE or IL set. */
function special(core: u32, pc: u64, slot: u32): u64 {
  const index = findWindow(pc);
  const handler = prepare(core, index, pc, slot);
  if (handler >= FIRST_REGION) return pc;
  const word = load<u32>(slot);
  const btype = load<u32>(core, BTYPE);
  if (btype != 0 && !lands(core, pc, word, index, btype)) return FAULT_PC;
  return executeForm(core, handler, word, pc, btype);
}
