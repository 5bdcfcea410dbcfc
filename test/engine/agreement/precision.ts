/**
 * One subject in two machines, of which one has its hot code compiled: runs from states that differ from the subject's own
 * in one register or one doubleword of memory, followed by the interpreter one instruction at a time.
 */
import { assemble, type JitOptions } from "cmodx/engine";
import * as layout from "#assembly/layout.js";
import type { Form } from "#engine/a64/forms.js";
import { HOST_RETURN_ADDRESS } from "#engine/machine/memory-map.js";
import { accessOf } from "../../support/accesses.js";
import { describeStates, Rig, STATE_WORDS } from "../../support/rig.js";
import { formOf } from "../../support/words.js";
import { disagreements, fetchAll } from "./lockstep.js";
import { CONSTANTS, DATA, SIZE, STACK, type Subject, subjectWindows, TABLE, TEXT } from "./subjects.js";

export interface PrecisionVariant {
  readonly name: string;
  readonly jit: JitOptions;
  /** Every instruction begins a region made before any has ever run, so that nothing is known of windows and targets. */
  readonly blind?: boolean;
  /** Of each machine, of which the first one executes; one if absent. One that has others looks whether they want it. */
  readonly cores?: number;
}

/** What is changed in a run. */
export type Mutation = {
  /** Instructions executed before; a region is then made where the core stands. Absent: before the start. */
  readonly at?: number;
} & (
  | { readonly register: number; readonly value: bigint }
  | { readonly address: bigint; readonly value: bigint }
  | { readonly monitor: "open" }
);

export interface Access {
  readonly address: bigint;
  readonly bytes: number;
  readonly writes: boolean;
  readonly aligned: boolean;
}

/** An instruction executed by the interpreter. */
export interface Step {
  readonly pc: bigint;
  /** Undefined for words that are not allocated. */
  readonly form: Form | undefined;
  readonly word: number;
  /** X0 to X30, ZR and SP before it. */
  readonly registers: BigUint64Array;
  /** Whether a location is marked for exclusive access. */
  readonly marked: boolean;
  /** What it accesses first, if it does. */
  readonly access: Access | undefined;
}

export interface Trial {
  /** Where the interpreter was, instruction by instruction, from the mutation on. */
  readonly steps: readonly bigint[];
  readonly stop: number;
  /** EXCEPTION_* of the host's, or 0. */
  readonly exception: number;
  readonly pc: bigint;
  /** Whether compiled code began where the mutation was made. */
  readonly compiled: boolean;
  /** Ways out of regions by reason. */
  readonly exits: Readonly<Record<string, number>>;
  /** What the machines did not do alike, with their states; undefined if nothing. */
  readonly failure: string | undefined;
}

export const SP_NUMBER = 32;
export const NZCV_NUMBER = 34;
const LINK_REGISTER = 30;
/** Times that a subject runs before its regions are left as they are. */
const WARMING = 6;
const FILL = new Uint8Array(
  Uint32Array.from({ length: Number(SIZE) / 4 }, (_, i) => Math.imul(i + 1, 0x9e37_79b1)).buffer,
);

export class Precision {
  private readonly initial: readonly [Uint32Array, Uint32Array];
  private readonly symbols: ReadonlyMap<string, bigint>;

  private constructor(
    readonly subject: Subject,
    readonly reference: Rig,
    readonly rig: Rig,
  ) {
    this.initial = [reference.state.words32.slice(0, layout.SLOTS / 4), rig.state.words32.slice(0, layout.SLOTS / 4)];
    this.symbols = rig.machine.symbols;
  }

  /** Two machines, the second of which has compiled what was hot and compiles nothing more. */
  static async create(subject: Subject, { jit, blind, cores = 1 }: PrecisionVariant): Promise<Precision> {
    const common = { windows: subjectWindows, counter: () => 77, cores };
    const pair = [await Rig.create({ ...common, jit: false }), await Rig.create({ ...common, jit })] as const;
    for (const { machine } of pair) machine.load(assemble(subject.text, { base: TEXT }));
    const precision = new Precision(subject, ...pair);
    for (const each of pair) fetchAll(each);
    precision.warm(blind === true);
    return precision;
  }

  private warm(blind: boolean): void {
    const { rig } = this;
    for (const { pc } of blind ? this.trace() : []) rig.forceCompile(pc);
    for (let i = 0; i < WARMING; i++) {
      this.prepare(rig);
      if (rig.run(1_000_000) !== layout.STOP_RETURNED) throw new Error(`${this.subject.name}: it does not return`);
    }
    rig.state.set32(layout.HEAT_THRESHOLD, 0);
  }

  dispose(): void {
    this.reference.dispose();
    this.rig.dispose();
  }

  /** Instructions that compiled code has executed so far. */
  compiledInstructions(): number {
    return this.rig.machine.stats().regions.instructions;
  }

  at(symbol: string): bigint {
    const address = this.symbols.get(symbol);
    if (address === undefined) throw new Error(`${this.subject.name}: no symbol '${symbol}'`);
    return address;
  }

  private value(of: bigint | string): bigint {
    return typeof of === "bigint" ? of : this.at(of);
  }

