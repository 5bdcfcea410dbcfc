/**
 * Cache maintenance by the guest, as late as the architecture allows (Arm ARM B2.7, D7.5):
 *
 *   DC CVAU    queues the line
 *   IC IVAU    queues the line
 *   DSB        first completes the queued ICs: the line is condemned, which is to say that from the next context
 *              synchronisation on the core must not execute anything older than what the point of unification has
 *              *now*; then completes the queued DCs: the point of unification gets what memory has. In this order,
 *              because nothing orders a DC before an IC without a DSB between them
 *   ISB, exception entry, ERET
 *              the condemned lines take effect
 *
 * So a sequence that leaves out a step, or a barrier between steps, leaves old words in the cache. A full list makes the
 * operation take effect at once, which is always allowed. What is invalidated for other cores too goes into the
 * machine's maintenance log (assembly/broadcast.ts) where it is executed, and a DSB waits until they have taken it.
 */
import {
  ACCESS_WRITE, COUNT_WRITES, EXCEPTION_DATA_PERMISSION, EXCEPTION_DATA_UNMAPPED, LINE, PENDING, QUEUES, RECORDED_CLEAN, RECORDED_DSB,
  RECORDED_INVALIDATE, RECORDED_INVALIDATE_ALL, WINDOW_BASE, WINDOW_BYTES, WINDOW_COHERENT, WINDOW_COUNT, WINDOW_FLAGS, WINDOW_HOST,
  WINDOW_POU, WINDOW_WRITE,
} from "./layout";
import { append, awaitOthers, isAlone, ENTRY_ALL, ENTRY_LINE, ENTRY_NOW, record } from "./broadcast";
import {
  condemnAll, condemnLine, copyLine, isCoherent, refreshLine, synchronizeContext, unificationOf, WHOLE,
} from "./condemned";
import { raiseDataAbort, raiseUnresponsive, trap } from "./exceptions";
import { dropWords, increment, replaceLine } from "./icache";
import { accessAnywhere, findWindow, maintainedAddress, windowAt } from "./windows";

// In the order of BarrierOp, DataCacheOp and InstructionCacheOp of engine/a64/ops.ts.
const DSB = 1;
const ISB = 2;
const IVAC = 3;
const ZVA = 6;
const CSW: u32 = 7;
const ISW = 9;
const IVAU = 0;
const IALLUIS = 2;

/** CRm of a DSB, bits 3:2: the domain that contains this core alone. */
const NON_SHAREABLE: u32 = 1;

// ---- the queues; they end within MAINTENANCE_BYTES ---------------------------------------------------------
const CAPACITY: u32 = 512;
const CLEAN_COUNT = QUEUES;
const INVALIDATE_COUNT = QUEUES + 4;
/** u32: an IC IALLU(IS) is queued. */
const INVALIDATE_ALL = QUEUES + 8;
const CLEAN_LIST = QUEUES + 16;
const INVALIDATE_LIST = CLEAN_LIST + 4 * 512;

/** The point of unification gets what memory has. */
export function cleanLine(core: u32, line: u32): void {
  const unification = unificationOf(line);
  if (!unification) return;
  if (unification != line) copyLine(unification, line);
  if (!isCoherent()) return;
  replaceLine(core, line, unification, WHOLE);
  if (!isAlone()) append(core, ENTRY_NOW, line);
}

/** The ICs that a DSB of all access types completes, as far as this core's own cache goes. Whether there were any. */
function completeInvalidations(core: u32): bool {
  const invalidations = load<u32>(core, INVALIDATE_COUNT);
  const all = load<u32>(core, INVALIDATE_ALL);
  if ((invalidations | all) == 0) return false;
  store<u32>(core, 0, INVALIDATE_COUNT);
  for (let i: u32 = 0; i < invalidations; i++) condemnLine(core, load<u32>(core + INVALIDATE_LIST + i * 4));
  if (all) {
    store<u32>(core, 0, INVALIDATE_ALL);
    condemnAll(core, false);
  }
  return true;
}

