/**
 * The instruction table's third backend: the meaning of one instruction as events of its thread. A value is a number
 * with the reads it depends on; where the number comes from memory, `Choices` says which candidate it is.
 *
 * Departures from the architecture, all of them herd's too unless they say otherwise:
 *   - one exception level: what EL0 may not do is not checked;
 *   - an atomic instruction into ZR, and CAS into ZR, reads without acquiring, and DMB LD does not wait for it (herd's NoRet);
 *   - STXR may always fail; it can only succeed at the address and size of the last LDXR;
 *   - an access that is not aligned to its size is one access a byte (herd takes none; FEAT_LSE2 is absent);
 *   - the 16 bytes of LDXP, STXP and CASP are one access (herd has two of 8);
 *   - IC IALLU reaches every thread, as IC IALLUIS does: the architecture has it invalidate the cache of its own core only;
 *   - the only PSTATE that exceptions and ERET save and restore in SPSR_EL1 is BTYPE.
 */
import type {
  BarrierOp,
  DataCacheOp,
  DirectBranch,
  ExceptionOp,
  HintOp,
  IndirectBranch,
  InstructionCacheOp,
  KnownField,
  Ops,
  PStateField,
  SystemRegister,
} from "../../engine/index.js";
import { type Access, AccessOps } from "./access-ops.js";
import { RaisedException } from "./events.js";
import { combine, constant, type Dependencies, merge, type Value } from "./value.js";

const maintenanceOps: ReadonlySet<DataCacheOp> = new Set(["CVAU", "CVAC", "CVAP", "CVADP", "CIVAC"]);

/** System registers that are storage and nothing else here. */
const plainRegisters: ReadonlySet<SystemRegister> = new Set([
  "TPIDR_EL0",
  "TPIDRRO_EL0",
  "TPIDR_EL1",
  "ELR_EL1",
  "SPSR_EL1",
  "ESR_EL1",
  "FAR_EL1",
  "VBAR_EL1",
  "SP_EL0",
]);

/** SPSR_EL1.BTYPE is its bits 10 and 11. */
export const SPSR_BTYPE = 10n;

export class ThreadOps extends AccessOps implements Ops<Value, KnownField, Access> {
  /** PSTATE.BTYPE for the next instruction. */
  btype = 0;

  // ---- control -------------------------------------------------------------------------------
  branchTo(target: Value, type: DirectBranch): void {
    if (type === "DIRCALL") this.state.called();
    this.next = target.bits;
  }
  branchIf(condition: Value, target: Value): void {
    this.#depend(condition);
    if (condition.bits === 1n) this.next = target.bits;
  }
  branchIndirect(target: Value, type: IndirectBranch, n: KnownField): void {
    if (type === "INDCALL") this.state.called();
    this.btype = type === "RET" ? 0 : type === "INDCALL" ? 2 : this.#btypeOfJump(n.value);
    this.#depend(target);
    this.next = target.bits;
  }
  /** Arm ARM, BR: what it is after a jump through Xn. */
  #btypeOfJump(n: number): number {
    const { memory, pc } = this.state;
    return n === 16 || n === 17 || !memory.guarded(pc) ? 1 : 3;
  }
  #depend(on: Dependencies): void {
    this.state.control = merge(this.state.control, on);
  }
  exception(op: ExceptionOp): void {
    switch (op) {
      case "SVC":
      case "HVC":
      case "SMC":
        throw new RaisedException(op.toLowerCase() as "svc" | "hvc" | "smc", undefined, "next");
      case "BRK":
        throw new RaisedException("brk");
      case "UDF":
        throw new RaisedException("undefined");
      default:
        throw this.unsupported(op === "HLT" ? "HLT" : "a floating-point or SIMD instruction");
    }
  }
  eret(): void {
    this.emit({ kind: "return", control: this.state.control });
    this.btype = Number((this.readSystem("SPSR_EL1").bits >> SPSR_BTYPE) & 3n);
    const target = this.readSystem("ELR_EL1");
    this.state.decided |= target.picked | this.readSystem("SPSR_EL1").picked;
    this.next = target.bits;
  }

  // ---- system --------------------------------------------------------------------------------
  hint(_op: HintOp): void {}
  barrier(op: BarrierOp, option: KnownField): void {
    // CRm<1:0>: 01 loads, 10 stores, otherwise all; every domain is the one that all threads share.
    const accesses =
      op === "ISB" ? "full" : ((["full", "loads", "stores", "full"] as const)[option.value & 3] ?? "full");
    const fullSystem = option.value >> 2 === 3;
    this.emit({ kind: "barrier", op, accesses, fullSystem, control: this.state.control });
  }
  dataCache(op: DataCacheOp, address: Value): void {
    if (!maintenanceOps.has(op)) throw this.unsupported(`DC ${op}`);
    this.emit({ kind: "dc", address: address.bits, addressOf: address, control: this.state.control });
  }
  instructionCache(op: InstructionCacheOp, address: Value): void {
    const at = op === "IVAU" ? address.bits : undefined;
    this.emit({ kind: "ic", address: at, addressOf: address, control: this.state.control });
  }
  addressTranslation(): void {
    throw this.unsupported("address translation");
  }
  CheckSystemAccess(): void {
    throw this.unsupported("TLB maintenance or a prediction restriction");
  }
  readSystem(register: SystemRegister): Value {
    if (register === "CTR_EL0") return constant(this.machine.cacheType);
    if (register === "NZCV") return combine(this.state.nzcv.bits << 28n, this.state.nzcv);
    if (!plainRegisters.has(register)) throw this.unsupported(`MRS of ${register}`);
    return this.state.system.get(register) ?? constant(0n);
  }
  writeSystem(register: SystemRegister, value: Value): void {
    if (register === "NZCV") this.setNZCV(combine((value.bits >> 28n) & 15n, value));
    else if (plainRegisters.has(register)) this.state.system.set(register, value);
    else throw this.unsupported(`MSR of ${register}`);
  }
  writePState(field: PStateField): void {
    if (field === "SPSel") throw this.unsupported("MSR SPSel");
  }
}
