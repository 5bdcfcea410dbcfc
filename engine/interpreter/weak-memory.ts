/** The weak interpreter's loads, stores and atomics: calls of weak.wasm, which are told on what address and value depend. */
import * as layout from "../../assembly/layout.js";
import type { AccessKind, AtomicOp, Bytes, Order } from "../a64/ops.js";
import type { Access } from "../wasm/memory.js";
import type { Expression } from "../wasm/module.js";
import type { Value } from "../wasm/value.js";
import { WeakValues } from "./weak-values.js";
import { DISCARDED, union } from "./weak-views.js";

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

/** Bit 24 of an access's `info`: its value may come later. */
const MAY_WAIT = 1 << 24;

export abstract class WeakMemory extends WeakValues {
  override access(address: Value, bytes: Bytes, kind: AccessKind, aligned = false): Access {
    this.tracker.used([address]);
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
    const access = this.tracker.accesses;
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
    const read = { ...value, views: this.viewsAt(this.indexed(index), () => this.indexed(index)) };
    this.tracker.read(read);
    this.tracker.accesses++;
    return read;
  }

  override load(access: Access, part: 0 | 4 | 8, bytes: Size, order: Order = "plain"): Value {
    const operands = [
      this.code.core(),
      this.pc(),
      this.#hostOf(access, part),
      this.#info(bytes, order, 0),
      this.fromOf(access),
      this.pickedBy(access),
    ];
    return this.#loaded(bytes, this.callCore("loadFrom", operands, ["i32", "i64", "i32", "i32", "i32", "i32"], "i64"));
  }

  override store(access: Access, part: 0 | 4 | 8, bytes: Size, value: Value, order: Order = "plain"): void {
    this.tracker.used([value]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.#hostOf(access, part),
      this.#info(bytes, order, 0),
      this.wide(value),
      this.fromOf(access, value),
      this.pickedBy(access, value),
      this.pickedBy(access),
    ];
    this.tracker.accesses++;
    const types = ["i32", "i64", "i32", "i32", "i64", "i32", "i32", "i32"] as const;
    this.code.push(this.callCore("storeTo", operands, types, undefined));
  }

  override loadExclusive(access: Access, bytes: Size, order: Order): Value {
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, 0),
      this.fromOf(access),
      this.pickedBy(access),
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
      this.fromOf(access),
      this.pickedBy(access),
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
    this.tracker.used(high === undefined ? [low] : [low, high]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, 0),
      this.wide(low),
      high === undefined ? this.module.i64.const(0n) : this.wide(high),
      this.fromOf(access, ...values),
      this.pickedBy(access, ...values),
      this.pickedBy(access),
    ];
    this.tracker.accesses++;
    const types = ["i32", "i64", "i32", "i32", "i64", "i64", "i32", "i32", "i32"] as const;
    return this.bind("i32", this.callCore("storeExclusive", operands, types, "i32"));
  }

  override clearExclusive(): void {
    this.code.push(this.callCore("clearExclusive", [this.code.core()], ["i32"], undefined));
  }

  override atomic(op: AtomicOp, access: Access, bytes: Size, operand: Value, order: Order): Value {
    this.tracker.used([operand]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, DISCARDED),
      this.module.i32.const(atomicNumbers[op]),
      this.wide(operand),
      this.fromOf(access),
      this.fromOf(access, operand),
      this.pickedBy(access, operand),
      this.pickedBy(access),
    ];
    const types = ["i32", "i64", "i32", "i32", "i32", "i64", "i32", "i32", "i32", "i32"] as const;
    return this.#loaded(bytes, this.callCore("update", operands, types, "i64"));
  }

  override compareAndSwap(access: Access, bytes: Size, expected: Value, value: Value, order: Order): Value {
    this.tracker.used([expected, value]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(bytes, order, 0),
      this.wide(expected),
      this.wide(value),
      this.fromOf(access),
      this.fromOf(access, value),
      this.pickedBy(access, value),
      this.fromOf(expected),
      this.pickedBy(expected),
      this.pickedBy(access),
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
    this.tracker.used([...expected, ...value]);
    const operands = [
      this.code.core(),
      this.pc(),
      this.narrow(access.host),
      this.#info(16, order, 0),
      this.wide(expected[0]),
      this.wide(expected[1]),
      this.wide(value[0]),
      this.wide(value[1]),
      this.fromOf(access),
      this.fromOf(access, ...value),
      this.pickedBy(access, ...value, ...expected),
      this.pickedBy(access),
    ];
    const types = ["i32", "i64", "i32", "i32", "i64", "i64", "i64", "i64", "i32", "i32", "i32", "i32"] as const;
    return this.#withHigh(this.#loaded(8, this.callCore("compareAndSwapPair", operands, types, "i64")));
  }
}
