/**
 * Cleans and invalidations that have taken effect, for fetches to ask. A clean is kept by line: the time of the latest one
 * by anybody, and of each core's own, which its later accesses to the line come after. An invalidation has its time, the time of the DSB that
 * completes it, and the time than which it left nothing older to be fetched from its line.
 */
import {
  CTR, WEAK, WEAK_END_MEMORY, WEAK_EVENT_CLEAN, WEAK_EVENT_INVALIDATE, WEAK_LINE,
} from "../layout";
import { FETCH_FLOOR, granuleBefore, hostOfGranule, lastGranule } from "./history";
import {
  CLEANS_VIEW, CLEAN_COUNT, INVALIDATES_VIEW, INVALIDATE_COUNT, fail, indexOf, lineOf, raiseView, tellIfObserved, tick,
} from "./state";

/** {u32 line, u32 latest, a u32 a core}. */
const CLEANS: u32 = WEAK + 8192;
const CLEAN_BYTES: u32 = 72;
const MAX_CLEANS: u32 = 256;
/** {u32 line, u32 time, u32 completed, u32 floor, u32 core}. */
const INVALIDATES: u32 = WEAK + 32768;
const INVALIDATE_BYTES: u32 = 20;
const MAX_INVALIDATES: u32 = 128;
/** The line of IC IALLU and IALLUIS: no window begins there. */
export const ALL_LINES: u32 = 1;

const CTR_IDC: u32 = 1 << 28;
const CTR_DIC: u32 = 1 << 29;

export function isDic(): bool {
  return (load<u32>(CTR) & CTR_DIC) != 0;
}

function isIdc(): bool {
  return (load<u32>(CTR) & (CTR_IDC | CTR_DIC)) != 0;
}

export function forgetMaintenance(): void {
  store<u32>(CLEAN_COUNT, 0);
  store<u32>(INVALIDATE_COUNT, 0);
}

// ---- cleans -----------------------------------------------------------------------------------------------------

/** The record of a line, 0 if it has not been cleaned. */
function cleanOf(line: u32): u32 {
  const end = CLEANS + load<u32>(CLEAN_COUNT) * CLEAN_BYTES;
  for (let entry: u32 = CLEANS; entry < end; entry += CLEAN_BYTES) if (load<u32>(entry) == line) return entry;
  return 0;
}

/** DC takes effect. */
export function clean(core: u32, host: u32, pc: u64): u32 {
  const line = lineOf(host);
  const time = tick();
  let entry = cleanOf(line);
  if (entry == 0) {
    const count = load<u32>(CLEAN_COUNT);
    if (count == MAX_CLEANS) {
      fail(WEAK_END_MEMORY);
      return time;
    }
    store<u32>(CLEAN_COUNT, count + 1);
    entry = CLEANS + count * CLEAN_BYTES;
    memory.fill(entry, 0, CLEAN_BYTES);
    store<u32>(entry, line);
  }
  store<u32>(entry, time, 4);
  store<u32>(entry + (indexOf(core) << 2), time, 8);
  raiseView(core + CLEANS_VIEW, time);
  tellIfObserved(WEAK_EVENT_CLEAN, core, pc, line, load<u32>(WEAK_LINE), 0, time);
  return time;
}

/** The time of this core's latest clean of the line of an access. */
export function cleanedBy(core: u32, host: u32): u32 {
  if (load<u32>(CLEAN_COUNT) == 0) return 0;
  const entry = cleanOf(lineOf(host));
  return entry == 0 ? 0 : load<u32>(entry + (indexOf(core) << 2), 8);
}

// ---- invalidations ------------------------------------------------------------------------------------------------

function addInvalidate(core: u32, line: u32, time: u32, floor: u32): void {
  if (load<u32>(INVALIDATE_COUNT) == MAX_INVALIDATES) foldOldest();
  const count = load<u32>(INVALIDATE_COUNT);
  const entry = INVALIDATES + count * INVALIDATE_BYTES;
  store<u32>(INVALIDATE_COUNT, count + 1);
  store<u32>(entry, line);
  store<u32>(entry, time, 4);
  store<u32>(entry, 0, 8);
  store<u32>(entry, floor, 12);
  store<u32>(entry, indexOf(core), 16);
}

