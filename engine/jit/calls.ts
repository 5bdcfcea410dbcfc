/** A region's calls of code that is not part of it: of the region that begins there, or by way of the core. */
import * as layout from "../../assembly/layout.js";
import { Code } from "../wasm/code.js";
import { FLAGS_KNOWN } from "../wasm/flag-locals.js";
import { type Expression, type Type, typeOf, type WasmModule } from "../wasm/module.js";
import { constantOf, type Value } from "../wasm/value.js";
import {
  calledParameters,
  calledResults,
  carried,
  DECLINED,
  FUEL_PARAMETER,
  LEFT,
  RESULT_REGISTER,
  resultOnly,
  SP_PARAMETER,
  X0_PARAMETER,
} from "./convention.js";
import { LINK_REGISTER } from "./flow.js";
import type { RegionFrame } from "./frame.js";
import type { RegionOps } from "./ops.js";
import type { NodeEnd, RegionPlan } from "./plan.js";
import { SP_REGISTER } from "./registers.js";
import { fieldOf, PathState } from "./state.js";

type CallEnd = Extract<NodeEnd, { readonly kind: "call" }>;

export class RegionCalls {
  /** Addresses of what is called directly, in the order of the module's imports. */
  readonly callees: bigint[] = [];
  /** Whether the module has the function `followed`. */
  private hasFollowed = false;

  constructor(
    private readonly module: WasmModule,
    private readonly o: RegionOps,
    private readonly frame: RegionFrame,
    private readonly plan: RegionPlan,
  ) {}

  /**
   * Calls; comes to the code behind only where it has returned to there, with what a call carries as the path's state then says. A callee known by its
   * address, or guessed, is called directly. What `remember` emits is done where none was.
   */
  call(target: Value, { callee, guesses, btype, returnTo, to }: CallEnd, remember: () => void): void {
    const m = this.module;
    const { state, canonical, code } = this.o;
    this.frame.settleCounts();
    const first = canonical.register(RESULT_REGISTER, state);
    const pointer = this.stackPointer();
    canonical.store(state, carried);
    this.frame.flags.areStored();
    const link = (): Expression => this.o.wide(constantOf(returnTo));
    const byCore = code.nested(() => {
      remember();
      this.prepare(target, btype, first, link(), pointer);
    });
    const called = callee === undefined ? guesses.filter((address) => this.mayLand(address, btype)) : [callee];
    const attempt = (address: bigint, rest: Expression): Expression => {
      const fuel = m.local.get(FUEL_PARAMETER, code.types.i64);
      const operands = [fuel, this.frame.stack(), link(), this.o.wide(first), this.o.wide(pointer)];
      const direct = m.callInto([FUEL_PARAMETER, X0_PARAMETER], this.linkTo(address, btype), operands);
      if (callee !== undefined) return direct;
      return m.if(m.i64.eq(this.o.wide(target), this.o.wide(constantOf(address))), direct, rest);
    };
    code.push(called.reduceRight((rest, address) => attempt(address, rest), byCore));
    this.o.state = this.returned(to.kind === "node" ? to.node : 0, returnTo, pointer);
    code.push(
      m.if(
        this.frame.fuelIsShort(),
        code.nested(() => this.goOn(returnTo, btype, pointer)),
      ),
    );
  }

  /** What is known where the callee has come back, to the node `behind`. */
  private returned(behind: number, returnTo: bigint, pointer: Value): PathState {
    const state = new PathState(behind, resultOnly, resultOnly, FLAGS_KNOWN);
    state.write(LINK_REGISTER, constantOf(returnTo));
    state.write(SP_REGISTER, pointer);
    return state;
  }

  /** SP, in a local that the call leaves alone. */
  private stackPointer(): Value {
    const { canonical, state } = this.o;
    const pointer = canonical.register(SP_REGISTER, state);
    const isSafe = pointer.sum !== undefined || pointer.local === SP_PARAMETER;
    return isSafe ? pointer : this.o.bind("i64", this.o.wide(pointer));
  }

  /** Everything into the core's block, and then as if a callee had come to the target. */
  private prepare(target: Value, btype: number, first: Value, link: Expression, pointer: Value): void {
    const m = this.module;
    const { code } = this.o;
    code.storeI64(fieldOf(RESULT_REGISTER), this.o.wide(first));
    code.storeI64(fieldOf(LINK_REGISTER), link);
    code.storeI64(fieldOf(SP_REGISTER), this.o.wide(pointer));
    this.frame.storeFuel();
    if (btype !== 0) code.storeI32(layout.BTYPE, m.i32.const(btype));
    code.push(m.local.set(FUEL_PARAMETER, m.i64.const(LEFT)));
    code.push(m.local.set(X0_PARAMETER, this.o.wide(target)));
  }

