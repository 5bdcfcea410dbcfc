/**
 * What translation knows about the guest's registers at a point of a path through a region, and the wasm
 * locals in which they stand where paths meet.
 *
 * Each guest register that the region touches has one *canonical* local. Along a path a register's newest
 * value may be elsewhere (a temporary, a constant): the path's state says where. Where paths meet, and
 * before leaving, `settle` brings the canonical locals up to date.
 */
import { FLAGS_KNOWN, flagKind } from "../wasm/flag-locals.js";
import { constantOf, type Value } from "../wasm/value.js";
import type { ValueOps } from "../wasm/values.js";
import { noCounts, type PathCounts } from "./plan.js";

/** Register 31 as SP; X0-X30 are 0 to 30. */
export const SP_REGISTER = 32;

export class PathState {
  /** Registers whose newest value is not in their canonical local. */
  readonly registers: Map<number, Value>;
  /** PSTATE.NZCV if it was set on this path; undefined: in the flag locals. */
  nzcv: Value | undefined;
  /** What has happened since the last counted edge. */
  counts: PathCounts;

  constructor(from?: PathState) {
    this.registers = new Map(from?.registers);
    this.nzcv = from?.nzcv;
    this.counts = from === undefined ? noCounts() : { ...from.counts };
  }

  copy(): PathState {
    return new PathState(this);
  }
}

/** The locals of one region. */
export class CanonicalLocals {
  private readonly registers = new Map<number, number>();
  /** Registers that some path writes: stored when the region is left. */
  readonly written = new Set<number>();
  flagsUsed = false;
  flagsWritten = false;
  /** kind, a, b: see engine/wasm/flag-locals.ts. */
  readonly flags: readonly [number, number, number];

  constructor(private readonly o: ValueOps) {
    this.flags = [o.code.newLocal("i32"), o.code.newLocal("i64"), o.code.newLocal("i64")];
  }

  /** The register as its canonical local has it. */
  register(n: number): Value {
    let local = this.registers.get(n);
    if (local === undefined) {
      local = this.o.code.newLocal("i64");
      this.registers.set(n, local);
    }
    return { type: "i64", local };
  }

  used(): Iterable<[register: number, local: number]> {
    return this.registers;
  }

  /** Emits what makes the canonical locals agree with the path's state. The state itself is left alone. */
  settle(state: PathState, flagsWanted: boolean): void {
    if (flagsWanted && state.nzcv !== undefined) this.settleFlags(state.nzcv);
    const moves = [...state.registers].map(([n, value]) => ({ to: this.register(n).local as number, value }));
    const targets = new Set(moves.map((move) => move.to));
    // A value that is another register's canonical local must be read before that one is overwritten.
    const safe = moves.map(({ to, value }) =>
      value.local !== undefined && value.local !== to && targets.has(value.local)
        ? { to, value: this.o.bind("i64", this.o.wide(value)) }
        : { to, value },
    );
    const m = this.o.module;
    for (const { to, value } of safe) {
      if (value.local !== to) this.o.code.push(m.local.set(to, this.o.wide(value)));
    }
  }

  private settleFlags(nzcv: Value): void {
    const m = this.o.module;
    const [kindLocal, aLocal, bLocal] = this.flags;
    const number = nzcv.flags === undefined ? undefined : flagKind(nzcv.flags);
    const [kind, a, b]: [number, Value, Value] =
      nzcv.flags === undefined || number === undefined
        ? [FLAGS_KNOWN, nzcv, constantOf(0)]
        : [number, nzcv.flags.kind === "logical" ? nzcv.flags.result : nzcv.flags.a, nzcv.flags.b];
    this.o.code.push(m.local.set(aLocal, this.o.wide(a)));
    this.o.code.push(m.local.set(bLocal, this.o.wide(b)));
    this.o.code.push(m.local.set(kindLocal, m.i32.const(kind)));
  }
}
