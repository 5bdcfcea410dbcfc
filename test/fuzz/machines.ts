/** The two engines that cases run in: one interprets, the other has regions where the case asks for them. */
import type { JitOptions, WindowSpec } from "cmodx/engine";
import * as layout from "#assembly/layout.js";
import { decode } from "#engine/a64/decode.js";
import { Rig, sameState } from "../support/rig.js";
import type { Case } from "./cases.js";
import { isStoreExclusive } from "./exclusions.js";
import { entersLoops, fuzzWindows, type State, windowImage } from "./layout.js";
import { HASH_SEED, hashWords, type OracleName, type OracleWindow } from "./oracles.js";
import { readRegisters, writeRegisters } from "./registers.js";

/** How the interpreter ended a case. */
export interface Outcome {
  readonly stop: number;
  /** EXCEPTION_*, 0 if none. */
  readonly exception: number;
  /** FAR of a fault. */
  readonly far: bigint;
  /** Instructions executed or tried. */
  readonly begun: number;
  /** Instructions that an oracle is to execute: one less where it does not fault as this machine does. */
  readonly comparable: number;
  /** Whether the oracle can be asked at all: QEMU stops where a program ends or faults, and nowhere else. */
  readonly stops: boolean;
  readonly hash: number;
  readonly pc: bigint;
  readonly registers: BigUint64Array;
}

const isWritable = ({ access }: WindowSpec): boolean => access.includes("w");
/** Where the core's block holds system registers one after the other. */
const SYSTEM_WORDS = layout.SYSTEM_FIELDS / 4;
const PAGE_MASK = 4095n;

/** One machine and its writable memory. */
export class Engine {
  private readonly memory: readonly { readonly name: string; readonly words: Uint32Array; readonly bytes: Buffer }[];
  private readonly images: readonly Uint32Array[];
  /** The core's block out of reset, up to the end of its system registers. */
  private readonly initial: Uint32Array;

  private constructor(
    readonly rig: Rig,
    seed: string,
  ) {
    const { buffer } = rig.internals.memory;
    const writable = rig.internals.map.windows.filter(({ spec }) => isWritable(spec));
    this.memory = writable.map(({ spec, host, size }) => ({
      name: spec.name,
      words: new Uint32Array(buffer, host, size / 4),
      bytes: Buffer.from(buffer, host, size),
    }));
    this.images = writable.map(({ spec }) => new Uint32Array(windowImage(seed, spec).buffer));
    this.initial = rig.state.words32.slice(0, layout.SLOTS / 4);
    for (const { spec } of rig.internals.map.windows)
      if (spec.access === "r") rig.machine.write(spec.address, windowImage(seed, spec));
  }

  static async interpreter(seed: string): Promise<Engine> {
    return Engine.create(seed, false);
  }

  /** What executes the batch of this case by compiled regions: only where a case asks for them. */
  static async compiled(seed: string, number: number): Promise<Engine> {
    return Engine.create(seed, { threshold: layout.HEAT_MAX, background: false, enterLoops: entersLoops(number) });
  }

  private static async create(seed: string, jit: JitOptions | false): Promise<Engine> {
    return new Engine(await Rig.create({ windows: fuzzWindows, counter: () => 7, jit }), seed);
  }

  /** Puts the code of a batch in place. */
  place(cases: readonly Case[]): void {
    const { machine } = this.rig;
    for (const { code } of cases)
      for (const [address, words] of code) machine.write(address, new Uint8Array(Uint32Array.from(words).buffer));
    for (const { address, size, access } of fuzzWindows)
      if (access.includes("x")) machine.cleanAndInvalidate(address, size);
  }

