/**
 * Histories: the writes to eight aligned bytes (a granule) in the order in which they became visible, which is coherence
 * order. Memory itself always has the newest value. A granule has a history once somebody writes to it; what nobody writes
 * costs nothing.
 *
 * A granule's record is {u32 host address, u32 newest write, u32 reserved, u32 number of writes, u32 fetch floor, 12 bytes free},
 * then for each core eight u32 floors, then its first write (the initial value). A floor is the time of a write to that byte
 * than which this core's reads must find nothing older (coherence).
 */
import { WEAK_CORES, WEAK_END_MEMORY, WEAK_HEAP, WEAK_HEAP_END, WEAK_SHADOW, WEAK_WINDOWS } from "../layout";
import { CLOCK, FREE_WRITES, HEAP_NEXT, LAST_GRANULE, RELEASED, RESERVATIONS, fail, indexOf, raiseView } from "./state";

// ---- a granule ----------------------------------------------------------------------------------------------
const GRANULE_HOST = 0;
const NEWEST = 4;
/** The core + 1 for which some bytes are reserved, and a mask of them << 8. */
const RESERVED = 8;
const WRITE_COUNT = 12;
/** The time than which no fetch by any core finds anything older. */
export const FETCH_FLOOR = 16;
/** u32: the granule that was made before. */
const PREVIOUS_GRANULE = 20;
const FLOORS = 32;

// ---- a write ------------------------------------------------------------------------------------------------
export const TIME = 0;
/** The next older one, 0 for the first. */
export const OLDER = 4;
/** The granule's bytes after it. */
export const VALUE = 8;
/** The bytes that it wrote. */
export const MASK = 16;
/** Index of its core; NOBODY for initial values. */
export const WRITER = 20;
/** Views that a read of this value by the writer itself comes after: by address and data; by what it carries; if it acquires. */
export const ORDER_VIEW = 24;
export const CARRIED_FROM = 28;
export const CARRIED_PICKED = 32;
export const PAIRED_VIEW = 36;
const WRITE_BYTES = 40;
export const NOBODY: u32 = 0xff;

/** Longer histories lose their older half: what would have been read from there is read from what is left. */
const MAX_WRITES: u32 = 48;
const WRITES_KEPT: u32 = 24;

// @ts-ignore: decorators
@inline
function shadowOf(host: u32): u32 {
  return load<u32>(WEAK_SHADOW) + (((host - load<u32>(WEAK_WINDOWS)) >>> 3) << 2);
}

/** The granule of a host address, 0 if nobody has written there. */
// @ts-ignore: decorators
@inline
export function granuleOf(host: u32): u32 {
  return load<u32>(shadowOf(host));
}

// @ts-ignore: decorators
@inline
export function newestOf(granule: u32): u32 {
  return load<u32>(granule, NEWEST);
}

/** Mask of the bytes of an access that stays in its granule. */
// @ts-ignore: decorators
@inline
export function maskOf(host: u32, bytes: u32): u32 {
  return ((1 << bytes) - 1) << (host & 7);
}

/** `bytes` bytes of a granule's value, of those at a host address. */
// @ts-ignore: decorators
@inline
export function partOf(value: u64, host: u32, bytes: u32): u64 {
  return (value >>> ((host & 7) << 3)) & (<u64>-1 >>> (64 - (bytes << 3)));
}

/** More than a granule and a write need. */
const ROOM: u32 = 1024;

/** Whether there is room for another granule and a write; the execution ends if not. The last ROOM bytes are for what comes before its end. */
function hasRoom(): bool {
  if (load<u32>(HEAP_NEXT) + 2 * ROOM <= load<u32>(WEAK_HEAP_END)) return true;
  fail(WEAK_END_MEMORY);
  return false;
}

function allocate(bytes: u32): u32 {
  const at = load<u32>(HEAP_NEXT);
  store<u32>(HEAP_NEXT, at + bytes);
  return at;
}

function makeGranule(host: u32): u32 {
  const floors = load<u32>(WEAK_CORES) << 5;
  const granule = allocate(FLOORS + floors + WRITE_BYTES);
  memory.fill(granule, 0, FLOORS + floors + WRITE_BYTES);
  const first = granule + FLOORS + floors;
  store<u32>(granule, host & ~7, GRANULE_HOST);
  store<u32>(granule, first, NEWEST);
  store<u32>(granule, 1, WRITE_COUNT);
  store<u32>(granule, load<u32>(LAST_GRANULE), PREVIOUS_GRANULE);
  store<u64>(first, load<u64>(host & ~7), VALUE);
  store<u32>(first, 0xff, MASK);
  store<u32>(first, NOBODY, WRITER);
  store<u32>(LAST_GRANULE, granule);
  store<u32>(shadowOf(host), granule);
  return granule;
}

