/**
 * Operations that wait: issued in program order, they take effect in any order that what must come before them allows. A
 * set of them is a mask of 32 bits by place in the core's table; each has the set of those that it waits for, which only
 * loses members.
 *
 * What an instruction needs may be held up by a reservation of another core, that between the read and the write of an atomic update
 * nobody else writes there. Then the core is stuck: the instruction is undone, and executed again once reservations have ended.
 *
 * A load that waits stands for one that is satisfied late: its register has its place in the table for a view until
 * the value is needed (settle), or something that comes after it is.
 */
import { WEAK_SAVED, WEAK_SAVED_VIEWS, WEAK_VIEWS, X } from "../layout";
import { isReservedByOther } from "./history";
import { clean, invalidate } from "./maintenance";
import {
  BEFORE_CLEANS, BEFORE_LOADS, BEFORE_LOADS_READ, BEFORE_STORES, ISSUED, NEW_VIEW, OPERATIONS, OPERATION_BYTES, RELEASES,
  SAVED, STUCK, WAITING, addTo, isStuck, lineOf, raiseView,
} from "./state";
import { readLate, updateLate, writeLate } from "./effects";

// ---- an operation ---------------------------------------------------------------------------------------------
export const KIND = 0;
/** The set of those that come before it. */
export const BEFORE = 4;
export const HOST = 8;
export const BYTES = 12;
/** Of a store what it writes, of an update its operand; u64 each. */
export const DATA = 16;
export const DATA_HIGH = 24;
/** What its read comes after. */
export const VIEW = 32;
/** The register that its value goes to; 31: none. */
export const DESTINATION = 36;
/** ORDER_*. */
export const ORDER = 40;
/** As a write of history.ts has them. */
export const ORDERED = 44;
export const CARRIES_FROM = 48;
export const CARRIES_PICKED = 52;
export const PAIRED = 56;
export const SEQUENCE = 60;
/** Of compare-and-swap: what is expected, u64, and its views. */
export const EXPECTED = 64;
export const EXPECTED_FROM = 72;
export const EXPECTED_PICKED = 76;
/** Of an update: AtomicOp, in its order, or COMPARE_AND_SWAP. */
export const UPDATE_OP = 80;
/** Of an update: whether its instruction keeps what it read. */
export const KEPT = 84;
export const ISSUER_PC = 88;

export const LOAD: u32 = 1;
export const STORE: u32 = 2;
export const UPDATE: u32 = 3;
export const CLEAN: u32 = 4;
export const INVALIDATE: u32 = 5;

// @ts-ignore: decorators
@inline
export function operationAt(core: u32, place: u32): u32 {
  return core + OPERATIONS + place * OPERATION_BYTES;
}

/**
 * Called before an access: gives false if the core is stuck. Leaves room for what an instruction issues, at most LINE / 4: of more operations
 * than MANY the oldest that can takes effect.
 */
export function mayIssue(core: u32): bool {
  if (isStuck()) return false;
  while (popcnt(load<u32>(core, WAITING)) > MANY) {
    const possible = ready(core);
    if (possible == 0) {
      store<u32>(STUCK, 1);
      return false;
    }
    takeEffect(core, <u32>ctz(oldest(core, possible)));
  }
  return true;
}

/** A place for a new operation, at first with nothing before it. */
export function issue(core: u32, kind: u32, pc: u64, host: u32, bytes: u32, before: u32): u32 {
  const place = <u32>ctz(~load<u32>(core, WAITING));
  const entry = operationAt(core, place);
  const sequence = load<u32>(core, ISSUED) + 1;
  store<u32>(core, sequence, ISSUED);
  memory.fill(entry, 0, OPERATION_BYTES);
  store<u32>(entry, kind, KIND);
  store<u32>(entry, before & load<u32>(core, WAITING), BEFORE);
  store<u32>(entry, host, HOST);
  store<u32>(entry, bytes, BYTES);
  store<u32>(entry, 31, DESTINATION);
  store<u32>(entry, sequence, SEQUENCE);
  store<u64>(entry, pc, ISSUER_PC);
  addTo(core + WAITING, 1 << place);
  return place;
}

