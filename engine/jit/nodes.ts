/** The second half of selection: joins places into nodes, and numbers them. */
import { InternalError } from "../a64/errors.js";
import { LINK_REGISTER } from "./flow.js";
import type { Place } from "./place.js";
import type { Guard, NodeEnd, PlanNode, Successor } from "./plan.js";

export class NodeBuilder {
  private readonly numbers = new Map<Place, number>();
  private readonly open = new Set<number>();
  private readonly nodes: PlanNode[] = [];
  private readonly guards: Guard[] = [];
  private count = 0;
  private dispatch: number | undefined;

  constructor(
    private readonly head: Place,
    private readonly switchTargets: ReadonlyMap<bigint, Place>,
    /** Of the BRs that lead to these, and whether the region is entered by way of the dispatch node. */
    private readonly switches: { readonly count: number; readonly isEntered: boolean },
  ) {}

  build(): {
    readonly nodes: readonly PlanNode[];
    readonly guards: readonly Guard[];
    readonly numberOf: (start: Place) => number | undefined;
    readonly dispatch: number | undefined;
  } {
    this.node(this.head);
    const { nodes, guards, dispatch } = this;
    return { nodes, guards, dispatch, numberOf: (start) => this.numbers.get(start) };
  }

  /** Numbers the node that starts at this place and builds it and all that follow; depth-first, so that loops are seen closing. */
  private node(start: Place): number {
    const number = this.count++;
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
      merge: start.isEntered || start.predecessors > (start === this.head ? 0 : 1),
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
      if (place.call !== undefined) return chain;
      if (only.startsNode || only.isEntered || only.predecessors > 1 || only === this.head) return chain;
      if (place.flow.kind === "indirect" && !returnsTo(place, link)) return chain;
      if (place.flow.kind === "direct" && place.flow.links) link = place.instruction.pc + 4n;
      else if (place.writesLink) link = undefined;
      chain.push(only);
      place = only;
    }
  }

  private endOf(place: Place): NodeEnd {
    const { flow, successors, btype, call, predictions } = place;
    const successor = (index: number): Successor => this.successor(successors[index] as Place | Successor);
    if (place.isSwitch) {
      const back = this.dispatch !== undefined && this.open.has(this.dispatch);
      return { kind: "switch", btype, to: { kind: "node", node: this.dispatchNode(), back } };
    }
    if (predictions.length > 0 && flow.kind === "indirect" && flow.type !== "RET")
      this.guards.push({ kind: "target", pc: place.instruction.pc, targets: predictions });
    if (call !== undefined) {
      const { callee, guesses, returnTo } = call;
      const to = this.successor(call.to);
      return { kind: "call", ...(callee === undefined ? { btype } : { btype: 0, callee }), guesses, returnTo, to };
    }
    if (flow.kind === "conditional") {
      const taken = successor(0);
      return { kind: "conditional", taken, next: successor(1) };
    }
    if (flow.kind !== "indirect") return { kind: "goto", to: successor(0) };
    const { type } = flow;
    return {
      kind: "indirect",
      type,
      btype,
      predictions: predictions.map((target, i) => ({ target, to: successor(i) })),
    };
  }

  private dispatchNode(): number {
    if (this.dispatch !== undefined) return this.dispatch;
    const number = this.count++;
    this.dispatch = number;
    this.open.add(number);
    const cases = [...this.switchTargets].map(([target, place]) => {
      const to = this.successor(place);
      if (to.kind !== "node") throw new InternalError("a place that is no node");
      return { target, to };
    });
    this.open.delete(number);
    const { count, isEntered } = this.switches;
    this.nodes[number] = { instructions: [], end: { kind: "dispatch", cases }, merge: isEntered || count > 1 };
    return number;
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
    place.predictions[0] === link
  );
}
