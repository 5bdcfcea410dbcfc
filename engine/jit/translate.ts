/** From a region's plan to a wasm module with one function, called like an interpreter handler. */

import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import type { Form } from "../a64/forms.js";
import { operandFieldLayouts } from "../a64/forms.js";
import { extractField } from "../a64/pattern.js";
import {
  createModule,
  type Expression,
  emit,
  handlerParameters,
  handlerResult,
  none,
  type WasmModule,
} from "../wasm/binaryen.js";
import { PC_PARAMETER } from "../wasm/code.js";
import type { BlockId } from "../wasm/flow-order.js";
import { FlowGraph } from "../wasm/structure.js";
import { constantOf, type Field, type Value } from "../wasm/value.js";
import { RegionOps } from "./ops.js";
import {
  type ExitReason,
  noCounts,
  type PathCounts,
  type PlanNode,
  type RegionCounter,
  type RegionPlan,
  type Successor,
} from "./plan.js";
import { PathState } from "./state.js";

export interface Translation {
  readonly binary: Uint8Array;
  /** The region's counters in memory, in order: u64 each, from REGION_COUNTERS + the imported global `counters`. */
  readonly counters: readonly RegionCounter[];
}

/** Binaryen leaves regions as they are: its passes cost more than they gain, and V8 optimises again (docs/performance.md). */
const OPTIMISE_LEVEL = 0;

const EXIT = "exit";

/** Translates; `formOf` gives the form of a handler index. */
export function translateRegion(plan: RegionPlan, formOf: (handler: number) => Form): Translation {
  const module = createModule();
  const counters = new RegionTranslator(module, plan, formOf).translate();
  if (!module.validate()) {
    throw new InternalError(`the region at 0x${plan.head.toString(16)} is not valid wasm:\n${module.emitText()}`);
  }
  return { binary: emit(module, OPTIMISE_LEVEL), counters };
}

/** The same as text, for tests and for people. */
export function regionText(plan: RegionPlan, formOf: (handler: number) => Form): string {
  const module = createModule();
  new RegionTranslator(module, plan, formOf).translate();
  const text = module.emitText();
  module.dispose();
  return text;
}

class RegionTranslator {
  private readonly o: RegionOps;
  private readonly graph: FlowGraph;
  private readonly counters: RegionCounter[] = [];
  /** Locals that count edges, by counter. */
  private readonly edgeLocals = new Map<number, number>();
  private readonly blocks = new Map<number, BlockId>();
  private readonly fuel: number;
  private readonly nextPc: number;
  /** PSTATE.BTYPE between an indirect branch that was followed and the end of the instruction it goes to; 0 elsewhere. */
  private readonly btype: number;
  private setsBtype = false;
  /** Nodes that indirect branches other than returns are followed into. */
  private readonly landings: ReadonlySet<number>;
  /** Upper bound of the instructions between two looks at the fuel. */
  private readonly need: number;

  constructor(
    private readonly module: WasmModule,
    private readonly plan: RegionPlan,
    private readonly formOf: (handler: number) => Form,
  ) {
    module.setMemory(1, 65536, null, [], true);
    module.addMemoryImport("0", "env", "memory", true);
    this.o = new RegionOps(module, plan.windows, () => this);
    module.addGlobalImport("counters", "env", "counters", this.o.code.types.i32);
    this.graph = new FlowGraph(module, () => this.o.code.newLocal("i32"));
    this.fuel = this.o.code.newLocal("i64");
    this.nextPc = this.o.code.newLocal("i64");
    this.btype = this.o.code.newLocal("i32");
    this.landings = landingsOf(plan);
    this.need = plan.nodes.reduce((sum, node) => sum + node.instructions.length, 0);
  }

  translate(): readonly RegionCounter[] {
    const m = this.module;
    const entry = this.node(0, new PathState());
    const body = this.graph.render(entry);
    const epilogue = this.epilogue();
    const prologue = this.prologue();
    const whole = m.block(null, [...prologue, m.block(EXIT, [body], none), ...epilogue], handlerResult);
    m.addFunction("region", handlerParameters, handlerResult, this.o.code.localTypes(), whole);
    m.addFunctionExport("region", "region");
    return this.counters;
  }

  // ---- in and out ------------------------------------------------------------------------------

