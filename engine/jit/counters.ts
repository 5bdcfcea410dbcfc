/** What a region counts: fuel and, where that is wanted, accesses and branches along its paths; why it is left, and what it assumes in vain. */
import * as layout from "../../assembly/layout.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import { FUEL_PARAMETER } from "./convention.js";
import type { RegionOps } from "./ops.js";
import { type ExitReason, exitReasons, type PathCounts } from "./plan.js";
import type { Missed } from "./window-accesses.js";

/** What a path has counted goes two and two into the halves of a local: see PACKED_ACCESSES in layout.ts. */
const packs: readonly { readonly field: number; readonly low: keyof PathCounts; readonly high: keyof PathCounts }[] = [
  { field: layout.PACKED_ACCESSES, low: "reads", high: "writes" },
  { field: layout.PACKED_JUMPS, low: "direct", high: "conditional" },
  { field: layout.PACKED_CALLS, low: "call", high: "return" },
  { field: layout.PACKED_INDIRECT, low: "indirect", high: "indirectCall" },
];

/** Bits of `why` beside the reason. */
const REASON = 0xff;
const MISS = 0x100;
const COLD = 0x200;
const missBits = { nothing: 0, assumption: MISS, code: MISS | COLD } satisfies Record<Missed, number>;

export class RegionCounters {
  /** Why the region is being left: an index of exitReasons, and MISS and COLD. */
  private readonly why: number;
  private readonly packed = new Map<number, number>();

  constructor(
    private readonly module: WasmModule,
    private readonly o: RegionOps,
    /** Whether to count more than fuel. */
    private readonly isComplete: boolean,
  ) {
    this.why = o.code.newLocal("i32");
    module.addGlobalImport("region", "env", "region", o.code.types.i32);
  }

  /** Charges for and counts what a path has done. */
  add(counts: PathCounts): void {
    const m = this.module;
    const { code } = this.o;
    const { i64 } = code.types;
    const add = (local: number, amount: bigint): void =>
      code.push(m.local.set(local, m.i64.add(m.local.get(local, i64), m.i64.const(amount))));
    if (counts.instructions > 0) add(FUEL_PARAMETER, BigInt(-counts.instructions));
    if (!this.isComplete) return;
    for (const { field, low, high } of packs) {
      const amount = BigInt(counts[low]) + (BigInt(counts[high]) << 32n);
      if (amount !== 0n) add(this.pack(field), amount);
    }
  }

  private pack(field: number): number {
    let local = this.packed.get(field);
    if (local === undefined) {
      local = this.o.code.newLocal("i64");
      this.packed.set(field, local);
    }
    return local;
  }

  /** Emits what brings the core's block up to date. */
  store(): void {
    const m = this.module;
    const { code } = this.o;
    for (const [field, local] of this.packed) {
      const sum = m.i64.add(code.loadI64(field), m.local.get(local, code.types.i64));
      code.storeI64(field, sum);
    }
  }

  /** Notes that the region is being left, and why; counted where all ways out meet. */
  noteExit(reason: ExitReason, missed: Missed): void {
    const why = exitReasons.indexOf(reason) | missBits[missed];
    this.o.code.push(this.module.local.set(this.why, this.module.i32.const(why)));
  }

  /** Counts an exit for the reason that was noted. */
  countExit(): void {
    const m = this.module;
    const { code } = this.o;
    const why = (): Expression => m.local.get(this.why, code.types.i32);
    const reason = m.i32.shl(m.i32.and(why(), m.i32.const(REASON)), m.i32.const(3));
    this.increment(m.i32.add(code.core(), reason), layout.COUNT_EXITS, 8);
    const index = m.i32.sub(m.global.get("region", code.types.i32), m.i32.const(layout.FIRST_REGION));
    const cold = code.nested(() =>
      this.increment(m.i32.add(code.core(), m.i32.shl(index, m.i32.const(2))), layout.REGION_COLD, 4),
    );
    const miss = code.nested(() => {
      this.miss();
      code.push(m.if(m.i32.and(why(), m.i32.const(COLD)), cold));
    });
    code.push(m.if(m.i32.and(why(), m.i32.const(MISS)), miss));
  }

  /** Something that the region assumes has failed: enough of these and it is chosen anew. */
  miss(): void {
    const m = this.module;
    const { code } = this.o;
    code.storeI32(layout.MISSES, m.i32.add(code.loadI32(layout.MISSES), m.i32.const(1)));
    code.storeI32(layout.MISSED_REGION, m.global.get("region", code.types.i32));
  }

  private increment(address: Expression, field: number, bytes: 4 | 8): void {
    const m = this.module;
    const { code } = this.o;
    const at = this.o.bind("i32", address);
    const pointer = (): Expression => this.o.narrow(at);
    if (bytes === 8)
      code.push(m.i64.store(field, 8, pointer(), m.i64.add(m.i64.load(field, 8, pointer()), m.i64.const(1n))));
    else code.push(m.i32.store(field, 4, pointer(), m.i32.add(m.i32.load(field, 4, pointer()), m.i32.const(1))));
  }
}
