/**
 * The weak machine: cores that take turns in one thread, under Arm's memory model. An execution is a function of its choices.
 *
 * The model is operational and goes by views, after Promising-ARM (Pulte, Pichon-Pharabod, Kang, Lee, Hur: "Promising-ARM/RISC-V:
 * a simpler and faster operational concurrency model", PLDI 2019): memory is a list of writes in the order in which they
 * became visible, a core has views (times that what it does from now on comes after), a register has the view of what it depends
 * on, and a read may find any write that no view makes it miss. In place of promises, which would have to be certified, accesses wait:
 * stores, DCs, ICs, atomic updates and loads whose values nobody has asked for take effect in any order that dependencies,
 * barriers and coherence allow (the published Flat model's out-of-order satisfaction, Pulte et al., POPL 2018, without its speculation: a
 * load that is satisfied early is one that reads an old value). Fetches are reads with views of their own, as in "ARMv8-A system semantics:
 * instruction fetch in relaxed architectures" (Simner et al., ESOP 2020), with the refinements of Arm's published axioms, of which
 * src/model is the checker here.
 *
 * Every execution is allowed by that checker. Left out, so that some allowed ones never come up:
 *   - a load does not wait beyond the first use of its value, even where nothing orders a later store after it: a sum of it that goes
 *     nowhere, or a store of it that could itself still wait;
 *   - LDXR, LDXP, acquiring loads, loads that extend a sign and the first load of a pair do not wait;
 *   - LDXR does not take its value from a store of its own core that still waits;
 *   - a CAS that waits reads the newest value, and CASP does;
 *   - at most 16 operations of a core wait, and histories are cut at 48 writes;
 *   - WFE does not wait; the counter counts instructions.
 */
import {
  BTYPE, BTYPE_ILLEGAL, ELR_EL1, EXCEPTION, EXCEPTION_ELR, EXCEPTION_INSTRUCTION_PERMISSION,
  EXCEPTION_INSTRUCTION_UNMAPPED, EXCEPTION_PC_ALIGNMENT, FAULT_PC, FIRST_FORM, HANDLER_MASK, HOST_RETURN, PC, TABLE_DECODE, TABLE_LANDS,
  WEAK_CHOICES_LEFT, WEAK_CORES, WEAK_DRAIN, WEAK_END_BLOCKED, WEAK_END_CHOICES, WEAK_END_FAULT, WEAK_END_FINISHED, WEAK_END_INSTRUCTIONS,
  WEAK_END_WAITING, WEAK_EVENT_EXECUTE, WEAK_EVENT_FAULT, WEAK_EXECUTED, WEAK_EXITED, WEAK_EXITS, WEAK_EXIT_COUNT, WEAK_FAULTED, WEAK_FAULTS,
  WEAK_FAULT_BYTES, WEAK_FAULT_COUNT, WEAK_HANDLER, WEAK_INSTRUCTIONS_LEFT, WEAK_MAX_FAULTS, WEAK_RETURNED, WEAK_RUNNING, WEAK_SAVED, WEAK_SAVED_BYTES, WEAK_SAVED_VIEWS, WEAK_SEALED, WEAK_SEALED_BYTES, WEAK_STATUS,
  WEAK_STOP_AT_FAULT, WEAK_VIEWS, WEAK_VIEWS_BYTES, WEAK_WAITING, WINDOW_BASE, WINDOW_FLAGS, WINDOW_GUARDED,
} from "../layout";
import { deliver, raiseBranchTarget, raiseFetch, raiseIllegalState } from "../exceptions";
import { findWindow, hostOf, slotsOf, windowAt } from "../windows";
import { fetch } from "./fetch";
import { forgetHistories } from "./history";
import { forgetMaintenance } from "./maintenance";
import { synchronize } from "./order";
import {
  CURRENT, FAILED, HELD, RELEASED, RESERVATIONS, SAVED, STUCK, VISIBLE, WAITING, chooseFor, choose, clearCore, coreAt, fail, indexOf, isStuck,
  tellIfObserved,
} from "./state";
import { ready, takeEffect } from "./waiting";

const STEP: u32 = 0;
const EXCEPTION_BYTES = 32;

/** What the cores' registers are now is what each execution begins with. Memory is what it is: the host forgets histories before it writes. */
export function seal(): void {
  const count = load<u32>(WEAK_CORES);
  for (let index: u32 = 0; index < count; index++) {
    memory.copy(coreAt(index) + WEAK_SEALED, coreAt(index), WEAK_SEALED_BYTES);
  }
}

/** Registers and memory as they were sealed. */
export function reset(): void {
  forgetHistories();
  forgetMaintenance();
  const count = load<u32>(WEAK_CORES);
  for (let index: u32 = 0; index < count; index++) {
    memory.copy(coreAt(index), coreAt(index) + WEAK_SEALED, WEAK_SEALED_BYTES);
    clearCore(coreAt(index));
    store<u32>(coreAt(index), WEAK_RUNNING, WEAK_STATUS);
  }
  store<u32>(FAILED, 0);
  store<u32>(STUCK, 0);
  store<u32>(CURRENT, 0);
  store<u32>(WEAK_EXECUTED, 0);
  store<u32>(WEAK_FAULT_COUNT, 0);
}

