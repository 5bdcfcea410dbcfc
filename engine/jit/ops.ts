/**
 * The region JIT's backend of the vocabulary: fields are constants, registers are wasm values. It translates
 * one instruction after the other along a path; where control goes is the plan's business, so that a branch
 * only leaves its condition or target here for the node's end.
 */

import { arch } from "node:process";
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type {
  AccessKind,
  BarrierOp,
  Bytes,
  DirectBranch,
  IndirectBranch,
  Ops,
  SystemRegister,
  Width,
} from "../a64/ops.js";
import { Code } from "../wasm/code.js";
import { FLAGS_KNOWN } from "../wasm/flag-locals.js";
import { conditionOn } from "../wasm/flags.js";
import { type Access, accessAt, MemoryOps } from "../wasm/memory.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import { constantOf, type Field, type Value } from "../wasm/value.js";
import { sumOf } from "../wasm/values.js";
import { calledTypes, LINK_PARAMETER, RESULT_REGISTER, X0_PARAMETER } from "./convention.js";
import { LINK_REGISTER } from "./flow.js";
import type { ExitReason, PathCounts, PlanInstruction, PlanWindow, RegionPlan } from "./plan.js";
import { noRegisters, SP_REGISTER } from "./registers.js";
import { StackCheck } from "./stack-check.js";
import { CanonicalLocals, hull, PathState } from "./state.js";

const ZR = 31;
/** Windows that an access looks into that has used several, and one that has not been executed yet. */
const MAX_TRIED = 6;
const MAX_GUESSED = 2;
/** Bytes that one check covers for several accesses. */
const MAX_MERGED = 256;

/** The bits of a barrier's option that say which accesses it orders: 1 loads with what follows, 2 stores with stores, else all. */
const BARRIER_ACCESSES = 3;
const hostIsX86 = arch === "x64" || arch === "ia32";

/** How the translator leaves a region; RegionOps only needs to ask for it. */
export interface ExitWriter {
  /** Emits: state to memory, go to `pc`. Ends the path. */
  exit(reason: ExitReason, pc: Value, missed?: Missed): void;
}

/** What the region has turned out to assume wrongly, or to lack, where it is left. */
export type Missed = "nothing" | "assumption" | "code";

export class RegionOps extends MemoryOps implements Ops<Value, Field, Access> {
  readonly canonical: CanonicalLocals;
  state = new PathState(0, noRegisters, noRegisters, FLAGS_KNOWN);
  /** The instruction being translated. */
  current: PlanInstruction | undefined;
  /** Left by branchIf and branchIndirect for the node's end. */
  condition: Value | undefined;
  target: Value | undefined;
  /** What of the stack the region's accesses need: checked where it is entered. */
  readonly stack: StackCheck;
  /** Where the base register of the instruction's access points. */
  private accessBase: Value | undefined;

  constructor(
    module: WasmModule,
    private readonly plan: RegionPlan,
    private readonly exits: () => ExitWriter,
  ) {
    super(new Code(module, calledTypes, plan.core));
    this.stack = new StackCheck(this.code);
    this.canonical = new CanonicalLocals(this, [
      [RESULT_REGISTER, X0_PARAMETER],
      [LINK_REGISTER, LINK_PARAMETER],
    ]);
  }

  private count(what: keyof PathCounts): void {
    this.state.counts[what]++;
  }

  // ---- registers -----------------------------------------------------------------------------

  private static number(n: Field | number): number {
    return typeof n === "number" ? n : Number(n.value.constant);
  }

  private read(register: number, width: Width): Value {
    return this.cut(width, this.canonical.register(register, this.state));
  }

  private write(register: number, width: Width, value: Value): void {
    this.state.write(register, this.cut(width, value));
  }

  X(n: Field | number, width: Width): Value {
    const register = RegionOps.number(n);
    return register === ZR ? constantOf(0) : this.read(register, width);
  }

  XSP(n: Field | number, width: Width): Value {
    const register = RegionOps.number(n);
    return this.read(register === ZR ? SP_REGISTER : register, width);
  }

  setX(d: Field | number, width: Width, value: Value): void {
    const register = RegionOps.number(d);
    if (register !== ZR) this.write(register, width, value);
  }

