/** Which guest addresses there are, and where their memory, points of unification and slots stand in the shared memory. */
import * as layout from "../../assembly/layout.js";
import { hex, MachineOptionsError } from "./errors.js";

/** A range of guest addresses. */
export interface WindowSpec {
  readonly name: string;
  /** First address; a multiple of 4096, not page zero. */
  readonly address: bigint;
  /** Bytes; a multiple of 4096. */
  readonly size: number;
  readonly access: "r" | "rw" | "rx" | "rwx";
  /** BTI-guarded pages: indirect branches may land on landing pads only. */
  readonly guarded?: boolean;
  /** The name of an earlier window whose memory this one shows, from its start. */
  readonly alias?: string;
}

/** The parts of CTR_EL0 that can be chosen. */
export interface CacheType {
  /** Instruction caches follow the point of unification by themselves: IC is not needed. */
  readonly dic?: boolean;
  /** The point of unification is memory: DC is not needed. */
  readonly idc?: boolean;
}

/** A stretch of guest addresses as the core sees it. */
export interface MappedRange {
  readonly base: bigint;
  readonly size: number;
  /** Where its memory stands in the shared memory. */
  readonly host: number;
  /** Where its point of unification stands, 0 if no window shows the memory as executable. */
  readonly unification: number;
  /** WINDOW_* flags. */
  readonly flags: number;
  /** Each core's instruction-cache slots, 0 if not executable. */
  readonly slots: readonly number[];
}

export interface PlacedWindow extends MappedRange {
  readonly spec: WindowSpec;
}

export interface MemoryMap {
  readonly windows: readonly PlacedWindow[];
  /** The window table: windows that go on into one another, as data and heap of a program do, are one there. */
  readonly table: readonly MappedRange[];
  /** Bytes of the shared memory. */
  readonly size: number;
  readonly cores: number;
}

/** Where a call from the host returns to: an address of no window. */
export const HOST_RETURN_ADDRESS = 0xffff_ffff_ffff_f000n;

const PAGE = 4096;
const ADDRESS_SPACE = 1n << 64n;
const WASM_MEMORY = 2 ** 32;

/** A machine like a kernel: text and modules that are read-only where they execute, and writable aliases to patch them through. */
export const defaultWindows: readonly WindowSpec[] = [
  { name: "text", address: 0xffff_8000_1000_0000n, size: 4 << 20, access: "rx", guarded: true },
  { name: "data", address: 0xffff_8000_2000_0000n, size: 4 << 20, access: "rw" },
  { name: "stack", address: 0xffff_8000_f000_0000n, size: 256 << 10, access: "rw" },
  { name: "modules", address: 0xffff_8000_8000_0000n, size: 1 << 20, access: "rx", guarded: true },
  { name: "patch", address: 0xffff_8000_4000_0000n, size: 4 << 20, access: "rw", alias: "text" },
  { name: "patch-modules", address: 0xffff_8000_5000_0000n, size: 1 << 20, access: "rw", alias: "modules" },
];

function refuse(spec: WindowSpec, why: string): never {
  throw new MachineOptionsError(`window '${spec.name}' at ${hex(spec.address)}: ${why}`);
}

function checkWindow(spec: WindowSpec, earlier: readonly WindowSpec[]): void {
  const size = spec.size;
  if (spec.address < 0n || spec.address % BigInt(PAGE) !== 0n) refuse(spec, `its address is not a multiple of ${PAGE}`);
  if (!Number.isInteger(size) || size <= 0 || size % PAGE !== 0)
    refuse(spec, `its size ${size} is not a positive multiple of ${PAGE}`);
  const end = spec.address + BigInt(size);
  if (end > ADDRESS_SPACE) refuse(spec, `its size ${hex(size)} takes it past the end of the address space`);
  if (spec.address === 0n) refuse(spec, "page zero stays unmapped, so that a branch to NULL is seen");
  if (end > HOST_RETURN_ADDRESS) refuse(spec, `the page at ${hex(HOST_RETURN_ADDRESS)} is where calls return to`);
  if (!["r", "rw", "rx", "rwx"].includes(spec.access)) refuse(spec, `'${spec.access}' is none of r, rw, rx, rwx`);
  for (const other of earlier) {
    if (other.name === spec.name) refuse(spec, "another window has this name");
    if (spec.address < other.address + BigInt(other.size) && other.address < end)
      refuse(spec, `it overlaps window '${other.name}'`);
  }
  if (spec.alias === undefined) return;
  const shown = earlier.find((other) => other.name === spec.alias);
  if (shown === undefined) refuse(spec, `it is an alias of '${spec.alias}', which is no earlier window`);
  if (shown.alias !== undefined)
    refuse(spec, `it is an alias of '${spec.alias}', itself an alias: name '${shown.alias}'`);
  if (size > shown.size) refuse(spec, `it is larger than window '${spec.alias}', whose memory it shows`);
}

