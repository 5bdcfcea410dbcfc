/** How large functions are, to decide which ones become part of their callers' regions. */
import { INLINED_IN_ALL } from "./inlining.js";
import { literalOf } from "./literals.js";
import type { CodeView } from "./view.js";

/** X16 and X17: the intra-procedure-call registers of the procedure call standard. */
const IP: ReadonlySet<number> = new Set([16, 17]);

/** Times that a function may be open: one that calls itself holds itself once, which saves every second call. */
export const MAX_OPEN = 2;
/** Functions that a BLR may have gone to which become part of a region together, and the instructions that they have. */
const MOST_TOGETHER = 4;
const INLINED_TOGETHER = 64;

/** What a function consists of, without those that it calls. */
interface Body {
  /** Executed instructions; Infinity if they are too many. */
  readonly size: number;
  /** Whether it branches back within itself. */
  readonly hasLoop: boolean;
  /** For each of its calls, where it goes or has gone. */
  readonly calls: readonly (readonly bigint[])[];
}

const tooLarge: Body = { size: Number.POSITIVE_INFINITY, hasLoop: false, calls: [] };

export class BodySizes {
  private readonly known = new Map<bigint, Body>();

  constructor(
    private readonly view: CodeView,
    /** Above this many instructions it does not matter how many there are. */
    private readonly limit: number,
    /** Whether a function that leaves for one of several others is as good as too large. */
    private readonly steady: boolean,
  ) {}

  /** Executed instructions from here to the function's ends, without those that it calls; Infinity if they are too many. */
  of(callee: bigint): number {
    return this.body(callee).size;
  }

  /** The same of the functions that a call has gone to, which are to become part of a region together; Infinity if they are not. */
  ofAll(callees: readonly bigint[]): number {
    const size = callees.reduce((sum, callee) => sum + this.of(callee), 0);
    const isMany = callees.length > MOST_TOGETHER || size > INLINED_TOGETHER || this.steady;
    return callees.length > 1 && isMany ? Number.POSITIVE_INFINITY : size;
  }

  /**
   * The same with what becomes part of the region with them, calls nested so deep: what they call, unless it is too large or open too often.
   * Above INLINED_IN_ALL it does not matter how much it is.
   */
  withCalls(callees: readonly bigint[], depth: number, open: readonly bigint[]): number {
    const size = this.ofAll(callees);
    if (depth === 0 || !Number.isFinite(size)) return size;
    let whole = size;
    for (const callee of callees) {
      const within = [...open, callee];
      const isOpen = (called: bigint): boolean => within.filter((each) => each === called).length >= MAX_OPEN;
      for (const called of this.body(callee).calls) {
        const more = called.some(isOpen) ? 0 : this.withCalls(called, depth - 1, within);
        if (Number.isFinite(more)) whole += more;
        if (whole > INLINED_IN_ALL) return whole;
      }
    }
    return whole;
  }

  /** Whether a function branches back within itself. */
  hasLoop(callee: bigint): boolean {
    return this.body(callee).hasLoop;
  }

  private body(callee: bigint): Body {
    let body = this.known.get(callee);
    if (body === undefined) {
      body = this.measure(callee);
      this.known.set(callee, body);
    }
    return body;
  }

  /** Whether a branch that has gone to several places is likely to do so again, and unheard: not if its target stands beside the code. */
  private isUnsteady(branch: bigint): boolean {
    return this.steady || literalOf(branch, (pc) => this.view.executed(pc)?.analysed) === undefined;
  }

  private measure(callee: bigint): Body {
    const seen = new Set([callee]);
    const calls: (readonly bigint[])[] = [];
    let size = 0;
    let hasLoop = false;
    // A Set is walked in the order of insertion, additions included.
    for (const pc of seen) {
      const next = this.after(pc);
      if (next === undefined) continue;
      if (++size > this.limit || next === "anywhere") return tooLarge;
      const called = this.calledAt(pc);
      if (called.length > 0) calls.push(called);
      for (const successor of next) {
        hasLoop ||= successor <= pc;
        seen.add(successor);
      }
    }
    return { size, hasLoop, calls };
  }

  private calledAt(pc: bigint): readonly bigint[] {
    const flow = this.view.executed(pc)?.analysed.flow;
    if (flow?.kind === "direct" && flow.links) return [flow.target];
    return flow?.kind === "indirect" && flow.type === "INDCALL" ? this.view.targets(pc) : [];
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
