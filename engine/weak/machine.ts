/**
 * The machine with Arm's memory in place of the host's: all cores in one thread, and whatever the architecture leaves open is a
 * choice. Same instruction table, same guest code; assembly/weak/run.ts has the memory model.
 */
import { readFileSync } from "node:fs";
import * as layout from "../../assembly/layout.js";
import type { Program } from "../a64/program.js";
import type { Chooser } from "../choices/index.js";
import type { ElfImage } from "../elf/index.js";
import { ArgumentError, InternalError, MachineOptionsError, UnmappedRangeError } from "../machine/errors.js";
import { readFault } from "../machine/fault-reader.js";
import type { Fault } from "../machine/faults.js";
import type { Machine } from "../machine/machine.js";
import { type CacheType, cacheTypeRegister, defaultWindows, type WindowSpec } from "../machine/memory-map.js";
import { describeAddress } from "../machine/symbols.js";
import { WeakCore } from "./core.js";
import { type WeakObserver, weakEventTypes } from "./events.js";
import { mapWeak, type WeakMemoryMap, writeWeakMap } from "./map.js";

export interface WeakMachineOptions {
  /** 1 to 16. */
  readonly cores: number;
  /** Default: `defaultWindows`. They may begin and end anywhere. */
  readonly windows?: readonly WindowSpec[];
  /** CTR_EL0. Default: neither, so that all maintenance is needed. */
  readonly ctr?: CacheType;
  /** Bytes of a cache line, a power of two from 4 to 64. Default 64. */
  readonly lineBytes?: number;
  /** Bytes for the histories of memory that an execution writes to. Default 8 MiB. */
  readonly historyBytes?: number;
}

export interface WeakLimits {
  /** Instructions of all cores together. Default 100,000. */
  readonly maxInstructions?: number;
  /** Default 1,000,000. */
  readonly maxChoices?: number;
  /** Whether an exception that nobody handles ends the execution; otherwise only that core's part in it. Default false. */
  readonly stopAtFault?: boolean;
  readonly observer?: WeakObserver;
}

/**
 * finished       every core has come to its end and all its stores are in memory
 * fault          a core has taken an exception that nobody handles (stopAtFault)
 * instructions, choices, memory   a bound: of WeakLimits, or historyBytes
 * blocked        exclusives or atomics of several cores wait for each other, having been begun too early: no execution is that
 * waiting        as finished, but a core is in WFI
 */
export type WeakReason = "finished" | "fault" | "instructions" | "choices" | "blocked" | "waiting" | "memory";

const reasons: Readonly<Record<number, WeakReason>> = {
  [layout.WEAK_END_FINISHED]: "finished",
  [layout.WEAK_END_FAULT]: "fault",
  [layout.WEAK_END_INSTRUCTIONS]: "instructions",
  [layout.WEAK_END_CHOICES]: "choices",
  [layout.WEAK_END_BLOCKED]: "blocked",
  [layout.WEAK_END_WAITING]: "waiting",
  [layout.WEAK_END_MEMORY]: "memory",
};

export interface WeakFault {
  readonly core: number;
  readonly fault: Fault;
}

export interface WeakOutcome {
  readonly reason: WeakReason;
  readonly instructions: number;
  readonly choices: number;
  /** How many exceptions were taken; `WeakMachine.faults()` has them. */
  readonly faults: number;
}

interface WeakExports {
  fetchable(core: number, host: number, nth: number): bigint;
  reset(): void;
  seal(): void;
  run(single: number): number;
}

const TABLE_SIZE = layout.FIRST_REGION;
const MAX_CORES = 16;
const WORD = 4;
/** From fetchable() of assembly/weak/fetch.ts. */
const NO_MORE = -1n;
const MIXED = -2n;
const DEFAULT_HISTORY = 8 << 20;
const DEFAULT_INSTRUCTIONS = 100_000;
const DEFAULT_CHOICES = 1_000_000;
/** CTR_EL0.DminLine and IminLine. */
const LINE_FIELDS = 0xf000f;

