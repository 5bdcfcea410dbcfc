/**
 * Registers that hold constants where ways through a region meet. Compilers set a register to a table's address, a modulus or a mask
 * before a loop and read it in there; the translator knows constants along a path, and this tells it of those that all paths bring.
 * A place in the frame is one as well: where an array of a function's own begins, or ends.
 *
 * A way into the middle of a region, at an entry that is not its head or behind a call, brings what the core's block holds.
 * There a constant is assumed that all other ways bring, and compared on the way in: a loop's head is come to from outside where a slice
 * has ended in the loop, and functions preserve X19 to X28 (AAPCS64 6.1.1).
 */

import { decodeBitMasks } from "../a64/bitmask-immediate.js";
import * as bits from "../a64/bits.js";
import type { Form } from "../a64/forms.js";
import type { Width } from "../a64/ops.js";
import { carried, stackPointerOnly } from "./convention.js";
import { type FlowField, FlowOps, FromSP, fieldsOf, type InstructionFlow, type Known, numberOf } from "./flow.js";
import type { PlanNode, RegionPlan } from "./plan.js";
import { nodesAfter } from "./plan.js";
import { flagsOnly, has, noRegisters, type Registers, registerSet, SP_REGISTER, union, without } from "./registers.js";

export type Constants = ReadonlyMap<number, bigint>;

/** A number, or so many bytes from SP as it was at the region's head. */
export type Constant = bigint | FromSP;

export type Held = ReadonlyMap<number, Constant>;

export const noConstants: Constants = new Map();

/** Instructions before a region's head that are looked at, and behind it. */
const MOST_BEFORE = 128;
const MOST_BEHIND = 512n;

const ZR = 31;
/** X19 to X28. */
const CALLEE_SAVED: Registers = ((1n << 10n) - 1n) << 19n;
/** SP is not kept track of, and what a call carries is in machine registers anyway. */
const untracked: Registers = union(union(carried, flagsOnly), registerSet(ZR));

/**
 * For each node, what registers hold when it is entered, whichever way. `flows` are its instructions' (flow.ts); a register is only
 * of interest where it is in `live`. `depths` as in stack-depth.ts.
 */
export function constantsOf(
  plan: RegionPlan,
  formOf: (handler: number) => Form,
  flows: readonly (readonly InstructionFlow[])[],
  live: readonly Registers[],
  depths: readonly (bigint | undefined)[],
): readonly Held[] {
  const { nodes } = plan;
  // Undefined: not reached yet, and anything may be hoped for.
  const before: (Held | undefined)[] = nodes.map(() => undefined);
  for (const node of unknownAt(plan)) before[node] = noConstants;
  const [head] = plan.entries;
  if (head !== undefined && !plan.isSteady) before[head.node] = unwritten(plan.assumed, flows);
  const pending = nodes.map((_, node) => node);
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const held = before[next];
    if (held === undefined) continue;
    const node = nodes[next] as PlanNode;
    const after = new Evaluation(held, depths[next]).through(node, flows[next] as readonly InstructionFlow[], formOf);
    const kept = node.end.kind === "call" ? preserved(after) : after;
    for (const to of nodesAfter(node.end)) {
      const known = before[to];
      const met = known === undefined ? kept : agreed(known, kept);
      if (met.size === known?.size) continue;
      before[to] = met;
      pending.push(to);
    }
  }
  return before.map((known, node) => new Map([...(known ?? [])].filter(([n]) => has(live[node] as Registers, n))));
}

/** Nodes of which nothing may be assumed. */
function unknownAt({ entries, nodes, isSteady }: RegionPlan): readonly number[] {
  if (!isSteady) return [];
  const found = entries.map(({ node }) => node);
  nodes.forEach(({ end }) => {
    if (end.kind === "call" && end.to.kind === "node") found.push(end.to.node);
  });
  return found;
}

