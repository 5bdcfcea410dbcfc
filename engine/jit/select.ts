/**
 * Region selection: from a hot address along direct branches, both ways of conditional ones, into callees
 * and back, through indirect branches to where they last went. Only words that this core has executed are
 * followed (a decoded slot says so), so that a region holds the code that runs.
 *
 * A place in a region is an address together with the calls that are open there: the same function
 * called from two sites is two places, and each knows where its RET goes.
 */

import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type { Form } from "../a64/forms.js";
import { type InstructionFlow, LINK_REGISTER } from "./flow.js";
import type { Guard, NodeEnd, PlanInstruction, PlanNode, PlanWindow, RegionPlan, Successor } from "./plan.js";

/** What selection reads of the core. */
export interface CodeView {
  /** The word held by the instruction cache at an address; undefined if it holds none that was executed and is allocated. */
  executed(pc: bigint): ExecutedWord | undefined;
  /** Where the indirect branch at this address last went. */
  lastTarget(pc: bigint): bigint | undefined;
  /** Index of the window that the access at this address has used, if it ran. */
  lastWindow(pc: bigint): number | "several" | undefined;
  /** Bit b: PSTATE.BTYPE = b may land on this word. */
  lands(word: number): number;
  readonly windows: readonly PlanWindow[];
}

export interface ExecutedWord {
  readonly word: number;
  readonly form: Form;
  readonly analysed: InstructionFlow;
}

export interface SelectionLimits {
  /** Instructions in a region. */
  readonly instructions: number;
  /** Calls open at once. */
  readonly depth: number;
}

/** Open calls, innermost first: a linked list in which equal stacks are the same object. */
class CallStack {
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

  isOpen(callee: bigint): boolean {
    return this.callee === callee || (this.outer?.isOpen(callee) ?? false);
  }
}

interface Place extends InstructionFlow {
  readonly instruction: PlanInstruction;
  /** PSTATE.BTYPE that its indirect branch sets. */
  readonly btype: number;
  /** Where it goes: one for straight code, [taken, next] for conditions. Filled when its successors are explored. */
  readonly successors: (Place | Successor)[];
  predicted: bigint | undefined;
  predecessors: number;
  /** Reached as one of two ways on, so that it starts a node. */
  startsNode: boolean;
}

/** The plan of the region at `head`, or undefined if nothing worth compiling starts there. */
export function selectRegion(view: CodeView, head: bigint, limits: SelectionLimits): RegionPlan | undefined {
  const places = new Exploration(view, limits).from(head);
  if (places === undefined) return undefined;
  const { nodes, guards } = new NodeBuilder(places).build();
  return { head, nodes, windows: view.windows, guards };
}

class Exploration {
  private size = 0;
  private readonly work: { place: Place; stack: CallStack }[] = [];

  constructor(
    private readonly view: CodeView,
    private readonly limits: SelectionLimits,
  ) {}

  from(head: bigint): Place | undefined {
    const first = this.place(head, new CallStack(0, head, undefined, undefined));
    if (first === undefined) return undefined;
    first.startsNode = true;
    for (let next = this.work.pop(); next !== undefined; next = this.work.pop()) {
      this.explore(next.place, next.stack);
    }
    return first;
  }

  /** The place for an address under a call stack; undefined if it is not for this region. */
  private place(pc: bigint, stack: CallStack): Place | undefined {
    const known = stack.places.get(pc);
    if (known !== undefined) return known;
    if (this.size >= this.limits.instructions) return undefined;
    const held = this.view.executed(pc);
    if (held === undefined) return undefined;
    const { analysed } = held;
    const { flow } = analysed;
    if (flow.kind === "leave") return undefined;
    const window = analysed.access ? this.view.lastWindow(pc) : undefined;
    const instruction = {
      pc,
      word: held.word,
      handler: held.form.handler,
      ...(window === undefined ? {} : { window }),
    };
    const btype = flow.kind === "indirect" ? this.btypeOf(flow.type, flow.n, pc) : 0;
    const place: Place = {
      ...analysed,
      instruction,
      btype,
      successors: [],
      predicted: undefined,
      predecessors: 0,
      startsNode: false,
    };
    stack.places.set(pc, place);
    this.size++;
    this.work.push({ place, stack });
    return place;
  }

  private explore(place: Place, stack: CallStack): void {
    const { flow } = place;
    const { pc } = place.instruction;
    const next = pc + 4n;
    switch (flow.kind) {
      case "next":
        this.connect(place, next, stack);
        break;
      case "direct":
        this.connect(place, flow.target, flow.links ? this.callFrom(stack, flow.target, next) : stack);
        break;
      case "conditional":
        // The last one connected is explored first: fall-through code is the likelier one.
        this.connect(place, flow.target, stack);
        this.connect(place, next, stack);
        break;
      case "indirect":
        this.predict(place, flow.type, stack);
        break;
      case "leave":
        throw new InternalError("an instruction for the interpreter in a region");
    }
    if (place.successors.length > 1) {
      for (const successor of place.successors) if ("instruction" in successor) successor.startsNode = true;
    }
  }

  /** Undefined where a call is not followed: nested too deep, or recursive. */
  private callFrom(stack: CallStack, callee: bigint, returnTo: bigint): CallStack | undefined {
    return stack.depth < this.limits.depth && !stack.isOpen(callee) ? stack.call(callee, returnTo) : undefined;
  }

