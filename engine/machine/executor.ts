/**
 * One core in one thread: its own instances of the wasm modules, its function table and its region cache. What a core is stands in
 * the shared memory; an executor only makes it go. A core may have one in several threads, of which one runs it at a time: whoever
 * hands it over releases it first, so that no slot of its instruction cache leads to a region of another thread.
 */
import * as layout from "../../assembly/layout.js";
import {
  type CompileChannel,
  type JitOptions,
  type PlanWindow,
  patient,
  type RegionCache,
  type RegionHost,
} from "../jit/index.js";
import type { CoreExports, CoreImports } from "./core-exports.js";
import { lateParts } from "./late.js";
import type { EngineModules } from "./modules.js";
import type { CoreState } from "./state.js";

export interface MachineJitOptions extends JitOptions {
  /**
   * Instructions, in steps of 131072, that a core interprets before it asks for regions. Default 0. A program that ends
   * sooner spares what chooses them; one that ends after a quarter of these, the compiler, which takes 0.1 s of another thread.
   */
  readonly startAfter?: number;
}

/** What every thread of a machine shares; it can be sent to a worker. */
export interface MachineParts {
  readonly memory: WebAssembly.Memory;
  readonly modules: EngineModules;
  readonly windows: readonly PlanWindow[];
  /** Undefined without a JIT. */
  readonly jit: (Required<Pick<MachineJitOptions, "threshold" | "startAfter">> & MachineJitOptions) | undefined;
}

/** What an executor asks of its thread. */
export interface ExecutorHooks {
  /** Whether another thread may set PENDING while the executor runs a slice: see RegionHost. */
  readonly pollsPending: boolean;
  /** CNTVCT_EL0. */
  counter(): number;
  /** Words of a line left the core's instruction cache; bit i of `mask` is word i. */
  dropped(core: number, line: bigint, mask: number, regionsUnlinked: number): void;
  /** Connects a port with the process's compile worker. */
  connect(channel: CompileChannel): void;
  /** A port will be connected soon. May be called again. */
  prepare(): void;
}

const TABLE_SIZE = 16384;
const HALF_MILLISECOND = 0.5;
const DOUBLEWORD = 8;
/** Heat that nothing reaches: it is counted, and nobody is asked. */
const NEVER_HOT = layout.HEAT_MAX + 1;
/** Part of startAfter after which the compile worker is started: it takes requests when there are some. */
const PREPARED_AFTER = 1 / 4;

function doublewordAt({ memory, windows }: MachineParts, address: bigint): bigint | undefined {
  const window = windows.find(({ base, size }) => address >= base && address - base <= BigInt(size - DOUBLEWORD));
  if (window === undefined || address % BigInt(DOUBLEWORD) !== 0n) return undefined;
  const host = window.host + Number(address - window.base);
  return Atomics.load(new BigUint64Array(memory.buffer, host, 1), 0);
}

export class Executor {
  readonly exports: CoreExports;
  readonly #state: CoreState;
  readonly #parts: MachineParts;
  readonly #hooks: ExecutorHooks;
  readonly #regionHost: RegionHost;
  /** Made when it is first needed. */
  #regions: RegionCache | undefined;

  constructor(parts: MachineParts, state: CoreState, hooks: ExecutorHooks) {
    this.#parts = parts;
    this.#state = state;
    this.#hooks = hooks;
    const { memory, modules } = parts;
    const table = new WebAssembly.Table({ element: "anyfunc", initial: TABLE_SIZE });
    const words = new Int32Array(memory.buffer);
    const host: CoreImports = {
      hot: (_core, pc) => this.regions()?.hot(BigInt.asUintN(64, pc)),
      dropped: (_core, line, mask) => this.#dropped(BigInt.asUintN(64, line), mask),
      missed: (_core, region) => this.#regions?.missed(region),
      checksSP: () => this.#regions?.checkSP(),
      counter: hooks.counter,
      sleep: (address, value) => void Atomics.wait(words, (address >>> 0) / 4, value, HALF_MILLISECOND),
      notify: (address) => void Atomics.notify(words, (address >>> 0) / 4),
    };
    const core = new WebAssembly.Instance(modules.core, { env: { memory, table }, host: { ...host } });
    const coreExports = core.exports as WebAssembly.ModuleImports;
    new WebAssembly.Instance(modules.interpreter, { env: { memory, table }, core: coreExports });
    this.exports = core.exports as unknown as CoreExports;
    this.#regionHost = {
      core: state.block,
      pollsPending: hooks.pollsPending,
      memory,
      table,
      coreExports: core.exports,
      windows: () => parts.windows,
      slotAddress: this.exports.slotAddress,
      read: (address) => doublewordAt(parts, address),
      instructions: () => this.instructions,
      regionInstructions: () => state.getNumber(layout.COUNT_REGION_INSTRUCTIONS),
      fill: (block, pc) => this.exports.fill(block, pc) !== 0,
      connect: (channel) => hooks.connect(channel),
    };
    if (parts.jit !== undefined && state.get32(layout.HEAT_THRESHOLD) === 0)
      state.set32(layout.HEAT_THRESHOLD, NEVER_HOT);
    this.#warm();
  }

  /** Instructions that the core has executed. */
  get instructions(): number {
    return this.#state.instructions;
  }

  /** The region cache, made if there is none yet; undefined without a JIT. */
  regions(): RegionCache | undefined {
    if (this.#regions !== undefined || this.#parts.jit === undefined) return this.#regions;
    const { RegionCache } = lateParts();
    const { startAfter: _, ...options } = this.#parts.jit;
    this.#regions = new RegionCache(this.#regionHost, options);
    return this.#regions;
  }

  #dropped(line: bigint, mask: number): void {
    const regionsUnlinked = this.#regions?.dropped(line, mask >>> 0) ?? 0;
    this.#hooks.dropped(this.#state.index, line, mask, regionsUnlinked);
  }

  /**
   * Runs for at most `fuel` instructions; `more` says that another slice follows, so that this one may end early, or up to `leeway`
   * instructions late. Gives STOP_*. Throws
   * what the host's functions throw, and a WebAssembly.RuntimeError for a bug of the engine.
   */
  slice(fuel: number, more: boolean, leeway = 0): number {
    const state = this.#state;
    state.grant(fuel);
    state.set32(layout.MORE_FUEL, more ? 1 : 0);
    state.setNumber(layout.LEEWAY, leeway);
    return this.exports.run(state.block);
  }

  /** After a slice: counts what it has executed, takes finished compilations, lets code get hot in time. */
  settle(): number {
    const used = this.#state.settle();
    this.#warm();
    return used;
  }

  poll(): void {
    this.#regions?.poll();
  }

  /** Whether code cannot get hot yet: `settle` may change that. */
  get isCold(): boolean {
    return this.#state.get32(layout.HEAT_THRESHOLD) === NEVER_HOT;
  }

  #warm(): void {
    const { jit } = this.#parts;
    if (jit === undefined || !this.isCold) return;
    const { instructions } = this.#state;
    const { startAfter, threshold } = jit;
    // What asks first waits for the compile worker.
    const first = startAfter === 0 ? threshold : patient(threshold);
    if (instructions >= startAfter) this.#state.set32(layout.HEAT_THRESHOLD, first);
    else if (instructions >= startAfter * PREPARED_AFTER) this.#hooks.prepare();
  }

  /** Another thread will run the core. */
  release(): void {
    this.#regions?.release();
  }

  dispose(): void {
    this.#regions?.dispose();
    this.#regions = undefined;
  }
}
