/** The window table: from guest addresses to the shared memory. */
import {
  ACCESS_READ, ACCESS_SEVERAL, ACCESS_WINDOWS, ACCESS_WINDOW_ENTRIES, ACCESS_WRITE, EXCEPTION_DATA_ALIGNMENT, EXCEPTION_DATA_PERMISSION,
  EXCEPTION_DATA_STRADDLE, EXCEPTION_DATA_UNMAPPED, SLOTS, WINDOWS, WINDOW_BASE, WINDOW_BYTES, WINDOW_COHERENT,
  WINDOW_COUNT, WINDOW_FLAGS, WINDOW_GUARDED, WINDOW_HOST, WINDOW_SIZE,
} from "./layout";
import { raiseDataAbort, raiseMaintenanceAbort } from "./exceptions";
import { noteCoherentWrite } from "./maintenance";

/** Address of a window's entry. */
// @ts-ignore: decorators
@inline
export function windowAt(index: i32): u32 {
  return WINDOWS + index * WINDOW_SIZE;
}

/** Index of the window that shows `address`, -1 if none does. */
export function findWindow(address: u64): i32 {
  const count = load<i32>(WINDOW_COUNT);
  for (let index = 0; index < count; index++) {
    const window = windowAt(index);
    if (address - load<u64>(window, WINDOW_BASE) < load<u64>(window, WINDOW_BYTES)) return index;
  }
  return -1;
}

/** Where `address` stands in the shared memory, given its window. */
// @ts-ignore: decorators
@inline
export function hostOf(window: u32, address: u64): u32 {
  return load<u32>(window, WINDOW_HOST) + <u32>(address - load<u64>(window, WINDOW_BASE));
}

/** This core's slots for a window, 0 if the window is not executable. */
// @ts-ignore: decorators
@inline
export function slotsOf(core: u32, index: i32): u32 {
  return load<u32>(core + SLOTS + (index << 2));
}

// ---- accesses: spec = bytes | kind << 8 | aligned << 12 ------------------------------------------------

// @ts-ignore: decorators
@inline
function bytesOf(spec: u32): u32 {
  return spec & 0xff;
}

// @ts-ignore: decorators
@inline
function kindOf(spec: u32): u32 {
  return (spec >>> 8) & (ACCESS_READ | ACCESS_WRITE);
}

/** Whether the access breaks an alignment that its instruction asks for. */
// @ts-ignore: decorators
@inline
function isMisaligned(address: u64, spec: u32): bool {
  return (spec & 0x1000) != 0 && (<u32>address & (bytesOf(spec) - 1)) != 0;
}

/**
 * Host address of the access if its bytes stand in the window `index`, or go on into another that is adjacent
 * in guest and host memory, with the permissions that it needs; 0 otherwise.
 */
function translate(index: i32, address: u64, spec: u32): u32 {
  if (index < 0) return 0;
  const window = windowAt(index);
  const kind = kindOf(spec);
  if ((load<u32>(window, WINDOW_FLAGS) & kind) != kind) return 0;
  const size = load<u64>(window, WINDOW_BYTES);
  if (address - load<u64>(window, WINDOW_BASE) + bytesOf(spec) <= size) return hostOf(window, address);
  const next = findWindow(load<u64>(window, WINDOW_BASE) + size);
  if (next < 0) return 0;
  const second = windowAt(next);
  if ((load<u32>(second, WINDOW_FLAGS) & kind) != kind) return 0;
  return load<u32>(second, WINDOW_HOST) == load<u32>(window, WINDOW_HOST) + <u32>size ? hostOf(window, address) : 0;
}

