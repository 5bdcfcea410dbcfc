/**
 * Targets of indirect branches that stand as literals beside the code: what patches them does so with the code's own maintenance, so
 * that a core hears of it, and can look where the branch will go.
 */
import { LINE } from "../../assembly/layout.js";
import type { InstructionFlow } from "./flow.js";
import { both, noRegisters, registerSet } from "./registers.js";

/** Instructions before a branch among which the load of its target is looked for. */
const NEARBY = 4n;
const WORD = 4n;

export interface LiteralTarget {
  /** Addresses of the branch and of the doubleword. */
  readonly branch: bigint;
  readonly literal: bigint;
}

/** The literal that the indirect branch at this address gets its target from, as the instructions before it have it. */
export function literalOf(branch: bigint, flowAt: (pc: bigint) => InstructionFlow | undefined): bigint | undefined {
  const flow = flowAt(branch)?.flow;
  if (flow?.kind !== "indirect") return undefined;
  const register = registerSet(flow.n);
  for (let pc = branch - WORD; pc >= branch - NEARBY * WORD; pc -= WORD) {
    const before = flowAt(pc);
    if (before !== undefined && both(before.writes, register) !== noRegisters) return before.literal;
  }
  return undefined;
}

/** Literals by the lines in which they stand. */
export class Literals {
  private readonly byLine = new Map<bigint, LiteralTarget[]>();
  private readonly targets: LiteralTarget[] = [];

  add(target: LiteralTarget): void {
    const line = target.literal - (target.literal % BigInt(LINE));
    const known = this.byLine.get(line) ?? [];
    if (known.some(({ branch, literal }) => branch === target.branch && literal === target.literal)) return;
    this.byLine.set(line, [...known, target]);
    this.targets.push(target);
  }

  /** Those that words of a line are part of; bit i of `mask` is word i. */
  within(line: bigint, mask: number): readonly LiteralTarget[] {
    const known = this.byLine.get(line);
    if (known === undefined) return [];
    return known.filter(({ literal }) => ((mask >>> (Number(literal - line) / 4)) & 3) !== 0);
  }

  /** All that are known. */
  get all(): readonly LiteralTarget[] {
    return this.targets;
  }

  clear(): void {
    this.targets.length = 0;
    this.byLine.clear();
  }
}
