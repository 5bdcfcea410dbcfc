/**
 * Cache maintenance between cores. IC appends to the machine's one log, a ring; every core takes the entries that it has not seen at its
 * next interrupt point, or when it is entered again if it is not running; and a DSB waits for those that run.
 *
 * An entry is a doubleword that is written at once: line | kind << 4 | core, and above it the number of the entry, from 1 on, by which
 * a reader knows that it is there and has not been overtaken. Who is too late, or meets an entry that a thread has reserved and
 * not written (it may have been ended there), refreshes all that it holds: that is always allowed.
 *
 * Nothing waits for ever: a DSB gives up after PATIENCE waits of half a millisecond, and names the core.
 */
import {
  CACHES_ADVERSARIAL, CACHES_PROMPT, CACHE_POLICY, CORES, CORE_COUNT, CORE_INDEX, CORE_SIZE, LINE, LOG, LOG_ENTRIES, LOG_HEAD, LOG_OWED, LOG_OWES, LOG_TAKEN, LOG_WAITERS, PAIR_LOCK, PATIENCE,
  PENDING, PENDING_MAINTENANCE, RECORDS, RECORD_ADDRESS, RECORD_BYTES, RECORD_CORE, RECORD_ENTRIES, RECORD_HEAD, RECORD_NUMBER,
  RECORD_OPERATION, RECORD_PC, RUNNING, WAKE,
} from "./layout";
import { condemnAll, condemnLine, refreshLine } from "./condemned";
import { notify, sleep } from "./host";

/** A line is invalidated; every line; a line is refreshed, whatever the cores' own synchronisation. */
export const ENTRY_LINE: u32 = 0;
export const ENTRY_ALL: u32 = 1 << 4;
export const ENTRY_NOW: u32 = 2 << 4;
const KIND: u32 = 3 << 4;
const ISSUER: u32 = 15;

/** Looks at a core before this thread goes to sleep for it, and at an entry that is not written yet. */
const SPINS = 2000;

// @ts-ignore: decorators
@inline
function blockOf(index: u32): u32 {
  return CORES + index * CORE_SIZE;
}

/** Whether nobody draws on the log: one core whose cache does nothing on its own. */
// @ts-ignore: decorators
@inline
export function isAlone(): bool {
  return load<u32>(CORE_COUNT) == 1 && load<u32>(CACHE_POLICY) != CACHES_ADVERSARIAL;
}

/** Lets threads that have nothing to do look again. */
export function wake(): void {
  atomic.add<u32>(WAKE, 1);
  notify(WAKE);
}

/** Takes the lock of 16-byte accesses, which is held for a few instructions; whoever takes it releases it by a store to PAIR_LOCK. */
export function lockPairs(): void {
  for (let i = 1; atomic.cmpxchg<u32>(PAIR_LOCK, 0, 1) != 0; i++) {
    // Its holder's thread may be waiting for this processor.
    if (i % SPINS == 0) sleep(PAIR_LOCK, 1);
  }
}

/** Notes a maintenance operation for whoever wants to tell what happened. */
export function record(core: u32, pc: u64, operation: u32, address: u64): void {
  const number = atomic.add<u32>(RECORD_HEAD, 1);
  const entry = RECORDS + (number & (RECORD_ENTRIES - 1)) * RECORD_BYTES;
  atomic.store<u32>(entry + RECORD_NUMBER, 0);
  store<u32>(entry, operation, RECORD_OPERATION);
  store<u32>(entry, load<u32>(core, CORE_INDEX), RECORD_CORE);
  store<u64>(entry, address, RECORD_ADDRESS);
  store<u64>(entry, pc, RECORD_PC);
  atomic.store<u32>(entry + RECORD_NUMBER, number + 1);
}

/** Appends an entry for the other cores; the next DSB of `core` waits until they have taken it. */
export function append(core: u32, kind: u32, line: u32): void {
  const index = atomic.add<u32>(LOG_HEAD, 1);
  const entry = <u64>(line | kind | load<u32>(core, CORE_INDEX)) | (<u64>(index + 1) << 32);
  atomic.store<u64>(LOG + (index & (LOG_ENTRIES - 1)) * 8, entry);
  store<u32>(core, 1, LOG_OWES);
  store<u32>(core, index + 1, LOG_OWED);
  if (load<u32>(CACHE_POLICY) == CACHES_PROMPT) urge(core, index + 1);
}

