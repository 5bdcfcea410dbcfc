/** Exclusives, and CASP of 16 bytes, which is two of them in one. As accesses.ts; the halves of 16 bytes are doublewords. */
import { WEAK_DELAY, WEAK_EVENT_ISSUE, WEAK_EXCLUSIVE, WEAK_LOADED_HIGH, WEAK_SYNC_VIEW } from "../layout";
import { acquires, releases } from "./effects";
import {
  SEEN_FROM, SEEN_PICKED, SEEN_TIME, SEEN_VIEW, isReservedByOther, reserve, writtenByOtherSince,
} from "./history";
import {
  BEFORE_STORES, MARKED, MARKED_BYTES, MARKED_TIME, MARKED_TIME_HIGH, MARKED_VIEW, NEW_VIEW, READS_VIEW, STUCK,
  VISIBLE, WRITES_VIEW, chooseFor, isStuck, raiseView, tellIfObserved,
} from "./state";
import {
  BYTES, DATA, DATA_HIGH, HOST, PAIRED, force, mayIssue, need, operationAt, waitingAt, waitingOf,
} from "./waiting";
import { ACCESSES, bytesOf, issueStore, loadAligned, loadNow, orderOf, setLoaded } from "./accesses";

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
  if (isStuck() || !need(core, waitingAt(core, host, bytesOf(info)))) return 0;
  const value = loadAligned(core, pc, host, info & 0x00ffffff, from);
  if (isStuck()) return 0;
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
  if (isStuck() || !need(core, waitingAt(core, host, 16))) return 0;
  const order = orderOf(info);
  const low = loadNow(core, pc, host, 8, order, from, newest);
  const time = load<u32>(SEEN_TIME);
  let view = load<u32>(SEEN_VIEW);
  let carriedFrom = load<u32>(SEEN_FROM);
  let carriedPicked = load<u32>(SEEN_PICKED);
  const high = loadNow(core, pc, host + 8, 8, order, from, newest);
  if (isStuck()) return 0;
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

/** An exclusive's store takes effect, or waits if it is chosen to. Nobody else has reserved its bytes. */
function nowOrLater(core: u32, pc: u64, place: u32): void {
  const entry = operationAt(core, place);
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  if (chooseFor(core, WEAK_DELAY, 2) == 0 && force(core, 1 << place)) return;
  tellIfObserved(WEAK_EVENT_ISSUE, core, pc, host, bytes, load<u64>(entry, DATA), 0);
}

/** Whether the monitor lets a store exclusive pass; it is open afterwards. */
function passes(core: u32, host: u32, bytes: u32): bool {
  const isMarked = load<u32>(core, MARKED) == host && load<u32>(core, MARKED_BYTES) == bytes;
  store<u32>(core, 0, MARKED);
  if (!isMarked) return false;
  for (let part: u32 = 0; part < bytes; part += 8) {
    const size = min(bytes, 8);
    const time = load<u32>(core + (part == 0 ? MARKED_TIME : MARKED_TIME_HIGH));
    // A granule is reserved for one core at a time.
    if (isReservedByOther(core, (host + part) & ~7, 8) || writtenByOtherSince(core, host + part, size, time)) return false;
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
  if (!mayIssue(core)) return 0;
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


/** CASP of 16 bytes, all of it now; the result as loadExclusivePair's. */
export function compareAndSwapPair(
  core: u32, pc: u64, host: u32, info: u32, expected: u64, expectedHigh: u64, value: u64, valueHigh: u64, addressFrom: u32, from: u32,
  picked: u32, addressPicked: u32,
): u64 {
  store<u32>(VISIBLE, 1);
  raiseView(core + WEAK_SYNC_VIEW, addressPicked);
  const order = orderOf(info);
  if (!mayIssue(core)) return 0;
  if (!need(core, waitingAt(core, host, 16) | load<u32>(core, BEFORE_STORES) | (releases(order) ? waitingOf(core, ACCESSES) : 0))) return 0;
  if (isReservedByOther(core, host, 8) || isReservedByOther(core, host + 8, 8)) {
    store<u32>(STUCK, 1);
    return 0;
  }
  const low = loadPair(core, pc, host, (info & 0xff00) | 16, addressFrom, addressPicked, true);
  if (isStuck()) return 0;
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
