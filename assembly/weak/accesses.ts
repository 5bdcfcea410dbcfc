/**
 * What the handlers of loads, stores, exclusives and atomics call. An access is issued in program order; whether it takes effect at once
 * or waits is a choice. `info` has the bytes in bits 0 to 7, the order in 8 to 11, the register that the value goes to in 16 to
 * 20, and bit 24 if the value goes there as it is and by the instruction's last access, so that it may come later.
 *
 * An access that is not aligned to its size is one access a byte (FEAT_LSE2 is absent). Host addresses are as aligned as the
 * guest's.
 */
import {
  WEAK_ATOMIC, WEAK_DELAY, WEAK_EVENT_ISSUE, WEAK_EVENT_READ, WEAK_EVENT_WRITE, WEAK_EXCLUSIVE, WEAK_LOADED, WEAK_LOADED_HIGH, WEAK_SYNC_VIEW,
} from "../layout";
import {
  ACQUIRE_PC, COMPARE_AND_SWAP, PLAIN, acquires, beginRead, readBytes, releases, updateRead,
} from "./effects";
import {
  CARRIED_FROM, CARRIED_PICKED, ORDER_VIEW, PAIRED_VIEW, SEEN_FROM, SEEN_PICKED, SEEN_TIME, SEEN_VIEW, isReservedByOther, reserve,
  write, writtenByOtherSince,
} from "./history";
import { cleanedBy } from "./maintenance";
import {
  BEFORE_LOADS, BEFORE_LOADS_READ, BEFORE_STORES, MARKED, MARKED_BYTES, MARKED_TIME, MARKED_TIME_HIGH, MARKED_VIEW, NEW_VIEW, READS_VIEW, RELEASES,
  RELEASE_VIEW, VISIBLE, WAITING, WAITS_FOR, WRITES_VIEW, addTo, chooseFor, raiseView, tellIfObserved, tick,
} from "./state";
import {
  BEFORE, BYTES, CARRIES_FROM, CARRIES_PICKED, DATA, DATA_HIGH, DESTINATION, EXPECTED, EXPECTED_FROM, EXPECTED_PICKED, HOST, KEPT, KIND, LOAD,
  ORDER, ORDERED, PAIRED, SEQUENCE, STORE, UPDATE, UPDATE_OP, VIEW, finish, force, issue, operationAt, waitingAt, waitingOf,
} from "./waiting";

/** Kinds of operations, as sets by number. */
const ACCESSES: u32 = (1 << LOAD) | (1 << STORE) | (1 << UPDATE);
const STORES: u32 = 1 << STORE;

// @ts-ignore: decorators
@inline
function bytesOf(info: u32): u32 {
  return info & 0xff;
}

// @ts-ignore: decorators
@inline
function orderOf(info: u32): u32 {
  return (info >>> 8) & 15;
}

// @ts-ignore: decorators
@inline
function destinationOf(info: u32): u32 {
  return (info >>> 16) & 31;
}

// @ts-ignore: decorators
@inline
function mayWait(info: u32): bool {
  return ((info >>> 24) & 1) != 0;
}

