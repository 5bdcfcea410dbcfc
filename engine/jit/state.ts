/**
 * What translation knows about the guest's registers at a point of a path through a region, and the wasm
 * locals in which they stand where paths meet.
 *
 * Each guest register that the region touches has one *canonical* local. Along a path a register's newest
 * value may be elsewhere (a temporary, a constant): the path's state says where. Where paths meet, `settle`
 * brings the canonical locals up to date; where the region is left or calls another, `store` does so with the core's block.
 */
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import { FLAGS_KNOWN, flagKind, flagKinds } from "../wasm/flag-locals.js";
import { type Expression, none } from "../wasm/module.js";
import type { Value } from "../wasm/value.js";
import type { ValueOps } from "../wasm/values.js";
import type { Constant, Held } from "./constants.js";
import { noCounts, type PathCounts } from "./plan.js";
import {
  flagsOnly,
  has,
  hasFlags,
  members,
  noRegisters,
  type Registers,
  registerSet,
  SP_REGISTER,
  union,
  without,
} from "./registers.js";

/** Where registers hold what is assumed, and where they do not. */
const AS_ASSUMED = "as assumed";
const DIFFERENT = "different";

/** Where a register stands in the core's block. */
export function fieldOf(register: number): number {
  return register === SP_REGISTER ? layout.SP : layout.X + 8 * register;
}

/** Bytes by their distance from a base. */
export type Range = readonly [from: bigint, to: bigint];

export function hull([a, b]: Range, [c, d]: Range): Range {
  return [a < c ? a : c, b > d ? b : d];
}

/** A check that bytes stand in a window, which may be made to check more of them after it was emitted: all that know of it come after it. */
export interface WindowCheck {
  range: Range;
  /** The distance of the address that is compared. */
  readonly at: bigint;
  /** i64 constants: what is added to that, and the largest position in the window that passes. */
  readonly low: Expression;
  readonly limit: Expression;
}

export interface KnownInside {
  /** The last check of the path. */
  readonly check: WindowCheck;
  /** What checks before it have shown. */
  readonly before: Range;
}

const nothingInside: ReadonlyMap<string, KnownInside> = new Map();
const nothingAligned: ReadonlySet<string> = new Set();

export class PathState {
  /** Registers whose newest value is not in their canonical local. What is in neither is in the core's block. */
  readonly registers: Map<number, Value>;
  /** Those of them that are the same in the core's block. */
  clean: Registers;
  /** PSTATE.NZCV if it was set on this path; undefined: in the flag locals, as `flags` says. */
  nzcv: Value | undefined;
  /** The same as a value, once it was read. */
  readNZCV: Value | undefined;
  /** What has happened since it was last counted. */
  counts: PathCounts;
  /** Since the path began: instructions, and times that it has passed the node that it began with again. */
  length = 0;
  turns = 0;
  /** PSTATE.BTYPE, which is not 0 only between an indirect branch that was followed and the end of the instruction it goes to. */
  btype: Btype = 0;
  /** The head of a loop that the path has entered without giving up what it knows, and the turns that it has made of it so. */
  entered: number | undefined;
  firstTurns = 0;
  /** For a base (see Value.sum) and a window: what is known to stand in the window. Most copies of a path are not told more. */
  inside: ReadonlyMap<string, KnownInside>;
  /** Bases and offsets modulo 16 of stack pointers that have been found to be aligned. */
  alignedSP: ReadonlySet<string>;
  private ownsInside = false;

  constructor(
    /** The node that the path began with. */
    readonly root: number,
    /** Registers that are in their canonical local, unless they are in `registers`. */
    readonly live: Registers,
    /** Those of them that are newer than in the core's block. */
    readonly dirty: Registers,
    /** What the flag locals hold: a kind of flag-locals.ts. */
    readonly flags: number,
    from?: PathState,
  ) {
    this.registers = new Map(from?.registers);
    this.clean = from?.clean ?? noRegisters;
    this.nzcv = from?.nzcv;
    this.readNZCV = from?.readNZCV;
    this.counts = from === undefined ? noCounts() : { ...from.counts };
    this.length = from?.length ?? 0;
    this.turns = from?.turns ?? 0;
    this.btype = from?.btype ?? 0;
    this.entered = from?.entered;
    this.firstTurns = from?.firstTurns ?? 0;
    if (from !== undefined) from.ownsInside = false;
    this.inside = from?.inside ?? nothingInside;
    this.alignedSP = from?.alignedSP ?? nothingAligned;
  }

