/**
 * What the handlers of loads, stores, exclusives and atomics call. An access is issued in program order; whether it takes effect at once
 * or waits is a choice. `info` has the bytes in bits 0 to 7, the order in 8 to 11, the register that the value goes to in 16 to
 * 20, and bit 24 if the value goes there as it is and by the instruction's last access, so that it may come later.
 *
 * An access that is not aligned to its size is one access a byte (FEAT_LSE2 is absent). Host addresses are as aligned as the
 * guest's.
 */
import {
  WEAK_DELAY, WEAK_EVENT_ISSUE, WEAK_EVENT_READ, WEAK_EVENT_WRITE, WEAK_LOADED, WEAK_SYNC_VIEW,
} from "../layout";
import { ACQUIRE_PC, PLAIN, acquires, beginRead, readBytes, releases } from "./effects";
import {
  CARRIED_FROM, CARRIED_PICKED, ORDER_VIEW, PAIRED_VIEW, SEEN_FROM, SEEN_PICKED, SEEN_TIME, SEEN_VIEW,
  isReservedByOther, write,
} from "./history";
import { cleanedBy } from "./maintenance";
import {
  BEFORE_LOADS, BEFORE_LOADS_READ, BEFORE_STORES, NEW_VIEW, READS_VIEW, RELEASES, RELEASE_VIEW, VISIBLE, WAITING,
  WAITS_FOR, WRITES_VIEW, addTo, chooseFor, isStuck, raiseView, tellIfObserved, tick,
} from "./state";
import {
  BYTES, CARRIES_FROM, CARRIES_PICKED, DATA, DATA_HIGH, DESTINATION, HOST, LOAD, ORDER, ORDERED, PAIRED, SEQUENCE,
  STORE, UPDATE, VIEW, force, issue, mayIssue, need, operationAt, waitingAt, waitingOf,
} from "./waiting";

/** Kinds of operations, as sets by number. */
export const ACCESSES: u32 = (1 << LOAD) | (1 << STORE) | (1 << UPDATE);
const STORES: u32 = 1 << STORE;

// @ts-ignore: decorators
@inline
export function bytesOf(info: u32): u32 {
  return info & 0xff;
}

// @ts-ignore: decorators
@inline
export function orderOf(info: u32): u32 {
  return (info >>> 8) & 15;
}

// @ts-ignore: decorators
@inline
export function destinationOf(info: u32): u32 {
  return (info >>> 16) & 31;
}

// @ts-ignore: decorators
@inline
export function mayWait(info: u32): bool {
  return ((info >>> 24) & 1) != 0;
}

export function setLoaded(core: u32, from: u32, picked: u32): void {
  store<u32>(core, from, WEAK_LOADED);
  store<u32>(core, picked, WEAK_LOADED + 4);
}

/** The bytes that a waiting operation would write, of a mask of those from `host` on that stays in a granule. */
function overlapMask(entry: u32, host: u32, bytes: u32): u32 {
  const at = load<u32>(entry, HOST);
  let mask: u32 = 0;
  for (let byte: u32 = 0; byte < bytes; byte++) {
    if (host + byte - at < load<u32>(entry, BYTES)) mask |= 1 << byte;
  }
  return mask;
}

/** A byte of what a waiting store will write. */
function byteOf(entry: u32, host: u32): u64 {
  const offset = host - load<u32>(entry, HOST);
  const data = offset < 8 ? load<u64>(entry, DATA) : load<u64>(entry, DATA_HIGH);
  return (data >>> ((offset & 7) << 3)) & 0xff;
}

// ---- loads ----------------------------------------------------------------------------------------------------------

/** What has to take effect before a load of some bytes does: its own thread's, apart from stores whose value it can have. */
function beforeLoad(core: u32, host: u32, bytes: u32): u32 {
  return (waitingAt(core, host, bytes) & ~waitingOf(core, STORES)) | load<u32>(core, BEFORE_LOADS);
}

/** What a load comes after that has taken effect. */
export function loadView(core: u32, host: u32, order: u32, from: u32): u32 {
  let view = max(max(load<u32>(core, NEW_VIEW), from), cleanedBy(core, host));
  if (acquires(order)) view = max(view, load<u32>(core, RELEASE_VIEW));
  return view;
}

