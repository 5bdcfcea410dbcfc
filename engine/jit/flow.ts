/**
 * Where an instruction goes, read off its meaning: a backend of the vocabulary in which a value is a number
 * or unknown. Region selection uses it; it emits nothing.
 */

import * as bits from "../a64/bits.js";
import { InternalError } from "../a64/errors.js";
import type { Form } from "../a64/forms.js";
import { operandFieldLayouts } from "../a64/forms.js";
import type { AccessKind, BarrierOp, Bytes, HintOp, IndirectBranch, Ops, SystemRegister, Width } from "../a64/ops.js";
import { extractField } from "../a64/pattern.js";
import { FLAGS_KNOWN, kindOf } from "../wasm/flag-locals.js";
import { flagsOnly, noRegisters, type Registers, registerSet, SP_REGISTER, union, without } from "./registers.js";

export type Flow =
  | { readonly kind: "next" }
  | { readonly kind: "direct"; readonly target: bigint; readonly links: boolean }
  | { readonly kind: "conditional"; readonly target: bigint }
  | { readonly kind: "indirect"; readonly type: IndirectBranch; readonly n: number }
  /** Not for regions: the interpreter executes it (barriers, cache maintenance, exceptions, most system registers). */
  | { readonly kind: "leave" };

export interface InstructionFlow {
  readonly flow: Flow;
  /** What it reads before it writes it, and what it writes. */
  readonly reads: Registers;
  readonly writes: Registers;
  /** How it leaves the flags if it writes them: a kind of flag-locals.ts. */
  readonly flags: number;
  /** Whether it accesses memory. */
  readonly access: boolean;
  /** Whether a region may be left for the interpreter to execute it: an access, or a division. */
  readonly leaves: boolean;
  /** Whether it writes X30, other than by linking. */
  readonly writesLink: boolean;
  /** The address of the doubleword that it reads, where its word says it: a literal's. */
  readonly literal: bigint | undefined;
  /** Bytes that it moves SP by; undefined if its word does not say. */
  readonly moves: bigint | undefined;
}

/** System registers that compiled code reads or writes itself: plain words of the core's block, open to EL0. */
export const regionSystemRegisters: ReadonlySet<SystemRegister> = new Set(["NZCV", "TPIDR_EL0"]);

export function regionHasBarrier(op: BarrierOp): boolean {
  return op === "DMB";
}

export function regionHasHint(op: HintOp): boolean {
  return op === "NOP" || op === "YIELD";
}

/** An operand field: its width in bits, and what it holds. */
export interface FlowField {
  readonly width: number;
  readonly value: number;
}

/** SP as it was before the instruction, and so many bytes; in constants.ts, as it was at the region's head. */
export class FromSP {
  constructor(readonly offset: bigint) {}
}

/** A value, as far as it is known. */
export type Known = bigint | FromSP | undefined;

const ZR = 31;
/** X30, from which RET returns. */
export const LINK_REGISTER = 30;

/** Analyses one word at one address. */
export function flowOf(form: Form, word: number, pc: bigint): InstructionFlow {
  const o = new FlowOps(pc);
  form.row.meaning<Known, FlowField, undefined>(o, fieldsOf(form, word));
  return {
    flow: o.flow,
    reads: o.reads,
    writes: o.writes,
    flags: o.flags,
    access: o.accesses,
    leaves: o.accesses || o.divides,
    writesLink: o.writesLink && !(o.flow.kind === "direct" && o.flow.links),
    literal: o.literal,
    moves: o.moves,
  };
}

/** The operand fields of a word, as its form's meaning takes them. */
export function fieldsOf(form: Form, word: number): Readonly<Record<string, FlowField | number>> {
  const fields: Record<string, FlowField | number> = { ...form.selectors };
  for (const layout of operandFieldLayouts(form.row)) {
    fields[layout.letter] = { width: layout.width, value: extractField(layout, word) };
  }
  return fields;
}

