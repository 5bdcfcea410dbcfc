/**
 * The accesses to a function's frame: places known by their distance from SP at the region's head (NodeRegisters.depth). One check where the
 * region is entered covers all of them, and all are made from one local.
 */
import type { Bytes } from "../a64/ops.js";
import type { Code } from "../wasm/code.js";
import type { Access } from "../wasm/memory.js";
import type { Expression } from "../wasm/module.js";
import { sumOf } from "../wasm/sums.js";
import type { Value } from "../wasm/value.js";
import { SP_PARAMETER } from "./convention.js";
import type { PlanWindow } from "./plan.js";
import { hull, type Range } from "./state.js";

/** Bytes that are checked together: more than a function has in its frame that executes often. */
const MOST = 1n << 16n;

export class StackCheck {
  private window: PlanWindow | undefined;
  /** Distances from SP at the head: it is among them, so that it stands in the window too, or at its end. */
  private range: Range = [0n, 0n];
  /** The i32 local that has SP's place in the window. */
  private place = 0;

  constructor(private readonly code: Code) {}

  /** The access, if it is one that this check can cover. */
  access(address: Value, window: PlanWindow, bytes: Bytes): Access | undefined {
    const sum = sumOf(address);
    if (sum?.base !== SP_PARAMETER) return undefined;
    if (this.window === undefined) {
      this.window = window;
      this.place = this.code.newLocal("i32");
    }
    const range = hull(this.range, [sum.offset, sum.offset + BigInt(bytes)]);
    const offset = window.host + Number(sum.offset);
    if (window !== this.window || range[1] - range[0] > MOST || Number(range[1] - range[0]) > window.size)
      return undefined;
    if (offset < 0) return undefined;
    this.range = range;
    return { host: { type: "i32", local: this.place }, offset };
  }

  /** Emits the local's value, where the region begins. */
  begin(): void {
    const { code, window } = this;
    if (window === undefined) return;
    const m = code.module;
    const base = m.i32.const(Number(BigInt.asIntN(32, window.base)));
    code.push(m.local.set(this.place, m.i32.sub(m.i32.wrap(m.local.get(SP_PARAMETER, code.types.i64)), base)));
  }

  /** Whether not all of it is in the window; undefined if nothing has to be. All accesses have been translated. */
  fails(): Expression | undefined {
    const { code, window } = this;
    if (window === undefined) return undefined;
    const m = code.module;
    const [from, to] = this.range;
    const lowest = m.i64.sub(
      m.local.get(SP_PARAMETER, code.types.i64),
      m.i64.const(BigInt.asIntN(64, window.base - from)),
    );
    return m.i64.gt_u(lowest, m.i64.const(BigInt(window.size) - (to - from)));
  }
}