/** Those of registers that nothing writes: what writes one may lead back to the head by code that is not part of the region. */
function unwritten(constants: Constants, flows: readonly (readonly InstructionFlow[])[]): Constants {
  return kept(
    constants,
    flows.flat().reduce((sum, { writes }) => union(sum, writes), noRegisters),
  );
}

/** An instruction before a region's head. */
interface Before {
  readonly pc: bigint;
  readonly word: number;
  readonly form: Form;
  readonly analysed: InstructionFlow;
}

/**
 * What registers hold at `head` if the executed code before it is gone through as it stands: what a function sets up and then loops
 * for. A region that begins at the loop assumes it, and compares it where it is entered.
 */
export function constantsBefore(head: bigint, executed: (pc: bigint) => Omit<Before, "pc"> | undefined): Constants {
  const code: Before[] = [];
  for (let pc = head - 4n; code.length < MOST_BEFORE; pc -= 4n) {
    const found = executed(pc);
    if (found === undefined || found.analysed.flow.kind === "indirect") break;
    code.push({ ...found, pc });
  }
  let held: Held = noConstants;
  for (const instruction of code.reverse()) {
    const evaluation = new Evaluation(held, undefined);
    evaluation.step(instruction);
    // A call, or a branch over what is executed otherwise.
    const isNext = instruction.analysed.flow.kind !== "direct";
    held = isNext ? evaluation.held : preserved(evaluation.held);
  }
  return held.size === 0 ? noConstants : unwrittenFrom(head, numbersOf(held), executed);
}

/** The same for what stands behind the head up to a return: a region need not hold all of a loop. Not for what restores registers from the stack. */
function unwrittenFrom(
  head: bigint,
  constants: Constants,
  executed: (pc: bigint) => Omit<Before, "pc"> | undefined,
): Constants {
  let written = noRegisters;
  for (let pc = head; pc < head + 4n * MOST_BEHIND; pc += 4n) {
    const { analysed } = executed(pc) ?? {};
    if (analysed === undefined || (analysed.access && analysed.reads === stackPointerOnly)) continue;
    if (analysed.flow.kind === "indirect" && analysed.flow.type === "RET") break;
    written = union(written, analysed.writes);
  }
  return kept(constants, written);
}

function kept(constants: Constants, written: Registers): Constants {
  return new Map([...constants].filter(([n]) => !has(written, n)));
}

function numbersOf(held: Held): Constants {
  return new Map([...held].flatMap(([n, value]) => (typeof value === "bigint" ? [[n, value] as const] : [])));
}

function agreed(a: Held, b: Held): Held {
  return new Map([...a].filter(([n, value]) => isSame(b.get(n), value)));
}

function isSame(a: Constant | undefined, b: Constant): boolean {
  return a instanceof FromSP && b instanceof FromSP ? a.offset === b.offset : a === b;
}

function preserved(constants: Held): Held {
  return new Map([...constants].filter(([n]) => has(CALLEE_SAVED, n)));
}

/** What registers hold along a node. */
class Evaluation {
  readonly held: Map<number, Constant>;
  private known: Registers;

  constructor(
    before: Held,
    /** Where SP is, as seen from the region's head. */
    private depth: bigint | undefined,
  ) {
    this.held = new Map(before);
    const first = depth === undefined ? noRegisters : stackPointerOnly;
    this.known = [...before.keys()].reduce((sum, n) => union(sum, registerSet(n)), first);
  }

  through({ instructions }: PlanNode, flows: readonly InstructionFlow[], formOf: (handler: number) => Form): Held {
    instructions.forEach(({ pc, word, handler }, index) => {
      this.step({ pc, word, form: formOf(handler), analysed: flows[index] as InstructionFlow });
    });
    return this.held;
  }

  step(instruction: Before): void {
    const { reads, writes, access, moves } = instruction.analysed;
    // Of the others hardly any gives a constant.
    if (!access && without(reads, this.known) === noRegisters && without(writes, untracked) !== noRegisters)
      this.evaluate(instruction);
    else this.forget(without(writes, stackPointerOnly));
    if (moves !== 0n) this.move(moves);
  }