class Once<T> {
  #value: T | undefined;

  constructor(private readonly make: () => T) {}

  get(): T {
    this.#value ??= this.make();
    return this.#value;
  }
}

function compile(name: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`../../wasm/${name}.wasm`, import.meta.url)));
}

const modules = new Once(() => ({ weak: compile("weak"), interpreter: compile("weak-interpreter") }));

const noChooser: Chooser = { begin: () => undefined, choose: () => 0 };

export class WeakMachine {
  readonly windows: readonly WindowSpec[];
  readonly cores: readonly WeakCore[];
  readonly #memory: WebAssembly.Memory;
  readonly #view: DataView;
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #map: WeakMemoryMap;
  readonly #exports: WeakExports;
  readonly #symbols = new Map<string, bigint>();
  #exits: readonly bigint[] = [];
  /** Bytes of a cache line. */
  readonly lineBytes: number;
  #chooser: Chooser = noChooser;
  #observer: WeakObserver | undefined;
  /** Whether the registers and memory are what executions begin with, or what one has left of them. */
  #state: "changed" | "sealed" | "run" = "changed";

  private constructor(options: WeakMachineOptions) {
    const { cores, lineBytes = 64, ctr = {} } = options;
    if (!Number.isInteger(cores) || cores < 1 || cores > MAX_CORES)
      throw new MachineOptionsError(`${cores} cores: 1 to ${MAX_CORES} are possible`);
    if (![4, 8, 16, 32, 64].includes(lineBytes))
      throw new MachineOptionsError(`cache lines of ${lineBytes} bytes: 4, 8, 16, 32 and 64 are possible`);
    this.lineBytes = lineBytes;
    this.windows = options.windows ?? defaultWindows;
    this.#map = mapWeak(this.windows, options.historyBytes ?? DEFAULT_HISTORY);
    const pages = Math.ceil(this.#map.end / layout.WASM_PAGE);
    this.#memory = new WebAssembly.Memory({ shared: true, initial: pages, maximum: pages });
    this.#view = new DataView(this.#memory.buffer);
    this.#words = new Uint32Array(this.#memory.buffer);
    this.#bytes = new Uint8Array(this.#memory.buffer);
    writeWeakMap(this.#view, this.#map, cores);
    const lineField = Math.log2(lineBytes / 4);
    const register = ((cacheTypeRegister(ctr) & ~LINE_FIELDS) | lineField | (lineField << 16)) >>> 0;
    this.#set(layout.CTR, register);
    this.#set(layout.CORE_COUNT, cores);
    this.#set(layout.WEAK_CORES, cores);
    this.#set(layout.WEAK_LINE, lineBytes);
    this.#exports = this.#instantiate();
    this.cores = Array.from({ length: cores }, (_, index) => {
      return new WeakCore(this.#memory, index, () => this.#change());
    });
    this.#change();
  }

  /** Makes a machine whose cores have nothing to do yet. Throws a MachineOptionsError. */
  static create(options: WeakMachineOptions): WeakMachine {
    return new WeakMachine(options);
  }

  /**
   * A machine that has the windows, the memory, the symbols and CTR_EL0 of another. Its cores begin as new ones: `start` says what
   * they do. Caches are as if all maintenance had been done.
   */
  static from(machine: Machine, options: WeakMachineOptions): WeakMachine {
    const made = new WeakMachine({ ...options, windows: machine.windows });
    for (const { address, size, alias } of machine.windows) {
      if (alias === undefined) made.write(address, machine.read(address, size));
    }
    for (const [name, address] of machine.symbols) made.#symbols.set(name, address);
    return made;
  }

  #instantiate(): WeakExports {
    const env = { memory: this.#memory, table: new WebAssembly.Table({ element: "anyfunc", initial: TABLE_SIZE }) };
    const { weak, interpreter } = modules.get();
    const nothing = (): number => 0;
    const known: WebAssembly.ModuleImports = {
      choose: (kind: number, alternatives: number, detail: number) => this.#chooser.choose(kind, alternatives, detail),
      event: (...values: Parameters<WeakMachine["tell"]>) => this.tell(...values),
      counter: () => this.#get(layout.WEAK_EXECUTED),
    };
    // What the plain machine's parts ask for besides concerns regions and caches that are not there.
    const names = WebAssembly.Module.imports(weak).filter(({ module }) => module === "host");
    const host = Object.fromEntries(names.map(({ name }) => [name, known[name] ?? nothing]));
    const instance = new WebAssembly.Instance(weak, { env, host });
    new WebAssembly.Instance(interpreter, { env, core: instance.exports as WebAssembly.ModuleImports });
    return instance.exports as unknown as WeakExports;
  }

  #set(field: number, value: number): void {
    this.#words[field / 4] = value;
  }

  #get(field: number): number {
    return this.#words[field / 4] as number;
  }

  // ---- memory -----------------------------------------------------------------------------------

  get symbols(): ReadonlyMap<string, bigint> {
    return this.#symbols;
  }

  /** An address as messages have it: by the symbol before it, if there is one near. */
  describe(address: bigint): string {
    return describeAddress(this.#symbols, address);
  }

  #hostOf(address: bigint, length: number, what: string): number {
    for (const { spec, host } of this.#map.windows) {
      const offset = address - spec.address;
      if (offset >= 0n && offset + BigInt(length) <= BigInt(spec.size)) return host + Number(offset);
    }
    const windows = this.windows.map(({ name, address: base, size }) => `${name} 0x${base.toString(16)}+${size}`);
    throw new UnmappedRangeError(address, length, what, windows.join(", "));
  }

  #guestOf(host: number): bigint | undefined {
    const window = this.#map.windows.find((each) => host >= each.host && host < each.host + each.spec.size);
    return window && window.spec.address + BigInt(host - window.host);
  }