/** Hands out the shared memory from `next` on. */
class Allocator {
  #next: number;

  constructor(next: number) {
    this.#next = next;
  }

  take(bytes: number): number {
    const address = this.#next;
    this.#next = Math.ceil((address + bytes) / PAGE) * PAGE;
    return address;
  }

  get end(): number {
    return this.#next;
  }
}

function accessFlags(spec: WindowSpec): number {
  return (
    layout.WINDOW_READ |
    (spec.access.includes("w") ? layout.WINDOW_WRITE : 0) |
    (spec.access.includes("x") ? layout.WINDOW_EXECUTE : 0) |
    (spec.guarded === true ? layout.WINDOW_GUARDED : 0)
  );
}

/** Places the windows. Throws a MachineOptionsError for windows that cannot be. */
export function mapMemory(specs: readonly WindowSpec[], cacheType: CacheType, cores: number): MemoryMap {
  if (specs.length === 0) throw new MachineOptionsError("a machine needs at least one window");
  if (specs.length > layout.MAX_WINDOWS)
    throw new MachineOptionsError(`${specs.length} windows, at most ${layout.MAX_WINDOWS} are possible`);
  specs.forEach((spec, index) => checkWindow(spec, specs.slice(0, index)));
  // One block more is the host's, who may have to wait for cores too.
  const allocator = new Allocator(Math.ceil((layout.CORES + (cores + 1) * layout.CORE_SIZE) / PAGE) * PAGE);
  const isExecutable = (name: string): boolean =>
    specs.some((spec) => (spec.name === name || spec.alias === name) && spec.access.includes("x"));
  const windows: PlacedWindow[] = [];
  for (const spec of specs) {
    const shown = windows.find((window) => window.spec.name === spec.alias);
    const executed = isExecutable(spec.alias ?? spec.name);
    const host = shown?.host ?? allocator.take(spec.size);
    const separate = executed && cacheType.idc !== true;
    const unification = shown?.unification ?? (separate ? allocator.take(spec.size) : executed ? host : 0);
    const coherent = executed && cacheType.dic === true && cacheType.idc === true;
    const flags = accessFlags(spec) | (coherent ? layout.WINDOW_COHERENT : 0);
    const slots = Array.from({ length: cores }, () =>
      spec.access.includes("x") ? allocator.take((spec.size / 4) * layout.SLOT_BYTES) : 0,
    );
    windows.push({ spec, base: spec.address, size: spec.size, host, unification, flags, slots });
  }
  if (allocator.end > WASM_MEMORY) {
    throw new MachineOptionsError(
      `the windows need ${hex(allocator.end)} bytes with their caches, 4 GiB is the limit: make them smaller`,
    );
  }
  return { windows, table: joined(windows), size: allocator.end, cores };
}

/** So an access that walks over them is at home in one entry of the table: what the interpreter looks up and compiled code checks. */
function joined(windows: readonly MappedRange[]): readonly MappedRange[] {
  const table: MappedRange[] = [];
  for (const { base, size, host, unification, flags, slots } of windows) {
    const before = table.at(-1);
    const goesOn =
      before !== undefined &&
      before.base + BigInt(before.size) === base &&
      before.host + before.size === host &&
      before.flags === flags &&
      // What is executed somewhere is looked up by its window's beginning.
      before.unification === 0 &&
      unification === 0;
    if (goesOn) table[table.length - 1] = { ...before, size: before.size + size };
    else table.push({ base, size, host, unification, flags, slots });
  }
  return table;
}

/** Writes the window table and the cores' slot tables into the control block. */
export function writeMap(view: DataView, map: MemoryMap): void {
  view.setUint32(layout.WINDOW_COUNT, map.table.length, true);
  map.table.forEach((window, index) => {
    const entry = layout.WINDOWS + index * layout.WINDOW_SIZE;
    view.setBigUint64(entry + layout.WINDOW_BASE, window.base, true);
    view.setBigUint64(entry + layout.WINDOW_BYTES, BigInt(window.size), true);
    view.setUint32(entry + layout.WINDOW_HOST, window.host, true);
    view.setUint32(entry + layout.WINDOW_POU, window.unification, true);
    view.setUint32(entry + layout.WINDOW_FLAGS, window.flags, true);
    window.slots.forEach((slots, core) => {
      view.setUint32(layout.CORES + core * layout.CORE_SIZE + layout.SLOTS + index * 4, slots, true);
    });
  });
}

const CTR_IDC = 2 ** 28;
const CTR_DIC = 2 ** 29;
/** Bit 31 is one; CWG = ERG = DminLine = IminLine = 4 (64 bytes); L1Ip = PIPT. */
const CTR_BASE = 0x8444_c004;

/** CTR_EL0 (Arm ARM D19.2.34). */
export function cacheTypeRegister(cacheType: CacheType): number {
  return CTR_BASE + (cacheType.idc === true ? CTR_IDC : 0) + (cacheType.dic === true ? CTR_DIC : 0);
}
