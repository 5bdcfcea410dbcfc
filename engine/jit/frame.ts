/**
 * The way into a region and out of it: how it declines, counts, charges fuel, and stores what is newer in its locals where it is left
 * or returns. convention.ts says how its function is called.
 */
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import { type Expression, none, type WasmModule } from "../wasm/module.js";
import { sumOf } from "../wasm/sums.js";
import { constantOf, type Value } from "../wasm/value.js";
import type { Constant } from "./constants.js";
import {
  calledParameters,
  calledResults,
  carried,
  DECLINED,
  FUEL_PARAMETER,
  frameBytes,
  LEFT,
  LINK_PARAMETER,
  resultOnly,
  SP_PARAMETER,
  STACK_PARAMETER,
  stackPointerOnly,
  X0_PARAMETER,
} from "./convention.js";
import { RegionCounters } from "./counters.js";
import { DescribedFlags } from "./described-flags.js";
import { LINK_REGISTER } from "./flow.js";
import { addHandler } from "./handler.js";
import { HOTTEST } from "./linker.js";
import type { RegionOps } from "./ops.js";
import { type ExitReason, noCounts, type PlanEntry, type RegionPlan } from "./plan.js";
import { type Registers, SP_REGISTER, union, without } from "./registers.js";
import type { ExitWriter, Missed } from "./window-accesses.js";

/** Where the region begins, and where it declines to. */
const BEGIN = "begin";
const DECLINE = "decline";
/** The same where its frame is not where it is expected. */
const MISS_STACK = "missStack";

/** Behind everything that is stored registers by registers. */
const OUT = "out";

export class RegionFrame implements ExitWriter {
  readonly flags: DescribedFlags;
  private readonly counters: RegionCounters;
  private readonly nextPc: number;
  /** PSTATE.BTYPE where it is not known or the region is being left; 0 elsewhere. */
  private readonly btype: number;
  private setsBtype = false;
  /** What X30 was when the region was entered. */
  private readonly expected: number;
  /** The constants that the fuel is compared with, and those that are the bytes this function has on the stack. */
  private readonly needs: Expression[] = [];
  private readonly frames: Expression[] = [];
  /** Epilogues: labels of the code that stores these registers. */
  private readonly epilogues = new Map<Registers, string>();
  /** The same where it returns to its caller. */
  private readonly returnLabels = new Map<Registers, string>();

  constructor(
    private readonly module: WasmModule,
    private readonly o: RegionOps,
    private readonly plan: RegionPlan,
  ) {
    const { code } = o;
    this.flags = new DescribedFlags(o);
    this.counters = new RegionCounters(module, o, plan.counts);
    this.expected = code.newLocal("i64");
    this.nextPc = code.newLocal("i64");
    this.btype = code.newLocal("i32");
    module.addGlobalImport("slot", "env", "slot", code.types.i32);
  }

  /**
   * Adds the region's functions, of the code of its nodes; between two looks at the fuel it executes at most `need` instructions. At each
   * entry SP is taken to be so many bytes away from where it is at the head.
   */
  addFunctions(body: Expression, need: number, depths: readonly bigint[]): void {
    const m = this.module;
    const { code } = this.o;
    const whole = m.block(null, [...this.prologue(), ...this.returns(this.epilogue(body))], code.types.i64);
    const locals = code.localTypes();
    const set = (constants: readonly Expression[], value: number): void => {
      for (const constant of constants) m.setConstant(constant, BigInt(value));
    };
    addHandler(m, this.plan, need, depths);
    set(this.needs, need);
    set(this.frames, frameBytes(locals.length));
    m.addFunction("called", calledParameters, calledResults, locals, whole);
    m.addFunctionExport("called", "called");
  }