const MANY: u32 = 15;

// ---- sets -------------------------------------------------------------------------------------------------------

function isAccess(kind: u32): bool {
  return kind <= UPDATE;
}

/** The waiting operations of some kinds, a mask by number. */
export function waitingOf(core: u32, kinds: u32): u32 {
  let set: u32 = 0;
  for (let rest = load<u32>(core, WAITING); rest != 0; rest &= rest - 1) {
    const place = <u32>ctz(rest);
    if ((kinds >>> load<u32>(operationAt(core, place), KIND)) & 1) set |= 1 << place;
  }
  return set;
}

/** Those that touch some bytes, and DCs of their lines. */
export function waitingAt(core: u32, host: u32, bytes: u32): u32 {
  let set: u32 = 0;
  for (let rest = load<u32>(core, WAITING); rest != 0; rest &= rest - 1) {
    const place = <u32>ctz(rest);
    const entry = operationAt(core, place);
    const at = load<u32>(entry, HOST);
    const kind = load<u32>(entry, KIND);
    if (isAccess(kind)) {
      if (at < host + bytes && host < at + load<u32>(entry, BYTES)) set |= 1 << place;
    } else if (kind == CLEAN) {
      const line = lineOf(at);
      if (line == lineOf(host) || line == lineOf(host + bytes - 1)) set |= 1 << place;
    }
  }
  return set;
}

/** Accesses and DCs to a line. */
export function waitingInLine(core: u32, line: u32): u32 {
  let set: u32 = 0;
  for (let rest = load<u32>(core, WAITING); rest != 0; rest &= rest - 1) {
    const place = <u32>ctz(rest);
    const entry = operationAt(core, place);
    const kind = load<u32>(entry, KIND);
    if (kind == INVALIDATE) continue;
    const at = load<u32>(entry, HOST);
    if (lineOf(at) == line || (isAccess(kind) && lineOf(at + load<u32>(entry, BYTES) - 1) == line)) set |= 1 << place;
  }
  return set;
}

/** The oldest of a set, alone. */
export function oldest(core: u32, set: u32): u32 {
  let found: u32 = 0;
  let sequence: u32 = 0xffffffff;
  for (let rest = set & load<u32>(core, WAITING); rest != 0; rest &= rest - 1) {
    const place = <u32>ctz(rest);
    const own = load<u32>(operationAt(core, place), SEQUENCE);
    if (own >= sequence) continue;
    sequence = own;
    found = 1 << place;
  }
  return found;
}

function isBlocked(core: u32, entry: u32): bool {
  const kind = load<u32>(entry, KIND);
  if (kind != STORE && kind != UPDATE) return false;
  const host = load<u32>(entry, HOST);
  const bytes = load<u32>(entry, BYTES);
  if (bytes == 16) return isReservedByOther(core, host, 8) || isReservedByOther(core, host + 8, 8);
  return isReservedByOther(core, host, bytes);
}

/** Those that may take effect now. */
export function ready(core: u32): u32 {
  let set: u32 = 0;
  for (let rest = load<u32>(core, WAITING); rest != 0; rest &= rest - 1) {
    const place = <u32>ctz(rest);
    const entry = operationAt(core, place);
    if (load<u32>(entry, BEFORE) == 0 && !isBlocked(core, entry)) set |= 1 << place;
  }
  return set;
}

// ---- taking effect ------------------------------------------------------------------------------------------------

/** As `force`, for what an instruction can't go on without: the core is stuck otherwise. */
export function need(core: u32, set: u32): bool {
  if (force(core, set)) return true;
  store<u32>(STUCK, 1);
  return false;
}

/**
 * Lets a set of operations take effect, and those that come before them, in program order as far as that is possible; false if some
 * can't.
 */
