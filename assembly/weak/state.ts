/**
 * The weak machine's own state. Time is a count of what has become visible to all: every store, DC, IC and completed DSB has
 * its own time. A *view* is a time that something is known to come after.
 */
import {
  CORES, CORE_SIZE, WEAK, WEAK_CHOICES_LEFT, WEAK_CORE, WEAK_LINE, WEAK_LOADED_HIGH, WEAK_OBSERVED, WEAK_VIEWS,
} from "../layout";
import { chooseOf, tell } from "./host";

// ---- shared by all cores ----------------------------------------------------------------------------------
/** u32: the time of the last that has become visible. */
export const CLOCK = WEAK + 64;
/** u32: something went wrong in the middle of an instruction; 1 + WEAK_END_*. */
export const FAILED = WEAK + 68;
/** u32: the instruction did something that other cores may see, or see something of. */
export const VISIBLE = WEAK + 72;
/** u32: the core that acted last. */
export const CURRENT = WEAK + 76;
/** u32: the first granule, where the next goes, and the list of free history entries. */
export const HEAP_NEXT = WEAK + 84;
export const FREE_WRITES = WEAK + 88;
/** u32: the newest granule. */
export const LAST_GRANULE = WEAK + 92;
/** u32: granules with bytes that are reserved, and how often a reservation has come to its end. */
export const RESERVATIONS = WEAK + 104;
export const RELEASED = WEAK + 108;
/** u32: the instruction that is being executed needs what another core's reservation holds up. It does nothing more, and comes again. */
export const STUCK = WEAK + 112;
/** u32: the core whose registers are kept in WEAK_SAVED, 0 if none's are. */
export const SAVED = WEAK + 116;
export const CLEAN_COUNT = WEAK + 96;
export const INVALIDATE_COUNT = WEAK + 100;


// ---- of each core -----------------------------------------------------------------------------------------
/** u32 view: of what its later loads come after. */
export const NEW_VIEW = WEAK_CORE + 16;
/** u32 views: of its reads whose values are kept, of its other reads, its writes, DCs and ICs so far. */
export const READS_VIEW = WEAK_CORE + 20;
export const BARE_READS_VIEW = WEAK_CORE + 24;
export const WRITES_VIEW = WEAK_CORE + 28;
export const CLEANS_VIEW = WEAK_CORE + 32;
export const INVALIDATES_VIEW = WEAK_CORE + 36;
/** u32 views: of its store-releases; of what its DSBs have completed. */
export const RELEASE_VIEW = WEAK_CORE + 40;
export const COMPLETED_VIEW = WEAK_CORE + 44;
/** u32 views: of what its later fetches come after; of its fetches so far. */
export const FETCH_VIEW = WEAK_CORE + 48;
export const FETCHED_VIEW = WEAK_CORE + 52;
/** u32 sets of waiting operations: all; those that later loads come after, as a whole or as far as they read; that later stores and DCs come after; store-releases. */
export const WAITING = WEAK_CORE + 56;
export const BEFORE_LOADS = WEAK_CORE + 60;
export const BEFORE_LOADS_READ = WEAK_CORE + 64;
export const BEFORE_STORES = WEAK_CORE + 68;
export const BEFORE_CLEANS = WEAK_CORE + 72;
export const RELEASES = WEAK_CORE + 76;
/** u32: operations issued so far. */
export const ISSUED = WEAK_CORE + 80;
/** Exclusive monitor: u32 host address (0: open), bytes, times of the newest write that was read (of the second doubleword too), view of the read. */
export const MARKED = WEAK_CORE + 84;
export const MARKED_BYTES = WEAK_CORE + 88;
export const MARKED_TIME = WEAK_CORE + 92;
export const MARKED_VIEW = WEAK_CORE + 96;
export const MARKED_TIME_HIGH = WEAK_CORE + 100;
/** u32: 1 + RELEASED when its next instruction had to wait for another core's reservation; 0 otherwise. */
export const HELD = WEAK_CORE + 104;
/** What a reset clears, apart from the views of registers: from NEW_VIEW on. */
const CLEARED_BYTES = 96;
/** 32 waiting operations, OPERATION_BYTES each; see waiting.ts. */
export const OPERATIONS = WEAK_CORE + 256;
export const OPERATION_BYTES = 128;

export const WAITS_FOR: u32 = 0x80000000;

// @ts-ignore: decorators
@inline
export function coreAt(index: u32): u32 {
  return CORES + index * CORE_SIZE;
}

// @ts-ignore: decorators
@inline
export function indexOf(core: u32): u32 {
  return (core - CORES) / CORE_SIZE;
}

export function clearCore(core: u32): void {
  memory.fill(core + WEAK_VIEWS, 0, WEAK_LOADED_HIGH - WEAK_VIEWS);
  memory.fill(core + NEW_VIEW, 0, CLEARED_BYTES);
}

// @ts-ignore: decorators
@inline
export function isStuck(): bool {
  return load<u32>(STUCK) != 0;
}

// @ts-ignore: decorators
@inline
export function raiseView(address: u32, view: u32): void {
  if (load<u32>(address) < view) store<u32>(address, view);
}

// @ts-ignore: decorators
@inline
export function addTo(address: u32, set: u32): void {
  store<u32>(address, load<u32>(address) | set);
}

/** The next time. */
// @ts-ignore: decorators
@inline
export function tick(): u32 {
  const time = load<u32>(CLOCK) + 1;
  store<u32>(CLOCK, time);
  return time;
}

/** What a core cannot go on after. The first reason counts. */
export function fail(reason: u32): void {
  if (load<u32>(FAILED) == 0) store<u32>(FAILED, reason + 1);
}

/** One of 0 to `alternatives` - 1. */
export function choose(kind: u32, alternatives: u32, detail: u32): u32 {
  store<u32>(WEAK_CHOICES_LEFT, load<u32>(WEAK_CHOICES_LEFT) - 1);
  const chosen = chooseOf(kind, alternatives, detail);
  return chosen < alternatives ? chosen : 0;
}

// @ts-ignore: decorators
@inline
export function chooseFor(core: u32, kind: u32, alternatives: u32): u32 {
  return alternatives > 1 ? choose(kind, alternatives, indexOf(core)) : 0;
}

// @ts-ignore: decorators
@inline
export function lineOf(host: u32): u32 {
  return host & ~(load<u32>(WEAK_LINE) - 1);
}

// @ts-ignore: decorators
@inline
export function tellIfObserved(kind: u32, core: u32, pc: u64, host: u32, bytes: u32, value: u64, time: u32, writer: u32 = 0): void {
  if (load<u32>(WEAK_OBSERVED) != 0) tell(kind, indexOf(core), pc, host, bytes, value, time, writer);
}