/** The entry with this index once it is written; 0 if it does not come, or has been overtaken. */
function entryAt(index: u32): u64 {
  for (let i = 0; i < SPINS; i++) {
    const entry = atomic.load<u64>(LOG + (index & (LOG_ENTRIES - 1)) * 8);
    if (<u32>(entry >>> 32) == index + 1) return entry;
  }
  return 0;
}

function takeEntry(core: u32, entry: u32): void {
  const line = entry & ~(LINE - 1);
  const kind = entry & KIND;
  if (kind == ENTRY_NOW) return refreshLine(core, line);
  // What a core has issued itself it completes by its own DSB.
  if ((entry & ISSUER) == load<u32>(core, CORE_INDEX)) return;
  if (kind == ENTRY_ALL) condemnAll(core, false);
  else condemnLine(core, line);
}

/** Takes what the log has for this core. */
export function takeEntries(core: u32): void {
  atomic.and<u32>(core + PENDING, ~PENDING_MAINTENANCE);
  const head = atomic.load<u32>(LOG_HEAD);
  let next = load<u32>(core, LOG_TAKEN);
  if (next == head) return;
  if (head - next > <u32>LOG_ENTRIES) {
    condemnAll(core, true);
    next = head;
  }
  while (next != head) {
    const entry = entryAt(next);
    if (entry == 0) {
      condemnAll(core, true);
      break;
    }
    takeEntry(core, <u32>entry);
    next++;
  }
  atomic.store<u32>(core + LOG_TAKEN, head);
  notifyWaiters(core);
}

// @ts-ignore: decorators
@inline
function notifyWaiters(core: u32): void {
  if (atomic.load<u32>(LOG_WAITERS) != 0) notify(core + LOG_TAKEN);
}

/** The core begins to run: from here on others wait for it. */
export function beginRunning(core: u32): void {
  atomic.store<u32>(core + RUNNING, 1);
  if (atomic.load<u32>(LOG_HEAD) != load<u32>(core, LOG_TAKEN)) takeEntries(core);
}

/** It stops; what is appended from here on it takes when it begins again. */
export function endRunning(core: u32): void {
  atomic.store<u32>(core + RUNNING, 0);
  notifyWaiters(core);
}

/** Whether the core that runs at `block` has not taken the entries before `owed`. */
// @ts-ignore: decorators
@inline
function isBehind(block: u32, owed: u32): bool {
  return atomic.load<u32>(block + RUNNING) != 0 && <i32>(owed - atomic.load<u32>(block + LOG_TAKEN)) > 0;
}

/** Asks the other cores for an interrupt point. */
function urge(core: u32, owed: u32): void {
  const count = load<u32>(CORE_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const block = blockOf(i);
    if (block != core && isBehind(block, owed)) atomic.or<u32>(block + PENDING, PENDING_MAINTENANCE);
  }
}

/** Whether the core at `block` has taken the entries before `owed`, or does not run, within bounds. */
function awaitCore(core: u32, block: u32, owed: u32): bool {
  for (let i = 0; i < SPINS; i++) {
    if (!isBehind(block, owed)) return true;
    // Two that wait for one another both go on.
    if (atomic.load<u32>(LOG_HEAD) != load<u32>(core, LOG_TAKEN)) takeEntries(core);
  }
  const isRunning = atomic.load<u32>(core + RUNNING) != 0;
  const patience = load<u32>(PATIENCE);
  atomic.add<u32>(LOG_WAITERS, 1);
  let isDone = false;
  for (let i: u32 = 0; i < patience && !isDone; i++) {
    // This core executes nothing meanwhile: nobody has to wait for it.
    if (isRunning) endRunning(core);
    const taken = atomic.load<u32>(block + LOG_TAKEN);
    if (isBehind(block, owed)) sleep(block + LOG_TAKEN, taken);
    if (isRunning) beginRunning(core);
    isDone = !isBehind(block, owed);
  }
  atomic.sub<u32>(LOG_WAITERS, 1);
  return isDone;
}

/** Waits until every running core has taken what this one has appended; gives the number of one that does not, -1 if all have. */
export function awaitOthers(core: u32): i32 {
  if (load<u32>(core, LOG_OWES) == 0) return -1;
  const owed = load<u32>(core, LOG_OWED);
  urge(core, owed);
  const count = load<u32>(CORE_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const block = blockOf(i);
    if (block != core && !awaitCore(core, block, owed)) return i;
  }
  store<u32>(core, 0, LOG_OWES);
  return -1;
}