/** Its initial value stands where it was made, also when it has left the history. */
function firstWriteOf(granule: u32): u32 {
  return granule + FLOORS + (load<u32>(WEAK_CORES) << 5);
}

/** Memory as it was, and no histories. */
export function forgetHistories(): void {
  for (let granule = load<u32>(LAST_GRANULE); granule != 0; granule = load<u32>(granule, PREVIOUS_GRANULE)) {
    const host = load<u32>(granule, GRANULE_HOST);
    store<u64>(host, load<u64>(firstWriteOf(granule), VALUE));
    store<u32>(shadowOf(host), 0);
  }
  store<u32>(LAST_GRANULE, 0);
  store<u32>(FREE_WRITES, 0);
  store<u32>(HEAP_NEXT, load<u32>(WEAK_HEAP));
  store<u32>(RESERVATIONS, 0);
  store<u32>(RELEASED, 0);
  store<u32>(CLOCK, 0);
}

/** The granules that have histories: the newest, and the one made before a given one. 0 at the end. */
export function lastGranule(): u32 {
  return load<u32>(LAST_GRANULE);
}

export function granuleBefore(granule: u32): u32 {
  return load<u32>(granule, PREVIOUS_GRANULE);
}

export function hostOfGranule(granule: u32): u32 {
  return load<u32>(granule, GRANULE_HOST);
}

// ---- reservations ---------------------------------------------------------------------------------------------

/** Whether another core's atomic update is between its read and its write. */
export function isReservedByOther(core: u32, host: u32, bytes: u32): bool {
  const granule = granuleOf(host);
  if (granule == 0) return false;
  const reserved = load<u32>(granule, RESERVED);
  return reserved != 0 && (reserved & 0xff) != indexOf(core) + 1 && ((reserved >>> 8) & maskOf(host, bytes)) != 0;
}

export function reserve(core: u32, host: u32, bytes: u32): void {
  if (!hasRoom()) return;
  let granule = granuleOf(host);
  if (granule == 0) granule = makeGranule(host);
  const others = load<u32>(granule, RESERVED) >>> 8;
  if (others == 0) store<u32>(RESERVATIONS, load<u32>(RESERVATIONS) + 1);
  store<u32>(granule, (indexOf(core) + 1) | ((others | maskOf(host, bytes)) << 8), RESERVED);
}

function release(granule: u32, mask: u32): void {
  const left = (load<u32>(granule, RESERVED) >>> 8) & ~mask;
  store<u32>(RELEASED, load<u32>(RELEASED) + 1);
  if (left == 0) store<u32>(RESERVATIONS, load<u32>(RESERVATIONS) - 1);
  store<u32>(granule, left == 0 ? 0 : (load<u32>(granule, RESERVED) & 0xff) | (left << 8), RESERVED);
}

// ---- writing --------------------------------------------------------------------------------------------------

function takeWrite(): u32 {
  const free = load<u32>(FREE_WRITES);
  if (free == 0) return allocate(WRITE_BYTES);
  store<u32>(FREE_WRITES, load<u32>(free, OLDER));
  return free;
}

/** Drops the older half of a history. What is the oldest then counts as a write to all bytes by nobody in particular. */
function shorten(granule: u32): void {
  let last = newestOf(granule);
  for (let i: u32 = 1; i < WRITES_KEPT; i++) last = load<u32>(last, OLDER);
  let older = load<u32>(last, OLDER);
  store<u32>(last, 0, OLDER);
  if (load<u32>(last, MASK) != 0xff) {
    store<u32>(last, 0xff, MASK);
    store<u32>(last, NOBODY, WRITER);
  }
  const first = firstWriteOf(granule);
  while (older != 0) {
    const next = load<u32>(older, OLDER);
    if (older != first) {
      store<u32>(older, load<u32>(FREE_WRITES), OLDER);
      store<u32>(FREE_WRITES, older);
    }
    older = next;
  }
  store<u32>(granule, WRITES_KEPT, WRITE_COUNT);
}