  private prologue(): Expression[] {
    const m = this.module;
    const { o } = this;
    const { code, canonical } = o;
    return code.collect(() => {
      code.push(m.local.set(this.fuel, code.loadI64(layout.FUEL)));
      // Not enough for one turn: the run loop sees that no fuel was used and interprets.
      code.push(m.if(this.fuelIsShort(), m.return(m.local.get(PC_PARAMETER, code.types.i64))));
      for (const [register, local] of canonical.used()) {
        code.push(m.local.set(local, code.loadI64(layout.X + 8 * register)));
      }
      if (!canonical.flagsUsed) return;
      code.push(m.local.set(canonical.flags[1], m.i64.load32_u(layout.NZCV, 4, code.core())));
    });
  }

  private epilogue(): Expression[] {
    const m = this.module;
    const { code, canonical } = this.o;
    return code.collect(() => {
      for (const [register, local] of canonical.used()) {
        if (canonical.written.has(register)) code.storeI64(layout.X + 8 * register, m.local.get(local, code.types.i64));
      }
      code.storeI64(layout.FUEL, m.local.get(this.fuel, code.types.i64));
      for (const [counter, local] of this.edgeLocals) this.addToCounter(counter, m.local.get(local, code.types.i64));
      // Last, when little is live: a value that lives across a call is spilled by V8 where it is made, inside the loop.
      if (canonical.flagsWritten) code.storeI32(layout.NZCV, this.o.flagsFromLocals());
      if (this.setsBtype) code.storeI32(layout.BTYPE, m.local.get(this.btype, code.types.i32));
      code.push(m.return(m.local.get(this.nextPc, code.types.i64)));
    });
  }

  private fuelIsShort(): Expression {
    const m = this.module;
    return m.i64.lt_s(m.local.get(this.fuel, this.o.code.types.i64), m.i64.const(BigInt(this.need)));
  }

  /** core + the region's counters: the base of the counters' addresses. */
  private counterBase(): Expression {
    const m = this.module;
    return m.i32.add(this.o.code.core(), m.global.get("counters", this.o.code.types.i32));
  }

  private addToCounter(counter: number, amount: Expression): void {
    const m = this.module;
    const offset = layout.REGION_COUNTERS + 8 * counter;
    const sum = m.i64.add(m.i64.load(offset, 8, this.counterBase()), amount);
    this.o.code.push(m.i64.store(offset, 8, this.counterBase(), sum));
  }

  private newCounter(counts: PathCounts, exit?: ExitReason): number {
    this.counters.push(exit === undefined ? { counts: { ...counts } } : { counts: { ...counts }, exit });
    return this.counters.length - 1;
  }

  private chargeFuel(instructions: number): void {
    if (instructions === 0) return;
    const m = this.module;
    const fuel = m.local.get(this.fuel, this.o.code.types.i64);
    this.o.code.push(m.local.set(this.fuel, m.i64.sub(fuel, m.i64.const(BigInt(instructions)))));
  }

  /** Leaves the region from the current state; part of ExitWriter. */
  exit(reason: ExitReason, pc: Value): void {
    const m = this.module;
    const { state, canonical, code } = this.o;
    this.chargeFuel(state.counts.instructions);
    this.addToCounter(this.newCounter(state.counts, reason), m.i64.const(1n));
    canonical.settle(state, true);
    code.push(m.local.set(this.nextPc, this.o.wide(pc)));
    code.push(m.br(EXIT));
  }

  // ---- nodes -----------------------------------------------------------------------------------

  /** The block of a node entered with this state (which a merging node ignores: all is in canonical locals there). */
  private node(number: number, state: PathState): BlockId {
    const node = this.plan.nodes[number];
    if (node === undefined) throw new InternalError(`the plan has no node ${number}`);
    const known = this.blocks.get(number);
    if (known !== undefined) return known;
    this.o.state = node.merge ? new PathState() : state;
    const code = this.o.code.collect(() => {
      const last = node.instructions[node.instructions.length - 1];
      for (const instruction of node.instructions) {
        this.instruction(instruction);
        if (instruction === node.instructions[0] && this.landings.has(number)) this.setBtype(0);
        if (instruction !== last) this.assertReturnKnown();
      }
      if (node.end.kind === "indirect") this.indirectEnd(node);
    });
    const block = this.graph.addBlock(this.module.block(null, code, none));
    this.blocks.set(number, block);
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
    if (end.kind === "goto") return this.edge(from, end.to, this.o.state);
    if (end.kind === "indirect") {
      if (end.predicted !== undefined) this.edge(from, end.predicted.to, this.o.state);
      return;
    }
    const { condition, state } = this.o;
    if (condition === undefined) throw new InternalError("a conditional branch without a condition");
    const taken = state.copy();
    taken.counts.conditional++;
    this.edge(from, end.taken, taken, this.o.narrow(condition));
    this.edge(from, end.next, state);
  }