  /** What is set from now on, executions begin with. */
  #change(): void {
    if (this.#state === "run") this.#exports.reset();
    this.#state = "changed";
  }

  /** Memory as the last execution has left it: the newest value of each byte. Throws an UnmappedRangeError. */
  read(address: bigint, length: number): Uint8Array {
    const host = this.#hostOf(address, length, "host read");
    return this.#bytes.slice(host, host + length);
  }

  readU32(address: bigint): number {
    return this.#view.getUint32(this.#hostOf(address, 4, "host read"), true);
  }

  readU64(address: bigint): bigint {
    return this.#view.getBigUint64(this.#hostOf(address, 8, "host read"), true);
  }

  /** Sets what executions begin with; fetches find it too. Goes back to that first. Throws an UnmappedRangeError. */
  write(address: bigint, bytes: Uint8Array): void {
    const host = this.#hostOf(address, bytes.length, "host write");
    this.#change();
    this.#bytes.set(bytes, host);
  }

  writeU32(address: bigint, value: number): void {
    this.write(address, new Uint8Array(Uint32Array.of(value).buffer));
  }

  writeU64(address: bigint, value: bigint): void {
    this.write(address, new Uint8Array(BigUint64Array.of(value).buffer));
  }

  /** Puts a program or an ELF image into memory and adds its symbols. Throws an UnmappedRangeError. */
  load(program: Program | ElfImage): void {
    if ("segments" in program) for (const { address, bytes } of program.segments) this.write(address, bytes);
    else for (const { address, bytes } of program.sections) this.write(address, bytes);
    for (const [name, address] of program.symbols) this.#symbols.set(name, BigInt.asUintN(64, address));
  }

