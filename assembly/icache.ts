/**
 * A core's instruction cache: a slot of {word, handler, heat} for every word of every executable window.
 *
 * Invariants:
 *   - a slot is HANDLER_EMPTY, or holds the word that was fetched and goes on being executed, whatever memory
 *     holds meanwhile;
 *   - without CTR_EL0.DIC the sixteen slots of a line are filled together and never emptied singly: the first one
 *     tells whether the line is held;
 *   - heat outlives whatever happens to the word.
 */
import {
  COUNT_DROPPED, COUNT_FETCHES, FIRST_FORM, HANDLER_EMPTY, HANDLER_FETCHED, HANDLER_MASK, LINE, SLOT_BYTES,
  TABLE_DECODE, WINDOW_BASE, WINDOW_BYTES, WINDOW_COUNT, WINDOW_HOST, WINDOW_POU,
} from "./layout";
import { dropped } from "./host";
import { findWindow, slotsOf, windowAt } from "./windows";

// @ts-ignore: decorators
@inline
export function increment(core: u32, counter: u32, by: u64 = 1): void {
  store<u64>(core + counter, load<u64>(core + counter) + by);
}

/** The form of a word: a table index from FIRST_FORM on. */
// @ts-ignore: decorators
@inline
export function decode(word: u32): i32 {
  return call_indirect<i32>(TABLE_DECODE, word);
}

/** Reads the line of `address` at the point of unification into those of its slots that are empty. */
function fetchLine(core: u32, index: i32, address: u64): void {
  const window = windowAt(index);
  const offset = <u32>(address - load<u64>(window, WINDOW_BASE)) & ~(LINE - 1);
  const source = load<u32>(window, WINDOW_POU) + offset;
  const slots = slotsOf(core, index) + offset * 2;
  increment(core, COUNT_FETCHES);
  for (let i = 0; i < LINE / 4; i++) {
    const slot = slots + i * SLOT_BYTES;
    const entry = load<u32>(slot, 4);
    if ((entry & HANDLER_MASK) != HANDLER_EMPTY) continue;
    store<u32>(slot, load<u32>(source + i * 4));
    store<u32>(slot, entry | HANDLER_FETCHED, 4);
  }
}

/** Fetches and decodes what the slot of `address` lacks, and gives its handler. */
export function prepare(core: u32, index: i32, address: u64, slot: u32): i32 {
  let entry = load<i32>(slot, 4);
  if ((entry & HANDLER_MASK) == HANDLER_EMPTY) {
    fetchLine(core, index, address);
    entry = load<i32>(slot, 4);
  }
  const handler = entry & HANDLER_MASK;
  if (handler >= FIRST_FORM) return handler;
  const form = decode(load<u32>(slot));
  store<u32>(slot, (entry & ~HANDLER_MASK) | form, 4);
  return form;
}

/** Address of this core's slot for a guest address, 0 if it is not executable or not a multiple of 4. */
export function slotAddress(core: u32, address: u64): u32 {
  const index = findWindow(address);
  if (index < 0 || (<u32>address & 3) != 0) return 0;
  const slots = slotsOf(core, index);
  return slots ? slots + <u32>(address - load<u64>(windowAt(index), WINDOW_BASE)) * 2 : 0;
}

/** Makes sure that the slot of `address` holds a word, as a prefetch may at any time; false if it is not executable. */
export function fill(core: u32, address: u64): bool {
  const slot = slotAddress(core, address);
  if (!slot) return false;
  if ((load<u32>(slot, 4) & HANDLER_MASK) == HANDLER_EMPTY) fetchLine(core, findWindow(address), address);
  return true;
}

/** The word that this core holds for `address`; 0 if it holds none. */
export function heldWord(core: u32, address: u64): u32 {
  const slot = slotAddress(core, address);
  return slot ? load<u32>(slot) : 0;
}

function report(core: u32, line: u64, mask: u32): void {
  if (!mask) return;
  increment(core, COUNT_DROPPED, popcnt(mask));
  dropped(core, line, mask);
}

/** The offset of a host address in the memory that window `index` shows to fetches; -1 if it is not there. */
// @ts-ignore: decorators
@inline
function executableOffset(core: u32, index: i32, host: u32): i64 {
  if (!slotsOf(core, index)) return -1;
  const window = windowAt(index);
  const offset = host - load<u32>(window, WINDOW_HOST);
  return <u64>offset < load<u64>(window, WINDOW_BYTES) ? <i64>offset : -1;
}

/**
 * Lets this core see the sixteen words at `words` for the memory line at host address `line`, in every window that
 * shows it: words that it holds and that differ are replaced, equal ones stay as they are, linked regions included. Bit i
 * of `which` is set for the words that are concerned.
 */
export function replaceLine(core: u32, line: u32, words: u32, which: u32): void {
  const count = load<i32>(WINDOW_COUNT);
  for (let index = 0; index < count; index++) {
    const offset = executableOffset(core, index, line);
    if (offset < 0) continue;
    const slots = slotsOf(core, index) + <u32>offset * 2;
    let mask: u32 = 0;
    for (let i = 0; i < LINE / 4; i++) {
      if (((which >>> i) & 1) == 0) continue;
      const slot = slots + i * SLOT_BYTES;
      const entry = load<u32>(slot, 4);
      const word = load<u32>(words + i * 4);
      if ((entry & HANDLER_MASK) == HANDLER_EMPTY || load<u32>(slot) == word) continue;
      store<u32>(slot, word);
      store<u32>(slot, (entry & ~HANDLER_MASK) | HANDLER_FETCHED, 4);
      mask |= 1 << i;
    }
    report(core, load<u64>(windowAt(index), WINDOW_BASE) + <u64>offset, mask);
  }
}

/** Empties the slots of the words that `bytes` bytes at a host address touch, in every window that shows them. */
export function dropWords(core: u32, host: u32, bytes: u32): void {
  const count = load<i32>(WINDOW_COUNT);
  const end = host + bytes;
  for (let line = host & ~(LINE - 1); line < end; line += LINE) {
    const first = max(line, host & ~3);
    const last = min(line + LINE, end);
    for (let index = 0; index < count; index++) {
      const offset = executableOffset(core, index, line);
      if (offset < 0) continue;
      const slots = slotsOf(core, index) + <u32>offset * 2;
      let mask: u32 = 0;
      for (let word = first; word < last; word += 4) {
        const slot = slots + (word - line) * 2;
        const entry = load<u32>(slot, 4);
        if ((entry & HANDLER_MASK) == HANDLER_EMPTY) continue;
        store<u32>(slot, entry & ~HANDLER_MASK, 4);
        mask |= 1 << ((word - line) >>> 2);
      }
      report(core, load<u64>(windowAt(index), WINDOW_BASE) + <u64>offset, mask);
    }
  }
}
