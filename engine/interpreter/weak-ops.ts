/**
 * The weak interpreter's backend: as the plain one, but accesses, barriers and maintenance are calls of weak.wasm, and each value has
 * views. A view is the time after which the reads that the value depends on have come; a register has two, WEAK_VIEWS in
 * the core's block: "from" for what its value is computed from, "picked" with what has only chosen it (CSEL).
 *
 * A register may wait for a load (or an atomic) that has been put off: then its view has bit 31 set, and who reads the register
 * settles that first. Which loads can be put off is known from the meaning: those whose value goes to a register as it
 * is, by the last access of the instruction.
 */
import * as layout from "../../assembly/layout.js";
import type { Form } from "../a64/forms.js";
import type {
  AccessKind,
  AtomicOp,
  Bytes,
  IndirectBranch,
  Order,
  Polynomial,
  SystemRegister,
  Width,
} from "../a64/ops.js";
import type { Access } from "../wasm/memory.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import type { Field, Value, Views } from "../wasm/value.js";
import type { HandlerMaker } from "./module.js";
import { InterpreterOps } from "./ops.js";

type Size = 1 | 2 | 4 | 8;

const orderNumbers = { plain: 0, acquire: 1, acquirePC: 2, release: 3, acquireRelease: 4 } satisfies Record<
  Order,
  number
>;
const atomicNumbers = {
  ADD: 0,
  CLR: 1,
  EOR: 2,
  SET: 3,
  SMAX: 4,
  SMIN: 5,
  UMAX: 6,
  UMIN: 7,
  SWP: 8,
} satisfies Record<AtomicOp, number>;

const DISCARDED = 31 as const;
/** Bit 24 of an access's `info`: its value may come later. */
const MAY_WAIT = 1 << 24;
const NZCV_INDEX = 33;
const SYSTEM_INDEX = 36;

const none: Views = { from: new Set(), picked: new Set() };

function union(values: readonly (Value | Access | undefined)[]): Views {
  const from = values.flatMap((value) => [...(value?.views ?? none).from]);
  const picked = values.flatMap((value) => [...(value?.views ?? none).picked]);
  return { from: new Set(from), picked: new Set(picked) };
}

/** Where the values of a form's accesses go, by their number. */
interface Destinations {
  /** Of those that go to a register as they are. */
  readonly registers: ReadonlyMap<number, Field | number>;
  readonly accesses: number;
}

/** Follows values from the accesses to the registers. */
class Tracker {
  readonly #origins = new Map<Value, number>();
  readonly #registers = new Map<number, Field | number>();
  readonly #derived = new Set<number>();
  accesses = 0;

  read(value: Value): void {
    this.#origins.set(value, this.accesses);
  }

  used(values: readonly Value[]): void {
    for (const value of values) {
      const origin = this.#origins.get(value);
      if (origin !== undefined) this.#derived.add(origin);
    }
  }

  written(register: Field | number, value: Value): void {
    const origin = this.#origins.get(value);
    if (origin === undefined) return;
    if (this.#registers.has(origin)) this.#derived.add(origin);
    this.#registers.set(origin, register);
  }

  destinations(): Destinations {
    const registers = new Map([...this.#registers].filter(([origin]) => !this.#derived.has(origin)));
    return { registers, accesses: this.accesses };
  }
}

export class WeakOps extends InterpreterOps {
  readonly #tracker = new Tracker();

  /** `known`: what a first pass over the same meaning has found; undefined for that pass. */
  constructor(
    module: WasmModule,
    readonly known?: Destinations,
  ) {
    super(module);
  }

  destinations(): Destinations {
    return this.#tracker.destinations();
  }

  // ---- views -----------------------------------------------------------------------------------

  /** A result that depends on some values. */
  #after(result: Value, ...values: readonly Value[]): Value {
    this.#tracker.used(values);
    const views = union(values);
    return views.picked.size === 0 ? result : { ...result, views };
  }

  /** The largest of some views, 0 if there are none. */
  #largest(locals: ReadonlySet<number>): Expression {
    const m = this.module;
    const get = (local: number): Expression => m.local.get(local, this.code.types.i32);
    let largest: number | undefined;
    for (const local of locals) {
      if (largest === undefined) {
        largest = local;
        continue;
      }
      const [a, b] = [largest, local];
      largest = this.bind("i32", m.select(m.i32.gt_u(get(a), get(b)), get(a), get(b))).local as number;
    }
    return largest === undefined ? m.i32.const(0) : get(largest);
  }

  #from(...values: readonly (Value | Access | undefined)[]): Expression {
    return this.#largest(union(values).from);
  }