/** The value of an aligned load now; SEEN_* are its views. Waiting stores of its own core lend it their values. */
export function loadNow(core: u32, pc: u64, host: u32, bytes: u32, order: u32, from: u32, newest: bool): u64 {
  const isAcquire = acquires(order) || order == ACQUIRE_PC;
  const atMost: u32 = newest ? 1 : 0xffffffff;
  if (load<u32>(core, WAITING) == 0) {
    beginRead(loadView(core, host, order, from));
    const found = readBytes(core, host, bytes, isAcquire, atMost);
    tellIfObserved(WEAK_EVENT_READ, core, pc, host, bytes, found, 0, load<u32>(SEEN_TIME));
    return found;
  }
  let before = beforeLoad(core, host, bytes) | load<u32>(core, BEFORE_LOADS_READ);
  if (acquires(order)) before |= load<u32>(core, RELEASES);
  if (!need(core, before)) return 0;
  beginRead(loadView(core, host, order, from));
  const value = readWithLent(core, host, bytes, isAcquire, atMost);
  tellIfObserved(WEAK_EVENT_READ, core, pc, host, bytes, value, 0, load<u32>(SEEN_TIME));
  return value;
}

/** The youngest of a set of waiting operations. */
function youngest(core: u32, set: u32): u32 {
  let found = <u32>ctz(set);
  for (let rest = set & (set - 1); rest != 0; rest &= rest - 1) {
    const place = <u32>ctz(rest);
    if (load<u32>(operationAt(core, place), SEQUENCE) > load<u32>(operationAt(core, found), SEQUENCE)) found = place;
  }
  return found;
}

/**
 * After beginRead: bytes of which its core's waiting stores lend some. The others come from memory, and do not wait for what the
 * lenders depend on; only if the load acquires and the lender is half of an atomic update do they come after its other half.
 */
function readWithLent(core: u32, host: u32, bytes: u32, isAcquire: bool, atMost: u32): u64 {
  const all: u32 = (1 << bytes) - 1;
  const lenders = waitingAt(core, host, bytes);
  let lent: u32 = 0;
  for (let rest = lenders; rest != 0; rest &= rest - 1) {
    const entry = operationAt(core, <u32>ctz(rest));
    const mask = overlapMask(entry, host, bytes);
    if (isAcquire && mask != 0) raiseView(SEEN_VIEW, load<u32>(entry, PAIRED));
    lent |= mask;
  }
  let value: u64 = 0;
  for (let byte: u32 = 0; byte < bytes; byte++) {
    if ((lent >>> byte) & 1) continue;
    let end = byte;
    while (end < bytes && ((lent >>> end) & 1) == 0) end++;
    value |= readBytes(core, host + byte, end - byte, isAcquire, atMost) << (byte << 3);
    byte = end - 1;
  }
  let taken = ~lent & all;
  for (let rest = lenders; rest != 0; ) {
    const place = youngest(core, rest);
    rest &= ~(<u32>1 << place);
    const entry = operationAt(core, place);
    const mask = overlapMask(entry, host, bytes) & ~taken;
    if (mask == 0) continue;
    taken |= mask;
    for (let bits = mask; bits != 0; bits &= bits - 1) {
      const byte = <u32>ctz(bits);
      value |= byteOf(entry, host + byte) << (byte << 3);
    }
    raiseView(SEEN_VIEW, load<u32>(entry, ORDERED));
    raiseView(SEEN_FROM, load<u32>(entry, CARRIES_FROM));
    raiseView(SEEN_PICKED, load<u32>(entry, CARRIES_PICKED));
  }
  return value;
}

/** Whether a waiting store has something for a load. */
function isLent(core: u32, host: u32, bytes: u32): bool {
  return load<u32>(core, WAITING) != 0 && (waitingAt(core, host, bytes) & waitingOf(core, STORES)) != 0;
}

export function loadAligned(core: u32, pc: u64, host: u32, info: u32, from: u32): u64 {
  const bytes = bytesOf(info);
  const order = orderOf(info);
  if (order == PLAIN && mayWait(info) && !isLent(core, host, bytes)) {
    if (chooseFor(core, WEAK_DELAY, 2) == 1) {
      if (!need(core, load<u32>(core, BEFORE_LOADS))) return 0;
      const place = issue(core, LOAD, pc, host, bytes, waitingAt(core, host, bytes) | load<u32>(core, BEFORE_LOADS_READ));
      const entry = operationAt(core, place);
      store<u32>(entry, loadView(core, host, order, from), VIEW);
      store<u32>(entry, destinationOf(info), DESTINATION);
      setLoaded(core, WAITS_FOR | place, 0);
      return 0;
    }
  }
  const value = loadNow(core, pc, host, bytes, order, from, false);
  if (isStuck()) return 0;
  const view = load<u32>(SEEN_VIEW);
  raiseView(core + READS_VIEW, view);
  if (acquires(order) || order == ACQUIRE_PC) raiseView(core + NEW_VIEW, view);
  setLoaded(core, max(view, load<u32>(SEEN_FROM)), max(view, load<u32>(SEEN_PICKED)));
  return value;
}