  /** A core that would next execute one of these has come to its end. At most 64. Throws an ArgumentError. */
  set exits(addresses: readonly bigint[]) {
    if (addresses.length > layout.WEAK_MAX_EXITS)
      throw new ArgumentError(`${addresses.length} exits: at most ${layout.WEAK_MAX_EXITS} are possible`);
    this.#change();
    for (const [index, address] of addresses.entries()) {
      this.#view.setBigUint64(layout.WEAK_EXITS + 8 * index, address, true);
    }
    this.#set(layout.WEAK_EXIT_COUNT, addresses.length);
    this.#exits = [...addresses];
  }

  get exits(): readonly bigint[] {
    return this.#exits;
  }

  /** CTR_EL0. */
  get cacheType(): number {
    return this.#get(layout.CTR);
  }

  // ---- executions ---------------------------------------------------------------------------------

  /** Goes back to what executions begin with. */
  reset(): void {
    if (this.#state === "changed") this.#exports.seal();
    this.#exports.reset();
    this.#state = "sealed";
  }

  /**
   * One whole execution from the beginning, by the chooser's choices, whose `begin` is the caller's business. Whether it is a
   * function of them alone, and of nothing that was executed before.
   */
  run(chooser: Chooser, limits: WeakLimits = {}): WeakOutcome {
    this.reset();
    const instructions = limits.maxInstructions ?? DEFAULT_INSTRUCTIONS;
    const choices = limits.maxChoices ?? DEFAULT_CHOICES;
    this.#set(layout.WEAK_INSTRUCTIONS_LEFT, instructions);
    this.#set(layout.WEAK_CHOICES_LEFT, choices);
    this.#set(layout.WEAK_STOP_AT_FAULT, limits.stopAtFault === true ? 1 : 0);
    this.#set(layout.WEAK_OBSERVED, limits.observer === undefined ? 0 : 1);
    this.#chooser = chooser;
    this.#observer = limits.observer;
    this.#state = "run";
    const end = this.#exports.run(0);
    const reason = reasons[end];
    if (reason === undefined) throw new InternalError(`a weak execution ended for the unknown reason ${end}`);
    return {
      reason,
      instructions: instructions - this.#get(layout.WEAK_INSTRUCTIONS_LEFT),
      choices: choices - (this.#get(layout.WEAK_CHOICES_LEFT) | 0),
      faults: this.#get(layout.WEAK_FAULT_COUNT),
    };
  }

  /** The exceptions that the last execution has taken, in their order; the first 64 of them. */
  faults(): WeakFault[] {
    return Array.from({ length: this.#get(layout.WEAK_FAULT_COUNT) }, (_, index) => {
      const entry = layout.WEAK_FAULTS + index * layout.WEAK_FAULT_BYTES;
      return { core: this.#get(entry), fault: readFault(this.#view, entry + 8 - layout.EXCEPTION) };
    });
  }

  /**
   * What core `core` may fetch from an address now, the newest word first, each once: what its instruction cache may hold. For
   * observers, in the middle of an execution. Undefined: bytes of several writes, in any mixture. Throws an UnmappedRangeError.
   */
  fetchable(core: number, address: bigint): readonly number[] | undefined {
    const host = this.#hostOf(address, WORD, "fetch");
    const words = new Set<number>();
    for (let nth = 0; ; nth++) {
      const word = this.#exports.fetchable(core, host, nth);
      if (word === MIXED) return undefined;
      if (word === NO_MORE) return [...words];
      words.add(Number(word));
    }
  }

  private tell(
    kind: number,
    core: number,
    pc: bigint,
    host: number,
    bytes: number,
    value: bigint,
    time: number,
    writer: number,
  ): void {
    const address = this.#guestOf(host);
    this.#observer?.({
      type: weakEventTypes[kind] ?? "execute",
      core,
      pc: BigInt.asUintN(64, pc),
      ...(address === undefined ? {} : { address }),
      bytes,
      value: BigInt.asUintN(64, value),
      time,
      writer,
    });
  }
}