  /** Declines, or keeps what a return is compared with. */
  private prologue(): Expression[] {
    const m = this.module;
    const { code } = this.o;
    const { i32, i64 } = code.types;
    return code.collect(() => {
      const stack = m.local.get(STACK_PARAMETER, i32);
      const isDeep = m.i32.gt_u(stack, m.i32.const(layout.REGION_STACK_LIMIT + layout.REGION_STACK_UNIT - 1));
      const begin = code.nested(() => {
        const isOff = this.o.stack.fails();
        if (isOff !== undefined) code.push(m.br_if(MISS_STACK, isOff));
        code.push(m.br_if(DECLINE, this.fuelIsShort()));
        if (this.frames.length > 0) code.push(m.br_if(DECLINE, isDeep));
        const isAmiss = m.i64.ne(code.loadI64(layout.PENDING), m.i64.const(0n));
        code.push(
          m.if(
            isAmiss,
            code.nested(() => this.lookAround()),
          ),
        );
        code.push(m.br(BEGIN));
      });
      const decline = code.nested(() => this.decline());
      const missed = code.nested(() => this.counters.miss());
      code.push(m.block(BEGIN, [m.block(DECLINE, [m.block(MISS_STACK, [begin], none), missed], none), decline], none));
      code.push(m.local.set(this.expected, m.local.get(LINK_PARAMETER, i64)));
      this.o.stack.begin();
    });
  }

  /** Gives back what it was entered with. */
  private decline(): void {
    const m = this.module;
    const { code, canonical } = this.o;
    canonical.storeLocals(without(carried, stackPointerOnly));
    code.storeI64(layout.SP, m.local.get(SP_PARAMETER, code.types.i64));
    this.storeFuel();
    code.push(m.return(m.i64.const(DECLINED), this.o.wide(constantOf(this.head.pc))));
  }

  /** Declines where something that the region assumes of an entry is not so. */
  declineInVain(): void {
    this.counters.miss();
    this.decline();
  }

  /** Declines if somebody wants the core, or the region has been called and is not linked: its callers go on calling it then. */
  private lookAround(): void {
    const m = this.module;
    const { code } = this.o;
    const { i32 } = code.types;
    code.push(m.br_if(DECLINE, code.loadI32(layout.PENDING)));
    const held = m.i32.or(m.global.get("region", i32), m.i32.const(HOTTEST | 0));
    const isUnlinked = m.i32.ne(m.i32.load(4, 4, m.global.get("slot", i32)), held);
    // Its other entries have slots of their own, by which it was entered there.
    const isElsewhere = this.plan.entries.length === 1 ? m.i32.const(0) : this.entry();
    code.push(m.br_if(DECLINE, m.select(isElsewhere, m.i32.const(0), isUnlinked)));
  }

  private get head(): PlanEntry {
    const [head] = this.plan.entries;
    if (head === undefined) throw new InternalError("a region without an entry");
    return head;
  }

  /** Whether the region is entered at the entry that has this place in the plan. */
  isEnteredAt(index: number): Expression {
    const m = this.module;
    return m.i32.eq(this.entry(), m.i32.const(index));
  }

  /** The place of the entry in the plan. */
  private entry(): Expression {
    const stack = this.module.local.get(STACK_PARAMETER, this.o.code.types.i32);
    return this.module.i32.and(stack, this.module.i32.const(layout.REGION_STACK_UNIT - 1));
  }

  /** The thread's stack that this function's calls begin with. */
  stack(): Expression {
    const m = this.module;
    const own = m.i32.const(0);
    this.frames.push(own);
    return m.i32.add(this.stackBefore(), own);
  }

  private stackBefore(): Expression {
    const m = this.module;
    const stack = m.local.get(STACK_PARAMETER, this.o.code.types.i32);
    return this.plan.entries.length === 1 ? stack : m.i32.and(stack, m.i32.const(-layout.REGION_STACK_UNIT));
  }

