/** The fetch-execute loop. */
import {
  BTYPE, EXCEPTION, EXCEPTION_INSTRUCTION_PERMISSION, EXCEPTION_INSTRUCTION_UNMAPPED, EXCEPTION_PC_ALIGNMENT,
  EXCEPTION_WAIT, FAULT_PC, FIRST_FORM, FIRST_REGION, FUEL, HANDLER_MASK, HEAT_THRESHOLD, HOST_RETURN, MISSED_REGION,
  MISSES, MISSES_HEARD, MORE_FUEL, PC, PENDING, PENDING_MAINTENANCE, RUNNING, STOP_EXCEPTION,
  STOP_FUEL, STOP_PENDING, STOP_RETURNED, STOP_WAIT, WINDOW_BASE, WINDOW_BYTES,
} from "./layout";
import { disturb } from "./adversary";
import { beginRunning, endRunning, isAlone, takeEntries } from "./broadcast";
import { deliver, raiseFetch } from "./exceptions";
import { missed } from "./host";
import { takeInterrupts } from "./interrupts";
import { decode, prepare } from "./icache";
import { enterRegion, unpackCounts } from "./regions";
import { charge, executeForm, HEAT_BACKWARD, HEAT_FORWARD, lands, warm } from "./step";
import { findWindow, slotsOf, windowAt } from "./windows";

/** More than any region asks for before it starts. */
const ENOUGH_FUEL: i64 = 65536;
/** In EXCEPTION, with FAULT_PC from executeSpecial: nothing was executed, and the slice is to end. */
const SLICE_ENDS: u32 = 0xffff;

// @ts-ignore: decorators
@inline
function stop(core: u32, pc: u64, reason: i32): i32 {
  store<u64>(core, pc, PC);
  return reason;
}

/** Charges for and raises the exception of a fetch that has no executable window, and delivers it. */
function failFetch(core: u32, pc: u64, index: i32): u64 {
  charge(core);
  let exception = index < 0 ? EXCEPTION_INSTRUCTION_UNMAPPED : EXCEPTION_INSTRUCTION_PERMISSION;
  if ((<u32>pc & 3) != 0) exception = EXCEPTION_PC_ALIGNMENT;
  raiseFetch(core, pc, exception);
  return deliver(core);
}

/**
 * Executes what the inner loop leaves out: a word that is not there or not decoded yet, an instruction met with
 * PSTATE.BTYPE or IL set, and compiled regions. A region that leaves FUEL as it was has declined: its first word
 * is then executed by its form, or not at all if the slice had better end here. Exported so that it is not inlined: the
 * loop needs the registers.
 */
export function executeSpecial(core: u32, pc: u64, slot: u32, index: i32): u64 {
  let handler = load<i32>(slot, 4) & HANDLER_MASK;
  if (handler < FIRST_FORM) handler = prepare(core, index, pc, slot);
  const word = load<u32>(slot);
  const btype = load<u32>(core, BTYPE);
  if (btype != 0 && !lands(core, pc, word, index, btype)) return FAULT_PC;
  if (handler >= FIRST_REGION) {
    const before = load<i64>(core, FUEL);
    const next = enterRegion(core, handler, pc);
    if (load<i32>(core, MISSES) >= MISSES_HEARD) {
      store<u32>(core, 0, MISSES);
      missed(core, load<i32>(core, MISSED_REGION));
    }
    if (load<i64>(core, FUEL) != before) return next;
    if (before < ENOUGH_FUEL && load<u32>(core, MORE_FUEL) != 0) {
      store<u32>(core, SLICE_ENDS, EXCEPTION);
      return FAULT_PC;
    }
    handler = decode(word);
  }
  return executeForm(core, handler, word, pc, btype);
}

/** At an interrupt point with PENDING set: takes maintenance, and says whether the run loop has to be left. */
function isWanted(core: u32): bool {
  if (atomic.load<u32>(core + PENDING) & PENDING_MAINTENANCE) takeEntries(core);
  return atomic.load<u32>(core + PENDING) != 0;
}

