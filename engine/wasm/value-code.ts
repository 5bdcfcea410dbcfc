/** Values of the vocabulary as wasm expressions and back: what computing with them (values.ts) is built on. */
import * as bits from "../a64/bits.js";
import { InternalError } from "../a64/errors.js";
import type { Width } from "../a64/ops.js";
import type { Code } from "./code.js";
import { materialise } from "./flags.js";
import { shortened, significantOf } from "./known-bits.js";
import { type Expression, none, type Type, typeOf, type WasmModule } from "./module.js";
import { constantOf, type Value, type ValueEmitter } from "./value.js";

type Fold2 = (a: bigint, b: bigint) => bigint;

export abstract class ValueCode implements ValueEmitter {
  protected constructor(readonly code: Code) {}

  get module(): WasmModule {
    return this.code.module;
  }

  // ---- from values to wasm and back ----------------------------------------------------------

  /** The value as an i64 expression. */
  wide(value: Value): Expression {
    const m = this.module;
    if (value.constant !== undefined) return m.i64.const(BigInt.asIntN(64, value.constant));
    const local = this.localOf(value);
    const get = m.local.get(local, typeOf(value.type));
    return value.type === "i64" ? get : m.i64.extend_u(get);
  }

  /** The value's low 32 bits as an i32 expression. */
  narrow(value: Value): Expression {
    const m = this.module;
    if (value.constant !== undefined) return m.i32.const(Number(BigInt.asIntN(32, value.constant)));
    const local = this.localOf(value);
    const get = m.local.get(local, typeOf(value.type));
    return value.type === "i32" ? get : m.i32.wrap(get);
  }

  private localOf(value: Value): number {
    const forced = value.flags === undefined ? value : this.force(value);
    if (forced.local === undefined) throw new InternalError("a value that is neither constant nor in a local");
    return forced.local;
  }

  /**
   * NZCV computed, where it was still a promise. Not remembered: the local would not be set on other
   * paths, and V8 merges equal computations on the same one.
   */
  force(value: Value): Value {
    return value.flags === undefined ? value : this.bind("i32", materialise(this, value.flags));
  }

  /** Computes the expression here and now. */
  bind(type: Type, expression: Expression): Value {
    const local = this.code.newTemporary(type);
    this.code.push(this.module.local.set(local, expression));
    return { type, local };
  }

  /** The value's low bits as they are now, whatever its local is set to later. */
  copied(width: Width, value: Value): Value {
    return this.bind(this.sizedType(width), this.sized(width, value));
  }

  /** The value at `width` bits as an expression of that type. */
  sized(width: Width, value: Value): Expression {
    return width === 64 ? this.wide(value) : this.narrow(value);
  }

  protected sizedType(width: Width): Type {
    return width === 64 ? "i64" : "i32";
  }

  /** The wasm instructions of a width. */
  protected of(width: Width): WasmModule["i64"] {
    // i32 and i64 share the instructions used by values; the rest differs.
    return width === 64 ? this.module.i64 : (this.module.i32 as unknown as WasmModule["i64"]);
  }

  protected binary(
    width: Width,
    a: Value,
    b: Value,
    fold: Fold2,
    emit: (x: Expression, y: Expression) => Expression,
  ): Value {
    if (a.constant !== undefined && b.constant !== undefined) {
      return constantOf(bits.unsigned(width, fold(bits.unsigned(width, a.constant), bits.unsigned(width, b.constant))));
    }
    return this.bind(this.sizedType(width), emit(this.sized(width, a), this.sized(width, b)));
  }

  /** The value cut to `width` bits. */
  cut(width: Width, value: Value): Value {
    if (width === 64 || value.type === "i32") return value;
    if (value.constant !== undefined) return constantOf(bits.unsigned(32, value.constant));
    const low = shortened(this.bind("i32", this.narrow(value)), significantOf(value));
    return value.local === undefined ? low : { ...low, lowOf: value.local };
  }

  protected isZero(width: Width, value: Value): boolean {
    return value.constant !== undefined && bits.unsigned(width, value.constant) === 0n;
  }

  // ---- helpers of the core -------------------------------------------------------------------

  private readonly imported = new Set<string>();

  /** A call of a function that core.wasm exports; imported on first use. */
  callCore(
    name: string,
    operands: readonly Expression[],
    parameters: readonly Type[],
    result: Type | undefined,
  ): Expression {
    const type = result === undefined ? none : typeOf(result);
    if (!this.imported.has(name)) {
      this.imported.add(name);
      this.importOnce(name, parameters, type);
    }
    return this.module.call(name, operands, type);
  }

  /** Several functions of one module may want the same import. */
  private importOnce(name: string, parameters: readonly Type[], result: number): void {
    if (this.module.isImported(name)) return;
    this.module.addFunctionImport(name, "core", name, parameters.map(typeOf), result);
  }
}
