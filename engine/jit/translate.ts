/** From a region's plan to a wasm module. */

import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type { Form } from "../a64/forms.js";
import { operandFieldLayouts } from "../a64/forms.js";
import { extractField } from "../a64/pattern.js";
import { FLAGS_KNOWN } from "../wasm/flag-locals.js";
import type { BlockId } from "../wasm/flow-order.js";
import { type Expression, none, WasmModule } from "../wasm/module.js";
import { FlowGraph, type Target } from "../wasm/structure.js";
import { constantOf, type Field, type Value } from "../wasm/value.js";
import { RegionCalls } from "./calls.js";
import type { Constant } from "./constants.js";
import { carried, stackPointerOnly } from "./convention.js";
import { RegionFrame } from "./frame.js";
import { btypesOf, type EndOf, IndirectBranches, switchingNode, tableOf } from "./indirect.js";
import { type NodeRegisters, registersOf } from "./liveness.js";
import { outermostHeads } from "./loops.js";
import { RegionOps } from "./ops.js";
import type { PlanNode, RegionPlan, Successor } from "./plan.js";
import { flagsOnly, hasFlags, type Registers, SP_REGISTER, union, without } from "./registers.js";
import { type Btype, PathState } from "./state.js";
import { Turns } from "./turns.js";

/** A path that is not to come back to where it began. */
const NO_NODE = -1;

export interface Translation {
  /** It exports the functions of convention.ts. */
  readonly binary: Uint8Array<ArrayBuffer>;
  /** See CompiledRegion. */
  readonly callees: readonly bigint[];
  readonly assumesValues: boolean;
}

/** Translates; `formOf` gives the form of a handler index. V8 optimises what comes out, and checks it. */
export function translateRegion(plan: RegionPlan, formOf: (handler: number) => Form): Translation {
  const module = new WasmModule();
  const found = new RegionTranslator(module, plan, formOf).translate();
  return { binary: module.emit(), ...found };
}

type Fields = Readonly<Record<string, Field | number>>;

class RegionTranslator {
  private readonly o: RegionOps;
  private readonly graph: FlowGraph;
  private readonly frame: RegionFrame;
  private readonly calls: RegionCalls;
  private readonly branches: IndirectBranches;
  private readonly registers: readonly NodeRegisters[];
  private readonly blocks = new Map<number, BlockId>();
  /** The operand fields of words that have been translated. */
  private readonly fields = new Map<number, Fields>();
  /** PSTATE.BTYPE where ways meet, unless it is 0. */
  private readonly btypes: ReadonlyMap<number, Btype>;
  /** Nodes at which loops begin that no other loop holds. */
  private readonly outermost: ReadonlySet<number>;
  private readonly turns: Turns;
  /** Where the dispatch node is to go, if ways meet there. */
  private readonly dispatchTarget: number;
  /** The BR that has led to it: its address, or an i64 local that has this where there are several. */
  private readonly dispatchedBy: Value;

  constructor(
    private readonly module: WasmModule,
    private readonly plan: RegionPlan,
    private readonly formOf: (handler: number) => Form,
  ) {
    module.addMemoryImport("env", "memory", plan.pages, plan.pages);
    this.o = new RegionOps(module, plan, () => this.frame);
    this.frame = new RegionFrame(module, this.o, plan);
    this.calls = new RegionCalls(module, this.o, this.frame, plan);
    this.graph = new FlowGraph(module, () => this.o.code.newLocal("i32"));
    this.registers = registersOf(plan, formOf);
    this.branches = new IndirectBranches(module, this.o);
    this.btypes = btypesOf(plan);
    this.turns = new Turns(plan, switchingNode(plan));
    this.outermost = outermostHeads(plan);
    const mayDescribe = ({ live, ahead }: NodeRegisters, node: number): boolean =>
      plan.nodes[node]?.merge === true && !hasFlags(live) && !ahead.isHanded && ahead.isLeft;
    if (this.registers.some(mayDescribe)) this.frame.flags.prepare();
    this.dispatchTarget = this.o.code.newLocal("i64");
    const [branch, ...others] = plan.nodes.filter(({ end }) => end.kind === "switch");
    const last = branch?.instructions.at(-1);
    this.dispatchedBy =
      last !== undefined && others.length === 0
        ? constantOf(last.pc)
        : { type: "i64", local: this.o.code.newLocal("i64") };
  }