/** Raises the data abort for an access that `translate` refused. */
function refuse(core: u32, pc: u64, index: i32, address: u64, spec: u32): void {
  const kind = kindOf(spec);
  if (index < 0) return raiseDataAbort(core, pc, address, spec, EXCEPTION_DATA_UNMAPPED, kind == ACCESS_WRITE);
  const window = windowAt(index);
  let missing = kind & ~load<u32>(window, WINDOW_FLAGS);
  // An update that may not even read is reported as a read (ESR_ELx.WnR).
  if (missing) {
    return raiseDataAbort(core, pc, address, spec, EXCEPTION_DATA_PERMISSION, (missing & ACCESS_READ) == 0);
  }
  const boundary = load<u64>(window, WINDOW_BASE) + load<u64>(window, WINDOW_BYTES);
  const second = findWindow(boundary);
  if (second < 0) return raiseDataAbort(core, pc, boundary, spec, EXCEPTION_DATA_UNMAPPED, kind == ACCESS_WRITE);
  missing = kind & ~load<u32>(windowAt(second), WINDOW_FLAGS);
  if (missing) {
    return raiseDataAbort(core, pc, boundary, spec, EXCEPTION_DATA_PERMISSION, (missing & ACCESS_READ) == 0);
  }
  raiseDataAbort(core, pc, boundary, spec, EXCEPTION_DATA_STRADDLE, kind == ACCESS_WRITE);
}

// @ts-ignore: decorators
@inline
function windowNote(core: u32, pc: u64): u32 {
  return core + ACCESS_WINDOWS + (<u32>(pc >>> 2) & (ACCESS_WINDOW_ENTRIES - 1));
}

/**
 * Host address of a data access of the instruction at `pc`, or 0 after raising the data abort. Looks first into the
 * window that this instruction used last, as ACCESS_WINDOWS notes.
 */
export function access(core: u32, pc: u64, address: u64, spec: u32): u32 {
  const note = load<u8>(windowNote(core, pc)) & ~ACCESS_SEVERAL;
  if (note == 0 || isMisaligned(address, spec)) return accessAnywhere(core, pc, address, spec);
  const window = windowAt(note - 1);
  const offset = address - load<u64>(window, WINDOW_BASE);
  if (offset > load<u64>(window, WINDOW_BYTES) - bytesOf(spec)) return accessAnywhere(core, pc, address, spec);
  const kind = kindOf(spec);
  // A write must be permitted and the window not coherent.
  const looked = kind | ((kind & ACCESS_WRITE) * (WINDOW_COHERENT / ACCESS_WRITE));
  if ((load<u32>(window, WINDOW_FLAGS) & looked) != kind) return accessAnywhere(core, pc, address, spec);
  return load<u32>(window, WINDOW_HOST) + <u32>offset;
}

/**
 * The same by searching; notes the window. With CTR_EL0.DIC = 1 a write takes the words out of the instruction
 * cache here: a core cannot fetch between this and its store.
 */
export function accessAnywhere(core: u32, pc: u64, address: u64, spec: u32): u32 {
  if (isMisaligned(address, spec)) {
    raiseDataAbort(core, pc, address, spec, EXCEPTION_DATA_ALIGNMENT, kindOf(spec) == ACCESS_WRITE);
    return 0;
  }
  const index = findWindow(address);
  const host = translate(index, address, spec);
  if (!host) {
    refuse(core, pc, index, address, spec);
    return 0;
  }
  const note = load<u8>(windowNote(core, pc));
  const several = note == 0 || (note & ~ACCESS_SEVERAL) == index + 1 ? note & ACCESS_SEVERAL : ACCESS_SEVERAL;
  store<u8>(windowNote(core, pc), (index + 1) | several);
  if ((load<u32>(windowAt(index), WINDOW_FLAGS) & WINDOW_COHERENT) != 0 && (kindOf(spec) & ACCESS_WRITE) != 0) {
    noteCoherentWrite(core, host, bytesOf(spec));
  }
  return host;
}

/** The host address of a cache maintenance operation's address, or 0 after raising its data abort. */
export function maintainedAddress(core: u32, pc: u64, address: u64, needed: u32): u32 {
  const index = findWindow(address);
  if (index < 0) {
    raiseMaintenanceAbort(core, pc, address, EXCEPTION_DATA_UNMAPPED);
    return 0;
  }
  const window = windowAt(index);
  if ((load<u32>(window, WINDOW_FLAGS) & needed) != needed) {
    raiseMaintenanceAbort(core, pc, address, EXCEPTION_DATA_PERMISSION);
    return 0;
  }
  return hostOf(window, address);
}

/** Whether the instruction at `pc` stands in a guarded page. */
export function isGuarded(core: u32, pc: u64): bool {
  const index = findWindow(pc);
  return index >= 0 && (load<u32>(windowAt(index), WINDOW_FLAGS) & WINDOW_GUARDED) != 0;
}
