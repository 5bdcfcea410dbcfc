/** From a region's plan to a wasm module. */

import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type { Form } from "../a64/forms.js";
import { operandFieldLayouts } from "../a64/forms.js";
import { extractField } from "../a64/pattern.js";
import { FLAGS_KNOWN } from "../wasm/flag-locals.js";
import type { BlockId } from "../wasm/flow-order.js";
import { type Expression, none, WasmModule } from "../wasm/module.js";
import { FlowGraph } from "../wasm/structure.js";
import { constantOf, type Field, type Value } from "../wasm/value.js";
import { RegionCalls } from "./calls.js";
import { carried, stackPointerOnly } from "./convention.js";
import { RegionFrame } from "./frame.js";
import { type NodeRegisters, registersOf } from "./liveness.js";
import { outermostHeads } from "./loops.js";
import { RegionOps } from "./ops.js";
import type { NodeEnd, PlanEntry, PlanNode, RegionPlan, Successor } from "./plan.js";
import { flagsOnly, hasFlags, SP_REGISTER, union, without } from "./registers.js";
import { PathState } from "./state.js";

/** Turns of a loop that are made one piece of code, as long as that has no more than so many instructions. */
const TURNS = 4;
const UNROLLED = 160;
/** Instructions that a region may have more for it. */
const UNROLLED_IN_ALL = 320;

export interface Translation {
  /** It exports the functions of convention.ts. */
  readonly binary: Uint8Array<ArrayBuffer>;
  /** See CompiledRegion. */
  readonly callees: readonly bigint[];
  readonly assumesConstants: boolean;
}

/** Translates; `formOf` gives the form of a handler index. V8 optimises what comes out, and checks it. */
export function translateRegion(plan: RegionPlan, formOf: (handler: number) => Form): Translation {
  const module = new WasmModule();
  const found = new RegionTranslator(module, plan, formOf).translate();
  return { binary: module.emit(), ...found };
}

type EndOf<Kind extends NodeEnd["kind"]> = Extract<NodeEnd, { readonly kind: Kind }>;

class RegionTranslator {
  private readonly o: RegionOps;
  private readonly graph: FlowGraph;
  private readonly frame: RegionFrame;
  private readonly calls: RegionCalls;
  private readonly registers: readonly NodeRegisters[];
  private readonly blocks = new Map<number, BlockId>();
  /** Nodes that indirect branches other than returns are followed into. */
  private readonly landings: ReadonlySet<number>;
  /** Nodes at which loops begin that no other loop holds. */
  private readonly outermost: ReadonlySet<number>;
  /** Where the dispatch node is to go. */
  private readonly dispatchTarget: number;
  private assumesConstants = false;
  /** Instructions that were made once more for a loop's further turns. */
  private copied = 0;

  constructor(
    private readonly module: WasmModule,
    private readonly plan: RegionPlan,
    private readonly formOf: (handler: number) => Form,
  ) {
    module.addMemoryImport("env", "memory", plan.pages);
    this.o = new RegionOps(module, plan, () => this.frame);
    this.frame = new RegionFrame(module, this.o, plan);
    this.calls = new RegionCalls(module, this.o, this.frame, plan);
    this.graph = new FlowGraph(module, () => this.o.code.newLocal("i32"));
    this.registers = registersOf(plan, formOf);
    this.landings = landingsOf(plan);
    this.outermost = outermostHeads(plan);
    this.dispatchTarget = this.o.code.newLocal("i64");
  }

  translate(): Omit<Translation, "binary"> {
    const body = this.graph.render(this.entry());
    // Without looking up, a path passes each instruction once, and once more each that was copied into a loop.
    const instructions = this.plan.nodes.reduce((sum, node) => sum + node.instructions.length, 0);
    const depths = this.plan.entries.map((entry) => this.depthAt(entry));
    this.frame.addFunctions(body, instructions + this.copied, depths);
    return { callees: this.calls.callees, assumesConstants: this.assumesConstants };
  }

  /** Where the function begins: goes to the node that it is entered at. */
  private entry(): BlockId {
    const m = this.module;
    const root = this.graph.addBlock(m.nop());
    const { entries } = this.plan;
    const own = entries.filter(({ dispatched }) => !dispatched);
    const others = own.length < entries.length;
    own.forEach((entry, index) => {
      const isLast = index === own.length - 1 && !others;
      const isHere = isLast ? 0 : this.frame.isEnteredAt(index);
      this.enterAt(entry.node, root, isHere);
    });
    if (others) {
      // As if a BR had come here.
      const target = m.local.set(this.dispatchTarget, this.o.code.loadI64(layout.PC));
      const block = this.graph.addBlock(target);
      this.graph.addBranch(root, block, 0, 0);
      this.enterAt(this.dispatchNode, block);
    }
    return root;
  }

