/** Barriers, context synchronisation and cache maintenance, as the handlers call them. */
import {
  ACCESS_WRITE, COUNT_WRITES, EXCEPTION_DATA_PERMISSION, EXCEPTION_DATA_UNMAPPED, LINE, WEAK_DELAY, WEAK_EVENT_BARRIER,
  WEAK_SYNC_VIEW, WINDOW_FLAGS, WINDOW_WRITE,
} from "../layout";
import { eret as eretOf, raiseDataAbort, trap } from "../exceptions";
import { increment } from "../icache";
import { findWindow, hostOf, maintainedAddress, windowAt } from "../windows";
import { storeTo } from "./accesses";
import { ALL_LINES, completeInvalidates } from "./maintenance";
import {
  BARE_READS_VIEW, BEFORE_CLEANS, BEFORE_LOADS, BEFORE_LOADS_READ, BEFORE_STORES, CLEANS_VIEW, COMPLETED_VIEW, FETCHED_VIEW, FETCH_VIEW,
  INVALIDATES_VIEW, NEW_VIEW, READS_VIEW, VISIBLE, WRITES_VIEW, addTo, WAITING, chooseFor, isStuck, lineOf, raiseView, tellIfObserved, tick,
} from "./state";
import {
  CLEAN, INVALIDATE, KEPT, KIND, LOAD, STORE, UPDATE, force, issue, mayIssue, need, operationAt, waitingInLine, waitingOf,
} from "./waiting";

// In the order of BarrierOp, DataCacheOp, InstructionCacheOp and HintOp of engine/a64/ops.ts.
const DMB = 0;
const ISB = 2;
const IVAC = 3;
const ZVA = 6;
const CSW: u32 = 7;
const IVAU = 0;
const WFI: u32 = 3;

// CRm<1:0> of a barrier: 00 is reserved and acts as all.
const LOADS: u32 = 1;
const STORES: u32 = 2;

const WRITES_SET: u32 = (1 << STORE) | (1 << UPDATE);
const MEMORY_SET: u32 = (1 << LOAD) | (1 << STORE) | (1 << UPDATE);

/** Waiting reads whose values are kept: what DMB LD and DSB LD wait for. */
function waitingReads(core: u32): u32 {
  let set: u32 = 0;
  for (let rest = waitingOf(core, (1 << LOAD) | (1 << UPDATE)); rest != 0; rest &= rest - 1) {
    const place = <u32>ctz(rest);
    const entry = operationAt(core, place);
    if (load<u32>(entry, KIND) == LOAD || load<u32>(entry, KEPT) != 0) set |= 1 << place;
  }
  return set;
}

/** The view of all that a core has done to memory so far and that has taken effect, DCs included. */
function memoryView(core: u32): u32 {
  const reads = max(load<u32>(core, READS_VIEW), load<u32>(core, BARE_READS_VIEW));
  return max(reads, max(load<u32>(core, WRITES_VIEW), load<u32>(core, CLEANS_VIEW)));
}

function dataMemoryBarrier(core: u32, accesses: u32): void {
  if (accesses == LOADS) {
    const reads = waitingReads(core);
    addTo(core + BEFORE_LOADS_READ, reads);
    addTo(core + BEFORE_STORES, reads);
    raiseView(core + NEW_VIEW, load<u32>(core, READS_VIEW));
  } else if (accesses == STORES) {
    addTo(core + BEFORE_STORES, waitingOf(core, WRITES_SET));
  } else {
    const all = waitingOf(core, MEMORY_SET | (1 << CLEAN));
    addTo(core + BEFORE_LOADS, all);
    addTo(core + BEFORE_STORES, all);
    addTo(core + BEFORE_CLEANS, all);
    raiseView(core + NEW_VIEW, memoryView(core));
  }
}

/** What comes before it takes effect; what follows, fetches apart, comes after. */
function dataSynchronizationBarrier(core: u32, accesses: u32): void {
  let view: u32 = 0;
  if (accesses == LOADS) {
    if (!need(core, waitingReads(core))) return;
    view = load<u32>(core, READS_VIEW);
  } else if (accesses == STORES) {
    if (!need(core, waitingOf(core, WRITES_SET))) return;
    view = load<u32>(core, WRITES_VIEW);
  } else {
    if (!need(core, 0xffffffff)) return;
    view = max(memoryView(core), max(load<u32>(core, INVALIDATES_VIEW), load<u32>(core, FETCHED_VIEW)));
    completeInvalidates(core, tick());
  }
  raiseView(core + NEW_VIEW, view);
  raiseView(core + COMPLETED_VIEW, view);
}

