/** A machine: windows of memory, a core, the wasm modules that make it go, and the JIT. */
import { availableParallelism } from "node:os";
import * as layout from "../../assembly/layout.js";
import type { Program } from "../a64/program.js";
import type { ElfImage } from "../elf/index.js";
import { compileWorker, jitDefaults, type PlanWindow, type RegionCache } from "../jit/index.js";
import { clockFrom, clockOrigin } from "./clock.js";
import { Core, type CoreHost } from "./core.js";
import type { CoreExports } from "./core-exports.js";
import {
  ArgumentError,
  MachineDisposedError,
  MachineOptionsError,
  UnknownWindowError,
  UnresponsiveCoreError,
} from "./errors.js";
import { Executor, type ExecutorHooks, type MachineJitOptions, type MachineParts } from "./executor.js";
import { GuestMemory } from "./guest-memory.js";
import type { FirmwareCall } from "./host-calls.js";
import { type MaintenanceRecord, readRecords } from "./maintenance-log.js";
import {
  type CacheType,
  cacheTypeRegister,
  defaultWindows,
  HOST_RETURN_ADDRESS,
  type MemoryMap,
  mapMemory,
  type WindowSpec,
  writeMap,
} from "./memory-map.js";
import { type EngineModules, engineModules } from "./modules.js";
import { Semihosting, type SemihostingOptions } from "./semihosting.js";
import { CoreState } from "./state.js";
import { type MachineStats, readStats } from "./stats.js";
import { describeAddress } from "./symbols.js";
import { type Dropped, Threads } from "./threads.js";

/** When the words that maintenance invalidates leave a core's instruction cache. */
export type InstructionCachePolicy =
  /** As late as the architecture allows: at the core's own context synchronisation, and never by itself. Deterministic. */
  | "late"
  /** At the core's next interrupt point: its next taken branch. */
  | "prompt"
  /**
   * At any time between: lines and parts of lines come in anew, data caches write back unasked, condemned words stay usable until the
   * core synchronises its context, as `seed` has it.
   */
  | { readonly kind: "adversarial"; readonly seed: number };

export interface MachineOptions {
  /** Default: `defaultWindows`. */
  readonly windows?: readonly WindowSpec[];
  /** CTR_EL0. Default: neither, so that all maintenance is needed. */
  readonly ctr?: CacheType;
  /** Whether hot code is compiled. Default true. */
  readonly jit?: boolean | MachineJitOptions;
  /** Cores, from 1 to 16. Default 1. */
  readonly cores?: number;
  /**
   * Worker threads that run cores asynchronously, started when they are first needed: core i belongs to thread i modulo their number, and a
   * thread runs its cores in turn. Default: one a core, but no more than the host has processors.
   */
  readonly threads?: number;
  /** Default "late" for one core, "prompt" for several. */
  readonly instructionCache?: InstructionCachePolicy;
  /** Milliseconds that a DSB waits for another core to take cache maintenance before it throws an UnresponsiveCoreError. Default 10000. */
  readonly maintenanceTimeoutMs?: number;
  /**
   * The system counter (CNTVCT_EL0): an integer that does not decrease, 10^9 ticks a second. Default: the host's monotonic clock. A
   * machine with a counter of its own runs in this thread only.
   */
  readonly counter?: () => number;
  /**
   * Answers the guest's HVC and SMC, as a hypervisor or a secure monitor would: through the core's registers, while it
   * stands behind the instruction. Without it they are faults.
   */
  readonly firmware?: (core: Core, call: FirmwareCall) => void;
  /** Answers the guest's HLT #0xF000: its console and its exit. Without it that is an instruction like any other HLT. */
  readonly semihosting?: SemihostingOptions;
}

/** Words of a line left a core's instruction cache or were replaced in it. */
export interface Invalidation {
  /** Index of the core. */
  readonly core: number;
  /** First guest address concerned. */
  readonly address: bigint;
  /** Bytes up to the last word concerned; within one line of 64. */
  readonly length: number;
  /** Compiled regions that were unlinked for it. */
  readonly regionsUnlinked: number;
}

export interface MachineInternals {
  readonly memory: WebAssembly.Memory;
  readonly map: MemoryMap;
  readonly states: readonly CoreState[];
  readonly exports: CoreExports;
  readonly regions: RegionCache | undefined;
}

const TIMEOUT = 10_000;

const COUNTER_HERTZ = 1_000_000_000n;
/** Bytes: what the procedure call standard asks for. */
const STACK_ALIGNMENT = 16;
/** PSTATE of a core out of reset: EL1h, exceptions masked. */
const ALL_MASKED = 0xf;
/** MPIDR_EL1 bit 31 is one; Aff0 is the core's number. */
const MPIDR_RES1 = 0x8000_0000n;