  private get dispatchNode(): number {
    return this.plan.nodes.findIndex(({ end }) => end.kind === "dispatch");
  }

  /** Where SP is taken to be at an entry, as seen from the head. */
  private depthAt({ node, dispatched }: PlanEntry): bigint {
    return this.registersAt(dispatched ? this.dispatchNode : node).depth ?? 0n;
  }

  /** Enters the region at a node, with what a call carries. */
  private enterAt(number: number, from: BlockId, condition: Expression = 0): void {
    const given = without(carried, stackPointerOnly);
    const state = new PathState(number, given, given, FLAGS_KNOWN);
    const setUp = this.o.code.nested(() =>
      state.write(SP_REGISTER, this.frame.stackPointerAt(this.registersAt(number).depth ?? 0n)),
    );
    const block = this.graph.addBlock(setUp);
    this.graph.addBranch(from, block, condition, 0);
    this.arriveAt(number, block, state, () => this.frame.declineInVain());
  }

  /**
   * On from a block on a path that has just come into the region: what its state does not know is in the core's block. Where constants
   * that are assumed there are others, `leave` says what to do.
   */
  private arriveAt(number: number, from: BlockId, state: PathState, leave: () => void): void {
    const { live, constants } = this.registersAt(number);
    this.assumesConstants ||= constants.size > 0;
    const arrived = hasFlags(live)
      ? new PathState(number, union(state.live, flagsOnly), state.dirty, FLAGS_KNOWN, state)
      : state;
    this.o.state = arrived;
    const load = this.o.code.nested(() => {
      this.o.canonical.compare(constants, leave);
      arrived.holds(constants);
      if (hasFlags(live)) this.o.canonical.loadFlags();
      if (this.nodeAt(number).merge) this.settleInto(number);
    });
    this.graph.addBranch(from, this.node(number, arrived), 0, load);
  }

  private registersAt(node: number): NodeRegisters {
    return this.registers[node] as NodeRegisters;
  }

  // ---- nodes -----------------------------------------------------------------------------------

  /** The block of a node entered with this state. A merging node ignores it: there all is in canonical locals. */
  private node(number: number, before: PathState): BlockId {
    if (!this.nodeAt(number).merge) return this.translateNode(number, before);
    const known = this.blocks.get(number);
    if (known !== undefined) return known;
    const { live, dirty, flags, constants } = this.registersAt(number);
    // Where paths meet, everything that they know stands in locals of its own, and SP by its distance from what it was.
    this.o.code.releaseTo();
    const state = new PathState(number, live, dirty, flags);
    state.holds(constants);
    return this.translateNode(number, state);
  }

  private nodeAt(number: number): PlanNode {
    const node = this.plan.nodes[number];
    if (node === undefined) throw new InternalError(`the plan has no node ${number}`);
    return node;
  }

  private translateNode(number: number, state: PathState): BlockId {
    const node = this.nodeAt(number);
    this.o.state = state;
    const { depth } = this.registersAt(number);
    const code = this.o.code.collect(() => {
      if (node.merge && state.turns === 0 && depth !== undefined)
        state.write(SP_REGISTER, this.frame.stackPointerAt(depth));
      const last = node.instructions[node.instructions.length - 1];
      for (const instruction of node.instructions) {
        this.instruction(instruction);
        if (instruction === node.instructions[0] && this.landings.has(number)) this.frame.setBtype(0);
        if (instruction !== last) this.assertReturnKnown();
      }
      if (node.end.kind === "indirect") this.indirectEnd(node.end);
      if (node.end.kind === "switch") this.switchEnd(node.end);
    });
    const block = this.graph.addBlock(this.module.block(null, code, none));
    if (node.merge && state.turns === 0) this.blocks.set(number, block);
    this.successors(block, node);
    return block;
  }

  private instruction(instruction: PlanNode["instructions"][number]): void {
    const form = this.formOf(instruction.handler);
    const fields: Record<string, Field | number> = { ...form.selectors };
    for (const layout of operandFieldLayouts(form.row)) {
      fields[layout.letter] = { width: layout.width, value: constantOf(extractField(layout, instruction.word)) };
    }
    this.o.current = instruction;
    this.o.target = undefined;
    form.row.meaning(this.o, fields);
    this.o.state.counts.instructions++;
    this.o.state.length++;
    if (this.o.state.turns > 0) this.copied++;
  }

