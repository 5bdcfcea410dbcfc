/**
 * What a core's instruction cache must not hold any more. A line is *condemned* with the words that the point of unification
 * has at that moment: from the next context synchronisation on, the core must not execute anything older. Lines are host
 * addresses: IC is by physical address (CTR_EL0.L1Ip = PIPT), every window that shows the memory is concerned.
 */
import {
  CACHES_PROMPT, CACHE_POLICY, CONDEMNED_BYTES, CONDEMNED_ENTRIES, CTR, HANDLER_EMPTY, HANDLER_MASK, LINE, MAINTENANCE, WINDOW_BYTES, WINDOW_COUNT, WINDOW_HOST, WINDOW_POU,
} from "./layout";
import { replaceLine } from "./icache";
import { slotsOf, windowAt } from "./windows";

const CONDEMNED_COUNT = MAINTENANCE;
const CONDEMNED_LIST = MAINTENANCE + 64;
const WORDS: u32 = 8;

const CTR_DIC: u32 = 1 << 29;
/** Every word of a line, as replaceLine takes them. */
export const WHOLE: u32 = 0xffff;

/** Whether the instruction caches follow the point of unification by themselves. */
export function isCoherent(): bool {
  return (load<u32>(CTR) & CTR_DIC) != 0;
}

/** Where the line's copy at the point of unification stands: the line itself if IDC = 1, 0 if nothing can execute it. */
export function unificationOf(line: u32): u32 {
  const count = load<i32>(WINDOW_COUNT);
  for (let index = 0; index < count; index++) {
    const window = windowAt(index);
    const offset = line - load<u32>(window, WINDOW_HOST);
    if (<u64>offset >= load<u64>(window, WINDOW_BYTES)) continue;
    const unification = load<u32>(window, WINDOW_POU);
    return unification ? unification + offset : 0;
  }
  return 0;
}

/** Copies a line in doublewords: what other cores read meanwhile is old or new, never part of a word. */
export function copyLine(to: u32, from: u32): void {
  for (let offset: u32 = 0; offset < <u32>LINE; offset += 8) store<u64>(to + offset, load<u64>(from + offset));
}

/** The core must not execute, after its next context synchronisation, what is older than the line's words of now. */
export function condemnLine(core: u32, line: u32): void {
  const unification = unificationOf(line);
  if (!unification) return;
  if (load<u32>(CACHE_POLICY) == CACHES_PROMPT) return replaceLine(core, line, unification, WHOLE);
  const count = load<u32>(core, CONDEMNED_COUNT);
  const list = core + CONDEMNED_LIST;
  let i: u32 = 0;
  while (i < count && load<u32>(list + i * CONDEMNED_BYTES) != line) i++;
  if (i == <u32>CONDEMNED_ENTRIES) return replaceLine(core, line, unification, WHOLE);
  const entry = list + i * CONDEMNED_BYTES;
  store<u32>(entry, line);
  copyLine(entry + WORDS, unification);
  if (i == count) store<u32>(core, count + 1, CONDEMNED_COUNT);
}

/** Condemns every line that this core holds, or refreshes it at once. */
export function condemnAll(core: u32, isNow: bool): void {
  const count = load<i32>(WINDOW_COUNT);
  for (let index = 0; index < count; index++) {
    const slots = slotsOf(core, index);
    if (!slots) continue;
    const window = windowAt(index);
    const bytes = <u32>load<u64>(window, WINDOW_BYTES);
    const host = load<u32>(window, WINDOW_HOST);
    for (let offset: u32 = 0; offset < bytes; offset += LINE) {
      if ((load<u32>(slots + offset * 2, 4) & HANDLER_MASK) == HANDLER_EMPTY) continue;
      if (isNow) refreshLine(core, host + offset);
      else condemnLine(core, host + offset);
    }
  }
}

/** A context synchronisation event: the condemned lines take effect. */
export function synchronizeContext(core: u32): void {
  const count = load<u32>(core, CONDEMNED_COUNT);
  if (!count) return;
  store<u32>(core, 0, CONDEMNED_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const entry = core + CONDEMNED_LIST + i * CONDEMNED_BYTES;
    replaceLine(core, load<u32>(entry), entry + WORDS, WHOLE);
  }
}

/** Lets this core see a line as the point of unification has it, at once. */
export function refreshLine(core: u32, line: u32): void {
  const unification = unificationOf(line);
  if (!unification) return;
  forgetCondemned(core, line);
  replaceLine(core, line, unification, WHOLE);
}

function forgetCondemned(core: u32, line: u32): void {
  const count = load<u32>(core, CONDEMNED_COUNT);
  const list = core + CONDEMNED_LIST;
  for (let i: u32 = 0; i < count; i++) {
    const entry = list + i * CONDEMNED_BYTES;
    if (load<u32>(entry) != line) continue;
    memory.copy(entry, list + (count - 1) * CONDEMNED_BYTES, CONDEMNED_BYTES);
    store<u32>(core, count - 1, CONDEMNED_COUNT);
    return;
  }
}