/** CNTKCTL_EL1.EL0PCTEN and EL0VCTEN: EL0 may read the counters, as under Linux. */
const EL0_COUNTERS = 3n;

const policyNumbers = { late: layout.CACHES_LATE, prompt: layout.CACHES_PROMPT } as const;
/** A core's seed is the run's times this, so that no two draw alike: 2^64 divided by the golden ratio. */
const SEED_FACTOR = 0x9e37_79b9_7f4a_7c15n;

/** A run of bytes to be loaded; zero bytes follow up to its size. */
interface Part {
  readonly what: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly size: number;
}

function sectionParts({ sections }: Program): readonly Part[] {
  return sections.map(({ name, address, bytes }) => ({
    what: `section ${name} of the program`,
    address,
    bytes,
    size: bytes.length,
  }));
}

function segmentParts({ name, segments }: ElfImage): readonly Part[] {
  return segments.map(({ address, bytes, memorySize }) => ({
    what: `a segment of ${name}`,
    address,
    bytes,
    size: memorySize,
  }));
}

/** A number of things that an option gives. */
function count(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new MachineOptionsError(`${name}: ${value} is not an integer from 1 to ${most}`);
}

function jitOptions(option: boolean | MachineJitOptions): MachineParts["jit"] {
  if (option === false) return undefined;
  const given = option === true ? {} : option;
  return { ...given, threshold: given.threshold ?? jitDefaults.threshold, startAfter: given.startAfter ?? 0 };
}

function planWindows(map: MemoryMap): readonly PlanWindow[] {
  return map.table.map(({ base, size, host, flags }, index) => ({ index, base, size, host, flags }));
}

export class Machine {
  /** The machine's windows, in the order given. */
  readonly windows: readonly WindowSpec[];
  readonly cores: readonly Core[];
  readonly #memory: WebAssembly.Memory;
  readonly #guest: GuestMemory;
  readonly #map: MemoryMap;
  readonly #states: readonly CoreState[];
  readonly #parts: MachineParts;
  readonly #hooks: ExecutorHooks;
  readonly #clockOrigin = clockOrigin();
  readonly #threadCount: number;
  /** Made when a core first runs asynchronously. */
  #threads: Threads | undefined;
  #isDisposed = false;
  readonly #symbols = new Map<string, bigint>();
  readonly #listeners = new Set<(invalidation: Invalidation) => void>();
  /** Whether a host's write has to take words out of instruction caches. */
  readonly #coherent: boolean;
  readonly #timeout: number;

