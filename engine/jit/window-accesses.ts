/**
 * A region's accesses to memory: each stays in the window that it used last, so that its place in the shared memory is a
 * subtraction and a comparison away, or less where it is known to be in there; elsewhere the region is left for the interpreter.
 */
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type { AccessKind, Bytes } from "../a64/ops.js";
import { Code } from "../wasm/code.js";
import { FLAGS_KNOWN } from "../wasm/flag-locals.js";
import { significantOf } from "../wasm/known-bits.js";
import { type Access, accessAt, MemoryOps } from "../wasm/memory.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import { sumOf } from "../wasm/sums.js";
import { constantOf, type SumBase, type Value } from "../wasm/value.js";
import { calledTypes } from "./convention.js";
import type { ExitReason, PathCounts, PlanInstruction, PlanWindow, RegionPlan } from "./plan.js";
import { noRegisters } from "./registers.js";
import { StackCheck } from "./stack-check.js";
import { hull, PathState } from "./state.js";

/** Windows that an access looks into that has used several, and one that has not been executed yet. */
const MAX_TRIED = 6;
const MAX_GUESSED = 2;
/** Bytes that one check covers for several accesses. */
const MAX_MERGED = 256;

/** How the translator leaves a region; translation of instructions only needs to ask for it. */
export interface ExitWriter {
  /** Emits: state to memory, go to `pc`. Ends the path. */
  exit(reason: ExitReason, pc: Value, missed?: Missed): void;
}

/** What the region has turned out to assume wrongly, or to lack, where it is left. */
export type Missed = "nothing" | "assumption" | "code";

export abstract class WindowAccesses extends MemoryOps {
  state = new PathState(0, noRegisters, noRegisters, FLAGS_KNOWN);
  /** The instruction being translated. */
  current: PlanInstruction | undefined;
  /** What of the stack the region's accesses need: checked where it is entered. */
  readonly stack: StackCheck;
  /** Where the base register of the instruction's access points. */
  protected accessBase: Value | undefined;

  constructor(
    module: WasmModule,
    protected readonly plan: RegionPlan,
    protected readonly exits: () => ExitWriter,
  ) {
    super(new Code(module, calledTypes, plan.core));
    this.stack = new StackCheck(this.code);
  }

  protected count(what: keyof PathCounts): void {
    this.state.counts[what]++;
  }

  PC(): Value {
    if (this.current === undefined) throw new InternalError("no instruction is being translated");
    return constantOf(this.current.pc);
  }

  access(address: Value, bytes: Bytes, kind: AccessKind, aligned = false): Access {
    const access = this.checkedAccess(address, bytes, kind, aligned);
    if (kind !== "write") this.count("reads");
    if (kind !== "read") this.count("writes");
    return access;
  }

  private checkedAccess(address: Value, bytes: Bytes, kind: AccessKind, aligned: boolean): Access {
    const window = this.windowFor(address, bytes, kind);
    if (
      address.constant !== undefined &&
      window !== undefined &&
      (!aligned || address.constant % BigInt(bytes) === 0n)
    ) {
      return accessAt(window.host + Number(address.constant - window.base));
    }
    const isAligned = !aligned || bytes === 1;
    const onStack = window !== undefined && isAligned ? this.stack.access(address, window, bytes) : undefined;
    if (onStack !== undefined) return onStack;
    return window === undefined
      ? this.triedAccess(address, bytes, kind, aligned)
      : this.fastAccess(address, window, bytes, aligned);
  }

  /** An access that is at home in no one window: one window after the other is tried. */
  private triedAccess(address: Value, bytes: Bytes, kind: AccessKind, aligned: boolean): Access {
    const m = this.module;
    const candidates = this.plan.windows
      .filter((window) => this.allows(window, bytes, kind))
      .sort((a, b) => (b.flags & layout.WINDOW_WRITE) - (a.flags & layout.WINDOW_WRITE))
      .slice(0, this.current?.window === undefined ? MAX_GUESSED : MAX_TRIED);
    const leave = (): void => this.exits().exit("memory", this.PC());
    if (aligned && bytes > 1)
      this.code.push(m.if(m.i32.and(this.narrow(address), m.i32.const(bytes - 1)), this.code.nested(leave)));
    const host = this.bind("i32", m.i32.const(0));
    const attempt = (index: number): void => {
      const window = candidates[index];
      if (window === undefined) return leave();
      const into = this.bind("i64", this.distance(address, window));
      const found = m.local.set(host.local as number, m.i32.add(this.narrow(into), m.i32.const(window.host)));
      const isInside = m.i64.le_u(this.wide(into), m.i64.const(BigInt(window.size - bytes)));
      const rest = this.code.nested(() => attempt(index + 1));
      this.code.push(m.if(isInside, found, rest));
    };
    attempt(0);
    return { host };
  }

  private distance(address: Value, window: PlanWindow): Expression {
    const { from, by } = this.origin(address);
    return this.module.i64.sub(this.wide(from), this.module.i64.const(BigInt.asIntN(64, window.base - by)));
  }

  /** Of a table that stands in the window wherever the index leads: an index of few bits, and a constant. */
  private indexedAccess({ indexed }: Value, window: PlanWindow, bytes: Bytes): Access | undefined {
    if (indexed === undefined) return undefined;
    const first = indexed.from - window.base;
    const last = first + (1n << BigInt(significantOf(indexed.by))) - 1n + BigInt(bytes);
    if (first < 0n || last > BigInt(window.size)) return undefined;
    return { host: this.bind("i32", this.term(indexed.by)), offset: window.host + Number(first) };
  }