/** Makes a write that stays in its granule visible at `time`; gives its record, whose views the caller fills in. */
export function write(core: u32, host: u32, bytes: u32, value: u64, time: u32): u32 {
  if (!hasRoom()) return load<u32>(WEAK_HEAP_END) - ROOM;
  let granule = granuleOf(host);
  if (granule == 0) granule = makeGranule(host);
  const mask = maskOf(host, bytes);
  const first = host & 7;
  const bits = (<u64>-1 >>> (64 - (bytes << 3))) << (first << 3);
  const newest = newestOf(granule);
  const entry = takeWrite();
  store<u32>(entry, time, TIME);
  store<u32>(entry, newest, OLDER);
  const after = (load<u64>(newest, VALUE) & ~bits) | ((value << (first << 3)) & bits);
  store<u64>(entry, after, VALUE);
  store<u64>(host & ~7, after);
  store<u32>(entry, mask, MASK);
  store<u32>(entry, indexOf(core), WRITER);
  store<u32>(granule, entry, NEWEST);
  const floors = granule + FLOORS + (indexOf(core) << 5);
  for (let byte = first; byte < first + bytes; byte++) store<u32>(floors + (byte << 2), time);
  if (load<u32>(granule, RESERVED) != 0) release(granule, mask);
  const count = load<u32>(granule, WRITE_COUNT) + 1;
  store<u32>(granule, count, WRITE_COUNT);
  if (count > MAX_WRITES) shorten(granule);
  return entry;
}

// ---- reading --------------------------------------------------------------------------------------------------

/** The time of the newest write that a core's read of some bytes must not miss, as far as they have been accessed before. */
function floorOf(granule: u32, core: u32, mask: u32): u32 {
  const floors = granule + FLOORS + (indexOf(core) << 5);
  let floor: u32 = 0;
  for (let rest = mask; rest != 0; rest &= rest - 1) floor = max(floor, load<u32>(floors + (<u32>ctz(rest) << 2)));
  return floor;
}

/** Writes that a read of some bytes may find that comes after `view`: from the newest on, those that touch the bytes. */
export function candidates(granule: u32, core: u32, mask: u32, view: u32): u32 {
  const since = max(view, floorOf(granule, core, mask));
  let count: u32 = 0;
  let entry = newestOf(granule);
  while (true) {
    if ((load<u32>(entry, MASK) & mask) != 0) {
      count++;
      if (load<u32>(entry, TIME) <= since) return count;
    }
    const older = load<u32>(entry, OLDER);
    if (older == 0) return max(count, 1);
    entry = older;
  }
}

/** The `index`-th of them. */
export function candidate(granule: u32, mask: u32, index: u32): u32 {
  let entry = newestOf(granule);
  let last = entry;
  let left = index;
  while (entry != 0) {
    if ((load<u32>(entry, MASK) & mask) != 0) {
      last = entry;
      if (left == 0) return entry;
      left--;
    }
    entry = load<u32>(entry, OLDER);
  }
  return last;
}

// What the last `see` found; views of a read.
export const SEEN_VIEW = CLOCK + 64;
export const SEEN_FROM = CLOCK + 68;
export const SEEN_PICKED = CLOCK + 72;
/** The newest time among the writes that it found. */
export const SEEN_TIME = CLOCK + 76;

/**
 * A core's read of some bytes finds the value after `entry`. Raises SEEN_VIEW by what that comes after, SEEN_FROM and
 * SEEN_PICKED by what the value carries, and the floors of the bytes.
 */
export function see(granule: u32, core: u32, mask: u32, entry: u32, acquires: bool): void {
  const self = indexOf(core);
  const floors = granule + FLOORS + (self << 5);
  let rest = mask;
  while (rest != 0) {
    const found = load<u32>(entry, MASK) & rest;
    if (found != 0) {
      const time = load<u32>(entry, TIME);
      raiseView(SEEN_TIME, time);
      if (load<u32>(entry, WRITER) == self) {
        raiseView(SEEN_VIEW, load<u32>(entry, ORDER_VIEW));
        if (acquires) raiseView(SEEN_VIEW, load<u32>(entry, PAIRED_VIEW));
        raiseView(SEEN_FROM, load<u32>(entry, CARRIED_FROM));
        raiseView(SEEN_PICKED, load<u32>(entry, CARRIED_PICKED));
      } else {
        raiseView(SEEN_VIEW, time);
      }
      for (let bits = found; bits != 0; bits &= bits - 1) raiseView(floors + (<u32>ctz(bits) << 2), time);
      rest &= ~found;
    }
    const older = load<u32>(entry, OLDER);
    // A history that was shortened has its oldest write count for all bytes.
    if (older == 0) return;
    entry = older;
  }
}

/** Whether another core has written to some bytes since `time`. */
export function writtenByOtherSince(core: u32, host: u32, bytes: u32, time: u32): bool {
  const granule = granuleOf(host);
  if (granule == 0) return false;
  const mask = maskOf(host, bytes);
  for (let entry = newestOf(granule); entry != 0; entry = load<u32>(entry, OLDER)) {
    if (load<u32>(entry, TIME) <= time) return false;
    if ((load<u32>(entry, MASK) & mask) != 0 && load<u32>(entry, WRITER) != indexOf(core)) return true;
  }
  return false;
}
