/** One core: registers, running, calling. */
import * as layout from "../../assembly/layout.js";
import type { RegionCache } from "../jit/index.js";
import type { CoreExports } from "./core-exports.js";
import {
  ArgumentError,
  GuestExitError,
  InternalError,
  OutOfFuelError,
  StoppedError,
  TimeLimitError,
  UnknownSymbolError,
} from "./errors.js";
import { readFault } from "./fault-reader.js";
import { GuestFault } from "./faults.js";
import { type FirmwareCall, HostCalls } from "./host-calls.js";
import { HOST_RETURN_ADDRESS } from "./memory-map.js";
import type { InterruptKind, Limits, RunOptions, RunResult, Target } from "./running.js";
import type { GuestExit, Semihosting } from "./semihosting.js";
import { type CoreState, restoreContext, saveContext } from "./state.js";
import { describeAddress } from "./symbols.js";

const interruptBits = { irq: layout.INTERRUPT_IRQ, fiq: layout.INTERRUPT_FIQ } satisfies Record<InterruptKind, number>;

/** What a core needs of its machine. */
export interface CoreHost {
  readonly memory: WebAssembly.Memory;
  readonly exports: CoreExports;
  readonly symbols: ReadonlyMap<string, bigint>;
  /** The region cache if there is one yet, and one in any case but without a JIT. */
  readonly regions: { made(): RegionCache | undefined; make(): RegionCache | undefined };
  readonly firmware: ((core: Core, call: FirmwareCall) => void) | undefined;
  readonly semihosting: Semihosting | undefined;
  /** When code is hot, and instructions after which that counts; undefined without a JIT. */
  readonly heat: { readonly threshold: number; readonly startAfter: number } | undefined;
}

/** Instructions between two looks at the clock and at finished compilations. */
const SLICE = 2 ** 20;
/** Short calls between two looks at finished compilations, less one; a power of two less one. */
const POLL_MASK = 63;
const MAX_ARGUMENTS = 8;
const LINK_REGISTER = 30;
// Beside STOP_* of the run loop.
const STOP_TIME = 100;
const STOP_STOPPED = 101;
const STOP_EXITED = 102;

const runReasons: ReadonlyMap<number, Exclude<RunResult["reason"], "exited">> = new Map([
  [layout.STOP_RETURNED, "returned"],
  [layout.STOP_WAIT, "waiting"],
  [STOP_STOPPED, "stopped"],
  [layout.STOP_FUEL, "fuel"],
  [STOP_TIME, "time"],
]);

/** The fields that a call which never returned is rolled back in before the next one. */
const entryFields = [
  layout.SP / 4,
  layout.SP / 4 + 1,
  layout.SP_BANKED / 4,
  layout.SP_BANKED / 4 + 1,
  layout.EL / 4,
  layout.SPSEL / 4,
] as const;

export class Core {
  /** Limits of `call`, and of `run` where it is not given others. None by default. */
  readonly limits: Limits = { maxInstructions: Number.POSITIVE_INFINITY, timeLimitMs: Number.POSITIVE_INFINITY };
  readonly #host: CoreHost;
  readonly #state: CoreState;
  readonly #run: (core: number) => number;
  readonly #hostCalls: HostCalls;
  /** Values of entryFields when the outermost call began. */
  readonly #entry = new Uint32Array(entryFields.length);
  /** A call was left by an error and has not been gone on with. */
  #unfinished = false;
  #depth = 0;
  #calls = 0;
  /** Instructions up to the last grant of fuel, and that grant. */
  #instructions = 0;
  #granted = 0;
  #stopRequested = false;
  #callbackError: { readonly error: unknown } | undefined;
  #isWarm = false;
  /** The guest's last exit. */
  #exit: GuestExit | undefined;