function setLoaded(core: u32, from: u32, picked: u32): void {
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
function loadView(core: u32, host: u32, order: u32, from: u32): u32 {
  let view = max(max(load<u32>(core, NEW_VIEW), from), cleanedBy(core, host));
  if (acquires(order)) view = max(view, load<u32>(core, RELEASE_VIEW));
  return view;
}

/** The value of an aligned load now; SEEN_* are its views. Waiting stores of its own core lend it their values. */
function loadNow(core: u32, pc: u64, host: u32, bytes: u32, order: u32, from: u32, newest: bool): u64 {
  const isAcquire = acquires(order) || order == ACQUIRE_PC;
  const atMost: u32 = newest ? 1 : 0xffffffff;
  if (load<u32>(core, WAITING) == 0) {
    beginRead(loadView(core, host, order, from));
    const found = readBytes(core, host, bytes, isAcquire, atMost);
    tellIfObserved(WEAK_EVENT_READ, core, pc, host, bytes, found, 0, load<u32>(SEEN_TIME));
    return found;
  }
  force(core, beforeLoad(core, host, bytes) | load<u32>(core, BEFORE_LOADS_READ));
  if (acquires(order)) force(core, load<u32>(core, RELEASES));
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

function loadAligned(core: u32, pc: u64, host: u32, info: u32, from: u32): u64 {
  const bytes = bytesOf(info);
  const order = orderOf(info);
  if (order == PLAIN && mayWait(info) && !isLent(core, host, bytes)) {
    if (chooseFor(core, WEAK_DELAY, 2) == 1) {
      force(core, load<u32>(core, BEFORE_LOADS));
      const place = issue(core, LOAD, pc, host, bytes, waitingAt(core, host, bytes) | load<u32>(core, BEFORE_LOADS_READ));
      const entry = operationAt(core, place);
      store<u32>(entry, loadView(core, host, order, from), VIEW);
      store<u32>(entry, destinationOf(info), DESTINATION);
      setLoaded(core, WAITS_FOR | place, 0);
      return 0;
    }
  }
  const value = loadNow(core, pc, host, bytes, order, from, false);
  const view = load<u32>(SEEN_VIEW);
  raiseView(core + READS_VIEW, view);
  if (acquires(order) || order == ACQUIRE_PC) raiseView(core + NEW_VIEW, view);
  setLoaded(core, max(view, load<u32>(SEEN_FROM)), max(view, load<u32>(SEEN_PICKED)));
  return value;
}

/** Gives the value; its views are in WEAK_LOADED. `from`, `picked`: of the address. */
export function loadFrom(core: u32, pc: u64, host: u32, info: u32, from: u32, picked: u32): u64 {
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
function issueStore(core: u32, pc: u64, host: u32, bytes: u32, order: u32, value: u64, from: u32, picked: u32): u32 {
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

/** An exclusive's store takes effect, or waits if it is chosen to. Nobody else has reserved its bytes. */
function nowOrLater(core: u32, pc: u64, place: u32): void {
  const entry = operationAt(core, place);
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  if (chooseFor(core, WEAK_DELAY, 2) == 0) return force(core, 1 << place);
  tellIfObserved(WEAK_EVENT_ISSUE, core, pc, host, bytes, load<u64>(entry, DATA), 0);
}

/** `from`, `picked`: of address and data; `addressPicked` of the address alone. */
export function storeTo(core: u32, pc: u64, host: u32, info: u32, value: u64, from: u32, picked: u32, addressPicked: u32): void {
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
  if (!waits) return force(core, 1 << place);
  tellIfObserved(WEAK_EVENT_ISSUE, core, pc, host, bytes, value, 0);
}

// ---- exclusives ---------------------------------------------------------------------------------------------------------

function mark(core: u32, host: u32, bytes: u32, time: u32, view: u32): void {
  store<u32>(core, host, MARKED);
  store<u32>(core, bytes, MARKED_BYTES);
  store<u32>(core, time, MARKED_TIME);
  store<u32>(core, view, MARKED_VIEW);
}

/** LDXR: no value is lent to it, its own core's stores take effect before. */
export function loadExclusive(core: u32, pc: u64, host: u32, info: u32, from: u32, picked: u32): u64 {
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, picked);
  force(core, waitingAt(core, host, bytesOf(info)));
  const value = loadAligned(core, pc, host, info & 0x00ffffff, from);
  mark(core, host, bytesOf(info), load<u32>(SEEN_TIME), load<u32>(SEEN_VIEW));
  return value;
}

/**
 * LDXP of 16 bytes: the lower doubleword is the result, the other stands in WEAK_LOADED_HIGH. They are two reads: only where the
 * store-exclusive succeeds are they of one time, because both are the newest then.
 */
export function loadExclusivePair(core: u32, pc: u64, host: u32, info: u32, from: u32, picked: u32): u64 {
  return loadPair(core, pc, host, info, from, picked, false);
}

function loadPair(core: u32, pc: u64, host: u32, info: u32, from: u32, picked: u32, newest: bool): u64 {
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, picked);
  force(core, waitingAt(core, host, 16));
  const order = orderOf(info);
  const low = loadNow(core, pc, host, 8, order, from, newest);
  const time = load<u32>(SEEN_TIME);
  let view = load<u32>(SEEN_VIEW);
  let carriedFrom = load<u32>(SEEN_FROM);
  let carriedPicked = load<u32>(SEEN_PICKED);
  const high = loadNow(core, pc, host + 8, 8, order, from, newest);
  view = max(view, load<u32>(SEEN_VIEW));
  carriedFrom = max(carriedFrom, load<u32>(SEEN_FROM));
  carriedPicked = max(carriedPicked, load<u32>(SEEN_PICKED));
  raiseView(core + READS_VIEW, view);
  if (acquires(order)) raiseView(core + NEW_VIEW, view);
  mark(core, host, 16, time, view);
  store<u32>(core, load<u32>(SEEN_TIME), MARKED_TIME_HIGH);
  setLoaded(core, max(view, carriedFrom), max(view, carriedPicked));
  store<u64>(core, high, WEAK_LOADED_HIGH);
  return low;
}

/** Whether the monitor lets a store exclusive pass; it is open afterwards. */
function passes(core: u32, host: u32, bytes: u32): bool {
  const isMarked = load<u32>(core, MARKED) == host && load<u32>(core, MARKED_BYTES) == bytes;
  store<u32>(core, 0, MARKED);
  if (!isMarked) return false;
  for (let part: u32 = 0; part < bytes; part += 8) {
    const size = min(bytes, 8);
    const time = load<u32>(core + (part == 0 ? MARKED_TIME : MARKED_TIME_HIGH));
    if (isReservedByOther(core, host + part, size) || writtenByOtherSince(core, host + part, size, time)) return false;
  }
  return chooseFor(core, WEAK_EXCLUSIVE, 2) == 0;
}

/** STXR, and STXP of 16 bytes: 0 if it stores, 1 if not. */
export function storeExclusive(
  core: u32, pc: u64, host: u32, info: u32, value: u64, high: u64, from: u32, picked: u32, addressPicked: u32,
): u32 {
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, addressPicked);
  const bytes = bytesOf(info);
  if (!passes(core, host, bytes)) return 1;
  const place = issueStore(core, pc, host, bytes, orderOf(info), value, from, picked);
  const entry = operationAt(core, place);
  store<u64>(entry, high, DATA_HIGH);
  store<u32>(entry, load<u32>(core, MARKED_VIEW), PAIRED);
  for (let part: u32 = 0; part < bytes; part += 8) reserve(core, host + part, min(bytes, 8));
  nowOrLater(core, pc, place);
  return 0;
}

export function clearExclusive(core: u32): void {
  store<u32>(core, 0, MARKED);
}

// ---- atomic updates -------------------------------------------------------------------------------------------------------

const NOW: u32 = 0;
const LATER: u32 = 1;
const SPLIT: u32 = 2;

function issueUpdate(core: u32, pc: u64, host: u32, info: u32, op: u32, operand: u64, addressFrom: u32): u32 {
  const order = orderOf(info);
  const bytes = bytesOf(info);
  let before = waitingAt(core, host, bytes) | load<u32>(core, BEFORE_STORES) | load<u32>(core, BEFORE_LOADS_READ);
  if (releases(order)) before |= waitingOf(core, ACCESSES);
  if (acquires(order) && destinationOf(info) != 31) before |= load<u32>(core, RELEASES);
  force(core, load<u32>(core, BEFORE_LOADS));
  const place = issue(core, UPDATE, pc, host, bytes, before);
  const entry = operationAt(core, place);
  store<u64>(entry, operand, DATA);
  store<u32>(entry, order, ORDER);
  store<u32>(entry, op, UPDATE_OP);
  store<u32>(entry, destinationOf(info), DESTINATION);
  store<u32>(entry, destinationOf(info) == 31 ? 0 : 1, KEPT);
  store<u32>(entry, loadView(core, host, destinationOf(info) == 31 ? PLAIN : order, addressFrom), VIEW);
  return place;
}

/** The operation reads now, and its write waits: until then nobody else may write there. */
function split(core: u32, pc: u64, place: u32): u64 {
  const entry = operationAt(core, place);
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  const order = load<u32>(entry, ORDER);
  const isKept = load<u32>(entry, KEPT) != 0;
  beginRead(load<u32>(entry, VIEW));
  const old = readBytes(core, host, bytes, isKept && acquires(order), 1);
  const view = load<u32>(SEEN_VIEW);
  tellIfObserved(WEAK_EVENT_READ, core, pc, host, bytes, old, 0, load<u32>(SEEN_TIME));
  if (!updateRead(core, entry, old)) {
    finish(core, place, view, view);
    return old;
  }
  store<u32>(entry, STORE, KIND);
  reserve(core, host, bytes);
  if (isKept && acquires(order) && releases(order)) {
    addTo(core + BEFORE_LOADS, 1 << place);
    addTo(core + BEFORE_STORES, 1 << place);
  }
  tellIfObserved(WEAK_EVENT_ISSUE, core, pc, host, bytes, load<u64>(entry, DATA), 0);
  return old;
}

function performUpdate(core: u32, pc: u64, info: u32, place: u32): u64 {
  const entry = operationAt(core, place);
  const host = load<u32>(entry, HOST);
  const bytes = bytesOf(info);
  const order = orderOf(info);
  const bit: u32 = 1 << place;
  if (releases(order)) addTo(core + RELEASES, bit);
  // The operation itself is among those that wait.
  const alone = waitingAt(core, host, bytes) == bit && (load<u32>(core, BEFORE_LOADS_READ) & load<u32>(core, WAITING)) == 0;
  const blocked = isReservedByOther(core, host, bytes);
  const canRelease = !acquires(order) || (load<u32>(core, RELEASES) & ~bit) == 0;
  const ways: u32 = alone && canRelease ? 3 : 2;
  let way = blocked ? LATER : chooseFor(core, WEAK_ATOMIC, ways);
  if (way == LATER && !mayWait(info) && destinationOf(info) != 31) way = NOW;
  if (way == SPLIT) {
    const old = split(core, pc, place);
    setLoaded(core, load<u32>(SEEN_FROM), load<u32>(SEEN_PICKED));
    return old;
  }
  if (way == LATER) {
    if (acquires(order) && destinationOf(info) != 31) {
      addTo(core + BEFORE_LOADS_READ, bit);
      addTo(core + BEFORE_STORES, bit);
      if (releases(order)) addTo(core + BEFORE_LOADS, bit);
    }
    setLoaded(core, WAITS_FOR | place, 0);
    tellIfObserved(WEAK_EVENT_ISSUE, core, pc, host, bytes, load<u64>(entry, DATA), 0);
    return 0;
  }
  // What comes before it first, then all in one: the register is written by the handler.
  force(core, load<u32>(entry, BEFORE));
  const old = split(core, pc, place);
  setLoaded(core, load<u32>(SEEN_FROM), load<u32>(SEEN_PICKED));
  force(core, bit);
  return old;
}

/** LDADD and its like: the old value. `from`, `picked`: of address and operand. */
export function update(
  core: u32, pc: u64, host: u32, info: u32, op: u32, operand: u64, addressFrom: u32, from: u32, picked: u32, addressPicked: u32,
): u64 {
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, addressPicked);
  const place = issueUpdate(core, pc, host, info, op, operand, addressFrom);
  const entry = operationAt(core, place);
  store<u32>(entry, from, ORDERED);
  store<u32>(entry, from, CARRIES_FROM);
  store<u32>(entry, picked, CARRIES_PICKED);
  return performUpdate(core, pc, info, place);
}

