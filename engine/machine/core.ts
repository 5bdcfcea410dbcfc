/** One core: registers, running, calling. */
import * as layout from "../../assembly/layout.js";
import { CallEntry, checkCount, passArguments } from "./calls.js";
import { CoreRegisters } from "./core-registers.js";
import {
  ArgumentError,
  CoreDiedError,
  GuestExitError,
  InternalError,
  OutOfFuelError,
  StoppedError,
  TimeLimitError,
  UnknownSymbolError,
  UnresponsiveCoreError,
} from "./errors.js";
import type { Executor } from "./executor.js";
import { readFault } from "./fault-reader.js";
import { GuestFault } from "./faults.js";
import { type FirmwareCall, HostCalls } from "./host-calls.js";
import type { InterruptKind, Limits, RunOptions, RunResult, Target } from "./running.js";
import type { GuestExit, Semihosting } from "./semihosting.js";
import { type CoreState, restoreContext, saveContext } from "./state.js";
import { STOP_EXITED, STOP_STOPPED, STOP_TIME } from "./stops.js";
import { describeAddress } from "./symbols.js";
import type { Threads } from "./threads.js";

const interruptBits = { irq: layout.INTERRUPT_IRQ, fiq: layout.INTERRUPT_FIQ } satisfies Record<InterruptKind, number>;

/** What a core needs of its machine. */
export interface CoreHost {
  readonly symbols: ReadonlyMap<string, bigint>;
  /** What runs the core in this thread. */
  executor(state: CoreState): Executor;
  /** The threads that run cores asynchronously. Throws an ArgumentError if the machine cannot have any. */
  threads(): Threads;
  readonly firmware: ((core: Core, call: FirmwareCall) => void) | undefined;
  readonly semihosting: Semihosting | undefined;
  /** Milliseconds that a DSB waits for another core. */
  readonly maintenanceTimeoutMs: number;
}

/** Instructions between two looks at the clock and at finished compilations: so many that they take some milliseconds. */
const LEAST_SLICE = 2 ** 20;
/** The same before code can get hot. */
const COLD_SLICE = 2 ** 17;
const LONGEST_SLICE = 2 ** 23;
const SLICE_MS = 4;
/** Instructions by which one may be longer that is not the last. */
const LEEWAY = 2 ** 24;
/** Short calls between two looks at finished compilations, less one; a power of two less one. */
const POLL_MASK = 63;

const runReasons: ReadonlyMap<number, Exclude<RunResult["reason"], "exited">> = new Map([
  [layout.STOP_RETURNED, "returned"],
  [layout.STOP_WAIT, "waiting"],
  [STOP_STOPPED, "stopped"],
  [layout.STOP_FUEL, "fuel"],
  [STOP_TIME, "time"],
]);

export class Core extends CoreRegisters {
  /** Limits of `call` and `callAsync`, and of `run` and `runAsync` where they are not given others. None by default. */
  readonly limits: Limits = { maxInstructions: Number.POSITIVE_INFINITY, timeLimitMs: Number.POSITIVE_INFINITY };
  readonly #host: CoreHost;
  readonly #hostCalls: HostCalls;
  /** Made when the core first runs in this thread. */
  #executor: Executor | undefined;
  readonly #entry: CallEntry;
  #depth = 0;
  #calls = 0;
  /** Another thread runs it, or did when that ended. */
  #isAway = false;
  #death: CoreDiedError | undefined;
  #stopRequested = false;
  #callbackError: { readonly error: unknown } | undefined;
  /** The guest's last exit. */
  #exit: GuestExit | undefined;

  /** For the machine, which makes its cores. */
  constructor(host: CoreHost, state: CoreState) {
    super(state);
    this.#host = host;
    this.#entry = new CallEntry(state);
    const { firmware, semihosting } = host;
    this.#hostCalls = new HostCalls(state, firmware && ((call) => firmware(this, call)), semihosting);
  }

  /** Number of the core in its machine, from 0. */
  get index(): number {
    return this.state.index;
  }

  /** Instructions executed since the machine was made; fetches and instructions that raised an exception count too. */
  get instructions(): number {
    return this.state.instructions;
  }

  /** Whether it runs: asynchronously, or in this thread, seen from one of its callbacks. */
  get isRunning(): boolean {
    return this.#depth > 0 || (this.#isAway && this.#death === undefined);
  }