/** The DCs that it completes. Whether there were any. */
function completeCleans(core: u32): bool {
  const cleans = load<u32>(core, CLEAN_COUNT);
  if (cleans == 0) return false;
  store<u32>(core, 0, CLEAN_COUNT);
  for (let i: u32 = 0; i < cleans; i++) cleanLine(core, load<u32>(core + CLEAN_LIST + i * 4));
  return true;
}

/** What a DSB of all access types completes; gives the number of a core that does not take its part, -1 if all have. */
function completeMaintenance(core: u32, pc: u64, isShared: bool): i32 {
  let isRecorded = completeInvalidations(core);
  // ICs first, in the other cores as well: what a DC cleans that no DSB has kept before the IC, they may not see.
  const missing = isShared ? awaitOthers(core) : -1;
  if (completeCleans(core)) isRecorded = true;
  if (isRecorded) record(core, pc, RECORDED_DSB, 0);
  return missing >= 0 || !isShared ? missing : awaitOthers(core);
}

// ---- instructions -----------------------------------------------------------------------------------------

/** DMB, DSB, ISB; `option` is CRm: the domain in bits 3:2, the access types in bits 1:0. The caller looks at EXCEPTION. */
export function barrier(core: u32, pc: u64, op: u32, option: u32): void {
  if (op == ISB) return synchronizeContext(core);
  // Stands for a fence, which this compiler's validator does not take: an atomic operation is one as well.
  atomic.add<u32>(core + PENDING, 0);
  // A DSB of loads or of stores only does not wait for maintenance. Types 0 is reserved and acts as all.
  if (op != DSB || ((option & 3) != 3 && (option & 3) != 0)) return;
  const missing = completeMaintenance(core, pc, !isAlone() && option >>> 2 != NON_SHAREABLE);
  if (missing >= 0) raiseUnresponsive(core, pc, missing);
}

function queue(core: u32, countField: u32, listField: u32, line: u32): bool {
  const count = load<u32>(core + countField);
  const list = core + listField;
  if (count > 0 && load<u32>(list + (count - 1) * 4) == line) return true;
  if (count == CAPACITY) return false;
  store<u32>(list + count * 4, line);
  store<u32>(core + countField, count + 1);
  return true;
}

/** DC ZVA: the line as one store of zeros; what a failing one reports is the operation's own address. */
function zeroLine(core: u32, pc: u64, address: u64): i32 {
  const line = address & ~(<u64>LINE - 1);
  const index = findWindow(line);
  if (index < 0 || (load<u32>(windowAt(index), WINDOW_FLAGS) & WINDOW_WRITE) == 0) {
    const exception = index < 0 ? EXCEPTION_DATA_UNMAPPED : EXCEPTION_DATA_PERMISSION;
    raiseDataAbort(core, pc, address, LINE | (ACCESS_WRITE << 8), exception, true);
    return 0;
  }
  const host = accessAnywhere(core, pc, line, LINE | (ACCESS_WRITE << 8));
  if (!host) return 0;
  memory.fill(host, 0, LINE);
  increment(core, COUNT_WRITES);
  return 1;
}

/**
 * DC CSW and CISW, by set and way: this cache has neither, so all that can be executed is cleaned (a clean may happen at
 * any time); DC ISW loses nothing, because data caches are coherent with memory.
 */
function maintainSetWay(core: u32, pc: u64, op: u32): i32 {
  if (trap(core, pc, 1)) return 0;
  if (op == ISW) return 1;
  const count = load<i32>(WINDOW_COUNT);
  for (let index = 0; index < count; index++) {
    const window = windowAt(index);
    if (load<u32>(window, WINDOW_POU) == 0) continue;
    const host = load<u32>(window, WINDOW_HOST);
    const end = host + <u32>load<u64>(window, WINDOW_BYTES);
    for (let line = host; line < end; line += LINE) cleanLine(core, line);
  }
  return 1;
}

