/**
 * The way into a region and out of it: what its function loads when it is entered, and how it counts, charges fuel, stores and
 * returns where it is left.
 *
 * The function is called as an interpreter's handler, but for its second parameter: PSTATE.BTYPE as it is met with, where the
 * word is a handler's. It gives the next PC; the address that it was entered at, with the fuel untouched, means that it has declined.
 */
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import { CORE_PARAMETER, PC_PARAMETER, WORD_PARAMETER } from "../wasm/code.js";
import { type Expression, handlerParameters, handlerResult, none, type WasmModule } from "../wasm/module.js";
import { constantOf, type Value } from "../wasm/value.js";
import type { ExitWriter, Missed, RegionOps } from "./ops.js";
import { type ExitReason, exitReasons, noCounts, type PathCounts, type PlanEntry } from "./plan.js";
import { noRegisters, type Registers } from "./registers.js";

/** What a path has counted goes two and two into the halves of a local: see PACKED_ACCESSES in layout.ts. */
const packs: readonly { readonly field: number; readonly low: keyof PathCounts; readonly high: keyof PathCounts }[] = [
  { field: layout.PACKED_ACCESSES, low: "reads", high: "writes" },
  { field: layout.PACKED_JUMPS, low: "direct", high: "conditional" },
  { field: layout.PACKED_CALLS, low: "call", high: "return" },
  { field: layout.PACKED_INDIRECT, low: "indirect", high: "indirectCall" },
];

/** Bytes that V8's baseline compiler takes on the stack for a function besides its locals: an estimate. */
const FRAME_OVERHEAD = 160;

/** Behind everything that is stored registers by registers. */
const OUT = "out";

/** Bits of `why` beside the reason. */
const REASON = 0xff;
const MISS = 0x100;
const COLD = 0x200;
const missBits = { nothing: 0, assumption: MISS, code: MISS | COLD } satisfies Record<Missed, number>;

export class RegionFrame implements ExitWriter {
  private readonly fuel: number;
  /** Fuel with which it is short: at outermost loops, and elsewhere, where it may be by so much less as LEEWAY says. */
  private readonly outerLimit: number;
  private readonly limit: number;
  private readonly nextPc: number;
  /** Why the region is being left: an index of exitReasons, and MISS and COLD. */
  private readonly why: number;
  /** PSTATE.BTYPE between an indirect branch that was followed and the end of the instruction it goes to; 0 elsewhere. */
  private readonly btype: number;
  private setsBtype = false;
  /** The constants that the fuel is compared with. */
  private readonly needs: Expression[] = [];
  private readonly packed = new Map<number, number>();
  /** Epilogues: labels of the code that stores these registers. */
  private readonly epilogues = new Map<Registers, string>();
  /** Addresses of what is called by BL, in the order of the module's imports. */
  readonly callees: bigint[] = [];

  constructor(
    private readonly module: WasmModule,
    private readonly o: RegionOps,
    private readonly entries: readonly PlanEntry[],
    /** Whether to count more than fuel. */
    private readonly counts: boolean,
  ) {
    const { code } = o;
    this.fuel = code.newLocal("i64");
    this.outerLimit = code.newLocal("i64");
    this.limit = code.newLocal("i64");
    this.nextPc = code.newLocal("i64");
    this.why = code.newLocal("i32");
    this.btype = code.newLocal("i32");
    module.addGlobalImport("region", "env", "region", code.types.i32);
  }

  /** The whole function around the code of its nodes; between two looks at the fuel it executes at most `need` instructions. */
  around(body: Expression, need: number): Expression {
    const m = this.module;
    const prologue = this.prologue();
    const code = this.epilogue(body);
    this.addFrameGlobal();
    for (const constant of this.needs) this.module.setConstant(constant, BigInt(need));
    return m.block(null, [...prologue, ...code], this.o.code.types.i64);
  }

  /** The bytes that this function has on the stack are known when all of its locals are. */
  private addFrameGlobal(): void {
    const m = this.module;
    const bytes = FRAME_OVERHEAD + 8 * this.o.code.localTypes().length;
    m.addGlobal("frame", this.o.code.types.i32, m.i32.const(bytes));
  }

