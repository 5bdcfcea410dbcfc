/** A machine: windows of memory, a core, the wasm modules that make it go, and the JIT. */
import * as layout from "../../assembly/layout.js";
import type { Program } from "../a64/program.js";
import type { ElfImage } from "../elf/index.js";
import { exitReasons, type JitOptions, jitDefaults, type RegionCache, type RegionHost } from "../jit/index.js";
import { Core, type CoreHost } from "./core.js";
import type { CoreExports, CoreImports } from "./core-exports.js";
import { MachineOptionsError, UnknownWindowError } from "./errors.js";
import { GuestMemory } from "./guest-memory.js";
import type { FirmwareCall } from "./host-calls.js";
import { lateParts } from "./late.js";
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
import type { MachineStats } from "./stats.js";
import { describeAddress } from "./symbols.js";

export interface MachineJitOptions extends JitOptions {
  /**
   * Instructions, in steps of a million, that a core interprets before it asks for regions. Default 0. A program that ends
   * sooner spares loading the compiler, which takes 0.1 s of another thread.
   */
  readonly startAfter?: number;
}

export interface MachineOptions {
  /** Default: `defaultWindows`. */
  readonly windows?: readonly WindowSpec[];
  /** CTR_EL0. Default: neither, so that all maintenance is needed. */
  readonly ctr?: CacheType;
  /** Whether hot code is compiled. Default true. */
  readonly jit?: boolean | MachineJitOptions;
  /** Cores; one, for now. */
  readonly cores?: 1;
  /** The system counter (CNTVCT_EL0): an integer that does not decrease, 10^9 ticks a second. Default: the process's clock. */
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

const COUNTER_HERTZ = 1_000_000_000n;
const WASM_PAGE = 65536;
const TABLE_SIZE = 16384;
/** PSTATE of a core out of reset: EL1h, exceptions masked. */
const ALL_MASKED = 0xf;
/** MPIDR_EL1 bit 31 is one; Aff0 is the core's number. */
const MPIDR_RES1 = 0x8000_0000n;

/** CNTKCTL_EL1.EL0PCTEN and EL0VCTEN: EL0 may read the counters, as under Linux. */
const EL0_COUNTERS = 3n;

const noExits = Object.fromEntries(exitReasons.map((reason) => [reason, 0]));

const processClock = (): number => Math.floor(performance.now() * 1e6);

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

export class Machine {
  /** The machine's windows, in the order given. */
  readonly windows: readonly WindowSpec[];
  readonly cores: readonly Core[];
  readonly #memory: WebAssembly.Memory;
  readonly #guest: GuestMemory;
  readonly #map: MemoryMap;
  readonly #states: readonly CoreState[];
  readonly #exports: CoreExports;
  readonly #regionHost: RegionHost;
  /** Undefined without a JIT. */
  readonly #jit: MachineJitOptions | undefined;
  /** Made when it is first needed. */
  #regions: RegionCache | undefined;
  readonly #symbols = new Map<string, bigint>();
  readonly #listeners = new Set<(invalidation: Invalidation) => void>();
  /** Whether a host's write has to take words out of instruction caches. */
  readonly #coherent: boolean;