export function force(core: u32, set: u32): bool {
  while (true) {
    let needed = set & load<u32>(core, WAITING);
    if (needed == 0) return true;
    for (let before = needed; ; needed = before) {
      for (let rest = needed; rest != 0; rest &= rest - 1) before |= load<u32>(operationAt(core, <u32>ctz(rest)), BEFORE);
      if (before == needed) break;
    }
    let possible: u32 = 0;
    for (let rest = needed; rest != 0; rest &= rest - 1) {
      const place = <u32>ctz(rest);
      const entry = operationAt(core, place);
      if (load<u32>(entry, BEFORE) == 0 && !isBlocked(core, entry)) possible |= 1 << place;
    }
    if (possible == 0) return false;
    takeEffect(core, <u32>ctz(oldest(core, possible)));
  }
}

/** One operation takes effect, which nothing has to come before. */
export function takeEffect(core: u32, place: u32): void {
  const entry = operationAt(core, place);
  const pc = load<u64>(entry, ISSUER_PC);
  switch (load<u32>(entry, KIND)) {
    case LOAD: {
      const view = readLate(core, entry);
      return finish(core, place, view, view);
    }
    case STORE: {
      const time = writeLate(core, entry);
      return finish(core, place, time, time);
    }
    case UPDATE: return updateLate(core, entry, place);
    case CLEAN: {
      const time = clean(core, load<u32>(entry, HOST), pc);
      return finish(core, place, time, time);
    }
    default: {
      const time = invalidate(core, load<u32>(entry, HOST), pc);
      return finish(core, place, time, time);
    }
  }
}

/** It is as if it had not been issued. */
export function cancel(core: u32, place: u32): void {
  finish(core, place, 0, 0);
}

/** It has taken effect: what waits for it learns after what it comes, for its read and as a whole. */
export function finish(core: u32, place: u32, readView: u32, view: u32): void {
  const bit: u32 = 1 << place;
  if ((load<u32>(core, BEFORE_LOADS) & bit) != 0) raiseView(core + NEW_VIEW, view);
  if ((load<u32>(core, BEFORE_LOADS_READ) & bit) != 0) raiseView(core + NEW_VIEW, readView);
  store<u32>(core, load<u32>(core, WAITING) & ~bit, WAITING);
  store<u32>(core, load<u32>(core, BEFORE_LOADS) & ~bit, BEFORE_LOADS);
  store<u32>(core, load<u32>(core, BEFORE_LOADS_READ) & ~bit, BEFORE_LOADS_READ);
  store<u32>(core, load<u32>(core, BEFORE_STORES) & ~bit, BEFORE_STORES);
  store<u32>(core, load<u32>(core, BEFORE_CLEANS) & ~bit, BEFORE_CLEANS);
  store<u32>(core, load<u32>(core, RELEASES) & ~bit, RELEASES);
  for (let rest = load<u32>(core, WAITING); rest != 0; rest &= rest - 1) {
    const entry = operationAt(core, <u32>ctz(rest));
    const before = load<u32>(entry, BEFORE);
    if ((before & bit) == 0) continue;
    store<u32>(entry, before & ~bit, BEFORE);
    if (load<u32>(entry, KIND) == LOAD) raiseView(entry + VIEW, readView);
  }
}

// ---- registers that wait for a value ------------------------------------------------------------------------------

/** A register of the core, whose view is `from`, is needed. */
export function settle(core: u32, from: u32): void {
  need(core, 1 << (from & 31));
}

/** A register is written whose value nobody has asked for; its view was `from`. */
export function abandon(core: u32, from: u32): void {
  if (isStuck()) return;
  store<u32>(operationAt(core, from & 31), 31, DESTINATION);
}

/** Gives an operation's register its value. */
export function deliverTo(core: u32, register: u32, value: u64, from: u32, picked: u32): void {
  if (register == 31) return;
  const slot = core + (register << 3);
  store<u64>(slot, value, X);
  store<u32>(slot, from, WEAK_VIEWS);
  store<u32>(slot, picked, WEAK_VIEWS + 4);
  if (load<u32>(SAVED) != core) return;
  store<u64>(slot, value, WEAK_SAVED + X);
  store<u32>(slot, from, WEAK_SAVED_VIEWS);
  store<u32>(slot, picked, WEAK_SAVED_VIEWS + 4);
}
