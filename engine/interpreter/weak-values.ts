/** The weak interpreter's arithmetic: a result depends on what it is computed from. */
import type { Polynomial, Width } from "../a64/ops.js";
import type { Expression } from "../wasm/module.js";
import type { Value } from "../wasm/value.js";
import { union, WeakViews } from "./weak-views.js";

type Size = 1 | 2 | 4 | 8;

export abstract class WeakValues extends WeakViews {
  override add(width: Width, a: Value, b: Value): Value {
    return this.after(super.add(width, a, b), a, b);
  }
  override sub(width: Width, a: Value, b: Value): Value {
    return this.after(super.sub(width, a, b), a, b);
  }
  override AddWithCarry(width: Width, x: Value, y: Value, carryIn: Value): readonly [Value, Value] {
    const [result, nzcv] = super.AddWithCarry(width, x, y, carryIn);
    return [this.after(result, x, y, carryIn), this.after(nzcv, x, y, carryIn)];
  }
  override nzcvOfLogical(width: Width, result: Value): Value {
    return this.after(super.nzcvOfLogical(width, result), result);
  }
  override and(width: Width, a: Value, b: Value): Value {
    return this.after(super.and(width, a, b), a, b);
  }
  override orr(width: Width, a: Value, b: Value): Value {
    return this.after(super.orr(width, a, b), a, b);
  }
  override eor(width: Width, a: Value, b: Value): Value {
    return this.after(super.eor(width, a, b), a, b);
  }
  override not(width: Width, a: Value): Value {
    return this.after(super.not(width, a), a);
  }
  override lsl(width: Width, a: Value, amount: Value): Value {
    return this.after(super.lsl(width, a, amount), a, amount);
  }
  override lsr(width: Width, a: Value, amount: Value): Value {
    return this.after(super.lsr(width, a, amount), a, amount);
  }
  override asr(width: Width, a: Value, amount: Value): Value {
    return this.after(super.asr(width, a, amount), a, amount);
  }
  override ror(width: Width, a: Value, amount: Value): Value {
    return this.after(super.ror(width, a, amount), a, amount);
  }
  override mul(width: Width, a: Value, b: Value): Value {
    return this.after(super.mul(width, a, b), a, b);
  }
  override mulHigh(signed: boolean, a: Value, b: Value): Value {
    return this.after(super.mulHigh(signed, a, b), a, b);
  }
  override div(width: Width, signed: boolean, a: Value, b: Value): Value {
    return this.after(super.div(width, signed, a, b), a, b);
  }
  override clz(width: Width, a: Value): Value {
    return this.after(super.clz(width, a), a);
  }
  override cls(width: Width, a: Value): Value {
    return this.after(super.cls(width, a), a);
  }
  override rbit(width: Width, a: Value): Value {
    return this.after(super.rbit(width, a), a);
  }
  override rev(width: Width, container: 16 | 32 | 64, a: Value): Value {
    return this.after(super.rev(width, container, a), a);
  }
  override crc32(polynomial: Polynomial, bytes: Size, accumulator: Value, value: Value): Value {
    return this.after(super.crc32(polynomial, bytes, accumulator, value), accumulator, value);
  }
  override signExtend(width: Width, from: 8 | 16 | 32 | 64, a: Value): Value {
    return this.after(super.signExtend(width, from, a), a);
  }
  override zeroExtend(from: 8 | 16 | 32 | 64, a: Value): Value {
    return this.after(super.zeroExtend(from, a), a);
  }
  override equal(width: Width, a: Value, b: Value): Value {
    return this.after(super.equal(width, a, b), a, b);
  }

  /** The views of the chosen one, and what picked it. */
  override select(condition: Value, ifTrue: Value, ifFalse: Value): Value {
    this.tracker.used([condition, ifTrue, ifFalse]);
    const m = this.module;
    const chosen = (a: Expression, b: Expression): number =>
      this.bind("i32", m.select(this.narrow(condition), a, b)).local as number;
    const from = chosen(this.fromOf(ifTrue), this.fromOf(ifFalse));
    const picked = chosen(this.pickedBy(ifTrue), this.pickedBy(ifFalse));
    const views = { from: new Set([from]), picked: new Set([from, picked, ...union([condition]).picked]) };
    return { ...super.select(condition, ifTrue, ifFalse), views };
  }
}
