/** A region's calls of code that is not part of it: of the region that begins there, or by way of the core. */
import * as layout from "../../assembly/layout.js";
import { FLAGS_KNOWN } from "../wasm/flag-locals.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import { constantOf, type Value } from "../wasm/value.js";
import {
  calledParameters,
  calledResults,
  carried,
  DECLINED,
  FUEL_PARAMETER,
  LEFT,
  LINK_PARAMETER,
  RESULT_REGISTER,
  X0_PARAMETER,
} from "./convention.js";
import { LINK_REGISTER } from "./flow.js";
import type { RegionFrame } from "./frame.js";
import type { RegionOps } from "./ops.js";
import type { NodeEnd, PlanEntry } from "./plan.js";
import { has } from "./registers.js";
import { fieldOf, PathState } from "./state.js";

type CallEnd = Extract<NodeEnd, { readonly kind: "call" }>;

export class RegionCalls {
  /** Addresses of what is called directly, in the order of the module's imports. */
  readonly callees: bigint[] = [];

  constructor(
    private readonly module: WasmModule,
    private readonly o: RegionOps,
    private readonly frame: RegionFrame,
    private readonly entries: readonly PlanEntry[],
  ) {}

  /**
   * Calls; comes to the code behind only where it has returned to there, with what a call carries in its locals. A callee known by its
   * address, or guessed, is called as it was linked when the region was made, if that is still its slot's region. What `remember` emits is done
   * where none was.
   */
  call(target: Value, { callee, guesses, btype, returnTo }: CallEnd, remember: () => void): void {
    const m = this.module;
    const { state, canonical, code } = this.o;
    this.frame.settleCounts();
    const first = this.o.bind("i64", this.firstArgument());
    canonical.store(state, carried);
    const link = (): Expression => this.o.wide(constantOf(returnTo));
    const byCore = code.nested(() => {
      remember();
      this.prepare(target, btype, first, link());
    });
    const called = callee === undefined ? guesses : [callee];
    const attempt = (address: bigint, rest: Expression): Expression => {
      const operands = [m.local.get(FUEL_PARAMETER, code.types.i64), this.frame.stack(), link(), this.o.wide(first)];
      const { name, isLinked } = this.linkedTo(address, btype);
      const direct = m.callInto([FUEL_PARAMETER, X0_PARAMETER], name, operands);
      const isThere = m.i64.eq(this.o.wide(target), this.o.wide(constantOf(address)));
      return m.if(callee === undefined ? m.i32.and(isThere, isLinked) : isLinked, direct, rest);
    };
    code.push(called.reduceRight((rest, address) => attempt(address, rest), byCore));
    code.push(m.local.set(LINK_PARAMETER, link()));
    code.push(
      m.if(
        this.frame.fuelIsShort(),
        code.nested(() => this.goOn(returnTo, btype)),
      ),
    );
    this.o.state = new PathState(0, carried, carried, FLAGS_KNOWN);
  }

  /** X0, wherever it is. */
  private firstArgument(): Expression {
    const { state, canonical, code } = this.o;
    const known = state.registers.get(RESULT_REGISTER);
    if (known !== undefined) return this.o.wide(known);
    if (has(state.live, RESULT_REGISTER)) return this.o.wide(canonical.register(RESULT_REGISTER, state));
    return code.loadI64(fieldOf(RESULT_REGISTER));
  }

  /** Everything into the core's block, and then as if a callee had come to the target. */
  private prepare(target: Value, btype: number, first: Value, link: Expression): void {
    const m = this.module;
    const { code } = this.o;
    code.storeI64(fieldOf(RESULT_REGISTER), this.o.wide(first));
    code.storeI64(fieldOf(LINK_REGISTER), link);
    this.frame.storeFuel();
    if (btype !== 0) code.storeI32(layout.BTYPE, m.i32.const(btype));
    code.push(m.local.set(FUEL_PARAMETER, m.i64.const(LEFT)));
    code.push(m.local.set(X0_PARAMETER, this.o.wide(target)));
  }

  /**
   * The function of the callee's region, and whether it is linked and may be called so: see RegionTable.instantiate for what the module
   * imports for it. What is being executed is linked (see UNWINDS), so that a region that calls itself need not look.
   */
  private linkedTo(callee: bigint, btype: number): { readonly name: string; readonly isLinked: Expression } {
    const m = this.module;
    const { i32 } = this.o.code.types;
    const [head] = this.entries;
    if (head?.pc === callee) return { name: "called", isLinked: m.i32.const((head.lands >> btype) & 1) };
    const name = this.linkTo(callee);
    const held = m.i32.load(4, 4, m.global.get(`${name}.slot`, i32));
    const wanted = m.global.get(btype === 0 ? `${name}.held` : `${name}.landed`, i32);
    return { name, isLinked: m.i32.eq(held, wanted) };
  }

  /**
   * Behind a call with too little fuel to go on; or the callee, or what it has called, has come to another address, perhaps on its
   * way to the one behind the call.
   */
  private goOn(returnTo: bigint, btype: number): void {
    const m = this.module;
    const { code } = this.o;
    const { i64 } = code.types;
    const expected = (): Expression => this.o.wide(constantOf(returnTo));
    const onwards = code.nested(() => {
      if (btype !== 0) this.restoreBtype(btype);
      const operands = [code.core(), m.local.get(X0_PARAMETER, i64), expected(), this.frame.stack()];
      const next = this.o.bind("i64", this.o.callCore("followOn", operands, ["i32", "i64", "i64", "i32"], "i64"));
      this.frame.loadFuel();
      // Also where it came back by BR or BLR: what stands there may not be a place to land on.
      const isAmiss = m.i32.or(code.loadI32(layout.BTYPE), code.loadI32(layout.UNWINDS));
      const isElsewhere = m.i32.or(m.i64.ne(this.o.wide(next), expected()), isAmiss);
      code.push(
        m.if(
          isElsewhere,
          code.nested(() => this.frame.leaveFor(this.o.wide(next))),
        ),
      );
      code.push(m.local.set(LINK_PARAMETER, code.loadI64(fieldOf(LINK_REGISTER))));
      code.push(m.local.set(X0_PARAMETER, code.loadI64(fieldOf(RESULT_REGISTER))));
    });
    const { state } = this.o;
    this.o.state = new PathState(0, carried, carried, FLAGS_KNOWN);
    code.push(m.if(m.i64.lt_s(m.local.get(FUEL_PARAMETER, i64), m.i64.const(0n)), onwards));
    const stop = code.nested(() => this.frame.exit("fuel", constantOf(returnTo)));
    code.push(m.if(this.frame.fuelIsShort(), stop));
    this.o.state = state;
  }

  /** A callee that has not begun is still to be met with what the call has set. */
  private restoreBtype(btype: number): void {
    const m = this.module;
    const { code } = this.o;
    const hasDeclined = m.i64.eq(m.local.get(FUEL_PARAMETER, code.types.i64), m.i64.const(DECLINED));
    const restore = code.nested(() => code.storeI32(layout.BTYPE, m.i32.const(btype)));
    code.push(m.if(hasDeclined, restore));
  }

  private linkTo(callee: bigint): string {
    const known = this.callees.indexOf(callee);
    if (known >= 0) return `callee${known}`;
    const m = this.module;
    const name = `callee${this.callees.length}`;
    this.callees.push(callee);
    m.addFunctionImport(name, "callees", name, calledParameters, calledResults);
    for (const what of ["slot", "held", "landed"])
      m.addGlobalImport(`${name}.${what}`, "callees", `${name}.${what}`, this.o.code.types.i32);
    return name;
  }
}
