/**
 * Loads, stores and atomics of the vocabulary as wasm code, on accesses that have been checked. Plain
 * accesses are plain wasm accesses; ordered and atomic ones are wasm atomics, which are sequentially
 * consistent and so stronger than any order that A64 asks for.
 */

import { MONITOR_ADDRESS, MONITOR_VALUE, MONITOR_VALUE_HIGH, PAIR_LOCK } from "../../assembly/layout.js";
import type { AtomicOp, Bytes, Order } from "../a64/ops.js";
import type { Expression } from "./module.js";
import { constantOf, type Value, type Views } from "./value.js";
import { ValueOps } from "./values.js";

/** A checked access: where it stands in the shared memory. */
export interface Access {
  readonly host: Value;
  /** Bytes to be added to it: what wasm's accesses add for nothing. 0 if absent. */
  readonly offset?: number;
  /** As Value.views, of its address. */
  readonly views?: Views;
}

type Size = 1 | 2 | 4 | 8;

export abstract class MemoryOps extends ValueOps {
  load(access: Access, part: 0 | 4 | 8, bytes: Size, order: Order = "plain"): Value {
    const pointer = this.narrow(access.host);
    const offset = part + offsetOf(access);
    const value = this.bind(
      bytes === 8 ? "i64" : "i32",
      order === "plain" ? this.plainLoad(offset, bytes, pointer) : this.atomicLoad(offset, bytes, pointer),
    );
    return bytes < 4 ? { ...value, significant: 8 * bytes } : value;
  }

  private plainLoad(offset: number, bytes: Size, pointer: Expression): Expression {
    const m = this.module;
    switch (bytes) {
      case 1:
        return m.i32.load8_u(offset, 1, pointer);
      case 2:
        return m.i32.load16_u(offset, 1, pointer);
      case 4:
        return m.i32.load(offset, 1, pointer);
      case 8:
        return m.i64.load(offset, 1, pointer);
    }
  }

  private atomicLoad(offset: number, bytes: Size, pointer: Expression): Expression {
    const m = this.module;
    switch (bytes) {
      case 1:
        return m.i32.atomic.load8_u(offset, pointer);
      case 2:
        return m.i32.atomic.load16_u(offset, pointer);
      case 4:
        return m.i32.atomic.load(offset, pointer);
      case 8:
        return m.i64.atomic.load(offset, pointer);
    }
  }

  store(access: Access, part: 0 | 4 | 8, bytes: Size, value: Value, order: Order = "plain"): void {
    const m = this.module;
    const offset = part + offsetOf(access);
    const pointer = this.narrow(access.host);
    const low = (): Expression => this.narrow(value);
    if (order === "plain") {
      switch (bytes) {
        case 1:
          return this.code.push(m.i32.store8(offset, 1, pointer, low()));
        case 2:
          return this.code.push(m.i32.store16(offset, 1, pointer, low()));
        case 4:
          return this.code.push(m.i32.store(offset, 1, pointer, low()));
        case 8:
          return this.code.push(m.i64.store(offset, 1, pointer, this.wide(value)));
      }
    }
    switch (bytes) {
      case 1:
        return this.code.push(m.i32.atomic.store8(offset, pointer, low()));
      case 2:
        return this.code.push(m.i32.atomic.store16(offset, pointer, low()));
      case 4:
        return this.code.push(m.i32.atomic.store(offset, pointer, low()));
      case 8:
        return this.code.push(m.i64.atomic.store(offset, pointer, this.wide(value)));
    }
  }

  // ---- exclusives: the monitor is the address, the size and the value read -----------------------

  loadExclusive(access: Access, bytes: Size, _order: Order): Value {
    const value = this.load(access, 0, bytes, "acquire");
    this.code.storeI64(MONITOR_ADDRESS, this.mark(access, bytes));
    this.code.storeI64(MONITOR_VALUE, this.wide(value));
    return value;
  }

  /** MONITOR_ADDRESS and MONITOR_BYTES of an access, as one doubleword. */
  private mark(access: Access, bytes: Bytes): Expression {
    const m = this.module;
    const host = m.i64.add(this.wide(access.host), m.i64.const(BigInt(offsetOf(access))));
    return m.i64.or(host, m.i64.const(BigInt(bytes) << 32n));
  }