  private prologue(): Expression[] {
    const m = this.module;
    const { code } = this.o;
    const { i32, i64 } = code.types;
    const btype = (): Expression => m.local.get(WORD_PARAMETER, i32);
    return code.collect(() => {
      this.loadFuel();
      this.setLimits();
      let declines = m.i32.or(this.fuelIsShort("outer"), code.loadI32(layout.PENDING));
      const lands = this.lands();
      if (lands !== undefined) {
        const isBad = m.i32.eqz(m.i32.and(m.i32.shr_u(lands, btype()), m.i32.const(1)));
        declines = m.i32.or(declines, isBad);
      }
      const decline = code.nested(() => {
        code.storeI32(layout.BTYPE, btype());
        code.push(m.return(m.local.get(PC_PARAMETER, i64)));
      });
      code.push(m.if(declines, decline));
    });
  }

  /** PlanEntry.lands of where the region is entered; undefined if it does not matter there. */
  private lands(): Expression | undefined {
    const m = this.module;
    const [head, ...others] = this.entries;
    if (head === undefined) throw new InternalError("a region without an entry");
    if (this.entries.every(({ lands }) => lands === 15)) return undefined;
    return others.reduce(
      (lands, entry) => m.select(this.isEnteredAt(entry), m.i32.const(entry.lands), lands),
      m.i32.const(head.lands),
    );
  }