  /** For the machine, which makes its cores. */
  constructor(host: CoreHost, state: CoreState) {
    this.#host = host;
    this.#state = state;
    this.#run = host.exports.run;
    this.#warm();
    const { firmware, semihosting } = host;
    this.#hostCalls = new HostCalls(state, firmware && ((call) => firmware(this, call)), semihosting);
  }

  /** Number of the core in its machine, from 0. */
  get index(): number {
    return this.#state.index;
  }

  /** Instructions executed since the machine was made; fetches and instructions that raised an exception count too. */
  get instructions(): number {
    return this.#instructions + this.#granted - this.#state.getNumber(layout.FUEL);
  }

  // ---- registers ----------------------------------------------------------------------------------

  /** X0 to X30. */
  x(n: number): bigint {
    return this.#state.get64(registerField(n));
  }

  /** Sets X0 to X30; taken modulo 2^64. */
  setX(n: number, value: bigint | number): void {
    this.#state.set64(registerField(n), BigInt(value));
  }

  /** Address of the next instruction. */
  get pc(): bigint {
    return this.#state.get64(layout.PC);
  }

  set pc(value: bigint) {
    this.#state.set64(layout.PC, value);
    this.#state.set32(layout.BTYPE, 0);
  }

  /** The current stack pointer. */
  get sp(): bigint {
    return this.#state.get64(layout.SP);
  }

  set sp(value: bigint) {
    this.#state.set64(layout.SP, value);
    this.#unfinished = false;
  }

  /** PSTATE.NZCV as four bits, N = 8. */
  get nzcv(): number {
    return this.#state.get32(layout.NZCV);
  }

  set nzcv(value: number) {
    this.#state.set32(layout.NZCV, value & 0xf);
  }

  /** PSTATE.BTYPE: 0 unless the last instruction was an indirect branch. */
  get btype(): number {
    return this.#state.get32(layout.BTYPE) & layout.BTYPE_MASK;
  }

  set btype(value: number) {
    this.#state.set32(layout.BTYPE, value & layout.BTYPE_MASK);
  }

  /** PSTATE.DAIF as four bits, D = 8. */
  get daif(): number {
    return this.#state.get32(layout.DAIF);
  }

  /** The exception level, 0 or 1. */
  get el(): 0 | 1 {
    return this.#state.get32(layout.EL) === 0 ? 0 : 1;
  }

  set el(value: 0 | 1) {
    const state = this.#state;
    const usesBanked = (level: number): boolean => level === 1 && state.get32(layout.SPSEL) === 1;
    if (usesBanked(value) !== usesBanked(this.el)) {
      const current = state.get64(layout.SP);
      state.set64(layout.SP, state.get64(layout.SP_BANKED));
      state.set64(layout.SP_BANKED, current);
    }
    state.set32(layout.EL, value);
    this.#unfinished = false;
  }

  /** The base of the guest's exception vectors; undefined while exceptions go to the host. */
  get vbar(): bigint | undefined {
    return this.#state.get32(layout.VBAR_SET) === 0 ? undefined : this.#state.get64(layout.VBAR_EL1);
  }

  set vbar(value: bigint | undefined) {
    this.#state.set64(layout.VBAR_EL1, (value ?? 0n) & ~0x7ffn);
    this.#state.set32(layout.VBAR_SET, value === undefined ? 0 : 1);
  }

