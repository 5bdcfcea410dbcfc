/** What reads and writes do when they take effect: to histories, and to the views of their core. */
import { WEAK_EVENT_READ, WEAK_EVENT_WRITE, WEAK_READ } from "../layout";
import {
  CARRIED_FROM, CARRIED_PICKED, ORDER_VIEW, PAIRED_VIEW, SEEN_FROM, SEEN_PICKED, SEEN_TIME, SEEN_VIEW, VALUE, candidate,
  candidates, granuleOf, maskOf, partOf, see, write,
} from "./history";
import {
  BARE_READS_VIEW, NEW_VIEW, READS_VIEW, RELEASE_VIEW, WRITES_VIEW, chooseFor, raiseView, tellIfObserved, tick,
} from "./state";
import {
  BYTES, CARRIES_FROM, CARRIES_PICKED, DATA, DATA_HIGH, DESTINATION, EXPECTED, EXPECTED_FROM, EXPECTED_PICKED, HOST, ISSUER_PC, KEPT, ORDER,
  ORDERED, PAIRED, UPDATE_OP, VIEW, deliverTo, finish,
} from "./waiting";

/** AccessOrder by number, as the handlers give it. */
export const PLAIN: u32 = 0;
export const ACQUIRE: u32 = 1;
export const ACQUIRE_PC: u32 = 2;
export const RELEASE: u32 = 3;
export const ACQUIRE_RELEASE: u32 = 4;

// AtomicOp of engine/a64/ops.ts, in the order in which the handlers number it.
const ADD: u32 = 0;
const CLR: u32 = 1;
const EOR: u32 = 2;
const SET: u32 = 3;
const SMAX: u32 = 4;
const SMIN: u32 = 5;
const UMAX: u32 = 6;
const UMIN: u32 = 7;
export const SWP: u32 = 8;
export const COMPARE_AND_SWAP: u32 = 9;

// @ts-ignore: decorators
@inline
export function acquires(order: u32): bool {
  return order == ACQUIRE || order == ACQUIRE_RELEASE;
}

// @ts-ignore: decorators
@inline
export function releases(order: u32): bool {
  return order == RELEASE || order == ACQUIRE_RELEASE;
}

// ---- reading ------------------------------------------------------------------------------------------------------

/** Begins a read that comes after `view`: SEEN_* say what it finds. */
export function beginRead(view: u32): void {
  store<u32>(SEEN_VIEW, view);
  store<u32>(SEEN_FROM, 0);
  store<u32>(SEEN_PICKED, 0);
  store<u32>(SEEN_TIME, 0);
}

/**
 * Reads bytes of one granule from memory, after beginRead. `which`: a number of candidates to choose from if that is less than
 * there are (1: the newest).
 */
export function readBytes(core: u32, host: u32, bytes: u32, acquiring: bool, atMost: u32 = 0xffffffff): u64 {
  const granule = granuleOf(host);
  if (granule == 0) {
    const whole = load<u64>(host & ~7);
    return partOf(whole, host, bytes);
  }
  const mask = maskOf(host, bytes);
  const count = min(atMost, candidates(granule, core, mask, load<u32>(SEEN_VIEW)));
  const entry = candidate(granule, mask, chooseFor(core, WEAK_READ, count));
  see(granule, core, mask, entry, acquiring);
  return partOf(load<u64>(entry, VALUE), host, bytes);
}

/** As readBytes, for a compare-and-swap: an old value will do where it differs from what is expected, because nothing is written then. */
export function readToCompare(core: u32, host: u32, bytes: u32, acquiring: bool, expected: u64): u64 {
  const granule = granuleOf(host);
  if (granule == 0) return readBytes(core, host, bytes, acquiring, 1);
  const mask = maskOf(host, bytes);
  const chosen = chooseFor(core, WEAK_READ, candidates(granule, core, mask, load<u32>(SEEN_VIEW)));
  let entry = candidate(granule, mask, chosen);
  if (partOf(load<u64>(entry, VALUE), host, bytes) == expected) entry = candidate(granule, mask, 0);
  see(granule, core, mask, entry, acquiring);
  return partOf(load<u64>(entry, VALUE), host, bytes);
}

/** A load that has waited is satisfied; gives its view. */
export function readLate(core: u32, entry: u32): u32 {
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  beginRead(load<u32>(entry, VIEW));
  const value = readBytes(core, host, bytes, false);
  const view = load<u32>(SEEN_VIEW);
  raiseView(core + READS_VIEW, view);
  deliverTo(core, load<u32>(entry, DESTINATION), value, max(view, load<u32>(SEEN_FROM)), max(view, load<u32>(SEEN_PICKED)));
  tellIfObserved(WEAK_EVENT_READ, core, load<u64>(entry, ISSUER_PC), host, bytes, value, 0, load<u32>(SEEN_TIME));
  return view;
}

// ---- writing ------------------------------------------------------------------------------------------------------