  #picked(...values: readonly (Value | Access | undefined)[]): Expression {
    return this.#largest(union(values).picked);
  }

  /** The views at an index of WEAK_VIEWS, or relative to another pointer. */
  #viewsAt(pointer: Expression, again: () => Expression): Views {
    const from = this.bind("i32", this.module.i32.load(layout.WEAK_VIEWS, 4, pointer)).local as number;
    const picked = this.bind("i32", this.module.i32.load(layout.WEAK_VIEWS + 4, 4, again())).local as number;
    return { from: new Set([from]), picked: new Set([from, picked]) };
  }

  #indexed(index: number): Expression {
    return this.module.i32.add(this.code.core(), this.module.i32.const(8 * index));
  }

  #storeViews(pointer: () => Expression, value: Value | undefined): void {
    const m = this.module;
    const [from, picked] = [this.#from(value), this.#picked(value)];
    this.code.push(m.i32.store(layout.WEAK_VIEWS, 4, pointer(), from));
    this.code.push(m.i32.store(layout.WEAK_VIEWS + 4, 4, pointer(), picked));
  }

  /** Branches and indirect targets: context synchronisation comes after what they depend on. */
  #synchronizeAfter(value: Value): void {
    const m = this.module;
    const picked = union([value]).picked;
    if (picked.size === 0) return;
    const view = this.bind("i32", this.#largest(picked)).local as number;
    const get = (): Expression => m.local.get(view, this.code.types.i32);
    const old = (): Expression => this.code.loadI32(layout.WEAK_SYNC_VIEW);
    this.code.storeI32(layout.WEAK_SYNC_VIEW, m.select(m.i32.gt_u(get(), old()), get(), old()));
  }

  // ---- registers -------------------------------------------------------------------------------

  #pointer(expression: Expression): () => Expression {
    const local = this.bind("i32", expression).local as number;
    return () => this.module.local.get(local, this.code.types.i32);
  }

  /** Lets a register that waits for a read have its value. */
  #settle(pointer: () => Expression): void {
    const m = this.module;
    const view = (): Expression => m.i32.load(layout.WEAK_VIEWS, 4, pointer());
    const call = this.callCore("settle", [this.code.core(), view()], ["i32", "i32"], undefined);
    this.code.push(m.if(m.i32.lt_s(view(), m.i32.const(0)), call));
  }

  override X(n: Field | number, width: Width): Value {
    return this.#read(n, DISCARDED, () => super.X(n, width));
  }

  override XSP(n: Field | number, width: Width): Value {
    return this.#read(n, layout.SP / 8, () => super.XSP(n, width));
  }

  #read(n: Field | number, index31: number, read: () => Value): Value {
    const pointer = this.#pointer(this.slot(n, index31));
    this.#settle(pointer);
    const value = read();
    return { ...value, views: this.#viewsAt(pointer(), pointer) };
  }

  override setX(d: Field | number, width: Width, value: Value): void {
    this.#tracker.written(d, value);
    const pointer = this.#written(d, DISCARDED);
    super.setX(d, width, value);
    this.#storeViews(pointer, value);
    if (typeof d !== "number") {
      this.code.storeI64(layout.WEAK_VIEWS + 8 * DISCARDED, this.module.i64.const(0n));
    }
  }

  override setXSP(d: Field | number, width: Width, value: Value): void {
    this.#tracker.used([value]);
    const pointer = this.#written(d, layout.SP / 8);
    super.setXSP(d, width, value);
    this.#storeViews(pointer, value);
  }

  /** Nobody wants what the register waits for any more. */
  #written(d: Field | number, index31: number): () => Expression {
    const m = this.module;
    const pointer = this.#pointer(this.slot(d, index31));
    const view = (): Expression => m.i32.load(layout.WEAK_VIEWS, 4, pointer());
    const call = this.callCore("abandon", [this.code.core(), view()], ["i32", "i32"], undefined);
    this.code.push(m.if(m.i32.lt_s(view(), m.i32.const(0)), call));
    return pointer;
  }

  override NZCV(): Value {
    const nzcv = super.NZCV();
    return { ...nzcv, views: this.#viewsAt(this.#indexed(NZCV_INDEX), () => this.#indexed(NZCV_INDEX)) };
  }

  override setNZCV(nzcv: Value): void {
    this.#tracker.used([nzcv]);
    super.setNZCV(nzcv);
    this.#storeViews(() => this.#indexed(NZCV_INDEX), nzcv);
  }

  override conditionHolds(cond: Field | number): Value {
    return this.#after(super.conditionHolds(cond), this.NZCV());
  }

  // ---- arithmetic ------------------------------------------------------------------------------

  override add(width: Width, a: Value, b: Value): Value {
    return this.#after(super.add(width, a, b), a, b);
  }
  override sub(width: Width, a: Value, b: Value): Value {
    return this.#after(super.sub(width, a, b), a, b);
  }
  override AddWithCarry(width: Width, x: Value, y: Value, carryIn: Value): readonly [Value, Value] {
    const [result, nzcv] = super.AddWithCarry(width, x, y, carryIn);
    return [this.#after(result, x, y, carryIn), this.#after(nzcv, x, y, carryIn)];
  }
  override nzcvOfLogical(width: Width, result: Value): Value {
    return this.#after(super.nzcvOfLogical(width, result), result);
  }
  override and(width: Width, a: Value, b: Value): Value {
    return this.#after(super.and(width, a, b), a, b);
  }
  override orr(width: Width, a: Value, b: Value): Value {
    return this.#after(super.orr(width, a, b), a, b);
  }
  override eor(width: Width, a: Value, b: Value): Value {
    return this.#after(super.eor(width, a, b), a, b);
  }
  override not(width: Width, a: Value): Value {
    return this.#after(super.not(width, a), a);
  }
  override lsl(width: Width, a: Value, amount: Value): Value {
    return this.#after(super.lsl(width, a, amount), a, amount);
  }
  override lsr(width: Width, a: Value, amount: Value): Value {
    return this.#after(super.lsr(width, a, amount), a, amount);
  }
  override asr(width: Width, a: Value, amount: Value): Value {
    return this.#after(super.asr(width, a, amount), a, amount);
  }
  override ror(width: Width, a: Value, amount: Value): Value {
    return this.#after(super.ror(width, a, amount), a, amount);
  }
  override mul(width: Width, a: Value, b: Value): Value {
    return this.#after(super.mul(width, a, b), a, b);
  }
  override mulHigh(signed: boolean, a: Value, b: Value): Value {
    return this.#after(super.mulHigh(signed, a, b), a, b);
  }
  override div(width: Width, signed: boolean, a: Value, b: Value): Value {
    return this.#after(super.div(width, signed, a, b), a, b);
  }
  override clz(width: Width, a: Value): Value {
    return this.#after(super.clz(width, a), a);
  }
  override cls(width: Width, a: Value): Value {
    return this.#after(super.cls(width, a), a);
  }
  override rbit(width: Width, a: Value): Value {
    return this.#after(super.rbit(width, a), a);
  }
  override rev(width: Width, container: 16 | 32 | 64, a: Value): Value {
    return this.#after(super.rev(width, container, a), a);
  }
  override crc32(polynomial: Polynomial, bytes: Size, accumulator: Value, value: Value): Value {
    return this.#after(super.crc32(polynomial, bytes, accumulator, value), accumulator, value);
  }
  override signExtend(width: Width, from: 8 | 16 | 32 | 64, a: Value): Value {
    return this.#after(super.signExtend(width, from, a), a);
  }
  override zeroExtend(from: 8 | 16 | 32 | 64, a: Value): Value {
    return this.#after(super.zeroExtend(from, a), a);
  }
  override equal(width: Width, a: Value, b: Value): Value {
    return this.#after(super.equal(width, a, b), a, b);
  }

  /** The views of the chosen one, and what picked it. */
  override select(condition: Value, ifTrue: Value, ifFalse: Value): Value {
    this.#tracker.used([condition, ifTrue, ifFalse]);
    const m = this.module;
    const chosen = (a: Expression, b: Expression): number =>
      this.bind("i32", m.select(this.narrow(condition), a, b)).local as number;
    const from = chosen(this.#from(ifTrue), this.#from(ifFalse));
    const picked = chosen(this.#picked(ifTrue), this.#picked(ifFalse));
    const views = { from: new Set([from]), picked: new Set([from, picked, ...union([condition]).picked]) };
    return { ...super.select(condition, ifTrue, ifFalse), views };
  }

  // ---- memory ----------------------------------------------------------------------------------

  override access(address: Value, bytes: Bytes, kind: AccessKind, aligned = false): Access {
    this.#tracker.used([address]);
    return { ...super.access(address, bytes, kind, aligned), views: union([address]) };
  }

  #hostOf(access: Access, part: number): Expression {
    return part === 0
      ? this.narrow(access.host)
      : this.module.i32.add(this.narrow(access.host), this.module.i32.const(part));
  }

  /**
   * The `info` of assembly/weak/accesses.ts for the next access. `elsewhere`: what stands for the register of a value that goes to
   * none as it is.
   */
  #info(bytes: number, order: Order, elsewhere: 0 | typeof DISCARDED): Expression {
    const m = this.module;
    const access = this.#tracker.accesses;
    const register = this.known?.registers.get(access);
    const fixed = bytes | (orderNumbers[order] << 8);
    if (register === undefined) return m.i32.const(fixed | (elsewhere << 16));
    const info = fixed | (access === (this.known?.accesses ?? 0) - 1 ? MAY_WAIT : 0);
    if (typeof register === "number") return m.i32.const(info | (register << 16));
    return m.i32.or(m.i32.const(info), m.i32.shl(this.narrow(register.value), m.i32.const(16)));
  }

  /** A value that was read: its views stand in WEAK_LOADED. */
  #loaded(bytes: number, expression: Expression): Value {
    const m = this.module;
    const whole = this.bind("i64", expression);
    const value = bytes === 8 ? whole : this.bind("i32", m.i32.wrap(this.wide(whole)));
    const index = (layout.WEAK_LOADED - layout.WEAK_VIEWS) / 8;
    const read = { ...value, views: this.#viewsAt(this.#indexed(index), () => this.#indexed(index)) };
    this.#tracker.read(read);
    this.#tracker.accesses++;
    return read;
  }

  override load(access: Access, part: 0 | 4 | 8, bytes: Size, order: Order = "plain"): Value {
    const operands = [
      this.code.core(),
      this.pc(),
      this.#hostOf(access, part),
      this.#info(bytes, order, 0),
      this.#from(access),
      this.#picked(access),
    ];
    return this.#loaded(bytes, this.callCore("loadFrom", operands, ["i32", "i64", "i32", "i32", "i32", "i32"], "i64"));
  }

  override store(access: Access, part: 0 | 4 | 8, bytes: Size, value: Value, order: Order = "plain"): void {
    this.#tracker.used([value]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.#hostOf(access, part),
      this.#info(bytes, order, 0),
      this.wide(value),
      this.#from(access, value),
      this.#picked(access, value),
      this.#picked(access),
    ];
    this.#tracker.accesses++;
    const types = ["i32", "i64", "i32", "i32", "i64", "i32", "i32", "i32"] as const;
    this.code.push(this.callCore("storeTo", operands, types, undefined));
  }

  override loadExclusive(access: Access, bytes: Size, order: Order): Value {
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, 0),
      this.#from(access),
      this.#picked(access),
    ];
    const types = ["i32", "i64", "i32", "i32", "i32", "i32"] as const;
    return this.#loaded(bytes, this.callCore("loadExclusive", operands, types, "i64"));
  }

  override loadExclusivePair(access: Access, order: Order): readonly [Value, Value] {
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(16, order, 0),
      this.#from(access),
      this.#picked(access),
    ];
    const types = ["i32", "i64", "i32", "i32", "i32", "i32"] as const;
    return this.#withHigh(this.#loaded(8, this.callCore("loadExclusivePair", operands, types, "i64")));
  }

  /** The two doublewords of a read of 16 bytes. */
  #withHigh(low: Value): readonly [Value, Value] {
    const high = this.bind("i64", this.code.loadI64(layout.WEAK_LOADED_HIGH));
    return low.views === undefined ? [low, high] : [low, { ...high, views: low.views }];
  }

  override storeExclusive(access: Access, bytes: Size, value: Value, order: Order): Value {
    return this.#storeExclusive(access, bytes, [value], order);
  }

  override storeExclusivePair(access: Access, value: readonly [Value, Value], order: Order): Value {
    return this.#storeExclusive(access, 16, value, order);
  }

  #storeExclusive(access: Access, bytes: Bytes, values: readonly [Value, Value?], order: Order): Value {
    const [low, high] = values;
    this.#tracker.used(high === undefined ? [low] : [low, high]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, 0),
      this.wide(low),
      high === undefined ? this.module.i64.const(0n) : this.wide(high),
      this.#from(access, ...values),
      this.#picked(access, ...values),
      this.#picked(access),
    ];
    this.#tracker.accesses++;
    const types = ["i32", "i64", "i32", "i32", "i64", "i64", "i32", "i32", "i32"] as const;
    return this.bind("i32", this.callCore("storeExclusive", operands, types, "i32"));
  }

  override clearExclusive(): void {
    this.code.push(this.callCore("clearExclusive", [this.code.core()], ["i32"], undefined));
  }

  override atomic(op: AtomicOp, access: Access, bytes: Size, operand: Value, order: Order): Value {
    this.#tracker.used([operand]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, DISCARDED),
      this.module.i32.const(atomicNumbers[op]),
      this.wide(operand),
      this.#from(access),
      this.#from(access, operand),
      this.#picked(access, operand),
      this.#picked(access),
    ];
    const types = ["i32", "i64", "i32", "i32", "i32", "i64", "i32", "i32", "i32", "i32"] as const;
    return this.#loaded(bytes, this.callCore("update", operands, types, "i64"));
  }

  override compareAndSwap(access: Access, bytes: Size, expected: Value, value: Value, order: Order): Value {
    this.#tracker.used([expected, value]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, 0),
      this.wide(expected),
      this.wide(value),
      this.#from(access),
      this.#from(access, value),
      this.#picked(access, value),
      this.#from(expected),
      this.#picked(expected),
      this.#picked(access),
    ];
    const views = ["i32", "i32", "i32", "i32", "i32", "i32"] as const;
    const types = ["i32", "i64", "i32", "i32", "i64", "i64", ...views] as const;
    return this.#loaded(bytes, this.callCore("compareAndSwap", operands, types, "i64"));
  }

  override compareAndSwapPair(
    access: Access,
    expected: readonly [Value, Value],
    value: readonly [Value, Value],
    order: Order,
  ): readonly [Value, Value] {
    this.#tracker.used([...expected, ...value]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(16, order, 0),
      this.wide(expected[0]),
      this.wide(expected[1]),
      this.wide(value[0]),
      this.wide(value[1]),
      this.#from(access),
      this.#from(access, ...value),
      this.#picked(access, ...value, ...expected),
      this.#picked(access),
    ];
    const types = ["i32", "i64", "i32", "i32", "i64", "i64", "i64", "i64", "i32", "i32", "i32", "i32"] as const;
    return this.#withHigh(this.#loaded(8, this.callCore("compareAndSwapPair", operands, types, "i64")));
  }

  // ---- control and system ----------------------------------------------------------------------

  override branchIf(condition: Value, target: Value): void {
    this.#tracker.used([condition, target]);
    this.#synchronizeAfter(condition);
    super.branchIf(condition, target);
  }

  override branchIndirect(target: Value, type: IndirectBranch, n: Field): void {
    this.#tracker.used([target]);
    this.#synchronizeAfter(target);
    super.branchIndirect(target, type, n);
  }

  protected override noteBranch(): void {}

  /** System registers share one view: more than what is asked for, but never less. */
  override readSystem(register: SystemRegister): Value {
    const index = register === "NZCV" ? NZCV_INDEX : SYSTEM_INDEX;
    const value = super.readSystem(register);
    return { ...value, views: this.#viewsAt(this.#indexed(index), () => this.#indexed(index)) };
  }

  override writeSystem(register: SystemRegister, value: Value): void {
    this.#tracker.used([value]);
    if (register === "NZCV") this.#storeViews(() => this.#indexed(NZCV_INDEX), value);
    else {
      const before = this.#viewsAt(this.#indexed(SYSTEM_INDEX), () => this.#indexed(SYSTEM_INDEX));
      const joined = union([value, { ...value, views: before }]);
      this.#storeViews(() => this.#indexed(SYSTEM_INDEX), { ...value, views: joined });
    }
    super.writeSystem(register, value);
  }
}

/** A handler of the weak interpreter: one pass over the meaning finds where values go, the next one makes the code. */
export const weakHandler: HandlerMaker = (module: WasmModule, form: Form) => {
  const first = new WeakOps(module);
  form.row.meaning(first, first.fieldsOf(form));
  const o = new WeakOps(module, first.destinations());
  form.row.meaning(o, o.fieldsOf(form));
  return { body: o.finish(), locals: o.code.localTypes() };
};