  /** Code that ends in exits, and what the exits lead to. */
  private epilogue(body: Expression): Expression[] {
    const m = this.module;
    const { code, canonical } = this.o;
    let all = body;
    for (const [registers, label] of this.epilogues) {
      const stores = code.collect(() => {
        canonical.storeLocals(registers);
        code.push(m.br(OUT));
      });
      all = m.block(null, [m.block(label, [all], none), ...stores], none);
    }
    const out = code.collect(() => {
      this.flags.store();
      this.storeFuel();
      this.counters.store();
      if (this.setsBtype) code.storeI32(layout.BTYPE, m.local.get(this.btype, code.types.i32));
      this.counters.countExit();
      code.push(m.return(m.i64.const(LEFT), m.local.get(this.nextPc, code.types.i64)));
    });
    return [m.block(OUT, [all], none), ...out];
  }

  /** The same for the returns to where the region was called from. */
  private returns(body: Expression[]): Expression[] {
    const m = this.module;
    const { code, canonical } = this.o;
    const { i64 } = code.types;
    let all = body;
    for (const [registers, label] of this.returnLabels) {
      const rest = code.collect(() => {
        canonical.storeLocals(registers);
        this.counters.store();
        code.push(m.return(m.local.get(FUEL_PARAMETER, i64), m.local.get(X0_PARAMETER, i64)));
      });
      all = [m.block(label, all, none), ...rest];
    }
    return all;
  }

  // ---- fuel --------------------------------------------------------------------------------------

  /** Charges for and counts what the path has done since this was last called. */
  settleCounts(): void {
    const { state } = this.o;
    this.counters.add(state.counts);
    state.counts = noCounts();
  }

  /** In the core's block the leeway is not part of it. */
  storeFuel(): void {
    const m = this.module;
    const { code } = this.o;
    const fuel = m.local.get(FUEL_PARAMETER, code.types.i64);
    code.storeI64(layout.FUEL, m.i64.sub(fuel, code.loadI64(layout.LEEWAY)));
  }

  loadFuel(): void {
    const m = this.module;
    const { code } = this.o;
    const fuel = m.i64.add(code.loadI64(layout.FUEL), code.loadI64(layout.LEEWAY));
    code.push(m.local.set(FUEL_PARAMETER, fuel));
  }

  private need(): Expression {
    const need = this.module.i64.const(0n);
    this.needs.push(need);
    return need;
  }

  fuelIsShort(): Expression {
    const m = this.module;
    return m.i64.lt_s(m.local.get(FUEL_PARAMETER, this.o.code.types.i64), this.need());
  }

  /** Whether nothing but the leeway is left. */
  private sliceIsOver(): Expression {
    const m = this.module;
    const { code } = this.o;
    return m.i64.lt_s(m.i64.sub(m.local.get(FUEL_PARAMETER, code.types.i64), code.loadI64(layout.LEEWAY)), this.need());
  }

  /** Leaves at the end of an outermost loop's turn: only what the run loop has entered does so early, what was called would be left by all of its callers. */
  private leaveSlice(pc: Value): void {
    const m = this.module;
    const { code } = this.o;
    const ends = m.i32.or(m.i32.eqz(this.stackBefore()), this.fuelIsShort());
    const leave = code.nested(() => this.exit("fuel", pc));
    code.push(m.if(ends, leave));
  }

  /** Puts PSTATE.BTYPE into its local. */
  setBtype(btype: number): void {
    this.setsBtype = true;
    this.o.code.push(this.module.local.set(this.btype, this.module.i32.const(btype)));
  }

  // ---- leaving -----------------------------------------------------------------------------------

  /**
   * No calls on the way out: a value that lives across a call is spilled by V8 where it is made, inside the loop that is left. So what
   * is rare is only counted here, and heard of by the run loop.
   */
  exit(reason: ExitReason, pc: Value, missed: Missed = "nothing"): void {
    const m = this.module;
    const { state, canonical, code } = this.o;
    this.counters.noteExit(reason, missed);
    if (state.btype !== 0 && state.btype !== "local") this.setBtype(state.btype);
    const target = this.o.wide(pc);
    code.push(m.local.set(this.nextPc, target));
    this.counters.add(state.counts);
    canonical.store(state, state.dirty);
    canonical.settle(state, state.dirty);
    if (state.hasNewFlags) this.flags.areStored();
    code.push(m.br(this.epilogueFor(state.dirty)));
  }