/** Gives the value; its views are in WEAK_LOADED. `from`, `picked`: of the address. */
export function loadFrom(core: u32, pc: u64, host: u32, info: u32, from: u32, picked: u32): u64 {
  if (!mayIssue(core)) return 0;
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, picked);
  const bytes = bytesOf(info);
  if ((host & (bytes - 1)) == 0) return loadAligned(core, pc, host, info, from);
  let value: u64 = 0;
  let loadedFrom: u32 = 0;
  let loadedPicked: u32 = 0;
  for (let byte: u32 = 0; byte < bytes; byte++) {
    value |= loadAligned(core, pc, host + byte, (info & 0x00ffff00) | 1, from) << (byte << 3);
    loadedFrom = max(loadedFrom, load<u32>(core, WEAK_LOADED));
    loadedPicked = max(loadedPicked, load<u32>(core, WEAK_LOADED + 4));
  }
  setLoaded(core, loadedFrom, loadedPicked);
  return value;
}

// ---- stores -----------------------------------------------------------------------------------------------------------

/** A store that comes after what it must; the caller fills in what it pairs with, and lets it take effect or not. */
export function issueStore(core: u32, pc: u64, host: u32, bytes: u32, order: u32, value: u64, from: u32, picked: u32): u32 {
  let before = waitingAt(core, host, bytes) | load<u32>(core, BEFORE_STORES);
  if (releases(order)) before |= waitingOf(core, ACCESSES);
  const place = issue(core, STORE, pc, host, bytes, before);
  const entry = operationAt(core, place);
  store<u64>(entry, value, DATA);
  store<u32>(entry, order, ORDER);
  store<u32>(entry, from, ORDERED);
  store<u32>(entry, from, CARRIES_FROM);
  store<u32>(entry, picked, CARRIES_PICKED);
  if (releases(order)) addTo(core + RELEASES, 1 << place);
  return place;
}

/** A store that nothing waits before, and that takes effect at once. */
function storeNow(core: u32, pc: u64, host: u32, bytes: u32, order: u32, value: u64, from: u32, picked: u32): void {
  const time = tick();
  const written = write(core, host, bytes, value, time);
  store<u32>(written, from, ORDER_VIEW);
  store<u32>(written, from, CARRIED_FROM);
  store<u32>(written, picked, CARRIED_PICKED);
  store<u32>(written, 0, PAIRED_VIEW);
  store<u32>(core, time, WRITES_VIEW);
  if (releases(order)) store<u32>(core, time, RELEASE_VIEW);
  tellIfObserved(WEAK_EVENT_WRITE, core, pc, host, bytes, value, time);
}

/** `from`, `picked`: of address and data; `addressPicked` of the address alone. */
export function storeTo(core: u32, pc: u64, host: u32, info: u32, value: u64, from: u32, picked: u32, addressPicked: u32): void {
  if (!mayIssue(core)) return;
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, addressPicked);
  const bytes = bytesOf(info);
  const order = orderOf(info);
  if ((host & (bytes - 1)) == 0) return storeAligned(core, pc, host, bytes, order, value, from, picked);
  for (let byte: u32 = 0; byte < bytes; byte++) {
    storeAligned(core, pc, host + byte, 1, order, value >>> (byte << 3), from, picked);
  }
}

function storeAligned(core: u32, pc: u64, host: u32, bytes: u32, order: u32, value: u64, from: u32, picked: u32): void {
  const blocked = isReservedByOther(core, host, bytes);
  const waits = blocked || chooseFor(core, WEAK_DELAY, 2) == 1;
  if (!waits && load<u32>(core, WAITING) == 0) return storeNow(core, pc, host, bytes, order, value, from, picked);
  const place = issueStore(core, pc, host, bytes, order, value, from, picked);
  // What comes before it may be held up.
  if (!waits && force(core, 1 << place)) return;
  tellIfObserved(WEAK_EVENT_ISSUE, core, pc, host, bytes, value, 0);
}