  private constructor(modules: EngineModules, options: MachineOptions) {
    const cores = options.cores ?? 1;
    if (cores !== 1) throw new MachineOptionsError(`${cores} cores: this machine has one`);
    const cacheType = options.ctr ?? {};
    this.windows = options.windows ?? defaultWindows;
    this.#map = mapMemory(this.windows, cacheType, cores);
    this.#coherent = cacheType.dic === true && cacheType.idc === true;
    const pages = Math.ceil(this.#map.size / WASM_PAGE);
    this.#memory = new WebAssembly.Memory({ shared: true, initial: pages, maximum: pages });
    this.#guest = new GuestMemory(this.#memory, this.#map.windows, (host, length) => this.#beforeWrite(host, length));
    const view = new DataView(this.#memory.buffer);
    writeMap(view, this.#map);
    view.setUint32(layout.CTR, cacheTypeRegister(cacheType), true);
    view.setUint32(layout.CORE_COUNT, cores, true);
    const table = new WebAssembly.Table({ element: "anyfunc", initial: TABLE_SIZE });
    const counter = options.counter ?? processClock;
    const coreInstance = this.#instantiate(modules, table, counter);
    this.#exports = coreInstance.exports as unknown as CoreExports;
    const jit = options.jit ?? true;
    this.#jit = jit === true ? {} : jit === false ? undefined : jit;
    this.#regionHost = this.#makeRegionHost(coreInstance, table);
    this.#states = Array.from({ length: cores }, (_, index) => new CoreState(this.#memory, index));
    const semihosting = options.semihosting && new Semihosting(this.#guest, counter, options.semihosting);
    for (const state of this.#states) this.#reset(state, semihosting !== undefined);
    const host: CoreHost = {
      memory: this.#memory,
      exports: this.#exports,
      symbols: this.#symbols,
      regions: { made: () => this.#regions, make: () => this.#regionCache() },
      firmware: options.firmware,
      semihosting,
      heat: this.#jit && {
        threshold: this.#jit.threshold ?? jitDefaults.threshold,
        startAfter: this.#jit.startAfter ?? 0,
      },
    };
    this.cores = this.#states.map((state) => new Core(host, state));
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

  #instantiate(modules: EngineModules, table: WebAssembly.Table, counter: () => number): WebAssembly.Instance {
    const env = { memory: this.#memory, table };
    const host: CoreImports = {
      hot: (_core, pc) => this.#regionCache()?.hot(BigInt.asUintN(64, pc)),
      dropped: (core, line, mask) => this.#dropped(core, BigInt.asUintN(64, line), mask),
      missed: (_core, region) => this.#regions?.missed(region),
      counter,
    };
    const core = new WebAssembly.Instance(modules.core, { env, host: { ...host } });
    new WebAssembly.Instance(modules.interpreter, { env, core: core.exports as WebAssembly.ModuleImports });
    return core;
  }

  #regionCache(): RegionCache | undefined {
    if (this.#regions !== undefined || this.#jit === undefined) return this.#regions;
    const { RegionCache } = lateParts();
    const { startAfter: _, ...options } = this.#jit;
    this.#regions = new RegionCache(this.#regionHost, options);
    return this.#regions;
  }

  #makeRegionHost(coreInstance: WebAssembly.Instance, table: WebAssembly.Table): RegionHost {
    const windows = this.#map.windows.map(({ index, base, size, host, flags }) => ({ index, base, size, host, flags }));
    return {
      core: layout.CORES,
      memory: this.#memory,
      table,
      coreExports: coreInstance.exports,
      windows: () => windows,
      slotAddress: this.#exports.slotAddress,
      instructions: () => this.core.instructions,
      fill: (block: number, pc: bigint) => this.#exports.fill(block, pc) !== 0,
    };
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
    if (stack !== undefined) state.set64(layout.SP, stack.address + BigInt(stack.size));
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

  /** Instruction caches that are coherent lose what will be overwritten. */
  #beforeWrite(host: number, length: number): void {
    if (!this.#coherent) return;
    for (const state of this.#states) this.#exports.hostWrites(state.block, host, length);
    this.core.rethrow();
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
   * lines of 64 bytes. Throws an UnmappedRangeError unless the range stands in one window.
   */
  cleanAndInvalidate(address: bigint, length: number): void {
    const host = this.#guest.hostAddress(address, length, "cleanAndInvalidate");
    for (const state of this.#states) this.#exports.cleanAndInvalidate(state.block, host, length);
    this.core.rethrow();
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
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #dropped(block: number, line: bigint, mask: number): void {
    const regionsUnlinked = this.#regions?.dropped(line, mask >>> 0) ?? 0;
    if (this.#listeners.size === 0) return;
    const first = 31 - Math.clz32(mask & -mask);
    const last = 31 - Math.clz32(mask);
    const core = (block - layout.CORES) / layout.CORE_SIZE;
    const invalidation = { core, address: line + BigInt(4 * first), length: 4 * (last - first + 1), regionsUnlinked };
    for (const listener of this.#listeners) this.cores[core]?.guard(() => listener(invalidation));
  }

  /** Counts since the machine was made; `statsBetween` gives what happened between two of them. */
  stats(): MachineStats {
    const regions = this.#regions?.stats();
    const sum = (field: number): number => this.#states.reduce((total, state) => total + state.count(field), 0);
    return {
      instructions: this.cores.reduce((total, core) => total + core.instructions, 0),
      fetches: sum(layout.COUNT_FETCHES),
      dataReads: sum(layout.COUNT_READS),
      dataWrites: sum(layout.COUNT_WRITES),
      branches: {
        direct: sum(layout.COUNT_BRANCH_DIRECT),
        conditional: sum(layout.COUNT_BRANCH_CONDITIONAL),
        call: sum(layout.COUNT_BRANCH_CALL),
        indirect: sum(layout.COUNT_BRANCH_INDIRECT),
        indirectCall: sum(layout.COUNT_BRANCH_INDIRECT_CALL),
        return: sum(layout.COUNT_BRANCH_RETURN),
      },
      exceptions: sum(layout.COUNT_EXCEPTIONS),
      dropped: sum(layout.COUNT_DROPPED),
      regions: {
        compiled: regions?.compiled ?? 0,
        linked: regions?.linked ?? 0,
        unlinked: regions?.unlinked ?? 0,
        entries: sum(layout.COUNT_REGION_ENTRIES),
        instructions: sum(layout.COUNT_REGION_INSTRUCTIONS),
        exits: { ...(this.#jit && noExits), ...regions?.exits },
      },
    };
  }

  /** The parts that the engine's own tests compare and check. Not for embedders: free to change. */
  get internals(): MachineInternals {
    return {
      memory: this.#memory,
      map: this.#map,
      states: this.#states,
      exports: this.#exports,
      regions: this.#regionCache(),
    };
  }

  /** Gives back what the JIT holds. The machine must not run any more. */
  dispose(): void {
    this.#regions?.dispose();
  }
}
