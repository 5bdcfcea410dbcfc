/**
 * Fetches of words that somebody has written to. A fetch reads any write that nothing makes it miss: with CTR_EL0.DIC, fetches
 * of a core see writes in the order in which they became visible; without, a fetch may find what is older than what the one before
 * found, and only invalidations, with context synchronisation behind them, put an end to what is old.
 */
import { WEAK_EVENT_FETCH, WEAK_FETCH } from "../layout";
import { FETCH_FLOOR, MASK, OLDER, TIME, VALUE, granuleOf, maskOf, newestOf, partOf } from "./history";
import { fetchFloorOf, fetchViewOf, isDic } from "./maintenance";
import { FETCHED_VIEW, FETCH_VIEW, NEW_VIEW, VISIBLE, chooseFor, coreAt, lineOf, raiseView, tellIfObserved } from "./state";

/** How many of the writes that touch the bytes a fetch may find: from the newest to the one that is in effect at `floor`. */
function countSince(granule: u32, mask: u32, floor: u32): u32 {
  let count: u32 = 0;
  for (let entry = newestOf(granule); entry != 0; entry = load<u32>(entry, OLDER)) {
    if ((load<u32>(entry, MASK) & mask) == 0) continue;
    count++;
    if (load<u32>(entry, TIME) <= floor) break;
  }
  return count;
}

function nthSince(granule: u32, mask: u32, index: u32): u32 {
  let entry = newestOf(granule);
  let left = index;
  while ((load<u32>(entry, MASK) & mask) == 0 || left-- > 0) entry = load<u32>(entry, OLDER);
  return entry;
}

/** Whether every write down to `floor` that touches the bytes has all of them. */
function areWhole(granule: u32, mask: u32, floor: u32): bool {
  for (let entry = newestOf(granule); entry != 0; entry = load<u32>(entry, OLDER)) {
    const touched = load<u32>(entry, MASK) & mask;
    if (touched == 0) continue;
    if (touched != mask) return false;
    if (load<u32>(entry, TIME) <= floor) return true;
  }
  return true;
}

/**
 * A word of which some writes have only a part, without DIC: each byte is found on its own, except that who finds a
 * byte of a write finds nothing older than that for the others. Gives the word, and raises FOUND.
 */
function fetchByBytes(core: u32, granule: u32, host: u32, floor: u32): u32 {
  let word: u32 = 0;
  let latest: u32 = 0;
  // The write that each byte was found in.
  let found0: u32 = 0;
  let found1: u32 = 0;
  let found2: u32 = 0;
  for (let byte: u32 = 0; byte < 4; byte++) {
    const mask: u32 = 1 << ((host & 4) + byte);
    let least = floor;
    for (let before: u32 = 0; before < byte; before++) {
      const entry = before == 0 ? found0 : before == 1 ? found1 : found2;
      if ((load<u32>(entry, MASK) & mask) != 0) least = max(least, load<u32>(entry, TIME));
    }
    let count: u32 = 0;
    for (let pass: u32 = 0, chosen: u32 = 0; pass < 2; pass++) {
      let index: u32 = 0;
      let entry = newestOf(granule);
      for (; entry != 0; entry = load<u32>(entry, OLDER)) {
        if ((load<u32>(entry, MASK) & mask) == 0) continue;
        const time = load<u32>(entry, TIME);
        if (fitsBytesBefore(entry, time, host, byte, found0, found1, found2)) {
          if (pass == 1 && index == chosen) break;
          index++;
        }
        if (time <= least) break;
      }
      if (pass == 0) {
        count = index;
        chosen = chooseFor(core, WEAK_FETCH, count);
        continue;
      }
      if (byte == 0) found0 = entry;
      else if (byte == 1) found1 = entry;
      else if (byte == 2) found2 = entry;
      latest = max(latest, load<u32>(entry, TIME));
      word |= (<u32>(load<u64>(entry, VALUE) >>> (((host & 4) + byte) << 3)) & 0xff) << (byte << 3);
    }
  }
  raiseView(core + FETCHED_VIEW, latest);
  return word;
}

/** Whether a byte of this write goes with what the bytes before it were found in: none of them is older where the write has them too. */
function fitsBytesBefore(entry: u32, time: u32, host: u32, byte: u32, found0: u32, found1: u32, found2: u32): bool {
  const mask = load<u32>(entry, MASK);
  for (let before: u32 = 0; before < byte; before++) {
    const other = before == 0 ? found0 : before == 1 ? found1 : found2;
    if (((mask >>> ((host & 4) + before)) & 1) != 0 && load<u32>(other, TIME) < time) return false;
  }
  return true;
}

/** What a core's next fetch from a line comes after. */
function viewOf(core: u32, line: u32): u32 {
  const fetched = load<u32>(core, FETCHED_VIEW);
  const since = load<u32>(core, FETCH_VIEW);
  return isDic() ? max(since, fetched) : fetchViewOf(line, since, max(fetched, since));
}

/** The time than which a fetch with such a view finds nothing older. */
function floorOf(granule: u32, line: u32, view: u32): u32 {
  return isDic() ? view : max(fetchFloorOf(line, view), load<u32>(granule, FETCH_FLOOR));
}

/** The word that a core fetches from a host address. */
export function fetch(core: u32, pc: u64, host: u32): u32 {
  const granule = granuleOf(host);
  if (granule == 0) return load<u32>(host);
  const mask = maskOf(host, 4);
  const line = lineOf(host);
  const view = viewOf(core, line);
  const floor = floorOf(granule, line, view);
  store<u32>(VISIBLE, 1);
  if (!isDic() && !areWhole(granule, mask, floor)) {
    const torn = fetchByBytes(core, granule, host, floor);
    raiseView(core + FETCHED_VIEW, view);
    raiseView(core + NEW_VIEW, load<u32>(core, FETCHED_VIEW));
    tellIfObserved(WEAK_EVENT_FETCH, core, pc, host, 4, <u64>torn, 0);
    return torn;
  }
  const entry = nthSince(granule, mask, chooseFor(core, WEAK_FETCH, countSince(granule, mask, floor)));
  const time = load<u32>(entry, TIME);
  const word = <u32>partOf(load<u64>(entry, VALUE), host, 4);
  raiseView(core + FETCHED_VIEW, max(view, time));
  raiseView(core + NEW_VIEW, max(view, time));
  tellIfObserved(WEAK_EVENT_FETCH, core, pc, host, 4, <u64>word, 0, time);
  return word;
}

/**
 * What a core's fetch from a host address might find now, without fetching: the `index`-th write's word, from the newest. -1 behind the
 * last one; -2 if writes have parts of the word, so that it may be made of several.
 */
export function fetchable(index: u32, host: u32, nth: u32): i64 {
  const core = coreAt(index);
  const granule = granuleOf(host);
  if (granule == 0) return nth == 0 ? <i64>load<u32>(host) : -1;
  const mask = maskOf(host, 4);
  const line = lineOf(host);
  const floor = floorOf(granule, line, viewOf(core, line));
  if (!isDic() && !areWhole(granule, mask, floor)) return -2;
  if (nth >= countSince(granule, mask, floor)) return -1;
  return <i64>(partOf(load<u64>(nthSince(granule, mask, nth), VALUE), host, 4) & 0xffffffff);
}
