/**
 * The region JIT's backend of the vocabulary: fields are constants, registers are wasm values. It translates
 * one instruction after the other along a path; where control goes is the plan's business, so that a branch
 * only leaves its condition or target here for the node's end.
 */

import { arch } from "node:process";
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type { BarrierOp, DirectBranch, IndirectBranch, Ops, SystemRegister, Width } from "../a64/ops.js";
import { conditionOn, knownCondition } from "../wasm/flags.js";
import type { Access } from "../wasm/memory.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import { sumOf } from "../wasm/sums.js";
import { constantOf, type Field, type Value } from "../wasm/value.js";
import { LINK_PARAMETER, RESULT_REGISTER, X0_PARAMETER } from "./convention.js";
import { LINK_REGISTER } from "./flow.js";
import type { RegionPlan } from "./plan.js";
import { SP_REGISTER } from "./registers.js";
import { CanonicalLocals } from "./state.js";
import { type ExitWriter, WindowAccesses } from "./window-accesses.js";

const ZR = 31;

/** The bits of a barrier's option that say which accesses it orders: 1 loads with what follows, 2 stores with stores, else all. */
const BARRIER_ACCESSES = 3;
const hostIsX86 = arch === "x64" || arch === "ia32";

export class RegionOps extends WindowAccesses implements Ops<Value, Field, Access> {
  readonly canonical: CanonicalLocals;
  /** Left by branchIf and branchIndirect for the node's end. */
  condition: Value | undefined;
  target: Value | undefined;
  /** Whether a path is left where a value is not what it is taken to be, so that another version may do better. */
  assumesValues = false;

  constructor(module: WasmModule, plan: RegionPlan, exits: () => ExitWriter) {
    super(module, plan, exits);
    this.canonical = new CanonicalLocals(this, [
      [RESULT_REGISTER, X0_PARAMETER],
      [LINK_REGISTER, LINK_PARAMETER],
    ]);
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

  /**
   * The interpreter divides by 0, and by -1 if signed: made here, a quotient is a meeting of ways, and V8 repeats in each of them what
   * alone leads there, which in a loop of four turns is what the turns before have computed.
   */
  override div(width: Width, signed: boolean, a: Value, b: Value): Value {
    if (this.plan.isSteady || b.constant !== undefined) return super.div(width, signed, a, b);
    const m = this.module;
    const wasm = this.of(width);
    const leave = (): Expression => this.code.nested(() => this.exits().exit("system", this.PC(), "assumption"));
    this.assumesValues = true;
    this.code.push(m.if(wasm.eqz(this.sized(width, b)), leave()));
    if (signed) this.code.push(m.if(wasm.eq(this.sized(width, b), this.sized(width, constantOf(-1))), leave()));
    return this.quotientOf(width, signed, a, b);
  }

  conditionHolds(cond: Field | number): Value {
    const number = RegionOps.number(cond);
    if (number >= 14) return constantOf(1);
    const nzcv = this.NZCV();
    const known = knownCondition(number, nzcv);
    if (known !== undefined) return constantOf(known ? 1 : 0);
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
    if (key !== undefined) this.state.alignedSP = new Set(this.state.alignedSP).add(key);
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