  setXSP(d: Field | number, width: Width, value: Value): void {
    const register = RegionOps.number(d);
    this.write(register === ZR ? SP_REGISTER : register, width, value);
  }

  PC(): Value {
    if (this.current === undefined) throw new InternalError("no instruction is being translated");
    return constantOf(this.current.pc);
  }

  NZCV(): Value {
    const { state } = this;
    if (state.nzcv !== undefined) return state.nzcv;
    state.readNZCV ??= this.canonical.nzcv(state);
    return state.readNZCV;
  }

  setNZCV(nzcv: Value): void {
    this.state.nzcv = nzcv;
  }

  /** The flags of constants are kept as others are: liveness.ts tells their kind from the instruction alone. */
  override AddWithCarry(width: Width, x: Value, y: Value, carryIn: Value): readonly [Value, Value] {
    const [result, nzcv] = super.AddWithCarry(width, x, y, carryIn);
    if (nzcv.constant === undefined || carryIn.constant === undefined) return [result, nzcv];
    const isSub = carryIn.constant === 1n;
    const b = isSub ? this.not(width, y) : y;
    return [result, { type: "i32", flags: { kind: isSub ? "sub" : "add", width, a: this.cut(width, x), b, result } }];
  }

  override nzcvOfLogical(width: Width, result: Value): Value {
    return { type: "i32", flags: { kind: "logical", width, a: result, b: constantOf(0), result } };
  }

  /** Flags of a conditional comparison are computed, which V8 does where somebody wants them, and remembered as what they are picked from. */
  override select(condition: Value, ifTrue: Value, ifFalse: Value): Value {
    const chosen = super.select(condition, ifTrue, ifFalse);
    if (ifTrue.flags === undefined || ifFalse.constant === undefined || condition.constant !== undefined) return chosen;
    return { ...chosen, picked: { condition, source: ifTrue.flags, otherwise: Number(ifFalse.constant) } };
  }

  conditionHolds(cond: Field | number): Value {
    const number = RegionOps.number(cond);
    if (number >= 14) return constantOf(1);
    const nzcv = this.NZCV();
    return { ...this.bind("i32", conditionOn(this, number, nzcv)), isTruth: true };
  }

  // ---- memory --------------------------------------------------------------------------------

  base(n: Field): Value {
    const address = this.XSP(n, 64);
    this.accessBase = address;
    if (this.plan.checksSP && RegionOps.number(n) === ZR) this.checkSPAlignment(address);
    return address;
  }

  /** If SP is not aligned the interpreter raises that, or does the access: it may be allowed at this exception level. */
  private checkSPAlignment(sp: Value): void {
    const sum = sumOf(sp);
    const key = sum && `${sum.base}/${BigInt.asUintN(4, sum.offset)}`;
    if (key !== undefined && this.state.alignedSP.has(key)) return;
    const m = this.module;
    const leave = this.code.nested(() => this.exits().exit("memory", this.PC()));
    this.code.push(m.if(m.i32.and(this.narrow(sp), m.i32.const(15)), leave));
    if (key !== undefined) this.state.alignedSP.add(key);
  }

  access(address: Value, bytes: Bytes, kind: AccessKind, aligned = false): Access {
    const access = this.checkedAccess(address, bytes, kind, aligned);
    if (kind !== "write") this.count("reads");
    if (kind !== "read") this.count("writes");
    return access;
  }

  private checkedAccess(address: Value, bytes: Bytes, kind: AccessKind, aligned: boolean): Access {
    const window = this.windowFor(address, bytes, kind);
    if (
      address.constant !== undefined &&
      window !== undefined &&
      (!aligned || address.constant % BigInt(bytes) === 0n)
    ) {
      return accessAt(window.host + Number(address.constant - window.base));
    }
    const isAligned = !aligned || bytes === 1;
    const onStack = window !== undefined && isAligned ? this.stack.access(address, window, bytes) : undefined;
    if (onStack !== undefined) return onStack;
    return window === undefined
      ? this.triedAccess(address, bytes, kind, aligned)
      : this.fastAccess(address, window, bytes, aligned);
  }