/** CAS: the old value. `from`, `picked`: of address and new value; `expectedFrom`, `expectedPicked`: of what is expected. */
export function compareAndSwap(
  core: u32, pc: u64, host: u32, info: u32, expected: u64, value: u64, addressFrom: u32, from: u32, picked: u32,
  expectedFrom: u32, expectedPicked: u32, addressPicked: u32,
): u64 {
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, addressPicked);
  const place = issueUpdate(core, pc, host, info, COMPARE_AND_SWAP, value, addressFrom);
  const entry = operationAt(core, place);
  const bytes = bytesOf(info);
  store<u64>(entry, expected & (<u64>-1 >>> (64 - (bytes << 3))), EXPECTED);
  store<u32>(entry, expectedFrom, EXPECTED_FROM);
  store<u32>(entry, expectedPicked, EXPECTED_PICKED);
  store<u32>(entry, from, ORDERED);
  store<u32>(entry, from, CARRIES_FROM);
  store<u32>(entry, max(picked, expectedPicked), CARRIES_PICKED);
  return performUpdate(core, pc, info, place);
}

/** CASP of 16 bytes, all of it now; the result as loadExclusivePair's. */
export function compareAndSwapPair(
  core: u32, pc: u64, host: u32, info: u32, expected: u64, expectedHigh: u64, value: u64, valueHigh: u64, addressFrom: u32, from: u32,
  picked: u32, addressPicked: u32,
): u64 {
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, addressPicked);
  const order = orderOf(info);
  force(core, waitingAt(core, host, 16) | load<u32>(core, BEFORE_STORES) | (releases(order) ? waitingOf(core, ACCESSES) : 0));
  const low = loadPair(core, pc, host, (info & 0xff00) | 16, addressFrom, addressPicked, true);
  const high = load<u64>(core, WEAK_LOADED_HIGH);
  store<u32>(core, 0, MARKED);
  if (low != expected || high != expectedHigh) return low;
  const place = issueStore(core, pc, host, 16, order, value, from, picked);
  const entry = operationAt(core, place);
  store<u64>(entry, valueHigh, DATA_HIGH);
  store<u32>(entry, load<u32>(core, MARKED_VIEW), PAIRED);
  force(core, 1 << place);
  if (acquires(order) && releases(order)) raiseView(core + NEW_VIEW, load<u32>(core, WRITES_VIEW));
  return low;
}
