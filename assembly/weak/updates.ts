/** Atomic updates: LDADD and its like, SWP, CAS. As accesses.ts. */
import { WEAK_ATOMIC, WEAK_EVENT_ISSUE, WEAK_EVENT_READ, WEAK_SYNC_VIEW } from "../layout";
import { COMPARE_AND_SWAP, PLAIN, acquires, beginRead, readBytes, readToCompare, releases, updateRead } from "./effects";
import { SEEN_FROM, SEEN_PICKED, SEEN_TIME, SEEN_VIEW, isReservedByOther, reserve } from "./history";
import {
  BEFORE_LOADS, BEFORE_LOADS_READ, BEFORE_STORES, RELEASES, STUCK, VISIBLE, WAITING, WAITS_FOR, addTo, chooseFor,
  raiseView, tellIfObserved,
} from "./state";
import {
  BEFORE, BYTES, CARRIES_FROM, CARRIES_PICKED, DATA, DESTINATION, EXPECTED, EXPECTED_FROM, EXPECTED_PICKED, HOST,
  KEPT, KIND, ORDER, ORDERED, STORE, UPDATE, UPDATE_OP, VIEW, cancel, finish, force, issue, mayIssue, need,
  operationAt, waitingAt, waitingOf,
} from "./waiting";
import { ACCESSES, bytesOf, destinationOf, loadView, mayWait, orderOf, setLoaded } from "./accesses";

const NOW: u32 = 0;
const LATER: u32 = 1;
const SPLIT: u32 = 2;

function issueUpdate(core: u32, pc: u64, host: u32, info: u32, op: u32, operand: u64, addressFrom: u32): u32 {
  const order = orderOf(info);
  const bytes = bytesOf(info);
  let before = waitingAt(core, host, bytes) | load<u32>(core, BEFORE_STORES) | load<u32>(core, BEFORE_LOADS_READ);
  if (releases(order)) before |= waitingOf(core, ACCESSES);
  if (acquires(order) && destinationOf(info) != 31) before |= load<u32>(core, RELEASES);
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

/** The operation reads now, and its write waits: until then, which `isOver` says is now, nobody else may write there. */
function split(core: u32, pc: u64, place: u32, isOver: bool): u64 {
  const entry = operationAt(core, place);
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  const order = load<u32>(entry, ORDER);
  const isKept = load<u32>(entry, KEPT) != 0;
  beginRead(load<u32>(entry, VIEW));
  const acquiring = isKept && acquires(order);
  const old = isOver && load<u32>(entry, UPDATE_OP) == COMPARE_AND_SWAP
    ? readToCompare(core, host, bytes, acquiring, load<u64>(entry, EXPECTED))
    : readBytes(core, host, bytes, acquiring, 1);
  const view = load<u32>(SEEN_VIEW);
  tellIfObserved(WEAK_EVENT_READ, core, pc, host, bytes, old, 0, load<u32>(SEEN_TIME));
  if (!updateRead(core, entry, old)) {
    finish(core, place, view, view);
    return old;
  }
  store<u32>(entry, STORE, KIND);
  if (!isOver) reserve(core, host, bytes);
  if (isKept && acquires(order) && releases(order)) {
    addTo(core + BEFORE_LOADS, 1 << place);
    addTo(core + BEFORE_STORES, 1 << place);
  }
  if (!isOver) tellIfObserved(WEAK_EVENT_ISSUE, core, pc, host, bytes, load<u64>(entry, DATA), 0);
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
  const ways: u32 = alone && canRelease && !isReservedByOther(core, host & ~7, 8) ? 3 : 2;
  const canWait = mayWait(info) || destinationOf(info) == 31;
  let way = blocked ? LATER : chooseFor(core, WEAK_ATOMIC, ways);
  if (way == LATER && !canWait) way = NOW;
  // What comes before it first, if it is to be now.
  if (way == NOW && (blocked || !force(core, load<u32>(entry, BEFORE)))) {
    if (!canWait) {
      cancel(core, place);
      store<u32>(STUCK, 1);
      return 0;
    }
    way = LATER;
  }
  if (way == SPLIT) {
    const old = split(core, pc, place, false);
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
  // All in one: the register is written by the handler.
  const old = split(core, pc, place, true);
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
  if (!mayIssue(core) || !need(core, load<u32>(core, BEFORE_LOADS))) return 0;
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
  if (!mayIssue(core) || !need(core, load<u32>(core, BEFORE_LOADS))) return 0;
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