  /** The state that a run begins with. */
  private prepare(rig: Rig): void {
    const { state, machine } = rig;
    const { registers, memory, vectors } = this.subject;
    for (const address of [DATA, TABLE, CONSTANTS, STACK]) machine.write(address, FILL);
    for (const [address, value] of memory) machine.writeU64(address, this.value(value));
    const initial = this.initial[rig === this.reference ? 0 : 1];
    state.words32.set(initial.subarray(0, STATE_WORDS));
    state.set32(layout.PENDING, 0);
    state.words32.set(initial.subarray(layout.SYSTEM_FIELDS / 4), layout.SYSTEM_FIELDS / 4);
    state.words32.fill(0, layout.MAINTENANCE / 4, (layout.MAINTENANCE + layout.MAINTENANCE_BYTES) / 4);
    state.set32(layout.MISSES, 0);
    for (const [n, value] of Object.entries(registers)) state.set64(layout.X + 8 * Number(n), this.value(value));
    state.set64(layout.X + 8 * LINK_REGISTER, HOST_RETURN_ADDRESS);
    state.set64(layout.SP, STACK + SIZE / 2n);
    state.set64(layout.PC, this.at("start"));
    if (vectors === true) {
      state.set64(layout.VBAR_EL1, this.at("vectors"));
      state.set32(layout.VBAR_SET, 1);
    }
  }

  private mutate({ state, machine }: Rig, mutation: Mutation): void {
    if ("address" in mutation) machine.writeU64(mutation.address, mutation.value);
    else if ("monitor" in mutation) state.set32(layout.MONITOR_ADDRESS, 0);
    else if (mutation.register === NZCV_NUMBER) state.set32(layout.NZCV, Number(mutation.value & 15n));
    else state.set64(layout.X + 8 * mutation.register, mutation.value);
  }

  /** What the subject does when it is left alone. */
  trace(): Step[] {
    const { reference } = this;
    const steps: Step[] = [];
    this.prepare(reference);
    const { state, machine } = reference;
    for (let stop: number = layout.STOP_FUEL; stop === layout.STOP_FUEL; stop = reference.run(1)) {
      const pc = state.get64(layout.PC);
      const word = machine.readU32(pc);
      const form = formOf(word);
      const registers = state.words64.slice(layout.X / 8, layout.SP / 8 + 1);
      const marked = state.get32(layout.MONITOR_ADDRESS) !== 0;
      const access = form === undefined ? undefined : this.accessOf(form, word, pc);
      steps.push({ pc, form, word, registers, marked, access });
    }
    return steps;
  }

  private accessOf(form: Form, word: number, pc: bigint): Access | undefined {
    const { state } = this.reference;
    const register = (n: number): bigint => state.get64(layout.X + 8 * n);
    const { name } = form.row;
    if (name === "DC ZVA") return { address: register(word & 31), bytes: 1, writes: true, aligned: false };
    const found = accessOf(form, word, { pc, register });
    if (found === undefined) return undefined;
    return { ...found, writes: /^(ST|CAS|SWP|LD(ADD|CLR|EOR|SET|[SU]M))/.test(name), aligned: isAligned(name) };
  }

  /** Both machines in the subject's state, or as far as the mutation and with it. */
  begin(mutation?: Mutation): void {
    for (const each of [this.reference, this.rig]) {
      this.prepare(each);
      if (mutation?.at !== undefined && mutation.at > 0) each.run(mutation.at);
      if (mutation !== undefined) this.mutate(each, mutation);
    }
  }

  /** One run in both machines of at most `limit` instructions, counted from the mutation on. */
  trial(limit: number, mutation?: Mutation): Trial {
    const { reference, rig } = this;
    this.begin(mutation);
    const compiled = mutation?.at !== undefined && rig.forceCompile(rig.state.get64(layout.PC));
    const before = reference.snapshot();
    const steps: bigint[] = [];
    let stop: number = layout.STOP_FUEL;
    while (stop === layout.STOP_FUEL && steps.length < limit) {
      steps.push(reference.state.get64(layout.PC));
      stop = reference.run(1);
    }
    reference.state.setNumber(layout.FUEL, limit - steps.length);
    const exits = { ...rig.machine.stats().regions.exits };
    const stops = [stop, rig.run(limit)] as const;
    for (const [reason, count] of Object.entries(rig.machine.stats().regions.exits))
      exits[reason] = count - (exits[reason] ?? 0);
    const problems = disagreements(reference, rig, stops);
    const { state } = reference;
    const exception = stop === layout.STOP_EXCEPTION ? state.get32(layout.EXCEPTION) : 0;
    const failure = problems.length === 0 ? undefined : this.describe(mutation, limit, before, problems);
    return { steps, stop, exception, pc: state.get64(layout.PC), compiled, exits, failure };
  }

  private describe(mutation: Mutation | undefined, limit: number, before: Uint32Array, problems: string[]): string {
    const { reference, rig, subject } = this;
    const what = mutation === undefined ? "undisturbed" : describeMutation(mutation);
    const states = describeStates(
      ["before", "interpreter", "compiled"],
      [before, reference.snapshot(), rig.snapshot()],
    );
    return `${subject.name}, ${what}, ${limit} instructions:\n  ${problems.join("\n  ")}\n${states}`;
  }
}

function describeMutation(mutation: Mutation): string {
  const when = `after ${mutation.at ?? 0} instructions `;
  if ("monitor" in mutation) return `${when}the monitor is open`;
  const where = "address" in mutation ? `[${mutation.address.toString(16)}]` : `x${mutation.register}`;
  return `${when}${where} is ${mutation.value.toString(16)}`;
}

/** Whether an instruction demands an aligned address. */
function isAligned(name: string): boolean {
  return /^(LDA|LDX|LDLA|STL|STX|CAS|SWP|LD(ADD|CLR|EOR|SET|[SU]M))/.test(name);
}