// ---- one instruction --------------------------------------------------------------------------------------------------

function isExit(pc: u64): bool {
  const end: u32 = WEAK_EXITS + (load<u32>(WEAK_EXIT_COUNT) << 3);
  for (let entry: u32 = WEAK_EXITS; entry < end; entry += 8) if (load<u64>(entry) == pc) return true;
  return false;
}

/** Notes the exception that a core has raised, for the host. */
function noteFault(core: u32): void {
  const count = load<u32>(WEAK_FAULT_COUNT);
  if (count == WEAK_MAX_FAULTS) return;
  const entry = WEAK_FAULTS + count * WEAK_FAULT_BYTES;
  store<u32>(WEAK_FAULT_COUNT, count + 1);
  store<u32>(entry, indexOf(core));
  memory.copy(entry + 8, core + EXCEPTION, EXCEPTION_BYTES);
  tellIfObserved(WEAK_EVENT_FAULT, core, load<u64>(core, EXCEPTION_ELR), 0, 0, <u64>load<u32>(core, EXCEPTION), 0);
}

/** An exception goes to the core's handler, or ends its part in the execution. Gives the PC to go on at. */
function takeException(core: u32): u64 {
  noteFault(core);
  const handler = load<u64>(core, WEAK_HANDLER);
  if (handler != 0) {
    synchronize(core);
    store<u64>(core, load<u64>(core, EXCEPTION_ELR), ELR_EL1);
    store<u32>(core, 0, EXCEPTION);
    store<u32>(core, 0, BTYPE);
    return handler;
  }
  const vector = deliver(core);
  if (vector != FAULT_PC || load<u32>(core, EXCEPTION) == 0) {
    synchronize(core);
    return vector;
  }
  store<u32>(core, WEAK_FAULTED, WEAK_STATUS);
  if (load<u32>(WEAK_STOP_AT_FAULT) != 0) fail(WEAK_END_FAULT);
  return load<u64>(core, PC);
}

/** The exception of a fetch that has no executable window. */
function failFetch(core: u32, pc: u64, index: i32): u64 {
  let exception = index < 0 ? EXCEPTION_INSTRUCTION_UNMAPPED : EXCEPTION_INSTRUCTION_PERMISSION;
  if ((<u32>pc & 3) != 0) exception = EXCEPTION_PC_ALIGNMENT;
  raiseFetch(core, pc, exception);
  return takeException(core);
}

/** What PSTATE.BTYPE and IL have against a word; false after raising it. */
function landsOn(core: u32, pc: u64, index: i32, word: u32): bool {
  const btype = load<u32>(core, BTYPE);
  store<u32>(core, 0, BTYPE);
  if (btype & BTYPE_ILLEGAL) {
    raiseIllegalState(core, pc, word);
    return false;
  }
  const guarded = load<u32>(windowAt(index), WINDOW_FLAGS) & WINDOW_GUARDED;
  if (guarded == 0 || ((call_indirect<u32>(TABLE_LANDS, word) >>> btype) & 1) != 0) return true;
  raiseBranchTarget(core, pc, word, btype);
  return false;
}

/** Fetches and executes the instruction at PC. */
function executeOne(core: u32): void {
  const pc = load<u64>(core, PC);
  const index = findWindow(pc);
  const slots = index < 0 ? 0 : slotsOf(core, index);
  if (slots == 0 || (<u32>pc & 3) != 0) return store<u64>(core, failFetch(core, pc, index), PC);
  const window = windowAt(index);
  const word = fetch(core, pc, hostOf(window, pc));
  const slot = slots + <u32>(pc - load<u64>(window, WINDOW_BASE)) * 2;
  let handler = load<i32>(slot, 4) & HANDLER_MASK;
  if (load<u32>(slot) != word || handler < FIRST_FORM) {
    handler = call_indirect<i32>(TABLE_DECODE, word);
    store<u32>(slot, word);
    store<u32>(slot, handler, 4);
  }
  tellIfObserved(WEAK_EVENT_EXECUTE, core, pc, hostOf(window, pc), 4, <u64>word, 0);
  const mayStick = load<u32>(RESERVATIONS) != 0;
  if (mayStick) keepRegisters(core);
  let next: u64 = FAULT_PC;
  if (load<u32>(core, BTYPE) == 0 || landsOn(core, pc, index, word)) next = call_indirect<u64>(handler, core, word, pc);
  store<u32>(SAVED, 0);
  if (isStuck()) return undo(core, mayStick);
  if (next == FAULT_PC && load<u32>(core, EXCEPTION) != 0) next = takeException(core);
  store<u64>(core, next, PC);
}