  /** Memory and registers as a case finds them. */
  prepare({ start }: Case, { registers }: State): void {
    const { state } = this.rig;
    this.memory.forEach(({ words }, i) => words.set(this.images[i] as Uint32Array));
    state.words32.set(this.initial.subarray(0, layout.STATE_BYTES / 4));
    state.set32(layout.PENDING, 0);
    state.words32.set(this.initial.subarray(SYSTEM_WORDS), SYSTEM_WORDS);
    state.set32(layout.CNTFRQ_EL0, this.initial[layout.CNTFRQ_EL0 / 4] as number);
    state.set32(layout.CNTFRQ_EL0 + 4, this.initial[layout.CNTFRQ_EL0 / 4 + 1] as number);
    state.words32.fill(0, layout.MAINTENANCE / 4, (layout.MAINTENANCE + layout.MAINTENANCE_BYTES) / 4);
    writeRegisters(state.words64, registers);
    state.set64(layout.PC, start);
  }

  hash(): number {
    return this.memory.reduce((hash, { words }) => hashWords(words, hash), HASH_SEED);
  }

  /** The windows that can be written, one after the other. */
  copyMemory(): Buffer {
    return Buffer.concat(this.memory.map(({ bytes }) => bytes));
  }

  /** Whether two engines that ran the same case agree in everything but what they counted. */
  agrees(other: Engine): boolean {
    return (
      sameState(this.rig, other.rig) &&
      this.systemWords().compare(other.systemWords()) === 0 &&
      this.memory.every(({ bytes }, i) => bytes.compare(other.memory[i]?.bytes as Buffer) === 0)
    );
  }

  private systemWords(): Buffer {
    const { view, block } = this.rig.state;
    return Buffer.from(view.buffer, block + layout.SYSTEM_FIELDS, layout.SLOTS - layout.SYSTEM_FIELDS);
  }

  outcome(stop: number, count: number, oracle: OracleName): Outcome {
    const { state } = this.rig;
    const exception = stop === layout.STOP_EXCEPTION ? state.get32(layout.EXCEPTION) : 0;
    const far = state.get64(layout.EXCEPTION_FAR);
    const pc = state.get64(layout.PC);
    const begun = count - state.getNumber(layout.FUEL);
    const faultsAlike = exception === 0 || this.faultsAlike(exception, far, pc, oracle);
    const comparable = faultsAlike ? begun : begun - 1;
    const stops = oracle === "Unicorn" || (exception !== 0 && faultsAlike);
    return { stop, exception, far, begun, comparable, stops, hash: this.hash(), pc, registers: readRegisters(state) };
  }

  /** Whether an oracle has this fault too, and leaves memory as it was. */
  private faultsAlike(exception: number, far: bigint, pc: bigint, oracle: OracleName): boolean {
    // Oracles let unaligned atomic accesses pass, as some processors do (FEAT_LSE2); this machine does not have them.
    if (exception === layout.EXCEPTION_DATA_ALIGNMENT) return false;
    // A process may tag addresses, of code and data, in their top byte.
    if (oracle === "QEMU" && (pc >> 56n !== 0n || far >> 56n !== 0n)) return false;
    // Unicorn, which is QEMU 5, executes from any address.
    if (exception === layout.EXCEPTION_PC_ALIGNMENT) return oracle === "QEMU";
    if (exception !== layout.EXCEPTION_DATA_UNMAPPED && exception !== layout.EXCEPTION_DATA_PERMISSION) return true;
    // Of an access over the end of a window they write the part that is still inside before they report the fault.
    if ((far & PAGE_MASK) === 0n) return false;
    // A store exclusive that will fail need not fault, nor need cache maintenance: Unicorn's does not. Its DC ZVA does, behind itself.
    const name = decode(this.rig.machine.readU32(pc))?.name ?? "";
    return !isStoreExclusive(name) && !/^(DC|IC) /.test(name);
  }
}

/** The windows with their contents before each case, for an oracle. */
export function oracleWindows(seed: string, cases: readonly Case[]): OracleWindow[] {
  return fuzzWindows.map((window) => {
    const image = window.access.includes("x") ? new Uint8Array(window.size) : windowImage(seed, window);
    for (const { code } of window.access.includes("x") ? cases : []) {
      for (const [address, words] of code) {
        const offset = Number(address - window.address);
        if (offset >= 0 && offset < window.size) image.set(new Uint8Array(Uint32Array.from(words).buffer), offset);
      }
    }
    return { address: window.address, access: window.access, image };
  });
}