/** A context synchronisation event: what follows, fetches included, comes after the branches, addresses and DSBs before it. */
export function synchronize(core: u32): void {
  const view = max(load<u32>(core, WEAK_SYNC_VIEW), load<u32>(core, COMPLETED_VIEW));
  raiseView(core + NEW_VIEW, view);
  raiseView(core + FETCH_VIEW, view);
}

/** DMB, DSB, ISB; `option` is CRm. */
export function barrier(core: u32, pc: u64, op: u32, option: u32): void {
  if (isStuck()) return;
  store<u32>(VISIBLE, 1);
  const accesses = option & 3;
  if (op == ISB) synchronize(core);
  else if (op == DMB) dataMemoryBarrier(core, accesses);
  else dataSynchronizationBarrier(core, accesses);
  if (!isStuck()) tellIfObserved(WEAK_EVENT_BARRIER, core, pc, 0, op, <u64>option, 0);
}

export function eret(core: u32, pc: u64): u64 {
  synchronize(core);
  return eretOf(core, pc);
}

/** Cores do not wait for events: WFE may always go on. WFI ends a core's part in the execution. */
export function hint(core: u32, pc: u64, op: u32): u64 {
  store<u32>(VISIBLE, op == WFI ? 2 : 1);
  return pc + 4;
}

// ---- cache maintenance ------------------------------------------------------------------------------------------------

/** DC ZVA: eight stores of zeros, which nothing orders. */
function zeroLine(core: u32, pc: u64, address: u64): i32 {
  const line = address & ~(<u64>LINE - 1);
  const index = findWindow(line);
  if (index < 0 || (load<u32>(windowAt(index), WINDOW_FLAGS) & WINDOW_WRITE) == 0) {
    const exception = index < 0 ? EXCEPTION_DATA_UNMAPPED : EXCEPTION_DATA_PERMISSION;
    raiseDataAbort(core, pc, address, LINE | (ACCESS_WRITE << 8), exception, true);
    return 0;
  }
  const host = hostOf(windowAt(index), line);
  for (let offset: u32 = 0; offset < <u32>LINE; offset += 8) storeTo(core, pc, host + offset, 8, 0, 0, 0, 0);
  increment(core, COUNT_WRITES);
  return 1;
}

function issueMaintenance(core: u32, pc: u64, kind: u32, host: u32, before: u32): void {
  store<u32>(VISIBLE, 1);
  if (!mayIssue(core)) return;
  const place = issue(core, kind, pc, host, 1, before & load<u32>(core, WAITING));
  if (chooseFor(core, WEAK_DELAY, 2) == 0) force(core, 1 << place);
}

/**
 * DC by address to the point of unification or beyond; nothing is left of IVAC, and of the operations by set and way, because data
 * caches are coherent.
 */
export function cleanLine(core: u32, pc: u64, op: u32, address: u64): i32 {
  if (op == ZVA) return zeroLine(core, pc, address);
  if (op >= CSW) return trap(core, pc, 1) ? 0 : 1;
  if (op == IVAC && trap(core, pc, 1)) return 0;
  const host = maintainedAddress(core, pc, address, op == IVAC ? WINDOW_WRITE : 0);
  if (!host) return 0;
  if (op == IVAC) return 1;
  issueMaintenance(core, pc, CLEAN, host, waitingInLine(core, lineOf(host)) | load<u32>(core, BEFORE_CLEANS));
  return 1;
}

/** IC. All of a domain's caches, IALLU too. */
export function invalidateLine(core: u32, pc: u64, op: u32, address: u64): i32 {
  if (op != IVAU) {
    if (trap(core, pc, 1)) return 0;
    issueMaintenance(core, pc, INVALIDATE, ALL_LINES, 0);
    return 1;
  }
  const host = maintainedAddress(core, pc, address, 0);
  if (!host) return 0;
  issueMaintenance(core, pc, INVALIDATE, lineOf(host), 0);
  return 1;
}