  private isMarked(access: Access, bytes: Bytes): Expression {
    return this.module.i64.eq(this.code.loadI64(MONITOR_ADDRESS), this.mark(access, bytes));
  }

  loadExclusivePair(access: Access, _order: Order): readonly [Value, Value] {
    this.lockPairs();
    const low = this.load(access, 0, 8, "acquire");
    const high = this.load(access, 8, 8, "acquire");
    this.unlockPairs();
    this.code.storeI64(MONITOR_ADDRESS, this.mark(access, 16));
    this.code.storeI64(MONITOR_VALUE, this.wide(low));
    this.code.storeI64(MONITOR_VALUE_HIGH, this.wide(high));
    return [low, high];
  }

  /**
   * The store is done if memory still holds the value that the load-exclusive read: another core's write
   * of that same value in between goes unnoticed (ABA), as in QEMU.
   */
  storeExclusive(access: Access, bytes: Size, value: Value, order: Order): Value {
    const m = this.module;
    const status = this.bind("i32", m.i32.const(1));
    const attempt = this.code.nested(() => {
      const expected = this.bind("i64", this.code.loadI64(MONITOR_VALUE));
      const old = this.compareAndSwap(access, bytes, expected, value, order);
      const failed = this.module.i64.ne(this.wide(old), this.wide(expected));
      this.code.push(m.local.set(status.local as number, failed));
    });
    this.code.push(m.if(this.isMarked(access, bytes), attempt));
    this.clearExclusive();
    return status;
  }

  storeExclusivePair(access: Access, value: readonly [Value, Value], order: Order): Value {
    const m = this.module;
    const status = this.bind("i32", m.i32.const(1));
    const attempt = this.code.nested(() => {
      const expected = [
        this.bind("i64", this.code.loadI64(MONITOR_VALUE)),
        this.bind("i64", this.code.loadI64(MONITOR_VALUE_HIGH)),
      ] as const;
      const [, different] = this.swapPair(access, expected, value, order);
      this.code.push(m.local.set(status.local as number, this.narrow(different)));
    });
    this.code.push(m.if(this.isMarked(access, 16), attempt));
    this.clearExclusive();
    return status;
  }

  clearExclusive(): void {
    this.code.storeI64(MONITOR_ADDRESS, this.module.i64.const(0n));
  }

  // ---- read-modify-write ---------------------------------------------------------------------------

  atomic(op: AtomicOp, access: Access, bytes: Size, operand: Value, order: Order): Value {
    const value = this.low(bytes, operand);
    switch (op) {
      case "ADD":
        return this.update("add", access, bytes, value);
      case "CLR":
        return this.update("and", access, bytes, this.not(64, value));
      case "EOR":
        return this.update("xor", access, bytes, value);
      case "SET":
        return this.update("or", access, bytes, value);
      case "SWP":
        return this.update("xchg", access, bytes, value);
      case "SMAX":
        return this.choose("gt_s", access, bytes, value, order);
      case "SMIN":
        return this.choose("lt_s", access, bytes, value, order);
      case "UMAX":
        return this.choose("gt_u", access, bytes, value, order);
      case "UMIN":
        return this.choose("lt_u", access, bytes, value, order);
    }
  }

  /** The low `bytes` of a value, zero-extended. */
  private low(bytes: Size, value: Value): Value {
    return this.zeroExtend((bytes * 8) as 8 | 16 | 32 | 64, value);
  }

  private update(op: "add" | "and" | "or" | "xor" | "xchg", access: Access, bytes: Size, value: Value): Value {
    const m = this.module;
    const pointer = this.narrow(access.host);
    const offset = offsetOf(access);
    switch (bytes) {
      case 1:
        return this.bind("i32", m.i32.atomic.rmw8_u[op](offset, pointer, this.narrow(value)));
      case 2:
        return this.bind("i32", m.i32.atomic.rmw16_u[op](offset, pointer, this.narrow(value)));
      case 4:
        return this.bind("i32", m.i32.atomic.rmw[op](offset, pointer, this.narrow(value)));
      case 8:
        return this.bind("i64", m.i64.atomic.rmw[op](offset, pointer, this.wide(value)));
    }
  }