/** From now on every fetch is taken to come after the oldest invalidation: it sees no less for it. */
function foldOldest(): void {
  const line = load<u32>(INVALIDATES);
  const floor = load<u32>(INVALIDATES, 12);
  for (let granule = lastGranule(); granule != 0; granule = granuleBefore(granule)) {
    if (line == ALL_LINES || lineOf(hostOfGranule(granule)) == line || lineOf(hostOfGranule(granule) + 4) == line) {
      raiseView(granule + FETCH_FLOOR, floor);
    }
  }
  const count = load<u32>(INVALIDATE_COUNT) - 1;
  memory.copy(INVALIDATES, INVALIDATES + INVALIDATE_BYTES, count * INVALIDATE_BYTES);
  store<u32>(INVALIDATE_COUNT, count);
}

/** IC takes effect: what it leaves in its line is what has been cleaned before, or with CTR_EL0.IDC written. */
export function invalidate(core: u32, line: u32, pc: u64): u32 {
  const time = tick();
  if (isIdc()) {
    addInvalidate(core, line, time, time);
  } else if (line == ALL_LINES) {
    const end = CLEANS + load<u32>(CLEAN_COUNT) * CLEAN_BYTES;
    for (let entry: u32 = CLEANS; entry < end; entry += CLEAN_BYTES) {
      addInvalidate(core, load<u32>(entry), time, load<u32>(entry, 4));
    }
  } else {
    const entry = cleanOf(line);
    addInvalidate(core, line, time, entry == 0 ? 0 : load<u32>(entry, 4));
  }
  raiseView(core + INVALIDATES_VIEW, time);
  tellIfObserved(WEAK_EVENT_INVALIDATE, core, pc, line == ALL_LINES ? 0 : line, load<u32>(WEAK_LINE), 0, time);
  return time;
}

/** A DSB of a core at `time` completes its invalidations. */
export function completeInvalidates(core: u32, time: u32): void {
  const end = INVALIDATES + load<u32>(INVALIDATE_COUNT) * INVALIDATE_BYTES;
  for (let entry: u32 = INVALIDATES; entry < end; entry += INVALIDATE_BYTES) {
    if (load<u32>(entry, 16) == indexOf(core) && load<u32>(entry, 8) == 0) store<u32>(entry, time, 8);
  }
}

// @ts-ignore: decorators
@inline
function covers(entry: u32, line: u32): bool {
  return load<u32>(entry) == line || load<u32>(entry) == ALL_LINES;
}

/**
 * The view of a fetch from a line that comes after `view`, if fetches before it in program order have come after `fetched`: it comes
 * after an invalidation if it comes after that has taken effect, or if a fetch before it came after the DSB that completed it.
 */
export function fetchViewOf(line: u32, view: u32, fetched: u32): u32 {
  const end = INVALIDATES + load<u32>(INVALIDATE_COUNT) * INVALIDATE_BYTES;
  let raised = view;
  for (let entry: u32 = INVALIDATES; entry < end; entry += INVALIDATE_BYTES) {
    if (!covers(entry, line)) continue;
    const completed = load<u32>(entry, 8);
    if (completed != 0 && completed <= fetched) raised = max(raised, load<u32>(entry, 4));
  }
  return raised;
}

/** The time than which a fetch with a view, which is one that fetchViewOf gave, finds nothing older in its line. */
export function fetchFloorOf(line: u32, view: u32): u32 {
  const end = INVALIDATES + load<u32>(INVALIDATE_COUNT) * INVALIDATE_BYTES;
  let floor: u32 = 0;
  for (let entry: u32 = INVALIDATES; entry < end; entry += INVALIDATE_BYTES) {
    if (covers(entry, line) && load<u32>(entry, 4) <= view) floor = max(floor, load<u32>(entry, 12));
  }
  return floor;
}
