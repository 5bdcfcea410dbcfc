/** From the EXCEPTION fields of a core's block to a fault. */
import * as layout from "../../assembly/layout.js";
import { absentExtension } from "../a64/extensions.js";
import { InternalError } from "./errors.js";
import { type DataAbortFault, type Fault, type ImmediateFault, nearestName } from "./faults.js";

const immediateKinds: ReadonlyMap<number, ImmediateFault["kind"]> = new Map([
  [layout.EXCEPTION_SVC, "svc"],
  [layout.EXCEPTION_HVC, "hvc"],
  [layout.EXCEPTION_SMC, "smc"],
  [layout.EXCEPTION_BRK, "brk"],
  [layout.EXCEPTION_HLT, "hlt"],
  [layout.EXCEPTION_UDF, "udf"],
]);

const dataReasons: ReadonlyMap<number, DataAbortFault["reason"]> = new Map([
  [layout.EXCEPTION_DATA_UNMAPPED, "unmapped"],
  [layout.EXCEPTION_DATA_PERMISSION, "permission"],
  [layout.EXCEPTION_DATA_ALIGNMENT, "alignment"],
  [layout.EXCEPTION_DATA_STRADDLE, "straddle"],
]);

/** ESR_ELx.WnR of a data abort. */
const WNR = 1 << 6;
/** Exceptions whose preferred return address is the instruction behind the one that raised them. */
const returningBehind: ReadonlySet<ImmediateFault["kind"]> = new Set(["svc", "hvc", "smc"]);

function immediateOf(kind: ImmediateFault["kind"], word: number): number {
  // imm16 stands in bits 20 to 5 of all of them but UDF, which has it at the bottom.
  return kind === "udf" ? word & 0xffff : (word >>> 5) & 0xffff;
}

/** The exception that the core at block address `core` has raised. */
export function readFault(view: DataView, core: number): Fault {
  const exception = view.getUint32(core + layout.EXCEPTION, true);
  const word = view.getUint32(core + layout.EXCEPTION_WORD, true);
  const esr = view.getUint32(core + layout.EXCEPTION_ESR, true);
  const pc = view.getBigUint64(core + layout.EXCEPTION_ELR, true);
  const immediateKind = immediateKinds.get(exception);
  if (immediateKind !== undefined) {
    const own = returningBehind.has(immediateKind) ? BigInt.asUintN(64, pc - 4n) : pc;
    return { kind: immediateKind, pc: own, esr, word, immediate: immediateOf(immediateKind, word) };
  }
  const reason = dataReasons.get(exception);
  if (reason !== undefined) {
    const access = view.getUint32(core + layout.EXCEPTION_ACCESS, true);
    const address = view.getBigUint64(core + layout.EXCEPTION_FAR, true);
    return {
      kind: "data-abort",
      pc,
      esr,
      word,
      reason,
      access: (esr & WNR) !== 0 ? "write" : "read",
      size: access >>> 8,
      address,
    };
  }
  switch (exception) {
    case layout.EXCEPTION_UNDEFINED:
      return {
        kind: "undefined-instruction",
        pc,
        esr,
        word,
        nearest: nearestName(word),
        extension: absentExtension(word),
      };
    case layout.EXCEPTION_INSTRUCTION_UNMAPPED:
      return { kind: "instruction-abort", pc, esr, reason: "unmapped" };
    case layout.EXCEPTION_INSTRUCTION_PERMISSION:
      return { kind: "instruction-abort", pc, esr, reason: "permission" };
    case layout.EXCEPTION_PC_ALIGNMENT:
      return { kind: "pc-alignment", pc, esr };
    case layout.EXCEPTION_SP_ALIGNMENT:
      return { kind: "sp-alignment", pc, esr, word, sp: view.getBigUint64(core + layout.SP, true) };
    case layout.EXCEPTION_BRANCH_TARGET:
      return { kind: "branch-target", pc, esr, word, btype: esr & 3 };
    case layout.EXCEPTION_TRAPPED:
      return { kind: "trapped-system", pc, esr, word };
    case layout.EXCEPTION_FP_ACCESS:
      return { kind: "floating-point-access", pc, esr, word };
    case layout.EXCEPTION_ILLEGAL_STATE:
      return { kind: "illegal-state", pc, esr, word };
    default:
      throw new InternalError(`exception number ${exception} is unknown`);
  }
}