  /** An access that is at home in no one window: one window after the other is tried. */
  private triedAccess(address: Value, bytes: Bytes, kind: AccessKind, aligned: boolean): Access {
    const m = this.module;
    const candidates = this.plan.windows
      .filter((window) => this.allows(window, bytes, kind))
      .sort((a, b) => (b.flags & layout.WINDOW_WRITE) - (a.flags & layout.WINDOW_WRITE))
      .slice(0, this.current?.window === undefined ? MAX_GUESSED : MAX_TRIED);
    const leave = (): void => this.exits().exit("memory", this.PC());
    if (aligned && bytes > 1)
      this.code.push(m.if(m.i32.and(this.narrow(address), m.i32.const(bytes - 1)), this.code.nested(leave)));
    const host = this.bind("i32", m.i32.const(0));
    const attempt = (index: number): void => {
      const window = candidates[index];
      if (window === undefined) return leave();
      const into = this.bind("i64", this.distance(address, window));
      const found = m.local.set(host.local as number, m.i32.add(this.narrow(into), m.i32.const(window.host)));
      const isInside = m.i64.le_u(this.wide(into), m.i64.const(BigInt(window.size - bytes)));
      const rest = this.code.nested(() => attempt(index + 1));
      this.code.push(m.if(isInside, found, rest));
    };
    attempt(0);
    return { host };
  }

  private distance(address: Value, window: PlanWindow): Expression {
    const { from, by } = this.origin(address);
    return this.module.i64.sub(this.wide(from), this.module.i64.const(BigInt.asIntN(64, window.base - by)));
  }

  /** An address as so much more than the base register's value, from which its place is one instruction away, as it is from the address. */
  private origin(address: Value): { readonly from: Value; readonly by: bigint } {
    const { accessBase } = this;
    const [sum, base] = [sumOf(address), accessBase && sumOf(accessBase)];
    if (accessBase === undefined || sum === undefined || sum.base !== base?.base) return { from: address, by: 0n };
    return { from: accessBase, by: sum.offset - base.offset };
  }

  /**
   * Whether the bytes have been found to be in the window, as seen from the same base: they stand between others that the path has checked,
   * or so near to them that its last check can be one of both. That one then leaves early, with the interpreter to do the rest.
   */
  private isKnownInside(address: Value, window: PlanWindow, bytes: Bytes): boolean {
    const sum = sumOf(address);
    const known = sum && this.state.inside.get(keyOf(sum.base, window));
    if (sum === undefined || known === undefined) return false;
    const { check, before } = known;
    const [from, to] = [sum.offset, sum.offset + BigInt(bytes)];
    const [first, last] = hull(before, check.range);
    if (first <= from && to <= last) return true;
    const [low, high] = hull(check.range, [from, to]);
    if (high - low > Math.min(MAX_MERGED, window.size)) return false;
    check.range = [low, high];
    this.module.setConstant(check.low, low - check.at);
    this.module.setConstant(check.limit, BigInt(window.size) - (high - low));
    return true;
  }

  /** Whether an access's place in the window is outside of it, as an i32 expression. */
  private isOutside(address: Value, into: Value, window: PlanWindow, bytes: Bytes): Expression {
    const m = this.module;
    const limit = m.i64.const(BigInt(window.size - bytes));
    const sum = sumOf(address);
    if (sum === undefined) return m.i64.gt_u(this.wide(into), limit);
    const low = m.i64.const(0n);
    const range = [sum.offset, sum.offset + BigInt(bytes)] as const;
    const key = keyOf(sum.base, window);
    const known = this.state.inside.get(key);
    const before = known === undefined ? range : hull(known.before, known.check.range);
    this.state.inside.set(key, { check: { range, at: sum.offset, low, limit }, before });
    return m.i64.gt_u(m.i64.add(this.wide(into), low), limit);
  }