  /** The word that this core's instruction cache holds for an address: what it would execute; undefined if none. */
  cachedWord(target: Target): number | undefined {
    const slot = this.#host.exports.slotAddress(this.#state.block, this.#resolve(target));
    if (slot === 0) return undefined;
    const isHeld = (this.#state.view.getUint32(slot + 4, true) & layout.HANDLER_MASK) !== layout.HANDLER_EMPTY;
    return isHeld ? this.#state.view.getUint32(slot, true) : undefined;
  }

  /** As `cachedWord`, after fetching what the cache does not hold, as a prefetch may at any time; undefined if it is not executable. */
  prefetch(target: Target): number | undefined {
    this.#host.exports.fill(this.#state.block, this.#resolve(target));
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
    if (args.length > MAX_ARGUMENTS)
      throw new ArgumentError(`${args.length} arguments: at most ${MAX_ARGUMENTS} go in registers`);
    if (this.#depth > 0) return this.#callNested(pc, args);
    this.#begin();
    this.#pass(pc, args);
    if ((this.#calls++ & POLL_MASK) === 0) this.#host.regions.made()?.poll();
    return this.#finish(this.#execute(this.limits.maxInstructions, this.limits.timeLimitMs, false));
  }

  /**
   * Goes on from the PC, or from `pc`, until a function entered by `call` returns, the core waits or is stopped, the guest
   * exits, or a limit is reached. Throws a GuestFault, or an ArgumentError when the core is running already.
   */
  run(options: RunOptions = {}): RunResult {
    if (this.#depth > 0) throw new ArgumentError("the core is running: only call() can be used from its callbacks");
    if (options.pc !== undefined) this.pc = this.#resolve(options.pc);
    const { maxInstructions = this.limits.maxInstructions, timeLimitMs = this.limits.timeLimitMs } = options;
    const before = this.#instructions;
    const stop = this.#execute(maxInstructions, timeLimitMs, true);
    const instructions = this.#instructions - before;
    if (stop === STOP_EXITED && this.#exit !== undefined) return { reason: "exited", exit: this.#exit, instructions };
    const reason = runReasons.get(stop);
    if (reason === undefined) throw this.#error(stop, 0, 0);
    if (reason === "returned") this.#unfinished = false;
    return { reason, instructions };
  }

  /** From a callback: lets the running `run` end, or the running `call` throw a StoppedError, after the current instruction or region. Without effect on a core that is not running. */
  stop(): void {
    if (this.#depth === 0) return;
    this.#stopRequested = true;
    this.#interrupt();
  }

  /**
   * Raises an interrupt. The core takes it, once, when the guest has vectors and PSTATE does not mask it: before its
   * next instruction if it is not running, at its next branch otherwise. Until then ISR_EL1 shows it, and WFI does not wait.
   */
  interrupt(kind: InterruptKind): void {
    Atomics.or(this.#state.signed32, layout.INTERRUPTS / 4, interruptBits[kind]);
    if (this.#depth > 0) this.#interrupt();
  }

  /** Compiles the code at an address now and links it, whatever its heat. False without a JIT, or if no region can start there. */
  forceCompile(target: Target): boolean {
    return this.#host.regions.make()?.forceCompile(this.#resolve(target)) ?? false;
  }

  /** For the machine: runs a listener; what it throws is thrown when the core has come to a stop. */
  guard(listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#callbackError ??= { error };
      this.#interrupt();
    }
  }

  /** For the machine: throws what a listener has thrown while the core was not running. */
  rethrow(): void {
    if (this.#depth > 0 || this.#callbackError === undefined) return;
    const { error } = this.#callbackError;
    this.#callbackError = undefined;
    Atomics.store(this.#state.signed32, layout.PENDING / 4, 0);
    throw error;
  }

  #interrupt(): void {
    Atomics.store(this.#state.signed32, layout.PENDING / 4, 1);
  }

  #resolve(target: Target): bigint {
    if (typeof target === "bigint") return BigInt.asUintN(64, target);
    const address = this.#host.symbols.get(target);
    if (address === undefined) throw new UnknownSymbolError(target);
    return address;
  }

  /** Notes where the outermost call begins, or goes back there if the last one was given up. */
  #begin(): void {
    const { words32 } = this.#state;
    for (let i = 0; i < entryFields.length; i++) {
      const field = entryFields[i] as number;
      if (this.#unfinished) words32[field] = this.#entry[i] as number;
      else this.#entry[i] = words32[field] as number;
    }
    this.#unfinished = true;
  }

  #pass(pc: bigint, args: readonly (bigint | number)[]): void {
    const state = this.#state;
    for (let i = 0; i < args.length; i++) {
      const value = args[i] as bigint | number;
      if (typeof value === "bigint") state.words64[layout.X / 8 + i] = value;
      else if (Number.isSafeInteger(value)) state.setNumber(layout.X + 8 * i, value);
      else throw new ArgumentError(`argument ${i}: ${value} is no safe integer; pass a bigint`);
    }
    state.words64[layout.X / 8 + LINK_REGISTER] = HOST_RETURN_ADDRESS;
    state.words64[layout.PC / 8] = pc;
    state.words32[layout.BTYPE / 4] = 0;
  }

  #finish(stop: number): bigint {
    if (stop !== layout.STOP_RETURNED) throw this.#error(stop, this.limits.maxInstructions, this.limits.timeLimitMs);
    if (this.#depth === 0) this.#unfinished = false;
    return this.#state.words64[layout.X / 8] as bigint;
  }

  #callNested(pc: bigint, args: readonly (bigint | number)[]): bigint {
    const saved = saveContext(this.#state);
    const granted = this.#granted;
    this.#settle();
    try {
      this.#pass(pc, args);
      return this.#finish(this.#execute(this.limits.maxInstructions, this.limits.timeLimitMs, false));
    } finally {
      restoreContext(this.#state, saved);
      // What the outer call had used was settled above, and must not be settled twice.
      this.#instructions -= granted - this.#state.getNumber(layout.FUEL);
      this.#granted = granted;
    }
  }

  /** Counts what was executed of the granted fuel. */
  #settle(): number {
    const left = this.#state.getNumber(layout.FUEL);
    const used = this.#granted - left;
    this.#instructions += used;
    this.#granted = left;
    return used;
  }

  /** Lets code get hot once the core has executed enough. */
  #warm(): void {
    const { heat } = this.#host;
    if (heat === undefined || this.#isWarm || this.#instructions < heat.startAfter) return;
    this.#state.set32(layout.HEAT_THRESHOLD, heat.threshold);
    this.#isWarm = true;
  }

  /** Runs in slices; gives STOP_*. */
  #execute(maxInstructions: number, timeLimitMs: number, waits: boolean): number {
    const deadline = timeLimitMs === Number.POSITIVE_INFINITY ? timeLimitMs : performance.now() + timeLimitMs;
    let left = maxInstructions;
    for (;;) {
      this.#granted = Math.min(left, SLICE);
      this.#state.setNumber(layout.FUEL, this.#granted);
      this.#state.set32(layout.MORE_FUEL, left > SLICE ? 1 : 0);
      const stop = this.#enter();
      left -= this.#settle();
      this.#warm();
      if (stop === layout.STOP_PENDING) {
        if (this.#takePending()) return STOP_STOPPED;
      } else if (stop === layout.STOP_EXCEPTION) {
        const answered = this.#answerHostCall();
        if (answered === "exited") return STOP_EXITED;
        if (!answered) return stop;
      } else if (stop !== layout.STOP_FUEL && (stop !== layout.STOP_WAIT || waits)) {
        return stop;
      }
      if (left <= 0) return layout.STOP_FUEL;
      this.#host.regions.made()?.poll();
      if (performance.now() >= deadline) return STOP_TIME;
    }
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

  /** One slice in the run loop. */
  #enter(): number {
    this.#depth++;
    try {
      return this.#run(this.#state.block);
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      throw new InternalError(`WebAssembly trap '${error.message}' near ${this.#where()}`);
    } finally {
      this.#depth--;
    }
  }

  /** PENDING was set: throws a listener's error, and says whether the host wants the core to stop. */
  #takePending(): boolean {
    Atomics.store(this.#state.signed32, layout.PENDING / 4, 0);
    this.rethrow();
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
        return new GuestFault(readFault(this.#state.view, this.#state.block), this.#host.symbols);
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

function registerField(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > LINK_REGISTER) throw new ArgumentError(`there is no register x${n}`);
  return layout.X + 8 * n;
}
