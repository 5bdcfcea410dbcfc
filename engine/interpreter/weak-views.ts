/**
 * The views of the weak interpreter's values, and the registers that hold them. A view is the time after which the reads that the value
 * depends on have come; a register has two, WEAK_VIEWS in the core's block: "from" for what its value is computed from, "picked" with what
 * has only chosen it (CSEL).
 *
 * A register may wait for a load (or an atomic) that has been put off: then its view has bit 31 set, and who reads the register
 * settles that first. Which loads can be put off is known from the meaning: those whose value goes to a register as it
 * is, by the last access of the instruction.
 */
import * as layout from "../../assembly/layout.js";
import type { Width } from "../a64/ops.js";
import type { Access } from "../wasm/memory.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import type { Field, Value, Views } from "../wasm/value.js";
import { InterpreterOps } from "./ops.js";

/** Of register 31 where it is ZR. */
export const DISCARDED = 31 as const;
export const NZCV_INDEX = 33;

const none: Views = { from: new Set(), picked: new Set() };

export function union(values: readonly (Value | Access | undefined)[]): Views {
  const from = values.flatMap((value) => [...(value?.views ?? none).from]);
  const picked = values.flatMap((value) => [...(value?.views ?? none).picked]);
  return { from: new Set(from), picked: new Set(picked) };
}

/** Where the values of a form's accesses go, by their number. */
export interface Destinations {
  /** Of those that go to a register as they are. */
  readonly registers: ReadonlyMap<number, Field | number>;
  readonly accesses: number;
}

/** Follows values from the accesses to the registers. */
export class Tracker {
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

export abstract class WeakViews extends InterpreterOps {
  protected readonly tracker = new Tracker();

  /** `known`: what a first pass over the same meaning has found; undefined for that pass. */
  constructor(
    module: WasmModule,
    readonly known?: Destinations,
  ) {
    super(module);
  }

  destinations(): Destinations {
    return this.tracker.destinations();
  }

  // ---- views -----------------------------------------------------------------------------------

  /** A result that depends on some values. */
  protected after(result: Value, ...values: readonly Value[]): Value {
    this.tracker.used(values);
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

  protected fromOf(...values: readonly (Value | Access | undefined)[]): Expression {
    return this.#largest(union(values).from);
  }

  protected pickedBy(...values: readonly (Value | Access | undefined)[]): Expression {
    return this.#largest(union(values).picked);
  }

  /** The views at an index of WEAK_VIEWS, or relative to another pointer. */
  protected viewsAt(pointer: Expression, again: () => Expression): Views {
    const from = this.bind("i32", this.module.i32.load(layout.WEAK_VIEWS, 4, pointer)).local as number;
    const picked = this.bind("i32", this.module.i32.load(layout.WEAK_VIEWS + 4, 4, again())).local as number;
    return { from: new Set([from]), picked: new Set([from, picked]) };
  }

  protected indexed(index: number): Expression {
    return this.module.i32.add(this.code.core(), this.module.i32.const(8 * index));
  }

  protected storeViews(pointer: () => Expression, value: Value | undefined): void {
    const m = this.module;
    const [from, picked] = [this.fromOf(value), this.pickedBy(value)];
    this.code.push(m.i32.store(layout.WEAK_VIEWS, 4, pointer(), from));
    this.code.push(m.i32.store(layout.WEAK_VIEWS + 4, 4, pointer(), picked));
  }

  /** Branches and indirect targets: context synchronisation comes after what they depend on. */
  protected synchronizeAfter(value: Value): void {
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
    return { ...value, views: this.viewsAt(pointer(), pointer) };
  }

  override setX(d: Field | number, width: Width, value: Value): void {
    this.tracker.written(d, value);
    const pointer = this.#written(d, DISCARDED);
    super.setX(d, width, value);
    this.storeViews(pointer, value);
    if (typeof d !== "number") {
      this.code.storeI64(layout.WEAK_VIEWS + 8 * DISCARDED, this.module.i64.const(0n));
    }
  }

  override setXSP(d: Field | number, width: Width, value: Value): void {
    this.tracker.used([value]);
    const pointer = this.#written(d, layout.SP / 8);
    super.setXSP(d, width, value);
    this.storeViews(pointer, value);
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
    return { ...nzcv, views: this.viewsAt(this.indexed(NZCV_INDEX), () => this.indexed(NZCV_INDEX)) };
  }

  override setNZCV(nzcv: Value): void {
    this.tracker.used([nzcv]);
    super.setNZCV(nzcv);
    this.storeViews(() => this.indexed(NZCV_INDEX), nzcv);
  }

  override conditionHolds(cond: Field | number): Value {
    return this.after(super.conditionHolds(cond), this.NZCV());
  }
}
