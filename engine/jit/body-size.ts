/** How large functions are, to decide which ones become part of their callers' regions. */
import { literalOf } from "./literals.js";
import type { CodeView } from "./view.js";

/** X16 and X17: the intra-procedure-call registers of the procedure call standard. */
const IP: ReadonlySet<number> = new Set([16, 17]);

export class BodySizes {
  private readonly known = new Map<bigint, number>();

  constructor(
    private readonly view: CodeView,
    /** Above this many instructions it does not matter how many there are. */
    private readonly limit: number,
    /** Whether a function that leaves for one of several others is as good as too large. */
    private readonly steady: boolean,
  ) {}

  /** Executed instructions from here to the function's ends, without those that it calls; Infinity if they are too many. */
  of(callee: bigint): number {
    let size = this.known.get(callee);
    if (size === undefined) {
      size = this.measure(callee);
      this.known.set(callee, size);
    }
    return size;
  }

  /** Whether a branch that has gone to several places is likely to do so again, and unheard: not if its target stands beside the code. */
  private isUnsteady(branch: bigint): boolean {
    return this.steady || literalOf(branch, (pc) => this.view.executed(pc)?.analysed) === undefined;
  }

  private measure(callee: bigint): number {
    const seen = new Set([callee]);
    let size = 0;
    // A Set is walked in the order of insertion, additions included.
    for (const pc of seen) {
      const next = this.after(pc);
      if (next === undefined) continue;
      if (++size > this.limit || next === "anywhere") return Number.POSITIVE_INFINITY;
      for (const successor of next) seen.add(successor);
    }
    return size;
  }

  /** Where an instruction goes within its function; undefined if it was not executed. */
  private after(pc: bigint): readonly bigint[] | "anywhere" | undefined {
    const held = this.view.executed(pc);
    if (held === undefined) return undefined;
    const { flow } = held.analysed;
    switch (flow.kind) {
      case "next":
        return [pc + 4n];
      case "direct":
        return [flow.links ? pc + 4n : flow.target];
      case "conditional":
        return [flow.target, pc + 4n];
      case "leave":
        return [];
      case "indirect": {
        if (flow.type === "RET") return [];
        if (flow.type === "INDCALL") return [pc + 4n];
        const targets = this.view.targets(pc);
        // Linkers' veneers and trampolines, which leave a function for another one, use IP0 and IP1. One target is guessed.
        if (IP.has(flow.n) && !(targets.length > 1 && this.isUnsteady(pc))) return targets.slice(0, 1);
        // A switch is for a region of its own.
        return targets.length > 1 ? "anywhere" : targets;
      }
    }
  }
}