  copy(): PathState {
    return new PathState(this.root, this.live, this.dirty, this.flags, this);
  }

  /** Whether the core's block does not have the flags. */
  get hasNewFlags(): boolean {
    return this.nzcv !== undefined || hasFlags(this.dirty);
  }

  /** Takes note of a check. */
  noteInside(key: string, known: KnownInside): void {
    const own = this.ownsInside ? (this.inside as Map<string, KnownInside>) : new Map(this.inside);
    own.set(key, known);
    this.inside = own;
    this.ownsInside = true;
  }

  write(register: number, value: Value): void {
    this.registers.set(register, value);
    this.clean = without(this.clean, registerSet(register));
  }

  /** Takes note of what registers hold that are not live; of those that are not dirty the core's block has it too. */
  holds(constants: Held, asValue: (constant: Constant) => Value): void {
    for (const [n, constant] of constants) {
      this.registers.set(n, asValue(constant));
      if (!has(this.dirty, n)) this.clean = union(this.clean, registerSet(n));
    }
  }
}

/** "local": as the ways have it that meet here, in the frame's local. */
export type Btype = number | "local";

/** Without `b` the kind has none: what stands there then does not matter. */
type FlagTriple = readonly [kind: Expression, a: Expression, b?: Expression];

/** The locals of one region. */
export class CanonicalLocals {
  private readonly registers: Map<number, number>;
  /** kind, a, b: see engine/wasm/flag-locals.ts. */
  readonly flags: readonly [number, number, number];

  constructor(
    private readonly o: ValueOps,
    /** Locals of registers that are there already. */
    given: Iterable<readonly [register: number, local: number]>,
  ) {
    this.registers = new Map(given);
    this.flags = [o.code.newLocal("i32"), o.code.newLocal("i64"), o.code.newLocal("i64")];
  }

  private local(n: number): number {
    let local = this.registers.get(n);
    if (local === undefined) {
      local = this.o.code.newLocal("i64");
      this.registers.set(n, local);
    }
    return local;
  }

  /** The register's newest value on a path: loaded from the core's block where it is first read, so that no other path loads it. */
  register(n: number, state: PathState): Value {
    const known = state.registers.get(n);
    if (known !== undefined) return known;
    if (has(state.live, n)) return { type: "i64", local: this.local(n) };
    if (n === SP_REGISTER) throw new InternalError("SP is read on a path that does not know it");
    const loaded = this.o.bind("i64", this.o.code.loadI64(fieldOf(n)));
    state.registers.set(n, loaded);
    state.clean = union(state.clean, registerSet(n));
    return loaded;
  }

  /** One of X0 to X30 that holds such a value on a path. */
  registerOf(state: PathState, isHeldBy: (held: Value) => boolean): number | undefined {
    for (let n = 0; n < SP_REGISTER; n++) {
      const local = has(state.live, n) ? this.registers.get(n) : undefined;
      const held = state.registers.get(n) ?? (local === undefined ? undefined : { type: "i64" as const, local });
      if (held !== undefined && isHeldBy(held)) return n;
    }
    return undefined;
  }

  /** Emits loads of the flags from the core's block. */
  loadFlags(): void {
    const { code, module: m } = this.o;
    const operands = [code.loadI32(layout.FLAGS_KIND), code.loadI64(layout.FLAGS_A), code.loadI64(layout.FLAGS_B)];
    const nzcv = this.o.callCore("nzcv", operands, ["i32", "i64", "i64"], "i32");
    this.setFlags([m.i32.const(FLAGS_KNOWN), m.i64.extend_u(nzcv)]);
  }

  /** Emits: what `leave` emits if one of these registers holds something else in the core's block. */
  compare(constants: Held, asValue: (constant: Constant) => Value, leave: () => void): void {
    const { code, module: m } = this.o;
    const different = [...constants].map(([n, constant]) =>
      m.i64.ne(code.loadI64(fieldOf(n)), this.o.wide(asValue(constant))),
    );
    if (different.length === 0) return;
    const all = different.map((each) => m.br_if(DIFFERENT, each));
    const checked = m.block(DIFFERENT, [...all, m.br(AS_ASSUMED)], none);
    code.push(m.block(AS_ASSUMED, [checked, code.nested(leave)], none));
  }

  private setFlags([kind, a, b]: FlagTriple): void {
    const { code, module: m } = this.o;
    // The operands of what is set may be these locals.
    code.push(m.local.set(this.flags[1], a));
    if (b !== undefined) code.push(m.local.set(this.flags[2], b));
    code.push(m.local.set(this.flags[0], kind));
  }

