/**
 * PSTATE.NZCV, computed as late as possible: a flag-setting instruction leaves what the flags would be
 * computed from, and a condition is evaluated from that directly, by one comparison where wasm has it.
 */
import { addWithCarry, conditionHolds, conditionTable, unsigned } from "../a64/bits.js";
import type { Width } from "../a64/ops.js";
import type { Expression, WasmModule } from "./module.js";
import { sumOf } from "./sums.js";
import { constantOf, type FlagSource, type PickedFlags, type Value, type ValueEmitter } from "./value.js";

/** NZCV as an i32 expression of four bits. */
export function materialise(o: ValueEmitter, source: FlagSource): Expression {
  const m = o.module;
  const { width } = source;
  const topBit = (value: Expression): Expression =>
    width === 64 ? m.i32.wrap(m.i64.shr_u(value, m.i64.const(63n))) : m.i32.shr_u(value, m.i32.const(31));
  const at = (flag: Expression, position: number): Expression => m.i32.shl(flag, m.i32.const(position));
  const n = topBit(o.sized(width, source.result));
  const z = compareResult(o, source, "eqz");
  const nz = m.i32.or(at(n, 3), at(z, 2));
  if (source.kind === "logical") return nz;
  return m.i32.or(m.i32.or(nz, at(carry(o, source, true), 1)), topBit(overflowBits(o, source)));
}

/** Whether C is `set`, as an i32 expression. */
function carry(o: ValueEmitter, source: FlagSource, set: boolean): Expression {
  const { width, kind } = source;
  const wasm = instructions(o, width);
  const [a, b, result] = operands(o, source);
  const isOverflown = (sum: Expression, than: Expression): Expression =>
    set ? wasm.lt_u(sum, than) : wasm.ge_u(sum, than);
  switch (kind) {
    case "logical":
      return o.module.i32.const(set ? 0 : 1);
    case "sub":
      return set ? wasm.ge_u(a(), b()) : wasm.lt_u(a(), b());
    case "add":
      return isOverflown(result(), a());
    case "adc": {
      // Either of the two additions may overflow, never both.
      const { partial } = source;
      const last = isOverflown(result(), o.sized(width, partial));
      if (isZero(source.b, width)) return last;
      const first = isOverflown(o.sized(width, partial), a());
      return set ? o.module.i32.or(first, last) : o.module.i32.and(first, last);
    }
    default: {
      // C is clear if either of the two subtractions borrows.
      const { partial } = source;
      const difference = o.sized(width, partial);
      const last = set ? wasm.le_u(result(), difference) : wasm.gt_u(result(), difference);
      if (isZero(source.b, width)) return last;
      const first = set ? wasm.ge_u(a(), b()) : wasm.lt_u(a(), b());
      return set ? o.module.i32.and(first, last) : o.module.i32.or(first, last);
    }
  }
}

function isZero(value: Value, width: Width): boolean {
  return value.constant !== undefined && unsigned(width, value.constant) === 0n;
}

/** An expression whose top bit is V. */
function overflowBits(o: ValueEmitter, source: FlagSource): Expression {
  const wasm = instructions(o, source.width);
  const [a, b, result] = operands(o, source);
  const isSubtraction = source.kind === "sub" || source.kind === "sbc";
  return wasm.and(wasm.xor(a(), isSubtraction ? b() : result()), wasm.xor(isSubtraction ? a() : b(), result()));
}

type Part = () => Expression;

function operands(o: ValueEmitter, { width, a, b, result }: FlagSource): readonly [a: Part, b: Part, result: Part] {
  return [() => o.sized(width, a), () => o.sized(width, b), () => o.sized(width, result)];
}

type Instructions = WasmModule["i64"];

function instructions(o: ValueEmitter, width: Width): Instructions {
  // See ValueCode.of: the two share the instructions used here.
  return width === 64 ? o.module.i64 : (o.module.i32 as unknown as Instructions);
}

type Comparison = "lt_s" | "ge_s" | "gt_s" | "le_s";

function compareResult(o: ValueEmitter, source: FlagSource, how: "eqz" | Comparison): Expression {
  const wasm = instructions(o, source.width);
  const result = o.sized(source.width, source.result);
  return how === "eqz" ? wasm.eqz(result) : wasm[how](result, o.sized(source.width, constantOf(0)));
}

/** The comparisons of a - b that are conditions: EQ NE CS CC MI PL - - HI LS GE LT GT LE. */
const subtraction = [
  "eq",
  "ne",
  "ge_u",
  "lt_u",
  undefined,
  undefined,
  undefined,
  undefined,
  "gt_u",
  "le_u",
  "ge_s",
  "lt_s",
  "gt_s",
  "le_s",
] as const;