  /** For the machine: what runs the core in this thread, if anything has yet. */
  get executor(): Executor | undefined {
    return this.#executor;
  }

  /** For the machine: whether another thread runs the core. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** For the machine: the same, made if there is none. */
  instance(): Executor {
    this.#executor ??= this.#host.executor(this.state);
    return this.#executor;
  }

  /** For the machine: changes what stands in the instruction cache. */
  maintain(change: (executor: Executor, state: CoreState) => void): void {
    change(this.instance(), this.state);
  }

  /** The word that this core's instruction cache holds for an address: what it would execute; undefined if none. */
  cachedWord(target: Target): number | undefined {
    const slot = this.instance().exports.slotAddress(this.state.block, this.#resolve(target));
    if (slot === 0) return undefined;
    const isHeld = (this.state.view.getUint32(slot + 4, true) & layout.HANDLER_MASK) !== layout.HANDLER_EMPTY;
    return isHeld ? this.state.view.getUint32(slot, true) : undefined;
  }

  /**
   * As `cachedWord`, after fetching what the cache does not hold, as a prefetch may at any time; undefined if it is not executable.
   * Throws an ArgumentError while the core runs asynchronously.
   */
  prefetch(target: Target): number | undefined {
    this.#mustBeHere();
    this.instance().exports.fill(this.state.block, this.#resolve(target));
    return this.cachedWord(target);
  }

  // ---- running ------------------------------------------------------------------------------------

  /**
   * Calls a function by the procedure call standard: up to eight arguments in X0 to X7, the result is X0. Throws a
   * GuestFault, an OutOfFuelError or a TimeLimitError by `limits`, a GuestExitError, an UnknownSymbolError, or an ArgumentError. After such
   * an error the core stands where it happened, and `run` goes on; another call starts from the stack as this one found it.
   * WFE and WFI end at once, as the architecture lets them. From within a callback of this core it is a nested call.
   */
  call(target: Target, ...args: readonly (bigint | number)[]): bigint {
    const pc = typeof target === "bigint" ? target : this.#resolve(target);
    checkCount(args);
    if (this.#isAway) this.#mustBeHere();
    if (this.#depth > 0) return this.#callNested(pc, args);
    this.#begin(pc, args);
    if ((this.#calls++ & POLL_MASK) === 0) this.#executor?.poll();
    return this.#finish(this.#execute(this.limits.maxInstructions, this.limits.timeLimitMs, false));
  }

  /**
   * Goes on from the PC, or from `pc`, until a function entered by `call` returns, the core waits or is stopped, the guest
   * exits, or a limit is reached. Throws a GuestFault, or an ArgumentError when the core is running already.
   */
  run(options: RunOptions = {}): RunResult {
    const { maxInstructions, timeLimitMs } = this.#prepare(options);
    const before = this.instructions;
    return this.#result(this.#execute(maxInstructions, timeLimitMs, true), before);
  }

  /**
   * As `call`, in a worker thread: rejects with what `call` throws, and with a CoreDiedError if that thread ends. Several cores run
   * at the same time. WFE and WFI wait for an event or an interrupt, at most 0.1 ms. What the guest asks of the host (firmware,
   * semihosting) is answered in this thread, and listeners hear of invalidations afterwards.
   */
  async callAsync(target: Target, ...args: readonly (bigint | number)[]): Promise<bigint> {
    const pc = this.#resolve(target);
    checkCount(args);
    this.#mustBeHere();
    if (this.#depth > 0) throw new ArgumentError("the core is running: only call() can be used from its callbacks");
    this.#begin(pc, args);
    return this.#finish(await this.#executeAway(this.limits.maxInstructions, this.limits.timeLimitMs));
  }

  /** As `run`, in a worker thread; see `callAsync`. It never ends with reason "waiting". */
  async runAsync(options: RunOptions = {}): Promise<RunResult> {
    const { maxInstructions, timeLimitMs } = this.#prepare(options);
    const before = this.instructions;
    return this.#result(await this.#executeAway(maxInstructions, timeLimitMs), before);
  }

  #mustBeHere(): void {
    if (this.#death !== undefined) throw this.#death;
    if (this.#isAway) throw new ArgumentError(`core ${this.index} runs asynchronously: await that, or stop() it first`);
  }

  #prepare(options: RunOptions): Limits {
    this.#mustBeHere();
    if (this.#depth > 0) throw new ArgumentError("the core is running: only call() can be used from its callbacks");
    if (options.pc !== undefined) this.pc = this.#resolve(options.pc);
    const { maxInstructions = this.limits.maxInstructions, timeLimitMs = this.limits.timeLimitMs } = options;
    return { maxInstructions, timeLimitMs };
  }

  #result(stop: number, before: number): RunResult {
    const instructions = this.instructions - before;
    if (stop === STOP_EXITED && this.#exit !== undefined) return { reason: "exited", exit: this.#exit, instructions };
    const reason = runReasons.get(stop);
    if (reason === undefined) throw this.#error(stop, 0, 0);
    if (reason === "returned") this.unfinished = false;
    return { reason, instructions };
  }

  /**
   * Lets the `run` or `runAsync` that is under way end, or the `call` throw a StoppedError, after the current instruction or region. Without
   * effect on a core that is not running.
   */
  stop(): void {
    if (!this.isRunning) return;
    this.#stopRequested = true;
    this.#pend(layout.PENDING_HOST);
  }

  /**
   * Raises an interrupt. The core takes it, once, when the guest has vectors and PSTATE does not mask it: before its
   * next instruction if it is not running, at its next branch otherwise. Until then ISR_EL1 shows it, and WFI does not wait.
   */
  interrupt(kind: InterruptKind): void {
    Atomics.or(this.state.signed32, layout.INTERRUPTS / 4, interruptBits[kind]);
    if (this.isRunning) this.#pend(layout.PENDING_INTERRUPT);
  }

  /** Compiles the code at an address now and links it, for this thread, whatever its heat. False without a JIT, or if no region can start there. */
  forceCompile(target: Target): boolean {
    this.#mustBeHere();
    return this.instance().regions()?.forceCompile(this.#resolve(target)) ?? false;
  }

  /** For the machine: runs a listener; what it throws is thrown when the core has come to a stop. */
  guard(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#callbackError ??= { error };
      this.#pend(layout.PENDING_HOST);
    }
  }

  /** For the machine: throws what a listener has thrown while the core was not running. */
  rethrow(): void {
    if (this.isRunning || this.#callbackError === undefined) return;
    this.#unpend();
    this.#throwCallbackError();
  }

  #throwCallbackError(): void {
    const thrown = this.#callbackError;
    this.#callbackError = undefined;
    if (thrown !== undefined) throw thrown.error;
  }

  #pend(bit: number): void {
    Atomics.or(this.state.signed32, layout.PENDING / 4, bit);
    if (this.#isAway) this.state.wake();
  }

  #unpend(): void {
    Atomics.and(this.state.signed32, layout.PENDING / 4, layout.PENDING_MAINTENANCE);
  }

  #resolve(target: Target): bigint {
    if (typeof target === "bigint") return BigInt.asUintN(64, target);
    const address = this.#host.symbols.get(target);
    if (address === undefined) throw new UnknownSymbolError(target);
    return address;
  }

  #begin(pc: bigint, args: readonly (bigint | number)[]): void {
    this.#entry.begin(this.unfinished);
    this.unfinished = true;
    passArguments(this.state, pc, args);
  }

  #finish(stop: number): bigint {
    if (stop !== layout.STOP_RETURNED) throw this.#error(stop, this.limits.maxInstructions, this.limits.timeLimitMs);
    if (this.#depth === 0) this.unfinished = false;
    return this.state.words64[layout.X / 8] as bigint;
  }

  #callNested(pc: bigint, args: readonly (bigint | number)[]): bigint {
    const { state } = this;
    const saved = saveContext(state);
    const granted = state.getNumber(layout.GRANTED);
    state.settle();
    try {
      passArguments(state, pc, args);
      return this.#finish(this.#execute(this.limits.maxInstructions, this.limits.timeLimitMs, false));
    } finally {
      restoreContext(state, saved);
      // What the outer call had used was settled above, and must not be settled twice.
      state.regrant(granted);
    }
  }

  /** Runs in slices, in this thread; gives STOP_*. */
  #execute(maxInstructions: number, timeLimitMs: number, waits: boolean): number {
    let now = performance.now();
    const deadline = now + timeLimitMs;
    const executor = this.instance();
    let left = maxInstructions;
    let slice = executor.isCold ? COLD_SLICE : LEAST_SLICE;
    for (;;) {
      const stop = this.#enter(executor, Math.min(left, slice), Math.min(LEEWAY, Math.max(0, left - slice)));
      left -= executor.settle();
      const end = this.#answer(stop);
      const goesOn = end === undefined || end === layout.STOP_FUEL || (end === layout.STOP_WAIT && !waits);
      if (!goesOn) return end;
      if (left <= 0) return layout.STOP_FUEL;
      executor.poll();
      const before = now;
      now = performance.now();
      if (now >= deadline) return STOP_TIME;
      if (executor.isCold) continue;
      slice = now - before < SLICE_MS ? Math.min(2 * slice, LONGEST_SLICE) : LEAST_SLICE;
    }
  }

  /** The same in a worker thread. */
  async #executeAway(maxInstructions: number, timeLimitMs: number): Promise<number> {
    const threads = this.#host.threads();
    const deadline = performance.now() + timeLimitMs;
    let left = maxInstructions;
    this.#stopRequested = false;
    this.#unpend();
    this.#executor?.release();
    this.#isAway = true;
    try {
      for (;;) {
        const run = { core: this.index, fuel: left, milliseconds: deadline - performance.now() };
        const { stop, instructions } = await threads.run(run);
        left -= instructions;
        const end = this.#answer(stop);
        if (end !== undefined) return end;
        if (left <= 0) return layout.STOP_FUEL;
      }
    } catch (error) {
      // Its registers are those of some moment within a slice, its instruction cache leads to code of a thread that is gone.
      if (error instanceof CoreDiedError) this.#death = error;
      throw error;
    } finally {
      this.#isAway = this.#death !== undefined;
    }
  }

  /** Does what a stop asks of the host, and gives what the run ends with; undefined if it goes on. */
  #answer(stop: number): number | undefined {
    if (stop === layout.STOP_PENDING) return this.#takePending() ? STOP_STOPPED : undefined;
    if (stop !== layout.STOP_EXCEPTION) return stop;
    const answered = this.#answerHostCall();
    if (answered === "exited") return STOP_EXITED;
    return answered ? undefined : stop;
  }

  /** Whether what stopped the core was a call of the host, which was answered: it goes on behind it; "exited" if it was the guest's last. */
  #answerHostCall(): boolean | "exited" {
    this.#depth++;
    try {
      const answer = this.#hostCalls.answer();
      if (typeof answer === "boolean") return answer;
      this.#exit = answer;
      return "exited";
    } finally {
      this.#depth--;
    }
  }