/** Runs a slice; gives STOP_*. */
export function run(core: u32): i32 {
  if (isAlone()) return execute(core);
  // A call within a call, from one of the host's functions, ends in a core that goes on running.
  const isNested = load<u32>(core, RUNNING) != 0;
  if (!isNested) beginRunning(core);
  disturb(core);
  const reason = execute(core);
  if (!isNested) endRunning(core);
  return reason;
}

/**
 * Executes from PC until the fuel is used, an exception is the host's, a branch goes to HOST_RETURN, the core waits
 * or PENDING is set; gives STOP_*. The outer loop turns once a taken branch, the inner once an instruction; FUEL is exact
 * outside of the inner one.
 */
export function execute(core: u32): i32 {
  const threshold = load<u32>(core, HEAT_THRESHOLD);
  let pc = load<u64>(core, PC);
  let weight: u32 = 0;
  // The window that pc stands in; an empty one to begin with.
  let index = 0;
  let base: u64 = 0;
  let bytes: u64 = 0;
  /** Address of the slot of guest address 0 if the window went on to there, modulo 2^32. */
  let bias: u32 = 0;
  store<u32>(core, 0, EXCEPTION);
  unpackCounts(core);
  pc = takeInterrupts(core, pc);
  while (true) {
    if (pc - base >= bytes || (<u32>pc & 3) != 0) {
      bytes = 0;
      if (pc == load<u64>(core, HOST_RETURN)) {
        store<u32>(core, 0, BTYPE);
        return stop(core, pc, STOP_RETURNED);
      }
      index = findWindow(pc);
      const slots = index < 0 ? 0 : slotsOf(core, index);
      if (slots == 0 || (<u32>pc & 3) != 0) {
        if (load<i64>(core, FUEL) <= 0) return stop(core, pc, STOP_FUEL);
        pc = failFetch(core, pc, index);
        if (pc == FAULT_PC && load<u32>(core, EXCEPTION) != 0) return STOP_EXCEPTION;
        continue;
      }
      base = load<u64>(windowAt(index), WINDOW_BASE);
      bytes = load<u64>(windowAt(index), WINDOW_BYTES);
      bias = slots - <u32>base * 2;
    }
    if (threshold != 0 && weight != 0) warm(core, pc, <u32>pc * 2 + bias, weight, threshold);
    if (atomic.load<u32>(core + PENDING) != 0 && isWanted(core)) return stop(core, pc, STOP_PENDING);
    const fuel = load<i64>(core, FUEL);
    if (fuel <= 0) return stop(core, pc, STOP_FUEL);
    // One count for what ends a run of instructions without a branch: the fuel and the window.
    const batch = <i32>min<i64>(fuel, (base + bytes - pc) >>> 2);
    let left = batch;
    let next: u64;
    do {
      const slot = <u32>pc * 2 + bias;
      const handler = load<u32>(slot, 4) & HANDLER_MASK;
      if (handler - FIRST_FORM >= <u32>(FIRST_REGION - FIRST_FORM) || load<u32>(core, BTYPE) != 0) {
        store<i64>(core, load<i64>(core, FUEL) - (batch - left), FUEL);
        next = executeSpecial(core, pc, slot, index);
        left = batch;
        break;
      }
      left--;
      next = call_indirect<u64>(handler, core, load<u32>(slot), pc);
      if (next != pc + 4) break;
      pc = next;
    } while (left != 0);
    store<i64>(core, load<i64>(core, FUEL) - (batch - left), FUEL);
    weight = 0;
    if (next == FAULT_PC && load<u32>(core, EXCEPTION) != 0) {
      if (load<u32>(core, EXCEPTION) == SLICE_ENDS) {
        store<u32>(core, 0, EXCEPTION);
        return stop(core, pc, STOP_FUEL);
      }
      const isWait = load<u32>(core, EXCEPTION) == EXCEPTION_WAIT;
      pc = deliver(core);
      if (pc == FAULT_PC && load<u32>(core, EXCEPTION) != 0) return isWait ? STOP_WAIT : STOP_EXCEPTION;
    } else if (next != pc) {
      if (next != pc + 4) weight = next < pc ? HEAT_BACKWARD : HEAT_FORWARD;
      pc = next;
    }
  }
}