/** The views that go with a written value. */
function note(written: u32, entry: u32): void {
  store<u32>(written, load<u32>(entry, ORDERED), ORDER_VIEW);
  store<u32>(written, load<u32>(entry, CARRIES_FROM), CARRIED_FROM);
  store<u32>(written, load<u32>(entry, CARRIES_PICKED), CARRIED_PICKED);
  store<u32>(written, load<u32>(entry, PAIRED), PAIRED_VIEW);
}

/** A store becomes visible; gives its time. */
export function writeLate(core: u32, entry: u32): u32 {
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  const time = tick();
  note(write(core, host, min(bytes, 8), load<u64>(entry, DATA), time), entry);
  if (bytes == 16) note(write(core, host + 8, 8, load<u64>(entry, DATA_HIGH), time), entry);
  raiseView(core + WRITES_VIEW, time);
  if (releases(load<u32>(entry, ORDER))) raiseView(core + RELEASE_VIEW, time);
  tellIfObserved(WEAK_EVENT_WRITE, core, load<u64>(entry, ISSUER_PC), host, bytes, load<u64>(entry, DATA), time);
  return time;
}

// ---- atomic updates -------------------------------------------------------------------------------------------------

/** The low `bytes` bytes, sign-extended. */
function signed(value: u64, bytes: u32): i64 {
  const shift = 64 - (bytes << 3);
  return <i64>(value << shift) >> shift;
}

/** What an atomic operation writes, of which the low bytes count. */
export function combined(op: u32, bytes: u32, old: u64, operand: u64): u64 {
  const by = operand & (<u64>-1 >>> (64 - (bytes << 3)));
  switch (op) {
    case ADD: return old + by;
    case CLR: return old & ~by;
    case EOR: return old ^ by;
    case SET: return old | by;
    case SMAX: return signed(old, bytes) > signed(by, bytes) ? old : by;
    case SMIN: return signed(old, bytes) < signed(by, bytes) ? old : by;
    case UMAX: return old > by ? old : by;
    case UMIN: return old < by ? old : by;
    default: return by;
  }
}

/**
 * The read of an update has found `old`. Sets the views of what it writes, makes SEEN_FROM and SEEN_PICKED those of its register, and
 * says whether it writes at all.
 */
export function updateRead(core: u32, entry: u32, old: u64): bool {
  const view = load<u32>(SEEN_VIEW);
  const order = load<u32>(entry, ORDER);
  const bytes = load<u32>(entry, BYTES);
  const isKept = load<u32>(entry, KEPT) != 0;
  raiseView(core + (isKept ? READS_VIEW : BARE_READS_VIEW), view);
  if (isKept && acquires(order)) raiseView(core + NEW_VIEW, view);
  let from = max(view, load<u32>(SEEN_FROM));
  let picked = max(view, load<u32>(SEEN_PICKED));
  let writes = true;
  store<u32>(entry, view, PAIRED);
  if (load<u32>(entry, UPDATE_OP) == COMPARE_AND_SWAP) {
    writes = old == load<u64>(entry, EXPECTED);
    if (writes) {
      raiseView(entry + CARRIES_PICKED, max(load<u32>(entry, EXPECTED_PICKED), picked));
      // The register may keep what was expected, which does not come from memory: whichever says less about what comes before.
      from = min(from, load<u32>(entry, EXPECTED_FROM));
      picked = max(picked, load<u32>(entry, EXPECTED_PICKED));
    }
  } else {
    if (load<u32>(entry, UPDATE_OP) != SWP) {
      raiseView(entry + CARRIES_FROM, from);
      raiseView(entry + CARRIES_PICKED, picked);
    }
    store<u64>(entry, combined(load<u32>(entry, UPDATE_OP), bytes, old, load<u64>(entry, DATA)), DATA);
  }
  store<u32>(SEEN_FROM, from);
  store<u32>(SEEN_PICKED, picked);
  return writes;
}

/** An update that has waited reads and writes, with nothing between. */
export function updateLate(core: u32, entry: u32, place: u32): void {
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  const order = load<u32>(entry, ORDER);
  const isKept = load<u32>(entry, KEPT) != 0;
  beginRead(load<u32>(entry, VIEW));
  const old = readBytes(core, host, bytes, isKept && acquires(order), 1);
  const readView = load<u32>(SEEN_VIEW);
  tellIfObserved(WEAK_EVENT_READ, core, load<u64>(entry, ISSUER_PC), host, bytes, old, 0, load<u32>(SEEN_TIME));
  const writes = updateRead(core, entry, old);
  deliverTo(core, load<u32>(entry, DESTINATION), old, load<u32>(SEEN_FROM), load<u32>(SEEN_PICKED));
  const time = writes ? writeLate(core, entry) : readView;
  if (isKept && order == ACQUIRE_RELEASE) raiseView(core + NEW_VIEW, time);
  finish(core, place, readView, time);
}