function keepRegisters(core: u32): void {
  memory.copy(core + WEAK_SAVED, core, WEAK_SAVED_BYTES);
  memory.copy(core + WEAK_SAVED_VIEWS, core + WEAK_VIEWS, WEAK_VIEWS_BYTES);
  store<u32>(SAVED, core);
}

/** The instruction has not come to its end, and will be executed again when a reservation has come to its own. */
function undo(core: u32, isKept: bool): void {
  store<u32>(STUCK, 0);
  if (!isKept) return fail(WEAK_END_BLOCKED);
  memory.copy(core, core + WEAK_SAVED, WEAK_SAVED_BYTES);
  memory.copy(core + WEAK_VIEWS, core + WEAK_SAVED_VIEWS, WEAK_VIEWS_BYTES);
  store<u32>(core, load<u32>(RELEASED) + 1, HELD);
}

/** A core executes until it has done something that others may see, or see something of. */
function step(core: u32): void {
  store<u32>(VISIBLE, 0);
  store<u32>(core, 0, HELD);
  do {
    const left = load<u32>(WEAK_INSTRUCTIONS_LEFT);
    if (left == 0) return fail(WEAK_END_INSTRUCTIONS);
    store<u32>(WEAK_INSTRUCTIONS_LEFT, left - 1);
    store<u32>(WEAK_EXECUTED, load<u32>(WEAK_EXECUTED) + 1);
    executeOne(core);
    const pc = load<u64>(core, PC);
    if (load<u32>(core, WEAK_STATUS) != WEAK_RUNNING || load<u32>(core, HELD) != 0) return;
    if (pc == load<u64>(core, HOST_RETURN)) return store<u32>(core, WEAK_RETURNED, WEAK_STATUS);
    if (isExit(pc)) return store<u32>(core, WEAK_EXITED, WEAK_STATUS);
  } while (load<u32>(VISIBLE) == 0);
  if (load<u32>(VISIBLE) == 2) store<u32>(core, WEAK_WAITING, WEAK_STATUS);
}

// ---- an execution -----------------------------------------------------------------------------------------------------

/** Whether a core has an instruction to execute that nothing is known to hold up. */
function canStep(core: u32): bool {
  return load<u32>(core, WEAK_STATUS) == WEAK_RUNNING && load<u32>(core, HELD) != load<u32>(RELEASED) + 1;
}

/** The core whose turn it is acts: with its next instruction, or an operation that waits takes effect. */
function act(core: u32, waiting: u32): void {
  const runs = canStep(core);
  if (waiting == 0) return step(core);
  const operations = <u32>popcnt(waiting);
  let chosen = chooseFor(core, WEAK_DRAIN, operations + (runs ? 1 : 0));
  if (runs) {
    if (chosen == 0) return step(core);
    chosen--;
  }
  let set = waiting;
  while (chosen-- > 0) set &= set - 1;
  takeEffect(core, <u32>ctz(set));
}

/** Whose turn it is, of a set of cores: the one that has just acted comes first, then the others by number. */
function turn(set: u32): u32 {
  const current = load<u32>(CURRENT);
  const count = <u32>popcnt(set);
  let chosen = count == 1 ? 0 : choose(STEP, count, current | (set << 8));
  let rest = set;
  if ((rest >>> current) & 1) {
    if (chosen == 0) return current;
    chosen--;
    rest &= ~(<u32>1 << current);
  }
  while (chosen-- > 0) rest &= rest - 1;
  return <u32>ctz(rest);
}

/** The end of an execution in which nobody can go on. */
function endOf(): i32 {
  const count = load<u32>(WEAK_CORES);
  let isWaiting = false;
  for (let index: u32 = 0; index < count; index++) {
    if (load<u32>(coreAt(index), WAITING) != 0 || load<u32>(coreAt(index), HELD) != 0) return WEAK_END_BLOCKED;
    if (load<u32>(coreAt(index), WEAK_STATUS) == WEAK_WAITING) isWaiting = true;
  }
  return isWaiting ? WEAK_END_WAITING : WEAK_END_FINISHED;
}

/** Goes on until the execution ends, or for one turn; gives WEAK_END_*, or -1 if there is more to come. */
export function run(single: bool): i32 {
  const count = load<u32>(WEAK_CORES);
  while (true) {
    let set: u32 = 0;
    for (let index: u32 = 0; index < count; index++) {
      const core = coreAt(index);
      if (canStep(core) || (load<u32>(core, WAITING) != 0 && ready(core) != 0)) set |= 1 << index;
    }
    if (set == 0) return endOf();
    if (load<i32>(WEAK_CHOICES_LEFT) <= 0) return WEAK_END_CHOICES;
    const index = turn(set);
    store<u32>(CURRENT, index);
    const core = coreAt(index);
    act(core, load<u32>(core, WAITING) == 0 ? 0 : ready(core));
    const failed = load<u32>(FAILED);
    if (failed != 0) return failed - 1;
    if (single) return -1;
  }
}