/** The same for flags of a result with C = V = 0, where they compare it with zero. */
const logical = [
  "eqz",
  undefined,
  undefined,
  undefined,
  "lt_s",
  "ge_s",
  undefined,
  undefined,
  undefined,
  undefined,
  "ge_s",
  "lt_s",
  "gt_s",
  "le_s",
] as const;

/** ConditionHolds(cond) under `nzcv`, for a condition known at translation, as an i32 expression of 0 or 1. */
export function conditionOn(o: ValueEmitter, cond: number, nzcv: Value): Expression {
  const m = o.module;
  if (cond >= 14) return m.i32.const(1);
  if (nzcv.picked !== undefined) return pickedCondition(o, cond, nzcv.picked);
  if (nzcv.flags !== undefined) return conditionOf(o, cond, asComparison(nzcv.flags));
  const table = m.i32.const(conditionTable(cond));
  return m.i32.and(m.i32.shr_u(table, o.narrow(nzcv)), m.i32.const(1));
}

/** The same where it is known at translation: of constants, and of whether two places are the same that are known from the same base. */
export function knownCondition(cond: number, { constant, flags }: Value): boolean | undefined {
  if (constant !== undefined) return conditionHolds(cond, Number(constant));
  if (flags === undefined) return undefined;
  const { kind, width, a, b } = flags;
  if (kind !== "add" && kind !== "sub") return undefined;
  if (a.constant !== undefined && b.constant !== undefined) {
    const [y, carryIn] = kind === "sub" ? [~b.constant, 1n] : [b.constant, 0n];
    return conditionHolds(cond, Number(addWithCarry(width, a.constant, unsigned(width, y), carryIn)[1]));
  }
  const [from, to] = [sumOf(a), sumOf(b)];
  const isEquality = kind === "sub" && width === 64 && cond >> 1 === 0;
  if (!isEquality || from === undefined || from.base !== to?.base) return undefined;
  return (from.offset === to.offset) === (cond % 2 === 0);
}

function pickedCondition(o: ValueEmitter, cond: number, { condition, source, otherwise }: PickedFlags): Expression {
  const m = o.module;
  const holds = m.i32.const((conditionTable(cond) >>> otherwise) & 1);
  const direct = conditionOn(o, cond, { type: "i32", flags: source });
  return m.select(o.narrow(condition), direct, holds);
}

/** Adding a constant (CMN) leaves the flags of subtracting its negation, but where that is the constant itself: 0 and the smallest number. */
function asComparison(source: FlagSource): FlagSource {
  const { kind, width, b } = source;
  if (kind !== "add" || b.constant === undefined) return source;
  const negated = unsigned(width, -b.constant);
  return negated === unsigned(width, b.constant) ? source : { ...source, kind: "sub", b: constantOf(negated) };
}

function conditionOf(o: ValueEmitter, cond: number, source: FlagSource): Expression {
  const m = o.module;
  const { width } = source;
  const how = source.kind === "sub" ? subtraction[cond] : undefined;
  if (how !== undefined) return instructions(o, width)[how](o.sized(width, source.a), o.sized(width, source.b));
  const alone = source.kind === "logical" ? logical[cond] : undefined;
  if (alone !== undefined) return compareResult(o, source, alone);
  const holds = cond % 2 === 0;
  const eitherWay = (expression: Expression): Expression => (holds ? expression : m.i32.eqz(expression));
  const isZeroResult = (): Expression => compareResult(o, source, "eqz");
  switch (cond >> 1) {
    case 0:
      return eitherWay(isZeroResult());
    case 1:
      return carry(o, source, holds);
    case 2:
      return compareResult(o, source, holds ? "lt_s" : "ge_s");
    case 3:
      if (source.kind === "logical") return m.i32.const(holds ? 0 : 1);
      return isNegative(o, width, overflowBits(o, source), holds);
    case 4:
      return holds
        ? m.i32.and(carry(o, source, true), m.i32.eqz(isZeroResult()))
        : m.i32.or(carry(o, source, false), isZeroResult());
    case 5:
      return isLess(o, source, !holds);
    default:
      return holds
        ? m.i32.and(isLess(o, source, false), m.i32.eqz(isZeroResult()))
        : m.i32.or(isLess(o, source, true), isZeroResult());
  }
}

/** Whether N and V differ, or whether they are equal. */
function isLess(o: ValueEmitter, source: FlagSource, differ: boolean): Expression {
  const wasm = instructions(o, source.width);
  const negative = wasm.xor(o.sized(source.width, source.result), overflowBits(o, source));
  return isNegative(o, source.width, negative, differ);
}

function isNegative(o: ValueEmitter, width: Width, value: Expression, holds: boolean): Expression {
  const wasm = instructions(o, width);
  return wasm[holds ? "lt_s" : "ge_s"](value, o.sized(width, constantOf(0)));
}