  /** NZCV as the flag locals have it. */
  nzcv({ flags }: PathState): Value {
    const [, a, b] = this.flags;
    const kind = flagKinds.find(({ number }) => number === flags);
    const first: Value = { type: "i64", local: a };
    if (kind === undefined) return this.o.bind("i32", this.o.narrow(first));
    const { operation, width } = kind;
    const [x, y] = [this.o.copied(width, first), this.o.copied(width, { type: "i64", local: b })];
    const result = operation === "sub" ? this.o.sub(width, x, y) : operation === "add" ? this.o.add(width, x, y) : x;
    return { type: "i32", flags: { kind: operation, width, a: x, b: y, result } };
  }

  /**
   * Emits what makes the canonical locals agree with the path's state, of the registers in `wanted`, and the flags as `kind` says; loads
   * those that are in the core's block only. The state itself is left alone.
   */
  settle(state: PathState, wanted: Registers, kind?: number): void {
    const { code, module: m } = this.o;
    if (hasFlags(wanted)) this.settleFlags(state, kind);
    const moves: { readonly to: number; value: Value }[] = [];
    for (const [n, value] of state.registers) if (has(wanted, n)) moves.push({ to: this.local(n), value });
    // A value that is another register's canonical local must be read before that one is overwritten.
    for (const move of moves) {
      const { to, value } = move;
      if (value.local === undefined || value.local === to || !moves.some((other) => other.to === value.local)) continue;
      move.value = this.o.bind("i64", this.o.wide(value));
    }
    for (const { to, value } of moves) if (value.local !== to) code.push(m.local.set(to, this.o.wide(value)));
    for (const n of members(without(wanted, state.live)))
      if (!state.registers.has(n)) code.push(m.local.set(this.local(n), code.loadI64(fieldOf(n))));
  }

  private settleFlags(state: PathState, kind: number | undefined): void {
    const isAsWanted = kind === undefined || kind === state.flags;
    if (state.nzcv === undefined && isAsWanted) return;
    const nzcv = state.nzcv ?? this.nzcv(state);
    const known = nzcv.flags === undefined ? FLAGS_KNOWN : (flagKind(nzcv.flags) ?? FLAGS_KNOWN);
    if (kind === undefined || kind === known) this.setFlags(this.tripleOf(nzcv));
    else if (kind === FLAGS_KNOWN) this.setFlags(this.tripleOf(this.o.force(nzcv)));
    else throw new InternalError(`flags of kind ${kind} are expected, and these are of kind ${known}`);
  }

  /** Emits stores to the core's block of all that is newer on this path, but for registers in `kept`. */
  store(state: PathState, kept: Registers): void {
    const { code } = this.o;
    let rest = without(state.dirty, kept);
    for (const [n, value] of state.registers) {
      if (!has(kept, n) && !has(state.clean, n)) code.storeI64(fieldOf(n), this.o.wide(value));
      rest = without(rest, registerSet(n));
    }
    if (state.nzcv !== undefined) {
      if (!hasFlags(kept)) this.storeFlags(this.tripleOf(state.nzcv));
      rest = without(rest, flagsOnly);
    }
    this.storeLocals(rest);
  }

  /** Emits stores of canonical locals to the core's block. */
  storeLocals(registers: Registers): void {
    const { code, module: m } = this.o;
    const { i32, i64 } = code.types;
    for (const n of members(registers)) code.storeI64(fieldOf(n), m.local.get(this.local(n), i64));
    const [kind, a, b] = this.flags;
    if (hasFlags(registers)) this.storeFlags([m.local.get(kind, i32), m.local.get(a, i64), m.local.get(b, i64)]);
  }

  private storeFlags([kind, a, b]: FlagTriple): void {
    const { code } = this.o;
    code.storeI64(layout.FLAGS_A, a);
    if (b !== undefined) code.storeI64(layout.FLAGS_B, b);
    code.storeI32(layout.FLAGS_KIND, kind);
  }

  private tripleOf(nzcv: Value): FlagTriple {
    const { o } = this;
    const kindOf = (kind: number): Expression => o.module.i32.const(kind);
    const number = nzcv.flags === undefined ? undefined : flagKind(nzcv.flags);
    if (nzcv.flags === undefined || number === undefined) {
      return [kindOf(FLAGS_KNOWN), o.wide(nzcv)];
    }
    const { kind, result, a, b } = nzcv.flags;
    return kind === "logical" ? [kindOf(number), o.wide(result)] : [kindOf(number), o.wide(a), o.wide(b)];
  }
}
