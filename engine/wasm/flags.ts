/**
 * PSTATE.NZCV, computed as late as possible: a flag-setting instruction leaves what the flags would be
 * computed from, and a condition is evaluated from that directly where wasm has a comparison for it.
 */
import { conditionTable } from "../a64/bits.js";
import type { Width } from "../a64/ops.js";
import type { Expression, WasmModule } from "./module.js";
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
  return m.i32.or(m.i32.or(nz, at(carry(o, source, topBit), 1)), topBit(overflowBits(o, source)));
}

function carry(o: ValueEmitter, source: FlagSource, topBit: (value: Expression) => Expression): Expression {
  const { width } = source;
  const wasm = instructions(o, width);
  const a = (): Expression => o.sized(width, source.a);
  const b = (): Expression => o.sized(width, source.b);
  const result = (): Expression => o.sized(width, source.result);
  switch (source.kind) {
    case "sub":
      return wasm.ge_u(a(), b());
    case "add":
      return wasm.lt_u(result(), a());
    default: {
      // Carry out of the top bit: both operands have it, or one has it and the sum lost it.
      const lost = wasm.and(wasm.or(a(), b()), wasm.xor(result(), o.sized(width, constantOf(-1))));
      return topBit(wasm.or(wasm.and(a(), b()), lost));
    }
  }
}

/** An expression whose top bit is V. */
function overflowBits(o: ValueEmitter, source: FlagSource): Expression {
  const { width } = source;
  const wasm = instructions(o, width);
  const a = (): Expression => o.sized(width, source.a);
  const b = o.sized(width, source.b);
  const result = (): Expression => o.sized(width, source.result);
  if (source.kind === "sub") return wasm.and(wasm.xor(a(), b), wasm.xor(a(), result()));
  return wasm.and(wasm.xor(a(), result()), wasm.xor(b, result()));
}

type Instructions = WasmModule["i64"];

function instructions(o: ValueEmitter, width: Width): Instructions {
  // See ValueOps.of: the two share the instructions used here.
  return width === 64 ? o.module.i64 : (o.module.i32 as unknown as Instructions);
}

function compareResult(
  o: ValueEmitter,
  source: FlagSource,
  how: "eqz" | "lt_s" | "ge_s" | "gt_s" | "le_s",
): Expression {
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

/** ConditionHolds(cond) under `nzcv`, for a condition known at translation, as an i32 expression. */
export function conditionOn(o: ValueEmitter, cond: number, nzcv: Value): Expression {
  const m = o.module;
  if (cond >= 14) return m.i32.const(1);
  const source = nzcv.flags;
  if (nzcv.picked !== undefined) return pickedCondition(o, cond, nzcv.picked);
  if (source !== undefined) {
    const direct = directCondition(o, cond, source);
    if (direct !== undefined) return direct;
  }
  const table = m.i32.const(conditionTable(cond));
  return m.i32.and(m.i32.shr_u(table, o.narrow(nzcv)), m.i32.const(1));
}

function pickedCondition(o: ValueEmitter, cond: number, { condition, source, otherwise }: PickedFlags): Expression {
  const m = o.module;
  const holds = m.i32.const((conditionTable(cond) >>> otherwise) & 1);
  const direct = conditionOn(o, cond, { type: "i32", flags: source });
  return m.select(o.narrow(condition), direct, holds);
}

function directCondition(o: ValueEmitter, cond: number, source: FlagSource): Expression | undefined {
  const m = o.module;
  if (source.kind === "sub") {
    const how = subtraction[cond];
    if (how !== undefined) {
      return instructions(o, source.width)[how](o.sized(source.width, source.a), o.sized(source.width, source.b));
    }
  }
  if (source.kind === "logical") {
    const how = logical[cond];
    if (how !== undefined) return compareResult(o, source, how);
  }
  // N and Z alone depend on the result only, whatever made it.
  if (cond === 0) return compareResult(o, source, "eqz");
  if (cond === 1) return m.i32.eqz(compareResult(o, source, "eqz"));
  if (cond === 4) return compareResult(o, source, "lt_s");
  if (cond === 5) return compareResult(o, source, "ge_s");
  return undefined;
}