  private constructor(modules: EngineModules, options: MachineOptions) {
    const cores = count("cores", options.cores ?? 1, layout.MAX_CORES);
    this.#threadCount = count("threads", options.threads ?? Math.min(cores, availableParallelism()), layout.MAX_CORES);
    this.#timeout = count("maintenanceTimeoutMs", options.maintenanceTimeoutMs ?? TIMEOUT, 2 ** 30);
    const cacheType = options.ctr ?? {};
    this.windows = options.windows ?? defaultWindows;
    this.#map = mapMemory(this.windows, cacheType, cores);
    this.#coherent = cacheType.dic === true && cacheType.idc === true;
    const pages = Math.ceil(this.#map.size / layout.WASM_PAGE);
    this.#memory = new WebAssembly.Memory({ shared: true, initial: pages, maximum: pages });
    this.#guest = new GuestMemory(this.#memory, this.#map.windows, (host, length) => this.#written(host, length));
    this.#parts = {
      memory: this.#memory,
      modules,
      windows: planWindows(this.#map),
      jit: jitOptions(options.jit ?? true),
    };
    const counter = options.counter ?? clockFrom(this.#clockOrigin);
    this.#hooks = {
      pollsPending: cores > 1,
      counter,
      dropped: (core, line, mask, regionsUnlinked) => this.#dropped({ core, line, mask, regionsUnlinked }),
      connect: (channel) => compileWorker.connect(channel),
      prepare: () => compileWorker.prepare(),
    };
    this.#writeControl(cacheType, cores, options.instructionCache ?? (cores === 1 ? "late" : "prompt"));
    this.#states = Array.from({ length: cores }, (_, index) => new CoreState(this.#memory, index));
    const semihosting = options.semihosting && new Semihosting(this.#guest, counter, options.semihosting);
    for (const state of this.#states) this.#reset(state, semihosting !== undefined);
    const host: CoreHost = {
      symbols: this.#symbols,
      executor: (state) => new Executor(this.#parts, state, this.#hooks),
      threads: () => this.#threadsOf(options.counter === undefined),
      firmware: options.firmware,
      semihosting,
      maintenanceTimeoutMs: this.#timeout,
    };
    this.cores = this.#states.map((state) => new Core(host, state));
  }

  #writeControl(cacheType: CacheType, cores: number, policy: InstructionCachePolicy): void {
    const view = new DataView(this.#memory.buffer);
    writeMap(view, this.#map);
    view.setUint32(layout.CTR, cacheTypeRegister(cacheType), true);
    view.setUint32(layout.CORE_COUNT, cores, true);
    view.setUint32(layout.PATIENCE, 2 * this.#timeout, true);
    const isSeeded = typeof policy === "object";
    view.setUint32(layout.CACHE_POLICY, isSeeded ? layout.CACHES_ADVERSARIAL : policyNumbers[policy], true);
    if (!isSeeded) return;
    for (let core = 0; core < cores; core++) {
      const seed = BigInt.asUintN(64, (BigInt(policy.seed) * 31n + BigInt(core) + 1n) * SEED_FACTOR);
      view.setBigUint64(layout.CORES + core * layout.CORE_SIZE + layout.ADVERSARY, seed === 0n ? 1n : seed, true);
    }
  }

  #threadsOf(hasClock: boolean): Threads {
    if (this.#isDisposed) throw new MachineDisposedError();
    if (!hasClock) throw new ArgumentError("a machine with a counter of its own cannot run cores asynchronously");
    const start = { parts: this.#parts, clockOrigin: this.#clockOrigin };
    this.#threads ??= new Threads(start, this.#states, this.#threadCount, (dropped) => this.#dropped(dropped));
    return this.#threads;
  }

  /** Makes a machine. Throws a MachineOptionsError if the options do not describe one. */
  static async create(options: MachineOptions = {}): Promise<Machine> {
    return new Machine(engineModules(), options);
  }

  /** The first core. */
  get core(): Core {
    return this.cores[0] as Core;
  }

  /** Symbols of the loaded programs; of several with one name the last loaded, but for local ones of ELF images, which hide nothing. */
  get symbols(): ReadonlyMap<string, bigint> {
    return this.#symbols;
  }

  #reset(state: CoreState, semihosting: boolean): void {
    state.set32(layout.EL, 1);
    state.set32(layout.SPSEL, 1);
    state.set32(layout.DAIF, ALL_MASKED);
    state.set32(layout.CORE_INDEX, state.index);
    state.set64(layout.MPIDR_EL1, MPIDR_RES1 | BigInt(state.index));
    state.set64(layout.CNTFRQ_EL0, COUNTER_HERTZ);
    state.set64(layout.CNTKCTL_EL1, EL0_COUNTERS);
    state.set64(layout.HOST_RETURN, HOST_RETURN_ADDRESS);
    state.set32(layout.SEMIHOSTING, semihosting ? 1 : 0);
    const stack = this.windows.find((window) => window.name === "stack");
    if (stack === undefined) return;
    // Each core has its part.
    const top = Math.floor((stack.size * (state.index + 1)) / this.#map.cores / STACK_ALIGNMENT) * STACK_ALIGNMENT;
    state.set64(layout.SP, stack.address + BigInt(top));
  }

  /** An address as messages have it: by the symbol before it, if there is one near. */
  describe(address: bigint): string {
    return describeAddress(this.#symbols, address);
  }

  /** The window of that name. Throws an UnknownWindowError. */
  window(name: string): WindowSpec {
    const window = this.windows.find((candidate) => candidate.name === name);
    if (window !== undefined) return window;
    throw new UnknownWindowError(
      name,
      this.windows.map((candidate) => candidate.name),
    );
  }

  // ---- memory -------------------------------------------------------------------------------------

  /** Instruction caches that are coherent lose what was overwritten. */
  #written(host: number, length: number): void {
    if (!this.#coherent) return;
    this.#here((executor, state) => executor.exports.hostWrites(state.block, host, length));
    this.#elsewhere(host, length);
  }

  /** Does something with the instruction cache of every core that no other thread runs. */
  #here(change: (executor: Executor, state: CoreState) => void): void {
    for (const core of this.cores) if (!core.isAway) core.maintain(change);
    for (const core of this.cores) core.rethrow();
  }

  /** Has the cores that other threads run see a range, and waits until they do. */
  #elsewhere(host: number, length: number): void {
    if (!this.cores.some((core) => core.isAway)) return;
    const block = layout.CORES + this.cores.length * layout.CORE_SIZE;
    const missing = this.core.instance().exports.broadcast(block, host, length);
    if (missing >= 0) throw new UnresponsiveCoreError(missing, this.#timeout, "a host's cache maintenance");
  }

  /** A copy of `length` bytes of memory. Throws an UnmappedRangeError unless they stand in one window; its access rights do not matter. */
  read(address: bigint, length: number): Uint8Array {
    return this.#guest.read(address, length);
  }

  /**
   * Writes to memory only: what is at the point of unification and in instruction caches stays (CTR_EL0 permitting) until
   * maintenance, by the guest or by `cleanAndInvalidate`. Throws an UnmappedRangeError unless the bytes go into one window.
   */
  write(address: bigint, bytes: Uint8Array): void {
    this.#guest.write(address, bytes);
  }

  /** Little-endian, as the guest's accesses. Throws as `read`. */
  readU32(address: bigint): number {
    return this.#guest.readU32(address);
  }

  readU64(address: bigint): bigint {
    return this.#guest.readU64(address);
  }

  /** As `write`. */
  writeU32(address: bigint, value: number): void {
    this.#guest.writeU32(address, value);
  }

  writeU64(address: bigint, value: bigint): void {
    this.#guest.writeU64(address, value);
  }

  /**
   * All the maintenance that code in the range may need: afterwards every core executes what memory holds. Works on whole
   * lines of 64 bytes. Throws an UnmappedRangeError unless the range stands in one window, and an UnresponsiveCoreError if a core that runs
   * in another thread does not come to an interrupt point.
   */
  cleanAndInvalidate(address: bigint, length: number): void {
    const host = this.#guest.hostAddress(address, length, "cleanAndInvalidate");
    this.#here((executor, state) => executor.exports.cleanAndInvalidate(state.block, host, length));
    this.#elsewhere(host, length);
  }

  /**
   * Puts a program or an ELF image into memory, makes it executable and adds its symbols. Throws an UnmappedRangeError for a section or a
   * segment that no window holds as a whole: `windowsFor` gives the windows for an image.
   */
  load(program: Program | ElfImage): void {
    const parts = "segments" in program ? segmentParts(program) : sectionParts(program);
    for (const { what, address, size } of parts) this.#guest.hostAddress(address, size, what);
    for (const { address, bytes, size } of parts) {
      if (size === 0) continue;
      this.write(address, bytes);
      if (size > bytes.length) this.#guest.clear(address + BigInt(bytes.length), size - bytes.length);
      this.cleanAndInvalidate(address, size);
    }
    for (const [name, address] of program.symbols) {
      // A static function's name must not hide what another image shows to all.
      const isLocal = "globals" in program && !program.globals.has(name);
      if (!isLocal || !this.#symbols.has(name)) this.#symbols.set(name, BigInt.asUintN(64, address));
    }
  }

  // ---- looking on ---------------------------------------------------------------------------------

  /**
   * Calls `listener` whenever words leave a core's instruction cache or are replaced in it, before the core goes on. What it throws is
   * thrown by the call or run that was under way. The returned function ends the subscription.
   */
  onInvalidate(listener: (invalidation: Invalidation) => void): () => void {
    this.#listeners.add(listener);
    this.#listen();
    return () => {
      this.#listeners.delete(listener);
      this.#listen();
    };
  }

  /** Tells the threads whether anybody listens. */
  #listen(): void {
    const control = new Int32Array(this.#memory.buffer, 0, layout.WINDOWS / 4);
    Atomics.store(control, layout.LISTENING / 4, this.#listeners.size);
  }

  #dropped({ core, line, mask, regionsUnlinked }: Dropped): void {
    if (this.#listeners.size === 0) return;
    const first = 31 - Math.clz32(mask & -mask);
    const last = 31 - Math.clz32(mask);
    const invalidation = { core, address: line + BigInt(4 * first), length: 4 * (last - first + 1), regionsUnlinked };
    for (const listener of this.#listeners) this.cores[core]?.guard(() => listener(invalidation));
  }

  /** The last cache maintenance of all cores, oldest first: at most 128 operations. */
  maintenanceLog(): readonly MaintenanceRecord[] {
    return readRecords(new DataView(this.#memory.buffer));
  }

  /** Counts since the machine was made; `statsBetween` gives what happened between two of them. While cores run it is behind by up to a slice. */
  stats(): MachineStats {
    return readStats(this.#states, this.#parts.jit !== undefined);
  }

  /** The parts that the engine's own tests compare and check. Not for embedders: free to change. */
  get internals(): MachineInternals {
    return {
      memory: this.#memory,
      map: this.#map,
      states: this.#states,
      exports: this.core.instance().exports,
      regions: this.core.instance().regions(),
    };
  }

  /**
   * Ends the machine's threads, and gives back what the JIT holds. Cores that run asynchronously are stopped wherever they are, and what waits for
   * them is rejected with a MachineDisposedError. Takes 5 s at most. The machine must not run any more.
   */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    for (const core of this.cores) core.executor?.dispose();
    await this.#threads?.dispose();
  }
}