  /**
   * In the expected window the address is a subtraction away. Elsewhere the interpreter does the access: a call
   * here would make V8 keep everything that lives across it in memory.
   */
  private fastAccess(address: Value, window: PlanWindow, bytes: Bytes, aligned: boolean): Access {
    const m = this.module;
    const isAligned = !aligned || bytes === 1;
    if (isAligned && this.isKnownInside(address, window, bytes)) {
      const { from, by } = this.origin(address);
      const base = m.i32.const(Number(BigInt.asIntN(32, window.base - by)));
      return { host: this.bind("i32", m.i32.sub(this.narrow(from), base)), offset: window.host };
    }
    const into = this.bind("i64", this.distance(address, window));
    const leave = this.code.nested(() => {
      this.exits().exit("memory", this.PC(), "assumption");
    });
    let outside = this.isOutside(address, into, window, bytes);
    if (!isAligned) outside = m.i32.or(outside, m.i32.and(this.narrow(address), m.i32.const(bytes - 1)));
    this.code.push(m.if(outside, leave));
    return { host: this.bind("i32", this.narrow(into)), offset: window.host };
  }

  private windowFor(address: Value, bytes: Bytes, kind: AccessKind): PlanWindow | undefined {
    const { constant } = address;
    const guess =
      constant === undefined
        ? this.plan.windows.find((w) => w.index === this.current?.window)
        : this.plan.windows.find((w) => constant >= w.base && constant + BigInt(bytes) <= w.base + BigInt(w.size));
    return guess !== undefined && this.allows(guess, bytes, kind) ? guess : undefined;
  }

  private allows({ flags, size }: PlanWindow, bytes: Bytes, kind: AccessKind): boolean {
    const wanted = (kind === "write" ? 0 : layout.WINDOW_READ) | (kind === "read" ? 0 : layout.WINDOW_WRITE);
    if ((flags & wanted) !== wanted || size < bytes) return false;
    // A write that must drop instruction-cache words is the interpreter's.
    return kind === "read" || (flags & layout.WINDOW_COHERENT) === 0;
  }

  // ---- control: left for the node's end ------------------------------------------------------------

  branchTo(_target: Value, type: DirectBranch): void {
    this.count(type === "DIR" ? "direct" : "call");
  }

  branchIf(condition: Value, _target: Value): void {
    this.condition = condition;
  }

  branchIndirect(target: Value, type: IndirectBranch, _n: Field): void {
    this.count(type === "RET" ? "return" : type === "INDIR" ? "indirect" : "indirectCall");
    this.target = target;
  }

  // ---- system ----------------------------------------------------------------------------------------

  hint(): void {}

  /** DMB, the only one that selection lets through. */
  barrier(_op: BarrierOp, option: Field): void {
    const m = this.module;
    const core = this.code.core();
    const isFull = (RegionOps.number(option) & BARRIER_ACCESSES) % BARRIER_ACCESSES === 0;
    if (!hostIsX86) this.code.push(m.atomic.fence());
    // A locked instruction is a fence too, and takes a third of MFENCE's time.
    else if (isFull) this.code.push(m.drop(m.i32.atomic.rmw.add(layout.HEAT_THRESHOLD, core, m.i32.const(0))));
    // Loads wait for loads there, and stores for stores. Only V8 must not reorder them, and it does not across an atomic access.
    else this.code.push(m.drop(m.i32.atomic.load(layout.HEAT_THRESHOLD, core)));
  }

  readSystem(register: SystemRegister): Value {
    if (register === "NZCV") return this.lsl(64, this.force(this.NZCV()), constantOf(28));
    if (register === "TPIDR_EL0") return this.bind("i64", this.code.loadI64(layout.TPIDR_EL0));
    return this.refused();
  }

  writeSystem(register: SystemRegister, value: Value): void {
    if (register === "NZCV") this.setNZCV(this.and(32, this.lsr(32, value, constantOf(28)), constantOf(15)));
    else if (register === "TPIDR_EL0") this.code.storeI64(layout.TPIDR_EL0, this.wide(value));
    else this.refused();
  }

  exception(): never {
    return this.refused();
  }
  eret(): never {
    return this.refused();
  }
  dataCache(): never {
    return this.refused();
  }
  instructionCache(): never {
    return this.refused();
  }
  addressTranslation(): never {
    return this.refused();
  }
  CheckSystemAccess(): never {
    return this.refused();
  }
  writePState(): never {
    return this.refused();
  }

  private refused(): never {
    throw new InternalError(`the instruction at 0x${this.current?.pc.toString(16)} is not for compiled code`);
  }
}

function keyOf(base: number, { index }: PlanWindow): string {
  return `${base}/${index}`;
}