  private move(by: bigint | undefined): void {
    this.depth = this.depth === undefined || by === undefined ? undefined : this.depth + by;
    if (this.depth === undefined) this.known = without(this.known, stackPointerOnly);
  }

  private evaluate({ word, pc, form }: Before): void {
    const o = new ConstantOps(pc, this.held, this.depth);
    form.row.meaning<Known, FlowField, undefined>(o, fieldsOf(form, word));
    this.forget(without(o.writes, stackPointerOnly));
    for (const [n, value] of o.results) {
      if (value === undefined || has(untracked, n)) continue;
      this.held.set(n, value);
      this.known = union(this.known, registerSet(n));
    }
  }

  private forget(registers: Registers): void {
    if ((registers & this.known) === noRegisters) return;
    for (const n of this.held.keys()) if (has(registers, n)) this.held.delete(n);
    this.known = without(this.known, registers);
  }
}

/** Computes what an instruction leaves in registers, of what they hold before it. */
class ConstantOps extends FlowOps {
  readonly results = new Map<number, Known>();

  constructor(
    pc: bigint,
    private readonly held: Held,
    private readonly depth: bigint | undefined,
  ) {
    super(pc);
  }

  private cut(width: Width, value: Known): Known {
    if (value instanceof FromSP) return width === 64 ? value : undefined;
    return value === undefined ? undefined : bits.unsigned(width, value);
  }

  private folded(width: Width, a: Known, fold: (x: bigint) => bigint): Known {
    return typeof a === "bigint" ? bits.unsigned(width, fold(bits.unsigned(width, a))) : undefined;
  }

  override X(n: FlowField | number, width: Width): Known {
    return numberOf(n) === ZR ? 0n : this.cut(width, this.held.get(numberOf(n)));
  }
  override XSP(n: FlowField | number, width: Width): Known {
    if (numberOf(n) !== SP_REGISTER) return this.X(n, width);
    return this.cut(width, this.depth === undefined ? undefined : new FromSP(this.depth));
  }
  override setX(d: FlowField | number, width: Width, value: Known): void {
    super.setX(d, width, value);
    if (numberOf(d) !== ZR) this.results.set(numberOf(d), this.cut(width, value));
  }
  override setXSP(d: FlowField | number, width: Width, value: Known): void {
    super.setXSP(d, width, value);
    this.results.set(numberOf(d), this.cut(width, value));
  }
  override bitmaskImmediate(width: Width, nImmrImms: FlowField): Known {
    return decodeBitMasks(nImmrImms.value, width);
  }
  override AddWithCarry(width: Width, x: Known, y: Known, carryIn: Known): readonly [Known, Known] {
    if (typeof x !== "bigint" || typeof y !== "bigint" || typeof carryIn !== "bigint") return [undefined, undefined];
    return [bits.addWithCarry(width, x, y, carryIn)[0], undefined];
  }
  override not(width: Width, a: Known): Known {
    return this.folded(width, a, (x) => ~x);
  }
  override lsr(width: Width, a: Known, amount: Known): Known {
    return typeof amount === "bigint" ? this.folded(width, a, (x) => bits.lsr(width, x, amount)) : undefined;
  }
  override asr(width: Width, a: Known, amount: Known): Known {
    return typeof amount === "bigint" ? this.folded(width, a, (x) => bits.asr(width, x, amount)) : undefined;
  }
  override zeroExtend(from: 8 | 16 | 32 | 64, a: Known): Known {
    return typeof a === "bigint" ? bits.unsigned(from, a) : undefined;
  }
  override signExtend(width: Width, from: 8 | 16 | 32 | 64, a: Known): Known {
    return typeof a === "bigint" ? bits.unsigned(width, bits.signed(from, a)) : undefined;
  }
}