  /** Whether the region was called with the entry's address. */
  isEnteredAt({ pc }: PlanEntry): Expression {
    const m = this.module;
    return m.i64.eq(m.local.get(PC_PARAMETER, this.o.code.types.i64), m.i64.const(BigInt.asIntN(64, pc)));
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
      code.storeI64(layout.FUEL, m.local.get(this.fuel, code.types.i64));
      for (const [field, local] of this.packed) {
        const sum = m.i64.add(code.loadI64(field), m.local.get(local, code.types.i64));
        code.storeI64(field, sum);
      }
      if (this.setsBtype) code.storeI32(layout.BTYPE, m.local.get(this.btype, code.types.i32));
      this.countExit();
      code.push(m.return(m.local.get(this.nextPc, code.types.i64)));
    });
    return [m.block(OUT, [all], none), ...out];
  }

  // ---- counting ----------------------------------------------------------------------------------

  /** Charges for and counts what the path has done since this was last called. */
  settleCounts(): void {
    const { state } = this.o;
    this.addCounts(state.counts);
    state.counts = noCounts();
  }

  private addCounts(counts: PathCounts): void {
    const m = this.module;
    const { code } = this.o;
    const { i64 } = code.types;
    const add = (local: number, amount: bigint): void =>
      code.push(m.local.set(local, m.i64.add(m.local.get(local, i64), m.i64.const(amount))));
    if (counts.instructions > 0) add(this.fuel, BigInt(-counts.instructions));
    if (!this.counts) return;
    for (const { field, low, high } of packs) {
      const amount = BigInt(counts[low]) + (BigInt(counts[high]) << 32n);
      if (amount !== 0n) add(this.pack(field), amount);
    }
  }

  private pack(field: number): number {
    let local = this.packed.get(field);
    if (local === undefined) {
      local = this.o.code.newLocal("i64");
      this.packed.set(field, local);
    }
    return local;
  }

  private loadFuel(): void {
    const { code } = this.o;
    code.push(this.module.local.set(this.fuel, code.loadI64(layout.FUEL)));
  }

  /** Only what the run loop has entered ends slices at its outermost loops: what was called would be left by all of its callers. */
  private setLimits(): void {
    const m = this.module;
    const { code } = this.o;
    const need = (): Expression => {
      const constant = m.i64.const(0n);
      this.needs.push(constant);
      return constant;
    };
    code.push(m.local.set(this.limit, m.i64.sub(need(), code.loadI64(layout.LEEWAY))));
    const limit = m.local.get(this.limit, code.types.i64);
    code.push(m.local.set(this.outerLimit, m.select(code.loadI32(layout.REGION_STACK), limit, need())));
  }

  private fuelIsShort(where: "outer" | "inner"): Expression {
    const m = this.module;
    const { i64 } = this.o.code.types;
    const limit = where === "outer" ? this.outerLimit : this.limit;
    return m.i64.lt_s(m.local.get(this.fuel, i64), m.local.get(limit, i64));
  }

  /** Sets PSTATE.BTYPE as it is where the region is left. */
  setBtype(btype: number): void {
    this.setsBtype = true;
    this.o.code.push(this.module.local.set(this.btype, this.module.i32.const(btype)));
  }

  /** Notes that the region is being left, and why; counted where all ways out meet. */
  private noteExit(reason: ExitReason, missed: Missed): void {
    const why = exitReasons.indexOf(reason) | missBits[missed];
    this.o.code.push(this.module.local.set(this.why, this.module.i32.const(why)));
  }

  private countExit(): void {
    const m = this.module;
    const { code } = this.o;
    const why = (): Expression => m.local.get(this.why, code.types.i32);
    const reason = m.i32.shl(m.i32.and(why(), m.i32.const(REASON)), m.i32.const(3));
    this.increment(m.i32.add(code.core(), reason), layout.COUNT_EXITS, 8);
    const index = m.i32.sub(m.global.get("region", code.types.i32), m.i32.const(layout.FIRST_REGION));
    const cold = code.nested(() =>
      this.increment(m.i32.add(code.core(), m.i32.shl(index, m.i32.const(2))), layout.REGION_COLD, 4),
    );
    const miss = code.nested(() => {
      this.miss();
      code.push(m.if(m.i32.and(why(), m.i32.const(COLD)), cold));
    });
    code.push(m.if(m.i32.and(why(), m.i32.const(MISS)), miss));
  }

  /** Something that the region assumes has failed: enough of these and it is chosen anew. */
  private miss(): void {
    const m = this.module;
    const { code } = this.o;
    code.storeI32(layout.MISSES, m.i32.add(code.loadI32(layout.MISSES), m.i32.const(1)));
    code.storeI32(layout.MISSED_REGION, m.global.get("region", code.types.i32));
  }

  private increment(address: Expression, field: number, bytes: 4 | 8): void {
    const m = this.module;
    const { code } = this.o;
    const at = this.o.bind("i32", address);
    const pointer = (): Expression => this.o.narrow(at);
    if (bytes === 8)
      code.push(m.i64.store(field, 8, pointer(), m.i64.add(m.i64.load(field, 8, pointer()), m.i64.const(1n))));
    else code.push(m.i32.store(field, 4, pointer(), m.i32.add(m.i32.load(field, 4, pointer()), m.i32.const(1))));
  }

  // ---- leaving -----------------------------------------------------------------------------------

  /**
   * No calls on the way out: a value that lives across a call is spilled by V8 where it is made, inside the loop that is left. So what
   * is rare is only counted here, and heard of by the run loop.
   */
  exit(reason: ExitReason, pc: Value, missed: Missed = "nothing"): void {
    const m = this.module;
    const { state, canonical, code } = this.o;
    this.noteExit(reason, missed);
    const target = this.o.wide(pc);
    code.push(m.local.set(this.nextPc, target));
    this.addCounts(state.counts);
    canonical.store(state, state.dirty);
    canonical.settle(state, state.dirty);
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
    code.push(
      m.if(
        this.fuelIsShort(where),
        code.nested(() => this.exit("fuel", pc)),
      ),
    );
    // A plain load: V8 keeps wasm loads where they are, and an atomic one would check its alignment every time.
    code.push(
      m.if(
        code.loadI32(layout.PENDING),
        code.nested(() => this.exit("pending", pc)),
      ),
    );
  }

  /**
   * Calls code that is not part of the region; comes to the code behind only where it has returned to there. A callee known by its
   * address is called as it was linked when the region was made, if that is still its slot's region.
   */
  call(target: Value, btype: number, returnTo: Value): void {
    const m = this.module;
    const { state, canonical, code } = this.o;
    const { i64 } = code.types;
    this.settleCounts();
    canonical.store(state, noRegisters);
    code.storeI64(layout.FUEL, m.local.get(this.fuel, i64));
    // BLR of a register whose value is known is not BL: it sets BTYPE.
    if (target.constant === undefined || btype !== 0) this.callThroughCore(target, btype, returnTo);
    else this.callLinked(target.constant, returnTo);
    this.loadFuel();
    const leave = code.nested(() => {
      this.noteExit("call", "nothing");
      code.push(m.local.set(this.btype, code.loadI32(layout.BTYPE)));
      code.push(m.br(OUT));
    });
    code.push(m.if(this.hasNotReturned(returnTo), leave));
    const stop = code.nested(() => {
      this.noteExit("fuel", "nothing");
      code.push(m.br(OUT));
    });
    code.push(m.if(this.fuelIsShort("inner"), stop));
  }

  /** Also where the callee came back by BR or BLR: what stands there may not be a place to land on. */
  private hasNotReturned(returnTo: Value): Expression {
    const m = this.module;
    const { code } = this.o;
    const isElsewhere = m.i64.ne(m.local.get(this.nextPc, code.types.i64), this.o.wide(returnTo));
    return m.i32.or(isElsewhere, code.loadI32(layout.BTYPE));
  }

  private callThroughCore(target: Value, btype: number, returnTo: Value): void {
    const m = this.module;
    const { code } = this.o;
    const { i32 } = code.types;
    const operands = [
      m.local.get(CORE_PARAMETER, i32),
      this.o.wide(target),
      m.i32.const(btype),
      this.o.wide(returnTo),
      m.global.get("frame", i32),
    ];
    const next = this.o.callCore("follow", operands, ["i32", "i64", "i32", "i64", "i32"], "i64");
    code.push(m.local.set(this.nextPc, next));
  }

  /** The same for a callee that may be linked: see RegionTable.instantiate for what the module imports for it. */
  private callLinked(callee: bigint, returnTo: Value): void {
    const m = this.module;
    const { code } = this.o;
    const { i32, i64 } = code.types;
    const name = this.linkTo(callee);
    const isSelf = this.entries.some(({ pc }) => pc === callee);
    const stack = this.o.bind("i32", m.i32.add(code.loadI32(layout.REGION_STACK), m.global.get("frame", i32)));
    const isShallow = m.i32.le_u(this.o.narrow(stack), m.i32.const(layout.REGION_STACK_LIMIT));
    const slot = m.i32.load(4, 4, m.global.get(`${name}.slot`, i32));
    const held = m.i32.and(slot, m.i32.const(layout.HANDLER_MASK));
    const isLinked = m.i32.eq(held, m.global.get(isSelf ? "region" : `${name}.region`, i32));
    const direct = code.nested(() => {
      code.storeI32(layout.REGION_STACK, this.o.narrow(stack));
      const operands = [m.local.get(CORE_PARAMETER, i32), m.i32.const(0), this.o.wide(constantOf(callee))];
      code.push(m.local.set(this.nextPc, m.call(isSelf ? "region" : name, operands, i64)));
      const back = m.i32.sub(this.o.narrow(stack), m.global.get("frame", i32));
      code.storeI32(layout.REGION_STACK, back);
      const on = [
        m.local.get(CORE_PARAMETER, i32),
        m.local.get(this.nextPc, i64),
        this.o.wide(returnTo),
        m.global.get("frame", i32),
      ];
      const next = this.o.callCore("followOn", on, ["i32", "i64", "i64", "i32"], "i64");
      code.push(m.if(this.hasNotReturned(returnTo), m.local.set(this.nextPc, next)));
    });
    const other = code.nested(() => this.callThroughCore(constantOf(callee), 0, returnTo));
    code.push(m.if(m.i32.and(isShallow, isLinked), direct, other));
  }

  private linkTo(callee: bigint): string {
    const known = this.callees.indexOf(callee);
    if (known >= 0) return `callee${known}`;
    const m = this.module;
    const name = `callee${this.callees.length}`;
    this.callees.push(callee);
    m.addFunctionImport(name, "callees", name, handlerParameters, handlerResult);
    for (const what of ["slot", "region"])
      m.addGlobalImport(`${name}.${what}`, "callees", `${name}.${what}`, this.o.code.types.i32);
    return name;
  }
}