  translate(): Omit<Translation, "binary"> {
    const body = this.graph.render(this.entry());
    // Without looking up, a path passes each instruction once, and once more each that was copied into a loop or before it.
    const instructions = this.plan.nodes.reduce((sum, node) => sum + node.instructions.length, 0);
    // Where SP is taken to be at the entries, as seen from the head.
    const depths = this.plan.entries.map(({ node }) => this.registersAt(node).depth ?? 0n);
    this.frame.addFunctions(body, instructions + this.turns.repeated, depths);
    return { callees: this.calls.callees, assumesValues: this.o.assumesValues };
  }

  /** Where the function begins: goes to the node that it is entered at. */
  private entry(): BlockId {
    const m = this.module;
    const root = this.graph.addBlock(m.nop());
    const { entries } = this.plan;
    const own = entries.filter(({ dispatched }) => !dispatched);
    const others = entries.find(({ dispatched }) => dispatched);
    own.forEach((entry, index) => {
      const isLast = index === own.length - 1 && others === undefined;
      const isHere = isLast ? 0 : this.frame.isEnteredAt(index);
      this.enterAt(entry.node, root, isHere);
    });
    if (others !== undefined) {
      // As if a BR had come here.
      const target = m.local.set(this.dispatchTarget, this.o.code.loadI64(layout.PC));
      const block = this.graph.addBlock(target);
      this.graph.addBranch(root, block, 0, 0);
      this.enterAt(others.node, block);
    }
    return root;
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
    this.o.assumesValues ||= constants.size > 0;
    const arrived = hasFlags(live)
      ? new PathState(number, union(state.live, flagsOnly), state.dirty, FLAGS_KNOWN, state)
      : state;
    this.o.state = arrived;
    const load = this.o.code.nested(() => {
      this.o.canonical.compare(constants, this.asValue, leave);
      arrived.holds(constants, this.asValue);
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
    const { live, dirty, flags } = this.registersAt(number);
    // Where paths meet, everything that they know stands in locals of its own, and SP by its distance from what it was.
    this.o.code.releaseTo();
    const state = new PathState(number, live, dirty, flags);
    state.btype = this.btypes.get(number) ?? 0;
    return this.translateNode(number, state);
  }

  private nodeAt(number: number): PlanNode {
    const node = this.plan.nodes[number];
    if (node === undefined) throw new InternalError(`the plan has no node ${number}`);
    return node;
  }

  private translateNode(number: number, state: PathState, isCopy = state.turns > 0): BlockId {
    const node = this.nodeAt(number);
    this.o.state = state;
    let index: Value | undefined;
    const code = this.o.code.collect(() => {
      if (node.merge && !isCopy) this.whereWaysMeet(number, state);
      const last = node.instructions[node.instructions.length - 1];
      for (const instruction of node.instructions) {
        this.instruction(instruction);
        this.landed();
        if (instruction !== last) this.assertReturnKnown();
      }
      if (node.end.kind === "indirect") this.indirectEnd(node.end);
      if (node.end.kind === "switch") this.switchEnd(node.end);
      if (node.end.kind === "dispatch") index = this.branches.indexOf(this.targetAt(node), tableOf(node.end));
    });
    const block = this.graph.addBlock(this.module.block(null, code, none), node.instructions.length);
    if (node.merge && !isCopy) this.blocks.set(number, block);
    if (node.end.kind === "dispatch" && index !== undefined) this.dispatch(block, node, node.end, index);
    else this.successors(block, node);
    return block;
  }

  /** Takes note of what is known of registers although ways meet. */
  private whereWaysMeet(number: number, state: PathState): void {
    const { depth, constants } = this.registersAt(number);
    if (depth !== undefined) state.write(SP_REGISTER, this.frame.stackPointerAt(depth));
    state.holds(constants, this.asValue);
  }

  private readonly asValue = (constant: Constant): Value => this.frame.asValue(constant);

  private instruction(instruction: PlanNode["instructions"][number]): void {
    const form = this.formOf(instruction.handler);
    this.o.current = instruction;
    this.o.target = undefined;
    form.row.meaning(this.o, this.fieldsOf(form, instruction.word));
    this.o.state.counts.instructions++;
    this.o.state.length++;
    this.turns.noteInstruction(this.o.state);
  }

  /** The operand fields of a word, made once for all of its copies. */
  private fieldsOf(form: Form, word: number): Fields {
    const known = this.fields.get(word);
    if (known !== undefined) return known;
    const fields: Record<string, Field | number> = { ...form.selectors };
    for (const layout of operandFieldLayouts(form.row)) {
      fields[layout.letter] = { width: layout.width, value: constantOf(extractField(layout, word)) };
    }
    this.fields.set(word, fields);
    return fields;
  }

  /** An instruction ends with PSTATE.BTYPE = 0, but for those that set it. */
  private landed(): void {
    const { state } = this.o;
    if (state.btype === "local") this.frame.setBtype(0);
    state.btype = 0;
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
        return this.predicted(from, end);
      case "switch":
        return this.edge(from, end.to, this.o.state);
      case "dispatch":
        throw new InternalError("a dispatch node without an index");
      case "call":
        return this.call(from, end);
      case "conditional": {
        const { condition, state } = this.o;
        if (condition === undefined) throw new InternalError("a conditional branch without a condition");
        if (condition.constant !== undefined) return this.decided(from, end, condition.constant !== 0n);
        const mark = this.o.code.mark();
        const taken = state.copy();
        taken.counts.conditional++;
        this.edge(from, end.taken, taken, this.o.narrow(condition));
        this.o.code.releaseTo(mark);
        this.edge(from, end.next, state);
      }
    }
  }

  /** On from a conditional branch that goes only one way here. */
  private decided(from: BlockId, { taken, next }: EndOf<"conditional">, isTaken: boolean): void {
    const { state } = this.o;
    if (isTaken) state.counts.conditional++;
    this.edge(from, isTaken ? taken : next, state, 0, true);
  }

  /** Branches from a block to a successor, taken with this state, under a condition if there is one. */
  private edge(from: BlockId, to: Successor, state: PathState, condition: Expression = 0, isDecided = false): void {
    this.o.state = state;
    if (to.kind === "exit") {
      const code = this.o.code.nested(() => {
        this.frame.exit(to.reason, constantOf(to.pc), to.reason === "cold" ? "code" : "nothing");
      });
      this.graph.addBranch(from, this.graph.addBlock(code), condition, 0);
      return;
    }
    if (to.back && this.turns.isUnrolled(state, to.node)) {
      state.turns++;
      this.graph.addBranch(from, this.translateNode(to.node, state), condition, 0);
      return;
    }
    if (this.turns.isEarly(state, to, isDecided)) {
      this.graph.addBranch(from, this.translateNode(to.node, state, true), condition, 0);
      return;
    }
    const code = this.nodeAt(to.node).merge ? this.o.code.nested(() => this.intoMerge(to.node, to.back)) : 0;
    this.graph.addBranch(from, this.node(to.node, state), condition, code);
  }

  /** On the way into a merging node: count the path, look up at the end of a loop, settle the registers. */
  private intoMerge(number: number, back: boolean): void {
    const { btype } = this.o.state;
    this.frame.settleCounts();
    if (this.btypes.get(number) === "local" && btype !== 0 && btype !== "local") this.frame.setBtype(btype);
    if (back) this.frame.lookUp(this.addressOf(number), this.outermost.has(number) ? "outer" : "inner");
    this.settleInto(number);
  }

  /** Brings registers to where a merging node expects them. */
  private settleInto(number: number): void {
    const { state, canonical } = this.o;
    const { live, dirty, dropped, flags } = this.registersAt(number);
    const kept = union(union(dirty, dropped), stackPointerOnly);
    canonical.store(state, this.areFlagsKept(number, kept) ? union(kept, flagsOnly) : kept);
    canonical.settle(state, live, flags);
  }

  /** Whether the flags need not be stored on the way into a node: others are in the core's block then, or they are described. */
  private areFlagsKept(number: number, kept: Registers): boolean {
    const { state, canonical } = this.o;
    const { live, ahead } = this.registersAt(number);
    if (!state.hasNewFlags || hasFlags(kept)) return false;
    if (!hasFlags(live) && !ahead.isHanded && !ahead.isLeft) return true;
    const source = hasFlags(live) || ahead.isHanded ? undefined : state.nzcv?.flags;
    const registerOf = (isHeldBy: (held: Value) => boolean): number | undefined =>
      canonical.registerOf(state, isHeldBy);
    if (source !== undefined && this.frame.flags.describe(source, ahead.spoiled, registerOf)) return true;
    this.frame.flags.areStored();
    return false;
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
    this.o.state.btype = end.btype;
    const [expected, ...others] = end.predictions;
    // One of several is found behind the node.
    if (others.length > 0) return;
    const leave = (): void => this.leaveUnexpected(end, target, current.pc);
    if (expected === undefined) return leave();
    if (target.constant === expected.target) return;
    const elsewhere = m.i64.ne(this.o.wide(target), this.o.wide(constantOf(expected.target)));
    this.o.code.push(m.if(elsewhere, this.o.code.nested(leave)));
  }

  /** Leaves for where an indirect branch goes that was not predicted. */
  private leaveUnexpected({ type, predictions }: EndOf<"indirect">, target: Value, branch: bigint): void {
    if (type !== "RET") this.branches.remember(constantOf(branch), target);
    else if (predictions.length === 0) return this.frame.return(target);
    this.frame.exit("indirect", target, predictions.length > 0 && type !== "RET" ? "assumption" : "nothing");
  }

  /** On from an indirect branch to where it was predicted to go: of several targets each is compared with, and it is left for any other one. */
  private predicted(from: BlockId, end: EndOf<"indirect">): void {
    const { o } = this;
    const { state, target, current } = o;
    const [only, ...others] = end.predictions;
    if (only === undefined) return;
    if (others.length === 0) return this.edge(from, only.to, state);
    if (target === undefined || current === undefined) throw new InternalError("no indirect branch here");
    const m = this.module;
    const mark = o.code.mark();
    for (const { target: address, to } of end.predictions) {
      this.edge(from, to, state.copy(), m.i64.eq(o.wide(target), o.wide(constantOf(address))));
      o.code.releaseTo(mark);
    }
    o.state = state;
    const out = o.code.nested(() => this.leaveUnexpected(end, target, current.pc));
    this.graph.addBranch(from, this.graph.addBlock(out), 0, 0);
  }

  private switchEnd(end: EndOf<"switch">): void {
    const { target, current, code, state } = this.o;
    if (target === undefined || current === undefined) throw new InternalError("no indirect branch here");
    state.btype = end.btype;
    if (!this.nodeAt(end.to.node).merge) return;
    code.push(this.module.local.set(this.dispatchTarget, this.o.wide(target)));
    const { local } = this.dispatchedBy;
    if (local !== undefined) code.push(this.module.local.set(local, this.o.wide(constantOf(current.pc))));
  }

  /** Where a dispatch node is to go. */
  private targetAt({ merge }: PlanNode): Value {
    const target: Value | undefined = merge ? { type: "i64", local: this.dispatchTarget } : this.o.target;
    if (target === undefined) throw new InternalError("no indirect branch here");
    return target;
  }

  /** One of the known targets, anything else is left for. */
  private dispatch(from: BlockId, node: PlanNode, end: EndOf<"dispatch">, index: Value): void {
    const m = this.module;
    const { o } = this;
    const target = this.targetAt(node);
    const state = new PathState(NO_NODE, o.state.live, o.state.dirty, o.state.flags, o.state);
    const { first, words } = tableOf(end);
    const mark = o.code.mark();
    o.state = state.copy();
    const out = o.code.nested(() => {
      this.branches.remember(this.dispatchedBy, target);
      this.frame.exit("indirect", target, "code");
    });
    const elsewhere: Target = { to: this.graph.addBlock(out), code: 0 };
    const table = Array.from({ length: words + 1 }, () => elsewhere);
    for (const { target: address, to } of end.cases) {
      o.code.releaseTo(mark);
      const own = state.copy();
      // What held the target before it was branched to.
      for (const [n, value] of own.registers)
        if (value.local !== undefined && value.local === target.local) own.registers.set(n, constantOf(address));
      o.state = own;
      const code = this.nodeAt(to.node).merge ? o.code.nested(() => this.intoMerge(to.node, to.back)) : 0;
      table[Number((address - first) / 4n)] = { to: this.node(to.node, own), code };
    }
    if (index.type === "i64") {
      const isFar = m.i64.gt_u(o.wide(index), m.i64.const(BigInt(words - 1)));
      this.graph.addBranch(from, elsewhere.to, isFar, 0);
    }
    this.graph.addSwitch(from, o.narrow(index), table);
  }

  private call(from: BlockId, end: EndOf<"call">): void {
    const { o } = this;
    const { current } = o;
    const target = end.callee === undefined ? o.target : constantOf(end.callee);
    if (target === undefined || current === undefined) throw new InternalError("no call here");
    const code = o.code.nested(() => {
      this.calls.call(target, end, () => {
        if (end.callee === undefined) this.branches.remember(constantOf(current.pc), target);
      });
    });
    const block = this.graph.addBlock(code);
    this.graph.addBranch(from, block, 0, 0);
    if (end.to.kind === "exit") return this.edge(block, end.to, o.state);
    this.arriveAt(end.to.node, block, o.state, () => this.frame.exit("call", constantOf(end.returnTo), "assumption"));
  }
}
