/** The calls that are open at a place of a region while it is selected. */
import type { Place } from "./place.js";

/** Open calls, innermost first: a linked list in which equal stacks are the same object. */
export class CallStack {
  /** What the region holds of the innermost call. */
  readonly places = new Map<bigint, Place>();
  private readonly inner = new Map<bigint, CallStack>();

  constructor(
    readonly depth: number,
    readonly callee: bigint,
    readonly returnTo: bigint | undefined,
    readonly outer: CallStack | undefined,
  ) {}

  call(callee: bigint, returnTo: bigint): CallStack {
    let inner = this.inner.get(returnTo);
    if (inner === undefined || inner.callee !== callee) {
      inner = new CallStack(this.depth + 1, callee, returnTo, this);
      this.inner.set(returnTo, inner);
    }
    return inner;
  }

  timesOpen(callee: bigint): number {
    return (this.callee === callee ? 1 : 0) + (this.outer?.timesOpen(callee) ?? 0);
  }
}