  /** An address as so much more than the base register's value, from which its place is one instruction away, as it is from the address. */
  private origin(address: Value): { readonly from: Value; readonly by: bigint } {
    const { accessBase } = this;
    if (address.indexed !== undefined) return { from: address.indexed.by, by: address.indexed.from };
    const [sum, base] = [sumOf(address), accessBase && sumOf(accessBase)];
    if (accessBase === undefined || sum === undefined || sum.base !== base?.base) return { from: address, by: 0n };
    return { from: accessBase, by: sum.offset - base.offset };
  }

  /** Where in the window an address is that is known to be in it, of what the address was computed from: mostly one instruction. */
  private place(address: Value, window: PlanWindow): Expression {
    const { i32 } = this.module;
    const { from, by } = this.origin(address);
    const base = (less: bigint): Expression => i32.const(Number(BigInt.asIntN(32, window.base - less)));
    if (from !== address || address.added === undefined) return i32.sub(this.narrow(from), base(by));
    const [a, b] = address.added;
    if (a.constant !== undefined) return i32.sub(this.narrow(b), base(a.constant));
    if (b.constant !== undefined) return i32.sub(this.narrow(a), base(b.constant));
    return i32.sub(i32.add(this.term(a), this.term(b)), base(0n));
  }

  /** The low 32 bits of what an address is the sum of: V8 takes a shift of as many for a part of the addition. */
  private term(value: Value): Expression {
    const { shifted } = value;
    if (shifted?.to !== "left" || shifted.width !== 64) return this.narrow(value);
    const { i32 } = this.module;
    return shifted.by < 32 ? i32.shl(this.narrow(shifted.of), i32.const(shifted.by)) : i32.const(0);
  }

  /**
   * Whether the bytes have been found to be in the window, as seen from the same base: they stand between others that the path has checked,
   * or so near to them that its last check can be one of both. That one then leaves early, with the interpreter to do the rest.
   */
  private isKnownInside(address: Value, window: PlanWindow, bytes: Bytes): boolean {
    const sum = sumOf(address);
    const known = sum && this.state.inside.get(keyOf(sum.base, window));
    if (sum === undefined || known === undefined) return false;
    const { check, before } = known;
    const [from, to] = [sum.offset, sum.offset + BigInt(bytes)];
    const [first, last] = hull(before, check.range);
    if (first <= from && to <= last) return true;
    const [low, high] = hull(check.range, [from, to]);
    if (high - low > Math.min(MAX_MERGED, window.size)) return false;
    check.range = [low, high];
    this.module.setConstant(check.low, low - check.at);
    this.module.setConstant(check.limit, BigInt(window.size) - (high - low));
    return true;
  }

  /** Whether an access's place in the window is outside of it, as an i32 expression. */
  private isOutside(address: Value, into: Value, window: PlanWindow, bytes: Bytes): Expression {
    const m = this.module;
    const limit = m.i64.const(BigInt(window.size - bytes));
    const sum = sumOf(address);
    if (sum === undefined) return m.i64.gt_u(this.wide(into), limit);
    const low = m.i64.const(0n);
    const range = [sum.offset, sum.offset + BigInt(bytes)] as const;
    const key = keyOf(sum.base, window);
    const known = this.state.inside.get(key);
    const before = known === undefined ? range : hull(known.before, known.check.range);
    this.state.noteInside(key, { check: { range, at: sum.offset, low, limit }, before });
    return m.i64.gt_u(m.i64.add(this.wide(into), low), limit);
  }

  /**
   * In the expected window the address is a subtraction away. Elsewhere the interpreter does the access: a call
   * here would make V8 keep everything that lives across it in memory.
   */
  private fastAccess(address: Value, window: PlanWindow, bytes: Bytes, aligned: boolean): Access {
    const m = this.module;
    const isAligned = !aligned || bytes === 1;
    const within = isAligned ? this.indexedAccess(address, window, bytes) : undefined;
    if (within !== undefined) return within;
    if (isAligned && this.isKnownInside(address, window, bytes)) {
      return { host: this.bind("i32", this.place(address, window)), offset: window.host };
    }
    const into = this.bind("i64", this.distance(address, window));
    const leave = this.code.nested(() => {
      this.exits().exit("memory", this.PC(), "assumption");
    });
    let outside = this.isOutside(address, into, window, bytes);
    if (!isAligned) outside = m.i32.or(outside, m.i32.and(this.narrow(address), m.i32.const(bytes - 1)));
    this.code.push(m.if(outside, leave));
    return { host: this.bind("i32", this.narrow(into)), offset: window.host };
  }

  private windowFor(address: Value, bytes: Bytes, kind: AccessKind): PlanWindow | undefined {
    const { constant } = address;
    const guess =
      constant === undefined
        ? this.plan.windows.find((w) => w.index === this.current?.window)
        : this.plan.windows.find((w) => constant >= w.base && constant + BigInt(bytes) <= w.base + BigInt(w.size));
    return guess !== undefined && this.allows(guess, bytes, kind) ? guess : undefined;
  }

  private allows({ flags, size }: PlanWindow, bytes: Bytes, kind: AccessKind): boolean {
    const wanted = (kind === "write" ? 0 : layout.WINDOW_READ) | (kind === "read" ? 0 : layout.WINDOW_WRITE);
    if ((flags & wanted) !== wanted || size < bytes) return false;
    // A write that must drop instruction-cache words is the interpreter's.
    return kind === "read" || (flags & layout.WINDOW_COHERENT) === 0;
  }
}

function keyOf(base: SumBase, { index }: PlanWindow): string {
  return `${base}/${index}`;
}