export class FlowOps implements Ops<Known, FlowField, undefined> {
  flow: Flow = { kind: "next" };
  reads: Registers = noRegisters;
  writes: Registers = noRegisters;
  accesses = false;
  divides = false;
  writesLink = false;
  literal: bigint | undefined;
  moves: bigint | undefined = 0n;
  flags = FLAGS_KNOWN;
  /** The kind of the flags that were computed last. */
  private computed = FLAGS_KNOWN;

  constructor(private readonly pc: bigint) {}

  private leave(): undefined {
    this.flow = { kind: "leave" };
  }

  private both(width: Width, a: Known, b: Known, fold: (x: bigint, y: bigint) => bigint): Known {
    return typeof a === "bigint" && typeof b === "bigint" ? bits.unsigned(width, fold(a, b)) : undefined;
  }

  UInt(field: FlowField | number): Known {
    return BigInt(typeof field === "number" ? field : field.value);
  }
  SInt(field: FlowField): Known {
    return bits.unsigned(64, bits.signed(field.width, BigInt(field.value)));
  }
  concat(high: FlowField, low: FlowField): FlowField {
    return { width: high.width + low.width, value: high.value * 2 ** low.width + low.value };
  }
  field(width: number, value: number): FlowField {
    return { width, value };
  }
  constant(value: bigint | number): Known {
    return bits.unsigned(64, BigInt(value));
  }
  bitmaskImmediate(_width: Width, _nImmrImms: FlowField): Known {
    return undefined;
  }

  private read(registers: Registers): undefined {
    this.reads = union(this.reads, without(registers, this.writes));
  }
  X(n: FlowField | number, _width: Width): Known {
    if (numberOf(n) !== ZR) this.read(registerSet(numberOf(n)));
    return undefined;
  }
  XSP(n: FlowField | number, width: Width): Known {
    this.read(registerSet(numberOf(n)));
    return numberOf(n) === SP_REGISTER && width === 64 ? new FromSP(0n) : undefined;
  }
  base(n: FlowField): Known {
    return this.XSP(n, 64);
  }
  setX(d: FlowField | number, _width: Width, _value: Known): void {
    if (numberOf(d) === ZR) return;
    this.writes = union(this.writes, registerSet(numberOf(d)));
    if (numberOf(d) === LINK_REGISTER) this.writesLink = true;
  }
  setXSP(d: FlowField | number, _width: Width, value: Known): void {
    this.writes = union(this.writes, registerSet(numberOf(d)));
    if (numberOf(d) === SP_REGISTER) this.moves = value instanceof FromSP ? value.offset : undefined;
    if (numberOf(d) === LINK_REGISTER) this.writesLink = true;
  }
  PC(): Known {
    return this.pc;
  }
  NZCV(): Known {
    this.read(flagsOnly);
    return undefined;
  }
  setNZCV(): void {
    this.writes = union(this.writes, flagsOnly);
    this.flags = this.computed;
  }
  conditionHolds(): Known {
    return this.NZCV();
  }

