/**
 * Flags that are not kept where ways meet, but described: by the registers that they can be computed from where the region is left.
 *
 * Most loops end a turn by a comparison and begin the next one by a load: nobody reads the flags then, but they have to be right if the load
 * faults. What was compared is mostly still there, in registers that the region keeps anyway. So a path into a merging node notes which
 * registers these were, by a number in a local, and stores nothing (flags-ahead.ts says where that is enough). The number is 0 where the
 * flags are in the core's block.
 */
import * as layout from "../../assembly/layout.js";
import type { Width } from "../a64/ops.js";
import { flagKind } from "../wasm/flag-locals.js";
import type { Expression } from "../wasm/module.js";
import type { FlagSource, Value } from "../wasm/value.js";
import type { ValueOps } from "../wasm/values.js";
import { type Registers, registerSet, union } from "./registers.js";
import { fieldOf } from "./state.js";

/** What flags were computed from, as registers have it. */
type Operand =
  | { readonly constant: bigint }
  /** A register's low 32 bits or all of them, and `plus`, modulo 2^width. */
  | { readonly register: number; readonly of: Width; readonly plus: bigint; readonly width: Width }
  /** AND of two. */
  | { readonly both: readonly [Operand, Operand] };

interface Description {
  /** A kind of flag-locals.ts. */
  readonly kind: number;
  readonly a: Operand;
  /** Absent where the kind has none. */
  readonly b?: Operand;
  /** What it reads. */
  readonly registers: Registers;
}

/** So many descriptions a region may have: what they are takes code where it is left. */
const MOST = 60;

/** Finds the register that holds a value on the path, if there is one. */
export type RegisterOf = (isHeldBy: (held: Value) => boolean) => number | undefined;

export class DescribedFlags {
  private readonly numbers = new Map<string, number>();
  private readonly descriptions: Description[] = [];
  private local: number | undefined;

  constructor(private readonly o: ValueOps) {}

  /** Notes how the flags can be computed; false if they cannot, of registers that are not `spoiled`. */
  describe(source: FlagSource, spoiled: Registers, registerOf: RegisterOf): boolean {
    const description = descriptionOf(source, registerOf);
    if (description === undefined || (description.registers & spoiled) !== 0n) return false;
    const number = this.numberOf(description);
    if (number === undefined) return false;
    this.set(number);
    return true;
  }

  /** Notes that the flags are in the core's block. */
  areStored(): void {
    if (this.local !== undefined) this.set(0);
  }

  /** Whether the region is to describe flags: before any are. */
  prepare(): void {
    this.local ??= this.o.code.newLocal("i32");
  }

  private set(number: number): void {
    const m = this.o.module;
    if (this.local !== undefined) this.o.code.push(m.local.set(this.local, m.i32.const(number)));
  }

  private numberOf(description: Description): number | undefined {
    const key = JSON.stringify(description, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part));
    const known = this.numbers.get(key);
    if (known !== undefined || this.descriptions.length === MOST) return known;
    const number = this.descriptions.push(description);
    this.numbers.set(key, number);
    return number;
  }

  /** Emits what brings the flags in the core's block up to date, which has all registers. */
  store(): void {
    const { code, module: m } = this.o;
    const { local } = this;
    if (local === undefined || this.descriptions.length === 0) return;
    const all = code.nested(() => {
      this.descriptions.forEach(({ kind, a, b }, index) => {
        const stores = code.nested(() => {
          code.storeI64(layout.FLAGS_A, this.valueOf(a));
          if (b !== undefined) code.storeI64(layout.FLAGS_B, this.valueOf(b));
          code.storeI32(layout.FLAGS_KIND, m.i32.const(kind));
        });
        code.push(m.if(m.i32.eq(m.local.get(local, code.types.i32), m.i32.const(index + 1)), stores));
      });
    });
    code.push(m.if(m.local.get(local, code.types.i32), all));
  }

  /** As an i64 expression. */
  private valueOf(operand: Operand): Expression {
    const { code, module: m } = this.o;
    if ("constant" in operand) return m.i64.const(BigInt.asIntN(64, operand.constant));
    if ("both" in operand) return m.i64.and(this.valueOf(operand.both[0]), this.valueOf(operand.both[1]));
    const { register, of, plus, width } = operand;
    const field = fieldOf(register);
    const held = of === 32 ? m.i64.extend_u(code.loadI32(field)) : code.loadI64(field);
    if (plus === 0n) return held;
    const sum = m.i64.add(held, m.i64.const(BigInt.asIntN(64, plus)));
    return width === 32 ? m.i64.extend_u(m.i32.wrap(sum)) : sum;
  }
}

function descriptionOf(source: FlagSource, registerOf: RegisterOf): Description | undefined {
  const kind = flagKind(source);
  if (kind === undefined) return undefined;
  const { result, b: subtrahend } = source;
  if (source.kind === "logical") return complete(kind, operandOf(result, registerOf));
  const b = operandOf(subtrahend, registerOf);
  return b && complete(kind, operandOf(source.a, registerOf) ?? addendOf(source, registerOf), b);
}

function complete(kind: number, a: Operand | undefined, b?: Operand): Description | undefined {
  if (a === undefined) return undefined;
  return b === undefined
    ? { kind, a, registers: registersIn(a) }
    : { kind, a, b, registers: union(registersIn(a), registersIn(b)) };
}

/** What a constant was added to or subtracted from, of the result. */
function addendOf({ kind, width, b, result }: FlagSource, registerOf: RegisterOf): Operand | undefined {
  const held = b.constant === undefined ? undefined : operandOf(result, registerOf);
  if (b.constant === undefined || held === undefined || !("register" in held)) return undefined;
  return { ...held, plus: kind === "sub" ? b.constant : -b.constant, width };
}

function operandOf(value: Value, registerOf: RegisterOf): Operand | undefined {
  if (value.constant !== undefined) return { constant: value.constant };
  const register = registerOf(({ local }) => local !== undefined && (local === value.local || local === value.lowOf));
  if (register !== undefined) {
    const of = value.type === "i32" ? 32 : 64;
    return { register, of, plus: 0n, width: of };
  }
  const [x, y] = (value.conjunction ?? []).map((part) => operandOf(part, registerOf));
  if (x === undefined || y === undefined) return undefined;
  return value.type === "i32" ? { both: [{ constant: 0xffff_ffffn }, { both: [x, y] }] } : { both: [x, y] };
}

function registersIn(operand: Operand): Registers {
  if ("register" in operand) return registerSet(operand.register);
  return "both" in operand ? union(registersIn(operand.both[0]), registersIn(operand.both[1])) : 0n;
}
