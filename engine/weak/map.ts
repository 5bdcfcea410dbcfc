/** Where windows, slots and histories stand in a weak machine's memory. Its windows may begin and end anywhere. */
import * as layout from "../../assembly/layout.js";
import { MachineOptionsError } from "../machine/errors.js";
import type { WindowSpec } from "../machine/memory-map.js";

export interface WeakWindow {
  readonly spec: WindowSpec;
  readonly host: number;
  readonly slots: number;
}

export interface WeakMemoryMap {
  readonly windows: readonly WeakWindow[];
  /** Table of granules, and the heap for histories. */
  readonly shadow: number;
  readonly heap: number;
  readonly end: number;
}

/** Host and guest addresses are equal modulo this, so that alignment and cache lines are the same for both. */
const ALIGNMENT = 64;
const GRANULE = 8;
const WASM_MEMORY = 2 ** 32;

function aligned(address: number): number {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT;
}

function endOf({ address, size }: WindowSpec): bigint {
  return address + BigInt(size);
}

/** Throws a MachineOptionsError for windows that do not fit. */
export function mapWeak(specs: readonly WindowSpec[], heapBytes: number): WeakMemoryMap {
  if (specs.length > layout.MAX_WINDOWS)
    throw new MachineOptionsError(`${specs.length} windows, at most ${layout.MAX_WINDOWS} are possible`);
  let next = layout.WEAK_FIRST_WINDOW;
  const placed: { spec: WindowSpec; host: number }[] = [];
  for (const spec of specs) {
    const shown = placed.find((window) => window.spec.name === spec.alias);
    // An access may go over the end of a window into one that goes on there.
    const before = placed.find(
      (window) => window.host + window.spec.size === next && endOf(window.spec) === spec.address,
    );
    const free = aligned(next + 1) + Number(spec.address % BigInt(ALIGNMENT));
    const host = shown?.host ?? (before === undefined ? free : next);
    placed.push({ spec, host });
    if (shown === undefined) next = host + spec.size;
  }
  // The last granule is looked at as a whole.
  const shadow = aligned(next + GRANULE);
  next = aligned(shadow + ((shadow - layout.WEAK_FIRST_WINDOW) / GRANULE) * 4);
  const windows = placed.map(({ spec, host }): WeakWindow => {
    const slots = spec.access.includes("x") ? next : 0;
    if (slots !== 0) next = aligned(next + Math.ceil(spec.size / 4) * layout.SLOT_BYTES);
    return { spec, host, slots };
  });
  const end = next + heapBytes;
  if (end > WASM_MEMORY) throw new MachineOptionsError("the windows need more than 4 GiB with their histories");
  return { windows, shadow, heap: next, end };
}

function accessFlags({ access, guarded }: WindowSpec): number {
  return (
    (access.includes("r") ? layout.WINDOW_READ : 0) |
    (access.includes("w") ? layout.WINDOW_WRITE : 0) |
    (access.includes("x") ? layout.WINDOW_EXECUTE : 0) |
    (guarded === true ? layout.WINDOW_GUARDED : 0)
  );
}

/** Writes the window table, and each core's table of slots, which all share: a slot only saves decoding a word again. */
export function writeWeakMap(view: DataView, map: WeakMemoryMap, cores: number): void {
  view.setUint32(layout.WINDOW_COUNT, map.windows.length, true);
  for (const [index, { spec, host, slots }] of map.windows.entries()) {
    const entry = layout.WINDOWS + index * layout.WINDOW_SIZE;
    view.setBigUint64(entry + layout.WINDOW_BASE, spec.address, true);
    view.setBigUint64(entry + layout.WINDOW_BYTES, BigInt(spec.size), true);
    view.setUint32(entry + layout.WINDOW_HOST, host, true);
    view.setUint32(entry + layout.WINDOW_POU, host, true);
    view.setUint32(entry + layout.WINDOW_FLAGS, accessFlags(spec), true);
    for (let core = 0; core < cores; core++) {
      view.setUint32(layout.CORES + core * layout.CORE_SIZE + layout.SLOTS + index * 4, slots, true);
    }
  }
  view.setUint32(layout.WEAK_WINDOWS, layout.WEAK_FIRST_WINDOW, true);
  view.setUint32(layout.WEAK_SHADOW, map.shadow, true);
  view.setUint32(layout.WEAK_HEAP, map.heap, true);
  view.setUint32(layout.WEAK_HEAP_END, map.end, true);
}