  /** Selection joins code over a RET only where X30 cannot be anything else. */
  private assertReturnKnown(): void {
    const { target, current } = this.o;
    if (target !== undefined && target.constant === undefined) {
      throw new InternalError(`the return at 0x${current?.pc.toString(16)} was joined, but its target is not known`);
    }
  }

  private successors(from: BlockId, node: PlanNode): void {
    const { end } = node;
    switch (end.kind) {
      case "goto":
        return this.edge(from, end.to, this.o.state);
      case "indirect":
        if (end.predicted !== undefined) this.edge(from, end.predicted.to, this.o.state);
        return;
      case "switch":
        return this.edge(from, { kind: "node", node: end.dispatch, back: true }, this.o.state);
      case "dispatch":
        return this.dispatch(from, end);
      case "call":
        return this.call(from, end);
      case "conditional": {
        const { condition, state } = this.o;
        if (condition === undefined) throw new InternalError("a conditional branch without a condition");
        const mark = this.o.code.mark();
        const taken = state.copy();
        taken.counts.conditional++;
        this.edge(from, end.taken, taken, this.o.narrow(condition));
        this.o.code.releaseTo(mark);
        this.edge(from, end.next, state);
      }
    }
  }

  /** Branches from a block to a successor, taken with this state, under a condition if there is one. */
  private edge(from: BlockId, to: Successor, state: PathState, condition: Expression = 0): void {
    this.o.state = state;
    if (to.kind === "exit") {
      const code = this.o.code.nested(() => {
        this.frame.exit(to.reason, constantOf(to.pc), to.reason === "cold" ? "code" : "nothing");
      });
      this.graph.addBranch(from, this.graph.addBlock(code), condition, 0);
      return;
    }
    if (to.back && this.isUnrolled(state, to.node)) {
      state.turns++;
      this.graph.addBranch(from, this.translateNode(to.node, state), condition, 0);
      return;
    }
    const code = this.nodeAt(to.node).merge ? this.o.code.nested(() => this.intoMerge(to.node, to.back)) : 0;
    this.graph.addBranch(from, this.node(to.node, state), condition, code);
  }

  /**
   * Whether a path that comes back to where it began goes on with a copy of the loop's code. So a small loop looks up, and
   * brings its registers to where the loop expects them, once in several turns.
   */
  private isUnrolled(state: PathState, to: number): boolean {
    if (state.root !== to || this.nodeAt(to).instructions.length === 0) return false;
    const turn = state.length / (state.turns + 1);
    return state.turns + 1 < TURNS && state.length + turn <= UNROLLED && this.copied + turn <= UNROLLED_IN_ALL;
  }

  /** On the way into a merging node: count the path, look up at the end of a loop, settle the registers. */
  private intoMerge(number: number, back: boolean): void {
    this.frame.settleCounts();
    if (back) this.frame.lookUp(this.addressOf(number), this.outermost.has(number) ? "outer" : "inner");
    this.settleInto(number);
  }

  /** Brings registers to where a merging node expects them. */
  private settleInto(number: number): void {
    const { state, canonical } = this.o;
    const { live, dirty, dropped, flags } = this.registersAt(number);
    canonical.store(state, union(union(dirty, dropped), stackPointerOnly));
    canonical.settle(state, live, flags);
  }

  private addressOf(number: number): Value {
    const [first] = this.nodeAt(number).instructions;
    return first === undefined ? { type: "i64", local: this.dispatchTarget } : constantOf(first.pc);
  }

  // ---- indirect branches and calls -----------------------------------------------------------------

  /** The end of a node whose last instruction branches to an address in a register. */
  private indirectEnd(end: EndOf<"indirect">): void {
    const { target, current } = this.o;
    if (target === undefined || current === undefined) throw new InternalError("no indirect branch here");
    const m = this.module;
    if (end.type !== "RET") this.frame.setBtype(end.btype);
    const expected = end.predicted?.target;
    const leave = (): void => {
      if (end.type !== "RET") this.rememberTarget(current.pc, target);
      if (end.type === "RET" && expected === undefined) return this.frame.return(target);
      const missed = expected !== undefined && end.type !== "RET" ? "assumption" : "nothing";
      this.frame.exit("indirect", target, missed);
    };
    if (expected === undefined) return leave();
    if (target.constant === expected) return;
    const elsewhere = m.i64.ne(this.o.wide(target), m.i64.const(BigInt.asIntN(64, expected)));
    this.o.code.push(
      m.if(
        elsewhere,
        this.o.code.nested(() => {
          leave();
        }),
      ),
    );
  }