  private connect(from: Place, pc: bigint, stack: CallStack | undefined): void {
    const to = stack === undefined ? undefined : this.place(pc, stack);
    if (to === undefined) {
      const held = this.view.executed(pc);
      const reason = held === undefined ? "cold" : held.analysed.flow.kind === "leave" ? "system" : "limit";
      from.successors.push({ kind: "exit", reason, pc });
      return;
    }
    to.predecessors++;
    from.successors.push(to);
  }

  private predict(place: Place, type: "INDIR" | "INDCALL" | "RET", stack: CallStack): void {
    const { pc } = place.instruction;
    const target = type === "RET" ? stack.returnTo : this.view.lastTarget(pc);
    if (target === undefined || !this.mayLand(target, place.btype)) return;
    const inner = type === "INDCALL" ? this.callFrom(stack, target, pc + 4n) : type === "RET" ? stack.outer : stack;
    if (inner === undefined) return;
    place.predicted = target;
    this.connect(place, target, inner);
  }

  /** Whether a branch with this BTYPE raises no exception at the target. */
  private mayLand(target: bigint, btype: number): boolean {
    const held = this.view.executed(target);
    if (held === undefined) return false;
    return btype === 0 || !this.isGuarded(target) || (this.view.lands(held.word) & (1 << btype)) !== 0;
  }

  private isGuarded(pc: bigint): boolean {
    const window = this.view.windows.find((w) => pc >= w.base && pc < w.base + BigInt(w.size));
    return window !== undefined && (window.flags & layout.WINDOW_GUARDED) !== 0;
  }

  /** BTYPE after BR, BLR and RET (Arm ARM, BR and BLR). */
  private btypeOf(type: "INDIR" | "INDCALL" | "RET", n: number, pc: bigint): number {
    if (type === "RET") return 0;
    if (type === "INDCALL") return 2;
    return n === 16 || n === 17 || !this.isGuarded(pc) ? 1 : 3;
  }
}

/** Joins places into nodes. */
class NodeBuilder {
  private readonly numbers = new Map<Place, number>();
  private readonly heads: Place[] = [];
  private readonly open = new Set<number>();
  private readonly nodes: PlanNode[] = [];
  private readonly guards: Guard[] = [];

  constructor(private readonly head: Place) {}

  build(): { nodes: readonly PlanNode[]; guards: readonly Guard[] } {
    this.node(this.head);
    return { nodes: this.nodes, guards: this.guards };
  }

  /** Numbers the node that starts at this place and builds it and all that follow; depth-first, so that loops are seen closing. */
  private node(start: Place): number {
    const number = this.heads.length;
    this.heads.push(start);
    this.numbers.set(start, number);
    this.open.add(number);
    const chain = this.chainFrom(start);
    const last = chain[chain.length - 1] as Place;
    for (const { instruction } of chain) {
      if (typeof instruction.window === "number")
        this.guards.push({ kind: "window", pc: instruction.pc, window: instruction.window });
    }
    const end = this.endOf(last);
    this.nodes[number] = {
      instructions: chain.map((place) => place.instruction),
      end,
      merge: start.predecessors > (start === this.head ? 0 : 1),
      flagsDead: flagsDeadAt(chain),
    };
    this.open.delete(number);
    return number;
  }

  private chainFrom(start: Place): Place[] {
    const chain = [start];
    /** What X30 is known to hold: set by a BL of this chain and not written since. */
    let link: bigint | undefined;
    for (let place = start; ; ) {
      const [only, other] = place.successors;
      if (only === undefined || other !== undefined || !("instruction" in only)) return chain;
      if (only.startsNode || only.predecessors > 1 || only === this.head) return chain;
      if (place.flow.kind === "indirect" && !returnsTo(place, link)) return chain;
      if (place.flow.kind === "direct" && place.flow.links) link = place.instruction.pc + 4n;
      else if (place.writesLink) link = undefined;
      chain.push(only);
      place = only;
    }
  }

  private endOf(place: Place): NodeEnd {
    const { flow, successors } = place;
    const successor = (index: number): Successor => this.successor(successors[index] as Place | Successor);
    if (flow.kind === "conditional") {
      const taken = successor(0);
      return { kind: "conditional", taken, next: successor(1) };
    }
    if (flow.kind !== "indirect") return { kind: "goto", to: successor(0) };
    if (place.predicted === undefined) return { kind: "indirect", type: flow.type, btype: place.btype };
    if (flow.type !== "RET") this.guards.push({ kind: "target", pc: place.instruction.pc, target: place.predicted });
    return {
      kind: "indirect",
      type: flow.type,
      btype: place.btype,
      predicted: { target: place.predicted, to: successor(0) },
    };
  }

  private successor(to: Place | Successor): Successor {
    if (!("instruction" in to)) return to;
    const known = this.numbers.get(to);
    if (known !== undefined) return { kind: "node", node: known, back: this.open.has(known) };
    return { kind: "node", node: this.node(to), back: false };
  }
}

/** Whether the place is a RET to this address for certain, so that nothing has to be checked. */
function returnsTo(place: Place, link: bigint | undefined): boolean {
  const { flow } = place;
  return (
    flow.kind === "indirect" &&
    flow.type === "RET" &&
    flow.n === LINK_REGISTER &&
    link !== undefined &&
    place.predicted === link
  );
}

function flagsDeadAt(chain: readonly Place[]): boolean {
  for (const place of chain) {
    if (place.flags === "read" || place.access) return false;
    if (place.flags === "write") return true;
  }
  return false;
}