  /** Branches from a block to a successor, taken with this state, under a condition if there is one. */
  private edge(from: BlockId, to: Successor, state: PathState, condition: Expression = 0): void {
    if (to.kind === "exit") {
      this.o.state = state;
      const code = this.o.code.nested(() => {
        if (to.reason === "cold") this.o.countMiss();
        this.exit(to.reason, constantOf(to.pc));
      });
      this.graph.addBranch(from, this.graph.addBlock(code), condition, 0);
      return;
    }
    const node = this.plan.nodes[to.node] as PlanNode;
    if (!node.merge) {
      this.graph.addBranch(from, this.node(to.node, state), condition, 0);
      return;
    }
    this.o.state = state;
    const code = this.o.code.nested(() => this.intoMerge(node, to.back));
    this.graph.addBranch(from, this.node(to.node, state), condition, code);
  }

  /** On the way into a merging node: count the path, look up at the end of a loop, settle the registers. */
  private intoMerge(node: PlanNode, back: boolean): void {
    const m = this.module;
    const { state, code, canonical } = this.o;
    this.chargeFuel(state.counts.instructions);
    const counter = this.newCounter(state.counts);
    const local = code.newLocal("i64");
    this.edgeLocals.set(counter, local);
    code.push(m.local.set(local, m.i64.add(m.local.get(local, code.types.i64), m.i64.const(1n))));
    state.counts = noCounts();
    if (back) {
      const head = constantOf((node.instructions[0] as PlanNode["instructions"][number]).pc);
      code.push(
        m.if(
          this.fuelIsShort(),
          code.nested(() => this.exit("fuel", head)),
        ),
      );
      // A plain load: V8 keeps wasm loads where they are, and an atomic one would check its alignment every time.
      const pending = code.loadI32(layout.PENDING);
      code.push(
        m.if(
          pending,
          code.nested(() => this.exit("pending", head)),
        ),
      );
    }
    canonical.settle(state, !node.flagsDead);
  }

  /** The end of a node whose last instruction branches to an address in a register. */
  private indirectEnd(node: PlanNode): void {
    const { end } = node;
    const { target, current } = this.o;
    if (end.kind !== "indirect" || target === undefined || current === undefined)
      throw new InternalError("no indirect branch here");
    const m = this.module;
    if (end.type !== "RET") this.setBtype(end.btype);
    const expected = end.predicted?.target;
    const leave = (): void => {
      if (end.type !== "RET") this.rememberTarget(current.pc, target);
      if (expected !== undefined && end.type !== "RET") this.o.countMiss();
      this.exit("indirect", target);
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

  private setBtype(btype: number): void {
    const m = this.module;
    this.setsBtype = true;
    this.o.code.push(m.local.set(this.btype, m.i32.const(btype)));
  }

  /** What the interpreter's handler does for BR and BLR: notes the target for the next selection. */
  private rememberTarget(pc: bigint, target: Value): void {
    const m = this.module;
    const { code } = this.o;
    const entry = Number((pc >> 2n) % BigInt(layout.BRANCH_TARGET_ENTRIES));
    code.storeI64(layout.BRANCH_TARGETS + 16 * entry, m.i64.const(BigInt.asIntN(64, pc)));
    code.storeI64(layout.BRANCH_TARGETS + 16 * entry + 8, this.o.wide(target));
  }
}

function landingsOf(plan: RegionPlan): ReadonlySet<number> {
  const landings = new Set<number>();
  for (const { end } of plan.nodes) {
    if (end.kind === "indirect" && end.type !== "RET" && end.predicted?.to.kind === "node")
      landings.add(end.predicted.to.node);
  }
  return landings;
}