/**
 * DC by address (CVAU, CVAC, CIVAC, IVAC, CVAP, CVADP) and the other DCs; 0 after raising an exception. Data caches are coherent with memory here: what is left
 * of the operations that clean is that they reach the point of unification, and nothing is left of IVAC.
 */
export function dataCache(core: u32, pc: u64, op: u32, address: u64): i32 {
  if (op == ZVA) return zeroLine(core, pc, address);
  if (op >= CSW) return maintainSetWay(core, pc, op);
  if (op == IVAC && trap(core, pc, 1)) return 0;
  const line = maintainedAddress(core, pc, address, op == IVAC ? WINDOW_WRITE : 0) & ~(LINE - 1);
  if (!line) return 0;
  if (op == IVAC) return 1;
  const unification = unificationOf(line);
  record(core, pc, RECORDED_CLEAN, address);
  if (!unification || unification == line) return 1;
  if (!queue(core, CLEAN_COUNT, CLEAN_LIST, line)) cleanLine(core, line);
  return 1;
}

/** A core has written to memory that the instruction caches follow: they do by the next DSB. */
export function noteCoherentWrite(core: u32, host: u32, bytes: u32): void {
  dropWords(core, host, bytes);
  if (isAlone()) return;
  for (let line = host & ~(LINE - 1); line < host + bytes; line += LINE) {
    if (!queue(core, CLEAN_COUNT, CLEAN_LIST, line)) append(core, ENTRY_NOW, line);
  }
}

/** IC IVAU, IALLU (this core's cache), IALLUIS (everyone's); 0 after raising an exception. */
export function instructionCache(core: u32, pc: u64, op: u32, address: u64): i32 {
  if (op != IVAU) {
    if (trap(core, pc, 1)) return 0;
    record(core, pc, RECORDED_INVALIDATE_ALL, 0);
    if (isCoherent()) return 1;
    store<u32>(core, 1, INVALIDATE_ALL);
    if (op == IALLUIS && !isAlone()) append(core, ENTRY_ALL, 0);
    return 1;
  }
  const line = maintainedAddress(core, pc, address, 0) & ~(LINE - 1);
  if (!line) return 0;
  record(core, pc, RECORDED_INVALIDATE, address);
  if (isCoherent()) return 1;
  if (!queue(core, INVALIDATE_COUNT, INVALIDATE_LIST, line)) refreshLine(core, line);
  if (!isAlone()) append(core, ENTRY_LINE, line);
  return 1;
}

// ---- the host's maintenance: all of it at once --------------------------------------------------------------

/** Cleans the lines of a host range to the point of unification and lets this core see them. */
export function cleanAndInvalidate(core: u32, host: u32, bytes: u32): void {
  const end = host + bytes;
  for (let line = host & ~(LINE - 1); line < end; line += LINE) {
    const unification = unificationOf(line);
    if (!unification) continue;
    if (unification != line) copyLine(unification, line);
    refreshLine(core, line);
  }
}

/**
 * The same for cores that other threads run: the lines are cleaned, and a DSB by this core, whose number is the host's, waits until
 * they have taken them. Gives the number of a core that does not answer, -1 if all have.
 */
export function broadcast(core: u32, host: u32, bytes: u32): i32 {
  const end = host + bytes;
  for (let line = host & ~(LINE - 1); line < end; line += LINE) {
    const unification = unificationOf(line);
    if (!unification) continue;
    if (unification != line) copyLine(unification, line);
    append(core, ENTRY_NOW, line);
  }
  return awaitOthers(core);
}

/** The host has written `bytes` bytes at a host address: what a coherent instruction cache does about it. */
export function hostWrites(core: u32, host: u32, bytes: u32): void {
  const count = load<i32>(WINDOW_COUNT);
  for (let index = 0; index < count; index++) {
    const window = windowAt(index);
    const offset = host - load<u32>(window, WINDOW_HOST);
    if (<u64>offset >= load<u64>(window, WINDOW_BYTES)) continue;
    if (load<u32>(window, WINDOW_FLAGS) & WINDOW_COHERENT) dropWords(core, host, bytes);
    return;
  }
}