  compareAndSwap(access: Access, bytes: Size, expected: Value, value: Value, _order: Order): Value {
    const m = this.module;
    const pointer = this.narrow(access.host);
    const offset = offsetOf(access);
    const wanted = this.low(bytes, expected);
    const next = this.low(bytes, value);
    switch (bytes) {
      case 1:
        return this.bind("i32", m.i32.atomic.rmw8_u.cmpxchg(offset, pointer, this.narrow(wanted), this.narrow(next)));
      case 2:
        return this.bind("i32", m.i32.atomic.rmw16_u.cmpxchg(offset, pointer, this.narrow(wanted), this.narrow(next)));
      case 4:
        return this.bind("i32", m.i32.atomic.rmw.cmpxchg(offset, pointer, this.narrow(wanted), this.narrow(next)));
      case 8:
        return this.bind("i64", m.i64.atomic.rmw.cmpxchg(offset, pointer, this.wide(wanted), this.wide(next)));
    }
  }

  compareAndSwapPair(
    access: Access,
    expected: readonly [Value, Value],
    value: readonly [Value, Value],
    order: Order,
  ): readonly [Value, Value] {
    return this.swapPair(access, expected, value, order)[0];
  }

  /**
   * Wasm has no access of 16 bytes: two of 8, under the machine's lock for all of them, so that LDXP, STXP and CASP are atomic among
   * themselves; for smaller accesses they are two. Nothing between the lock and its release can end the thread.
   */
  private lockPairs(): void {
    this.code.push(this.callCore("lockPairs", [], [], undefined));
  }

  private unlockPairs(): void {
    const m = this.module;
    this.code.push(m.i32.atomic.store(PAIR_LOCK, m.i32.const(0), m.i32.const(0)));
  }

  /** What memory held, and whether that was not what was expected. */
  private swapPair(
    access: Access,
    expected: readonly [Value, Value],
    value: readonly [Value, Value],
    order: Order,
  ): readonly [readonly [Value, Value], Value] {
    const m = this.module;
    this.lockPairs();
    const low = this.load(access, 0, 8, "acquire");
    const high = this.load(access, 8, 8, "acquire");
    const unequal = (a: Value, b: Value): Expression => m.i64.ne(this.wide(a), this.wide(b));
    const different = this.bind("i32", m.i32.or(unequal(low, expected[0]), unequal(high, expected[1])));
    const stores = this.code.nested(() => {
      this.store(access, 0, 8, value[0], order === "plain" ? "release" : order);
      this.store(access, 8, 8, value[1], order === "plain" ? "release" : order);
    });
    this.code.push(m.if(m.i32.eqz(this.narrow(different)), stores));
    this.unlockPairs();
    return [[low, high], different];
  }

  private loops = 0;

  /** Maximum and minimum, which wasm lacks: compare-and-swap until nobody came between. */
  private choose(
    keepOld: "gt_s" | "lt_s" | "gt_u" | "lt_u",
    access: Access,
    bytes: Size,
    value: Value,
    order: Order,
  ): Value {
    const m = this.module;
    const label = `retry${this.loops++}`;
    const old = this.bind(bytes === 8 ? "i64" : "i32", bytes === 8 ? m.i64.const(0n) : m.i32.const(0));
    const body = this.code.collect(() => {
      const read = this.load(access, 0, bytes, "acquire");
      this.code.push(m.local.set(old.local as number, bytes === 8 ? this.wide(read) : this.narrow(read)));
      const better = m.i64[keepOld](this.compared(keepOld, bytes, old), this.compared(keepOld, bytes, value));
      const next = this.select(this.bind("i32", better), old, value);
      const seen = this.compareAndSwap(access, bytes, old, next, order);
      this.code.push(m.br_if(label, m.i64.ne(this.wide(seen), this.wide(old))));
    });
    this.code.push(m.loop(label, m.block(null, body)));
    return old;
  }

  private compared(how: string, bytes: Size, value: Value): Expression {
    const from = (bytes * 8) as 8 | 16 | 32 | 64;
    return this.wide(how.endsWith("_s") ? this.signExtend(64, from, value) : value);
  }
}

function offsetOf(access: Access): number {
  return access.offset ?? 0;
}

/** The access at a host address known at translation. */
export function accessAt(host: number): Access {
  return { host: constantOf(host) };
}