  add(width: Width, a: Known, b: Known): Known {
    if (a instanceof FromSP && typeof b === "bigint") return new FromSP(a.offset + bits.signed(64, b));
    return this.both(width, a, b, (x, y) => x + y);
  }
  sub(width: Width, a: Known, b: Known): Known {
    if (a instanceof FromSP && typeof b === "bigint") return new FromSP(a.offset - bits.signed(64, b));
    return this.both(width, a, b, (x, y) => x - y);
  }
  AddWithCarry(width: Width, _x: Known, _y: Known, carryIn: Known): readonly [Known, Known] {
    // As AddWithCarry(x, not(y), 1) a subtraction is written.
    const operation = carryIn === 1n ? "sub" : "add";
    this.computed = carryIn === undefined ? FLAGS_KNOWN : kindOf(operation, width);
    return [undefined, undefined];
  }
  nzcvOfLogical(width: Width): Known {
    this.computed = kindOf("logical", width);
    return undefined;
  }
  and(width: Width, a: Known, b: Known): Known {
    return this.both(width, a, b, (x, y) => x & y);
  }
  orr(width: Width, a: Known, b: Known): Known {
    return this.both(width, a, b, (x, y) => x | y);
  }
  eor(width: Width, a: Known, b: Known): Known {
    return this.both(width, a, b, (x, y) => x ^ y);
  }
  not(_width: Width, _a: Known): Known {
    return undefined;
  }
  lsl(width: Width, a: Known, b: Known): Known {
    return this.both(width, a, b, (x, y) => bits.lsl(width, x, y));
  }
  lsr(_width: Width, _a: Known, _amount: Known): Known {
    return undefined;
  }
  asr(_width: Width, _a: Known, _amount: Known): Known {
    return undefined;
  }
  ror(): Known {
    return undefined;
  }
  mul(): Known {
    return undefined;
  }
  mulHigh(): Known {
    return undefined;
  }
  div(): Known {
    this.divides = true;
    return undefined;
  }
  clz(): Known {
    return undefined;
  }
  cls(): Known {
    return undefined;
  }
  rbit(): Known {
    return undefined;
  }
  rev(): Known {
    return undefined;
  }
  crc32(): Known {
    return undefined;
  }
  signExtend(_width: Width, _from: 8 | 16 | 32 | 64, _a: Known): Known {
    return undefined;
  }
  zeroExtend(_from: 8 | 16 | 32 | 64, _a: Known): Known {
    return undefined;
  }
  equal(): Known {
    return undefined;
  }
  select(): Known {
    this.computed = FLAGS_KNOWN;
    return undefined;
  }

  access(address: Known, bytes: Bytes, kind: AccessKind): undefined {
    this.accesses = true;
    if (bytes === 8 && kind === "read" && typeof address === "bigint") this.literal = address;
  }
  load(): Known {
    return undefined;
  }
  store(): void {}
  loadExclusive(): Known {
    return undefined;
  }
  storeExclusive(): Known {
    return undefined;
  }
  loadExclusivePair(): readonly [Known, Known] {
    return [undefined, undefined];
  }
  storeExclusivePair(): Known {
    return undefined;
  }
  clearExclusive(): void {}
  atomic(): Known {
    return undefined;
  }
  compareAndSwap(): Known {
    return undefined;
  }
  compareAndSwapPair(): readonly [Known, Known] {
    return [undefined, undefined];
  }

  branchTo(target: Known, type: "DIR" | "DIRCALL"): void {
    this.flow = { kind: "direct", target: known(target), links: type === "DIRCALL" };
  }
  branchIf(_condition: Known, target: Known): void {
    this.flow = { kind: "conditional", target: known(target) };
  }
  branchIndirect(_target: Known, type: IndirectBranch, n: FlowField): void {
    this.flow = { kind: "indirect", type, n: n.value };
  }
  exception(): void {
    this.leave();
  }
  eret(): void {
    this.leave();
  }

  hint(op: HintOp): void {
    if (!regionHasHint(op)) this.leave();
  }
  barrier(op: BarrierOp): void {
    if (!regionHasBarrier(op)) this.leave();
  }
  dataCache(): void {
    this.leave();
  }
  instructionCache(): void {
    this.leave();
  }
  addressTranslation(): void {
    this.leave();
  }
  CheckSystemAccess(): void {
    this.leave();
  }
  readSystem(register: SystemRegister): Known {
    if (!regionSystemRegisters.has(register)) return this.leave();
    return register === "NZCV" ? this.NZCV() : undefined;
  }
  writeSystem(register: SystemRegister): void {
    if (!regionSystemRegisters.has(register)) this.leave();
    else if (register === "NZCV") this.setNZCV();
  }
  writePState(): void {
    this.leave();
  }
}

/** A register's number: 31 is ZR or SP. */
export function numberOf(n: FlowField | number): number {
  return typeof n === "number" ? n : n.value;
}

function known(target: Known): bigint {
  if (typeof target !== "bigint") throw new InternalError("a direct branch whose target is not known from its word");
  return target;
}