  private switchEnd(end: EndOf<"switch">): void {
    const { target, current, code } = this.o;
    if (target === undefined || current === undefined) throw new InternalError("no indirect branch here");
    this.frame.setBtype(end.btype);
    code.push(this.module.local.set(this.dispatchTarget, this.o.wide(target)));
    this.rememberTarget(current.pc, target);
  }

  /** One of the known targets, by the distance from the first of them in words; anything else is left for. */
  private dispatch(from: BlockId, end: EndOf<"dispatch">): void {
    const m = this.module;
    const { o } = this;
    const { state } = o;
    const targets = end.cases.map(({ target }) => target);
    const first = targets.reduce((a, b) => (a < b ? a : b));
    const last = targets.reduce((a, b) => (a > b ? a : b));
    const elsewhere = this.graph.addBlock(
      o.code.nested(() => {
        this.frame.exit("indirect", { type: "i64", local: this.dispatchTarget }, "code");
      }),
    );
    const blocks = end.cases.map(({ node }) => this.node(node, state));
    const words = Number((last - first) / 4n) + 1;
    const table = Array.from({ length: words }, () => elsewhere);
    targets.forEach((target, index) => {
      table[Number((target - first) / 4n)] = blocks[index] as BlockId;
    });
    const distance = (): Expression =>
      m.i64.sub(m.local.get(this.dispatchTarget, o.code.types.i64), m.i64.const(BigInt.asIntN(64, first)));
    // Rotating moves the two lowest bits, which have to be zero, to the top.
    const index = m.i64.rotr(distance(), m.i64.const(2n));
    const isFar = m.i64.gt_u(index, m.i64.const(BigInt(words - 1)));
    this.graph.addBranch(from, elsewhere, isFar, 0);
    const near = m.i32.wrap(m.i64.shr_u(distance(), m.i64.const(2n)));
    this.graph.addSwitch(from, near, table);
  }

  /** What BR and BLR do in the interpreter's handler: note the target for the next selection. */
  private rememberTarget(pc: bigint, target: Value): void {
    const m = this.module;
    const { code } = this.o;
    const branch = m.i64.const(BigInt.asIntN(64, pc));
    const entry = Number((pc >> 2n) % BigInt(layout.BRANCH_TARGET_ENTRIES));
    code.storeI64(layout.BRANCH_TARGETS + 16 * entry, branch);
    code.storeI64(layout.BRANCH_TARGETS + 16 * entry + 8, this.o.wide(target));
    const word = m.i32.wrap(m.i64.shr_u(this.o.wide(target), m.i64.const(2n)));
    const start = Number(BigInt.asIntN(32, (pc >> 2n) * BigInt(layout.BRANCH_EDGE_FACTOR)));
    const index = m.i32.and(m.i32.add(word, m.i32.const(start)), m.i32.const(layout.BRANCH_EDGE_ENTRIES - 1));
    const edge = this.o.bind("i32", m.i32.add(code.core(), m.i32.shl(index, m.i32.const(4))));
    code.push(m.i64.store(layout.BRANCH_EDGES, 8, this.o.narrow(edge), m.i64.const(BigInt.asIntN(64, pc))));
    code.push(m.i64.store(layout.BRANCH_EDGES + 8, 8, this.o.narrow(edge), this.o.wide(target)));
  }

  private call(from: BlockId, end: EndOf<"call">): void {
    const { o } = this;
    const { current } = o;
    const target = end.callee === undefined ? o.target : constantOf(end.callee);
    if (target === undefined || current === undefined) throw new InternalError("no call here");
    const code = o.code.nested(() => {
      this.calls.call(target, end, () => {
        if (end.callee === undefined) this.rememberTarget(current.pc, target);
      });
    });
    const block = this.graph.addBlock(code);
    this.graph.addBranch(from, block, 0, 0);
    if (end.to.kind === "exit") return this.edge(block, end.to, o.state);
    this.arriveAt(end.to.node, block, o.state, () => this.frame.exit("call", constantOf(end.returnTo), "assumption"));
  }
}

function landingsOf(plan: RegionPlan): ReadonlySet<number> {
  const landings = new Set<number>();
  for (const { end } of plan.nodes) {
    if (end.kind === "indirect" && end.type !== "RET" && end.predicted?.to.kind === "node")
      landings.add(end.predicted.to.node);
    if (end.kind === "dispatch") for (const { node } of end.cases) landings.add(node);
  }
  return landings;
}