  private epilogueFor(registers: Registers): string {
    if (registers === 0n) return OUT;
    let label = this.epilogues.get(registers);
    if (label === undefined) {
      label = `out${this.epilogues.size}`;
      this.epilogues.set(registers, label);
    }
    return label;
  }

  /** At the end of a turn, of an outermost loop or another one: leaves for `pc` if fuel is short or somebody wants the core. */
  lookUp(pc: Value, where: "outer" | "inner"): void {
    const m = this.module;
    const { code } = this.o;
    const isOuter = where === "outer";
    const leave = code.nested(() => (isOuter ? this.leaveSlice(pc) : this.exit("fuel", pc)));
    code.push(m.if(isOuter ? this.sliceIsOver() : this.fuelIsShort(), leave));
    if (!this.plan.pollsPending) return;
    // A plain load: V8 keeps wasm loads where they are, and an atomic one would check its alignment every time.
    code.push(
      m.if(
        code.loadI32(layout.PENDING),
        code.nested(() => this.exit("pending", pc)),
      ),
    );
  }

  /** A return from the region's own code: back to the caller, if that is where X30 leads. */
  return(target: Value): void {
    const m = this.module;
    const { state, canonical, code } = this.o;
    if (this.isLink(target)) {
      const isExpected = this.isSame(this.o.wide(target), this.expected);
      const pointer = canonical.register(SP_REGISTER, state);
      const isBack = sumOf(pointer)?.base === SP_PARAMETER && sumOf(pointer)?.offset === 0n;
      const isHome = isBack ? isExpected : m.i32.and(isExpected, this.isSame(this.o.wide(pointer), SP_PARAMETER));
      const back = code.nested(() => {
        this.counters.add(state.counts);
        canonical.store(state, union(state.dirty, carried));
        canonical.settle(state, union(without(state.dirty, carried), resultOnly));
        code.push(m.br(this.returnFor(without(state.dirty, carried))));
      });
      code.push(m.if(isHome, back));
    }
    this.exit("return", target);
  }

  private isSame(value: Expression, local: number): Expression {
    return this.module.i64.eq(value, this.module.local.get(local, this.o.code.types.i64));
  }

  /** SP at a node, as seen from what it was at the region's head. */
  stackPointerAt(depth: bigint): Value {
    return this.o.add(64, { type: "i64", local: SP_PARAMETER }, constantOf(depth));
  }

  /** What a register holds, as constants.ts knows it. */
  asValue(constant: Constant): Value {
    return typeof constant === "bigint" ? constantOf(constant) : this.stackPointerAt(constant.offset);
  }

  /** Whether a target is what X30 holds. */
  private isLink({ local, constant }: Value): boolean {
    const { state } = this.o;
    const link = this.o.canonical.register(LINK_REGISTER, state);
    return local === undefined ? constant !== undefined && constant === link.constant : local === link.local;
  }

  private returnFor(registers: Registers): string {
    let label = this.returnLabels.get(registers);
    if (label === undefined) {
      label = `return${this.returnLabels.size}`;
      this.returnLabels.set(registers, label);
    }
    return label;
  }

  /** Leaves for `next`: whoever has come to there has left everything in the core's block. */
  leaveFor(next: Expression): void {
    const m = this.module;
    const { code } = this.o;
    this.counters.noteExit("call", "nothing");
    code.push(m.local.set(this.nextPc, next));
    code.push(m.local.set(this.btype, code.loadI32(layout.BTYPE)));
    code.push(m.br(OUT));
  }
}