  /** One slice in the run loop; `more` instructions or more are left for others. */
  #enter(executor: Executor, fuel: number, more: number): number {
    this.#depth++;
    try {
      return executor.slice(fuel, more > 0, more);
    } catch (error) {
      // The run loop was left without its end: nobody is to wait for the core.
      if (this.#depth === 1) Atomics.store(this.state.signed32, layout.RUNNING / 4, 0);
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw new InternalError(`WebAssembly trap '${error.message}' near ${this.#where()}`);
    } finally {
      this.#depth--;
    }
  }

  /** PENDING was set: throws a listener's error, and says whether the host wants the core to stop. */
  #takePending(): boolean {
    this.#unpend();
    this.#throwCallbackError();
    const stops = this.#stopRequested;
    this.#stopRequested = false;
    return stops;
  }

  #where(): string {
    return describeAddress(this.#host.symbols, this.pc);
  }

  #error(stop: number, maxInstructions: number, timeLimitMs: number): Error {
    switch (stop) {
      case layout.STOP_EXCEPTION:
        if (this.state.get32(layout.EXCEPTION) === layout.EXCEPTION_UNRESPONSIVE) {
          const missing = this.state.get32(layout.EXCEPTION_WORD);
          return new UnresponsiveCoreError(missing, this.#host.maintenanceTimeoutMs, this.#where());
        }
        return new GuestFault(readFault(this.state.view, this.state.block), this.#host.symbols);
      case layout.STOP_FUEL:
        return new OutOfFuelError(this.pc, maxInstructions, this.#where());
      case STOP_TIME:
        return new TimeLimitError(this.pc, timeLimitMs, this.#where());
      case STOP_STOPPED:
        return new StoppedError(this.pc, this.#where());
      case STOP_EXITED:
        return new GuestExitError(this.#exit?.code ?? 0, this.#exit?.reason ?? 0, this.#where());
      default:
        return new InternalError(`the run loop ended with unknown reason ${stop}`);
    }
  }
}