  /** Whether the region itself, if it is called, may be called so; of others what the module imports knows that (CallLinks). */
  private mayLand(callee: bigint, btype: number): boolean {
    const [head] = this.plan.entries;
    return head?.pc !== callee || ((head.lands >> btype) & 1) === 1;
  }

  /** The function of the callee's region. */
  private linkTo(callee: bigint, btype: number): string {
    if (this.plan.head === callee) return "called";
    const m = this.module;
    let known = this.callees.indexOf(callee);
    if (known < 0) known = this.callees.push(callee) - 1;
    const name = btype === 0 ? `callee${known}` : `callee${known}.landed`;
    if (!m.isImported(name)) m.addFunctionImport(name, "callees", name, calledParameters, calledResults);
    return name;
  }

  /**
   * Behind a call with too little fuel to go on; or the callee, or what it has called, has come to another address, perhaps on its
   * way to the one behind the call.
   */
  private goOn(returnTo: bigint, btype: number, pointer: Value): void {
    const m = this.module;
    const { code } = this.o;
    const { i64 } = code.types;
    const get = (local: number): Expression => m.local.get(local, i64);
    const onwards = code.nested(() => {
      if (btype !== 0) this.restoreBtype(btype);
      const operands = [get(X0_PARAMETER), this.o.wide(constantOf(returnTo)), this.o.wide(pointer), this.frame.stack()];
      code.push(m.callInto([FUEL_PARAMETER, X0_PARAMETER], this.followed(), operands));
      const hasLeft = m.i64.lt_s(get(FUEL_PARAMETER), m.i64.const(0n));
      const leave = code.nested(() => {
        this.frame.loadFuel();
        this.frame.leaveFor(get(X0_PARAMETER));
      });
      code.push(m.if(hasLeft, leave));
    });
    code.push(m.if(m.i64.lt_s(get(FUEL_PARAMETER), m.i64.const(0n)), onwards));
    const stop = code.nested(() => this.frame.exit("fuel", constantOf(returnTo)));
    code.push(m.if(this.frame.fuelIsShort(), stop));
  }

  /**
   * The function that goes on by way of the core where a callee has left: it is given the next PC, the address behind the call, SP at the
   * call and the thread's stack, and gives what `called` would. A function of its own, for V8 would load what an imported one is called by
   * wherever a loop begins that might call it.
   */
  private followed(): string {
    const name = "followed";
    if (this.hasFollowed) return name;
    this.hasFollowed = true;
    const m = this.module;
    const [pc, expected, pointer, stack] = [0, 1, 2, 3];
    const parameters: readonly Type[] = ["i64", "i64", "i64", "i32"];
    const code = new Code(m, parameters, this.plan.core);
    const { i32, i64 } = code.types;
    const next = code.newLocal("i64");
    const operands = [code.core(), m.local.get(pc, i64), m.local.get(expected, i64), m.local.get(stack, i32)];
    code.push(m.local.set(next, this.o.callCore("followOn", operands, ["i32", "i64", "i64", "i32"], "i64")));
    const isElsewhere = [m.local.get(next, i64), code.loadI64(fieldOf(LINK_REGISTER))].map((address) =>
      m.i64.ne(address, m.local.get(expected, i64)),
    );
    const isMoved = m.i64.ne(code.loadI64(fieldOf(SP_REGISTER)), m.local.get(pointer, i64));
    // Also where it came back by BR or BLR: what stands there may not be a place to land on.
    const isAmiss = m.i32.or(code.loadI32(layout.BTYPE), code.loadI32(layout.UNWINDS));
    const leaves = [...isElsewhere, isMoved].reduce((any, each) => m.i32.or(any, each), isAmiss);
    code.push(m.if(leaves, m.return(m.i64.const(LEFT), m.local.get(next, i64))));
    const fuel = m.i64.add(code.loadI64(layout.FUEL), code.loadI64(layout.LEEWAY));
    code.push(m.return(fuel, code.loadI64(fieldOf(RESULT_REGISTER))));
    m.addFunction(name, parameters.map(typeOf), calledResults, code.localTypes(), code.take());
    return name;
  }

  /** A callee that has not begun is still to be met with what the call has set. */
  private restoreBtype(btype: number): void {
    const m = this.module;
    const { code } = this.o;
    const hasDeclined = m.i64.eq(m.local.get(FUEL_PARAMETER, code.types.i64), m.i64.const(DECLINED));
    const restore = code.nested(() => code.storeI32(layout.BTYPE, m.i32.const(btype)));
    code.push(m.if(hasDeclined, restore));
  }
}
