/** Exceptions that reach the host: a union to switch on, and the error that carries it. */
import { CmodxError, hex } from "./errors.js";
import { lateParts } from "./late.js";
import { describeAddress } from "./symbols.js";

/** What every fault has. */
interface FaultBase {
  /** Address of the instruction, or of the fetch that failed. */
  readonly pc: bigint;
  /** ESR_EL1 as a handler in the guest would read it (Arm ARM D19.2, ESR_EL1). */
  readonly esr: number;
}

/** The instruction word is known: it was fetched. */
interface InstructionFault extends FaultBase {
  readonly word: number;
}

/** The word is not allocated; `nearest` is the instruction whose fixed bits differ least from it. */
export interface UndefinedInstructionFault extends InstructionFault {
  readonly kind: "undefined-instruction";
  readonly nearest: string;
  /** The extension of the architecture that has the word and that this machine lacks, as "FEAT_SVE"; undefined if none is known. */
  readonly extension: string | undefined;
}

/** A fetch from an address of no window, or of one that is not executable. */
export interface InstructionAbortFault extends FaultBase {
  readonly kind: "instruction-abort";
  readonly reason: "unmapped" | "permission";
}

/** A branch to an address that is not a multiple of 4. */
export interface PcAlignmentFault extends FaultBase {
  readonly kind: "pc-alignment";
}

/** A load or store by a stack pointer that is not a multiple of 16, where SCTLR_EL1.SA (at EL0: SA0) forbids that. */
export interface SpAlignmentFault extends InstructionFault {
  readonly kind: "sp-alignment";
  /** The stack pointer. */
  readonly sp: bigint;
}

/** An indirect branch landed in a guarded page on an instruction that does not accept it. */
export interface BranchTargetFault extends InstructionFault {
  readonly kind: "branch-target";
  /** PSTATE.BTYPE: 1 BR by X16 or X17 or from an unguarded page, 2 BLR, 3 other BR. */
  readonly btype: number;
}

/**
 * A load, store or cache maintenance that failed. "straddle": the access goes over the end of one window into
 * another whose memory is not adjacent to it, which no single access of this machine can do.
 */
export interface DataAbortFault extends InstructionFault {
  readonly kind: "data-abort";
  readonly reason: "unmapped" | "permission" | "alignment" | "straddle";
  /** Whether it was the writing part that failed (ESR_EL1.WnR). */
  readonly access: "read" | "write";
  /** Bytes; 0 for cache maintenance. */
  readonly size: number;
  /** The first byte that could not be accessed; the access itself for "alignment". */
  readonly address: bigint;
}

/** SVC, HVC, SMC, BRK, HLT or UDF with its immediate. The core goes on behind SVC, HVC and SMC, and at the others. */
export interface ImmediateFault extends InstructionFault {
  readonly kind: "svc" | "hvc" | "smc" | "brk" | "hlt" | "udf";
  readonly immediate: number;
}

/** A system register or operation that this exception level may not use. */
export interface TrappedSystemFault extends InstructionFault {
  readonly kind: "trapped-system";
}

/** An instruction of the Advanced SIMD or floating-point registers, which are not there: CPACR_EL1.FPEN is zero. */
export interface FloatingPointAccessFault extends InstructionFault {
  readonly kind: "floating-point-access";
}

/** The first instruction after an ERET to a mode that this core does not have. */
export interface IllegalStateFault extends InstructionFault {
  readonly kind: "illegal-state";
}

export type Fault =
  | UndefinedInstructionFault
  | InstructionAbortFault
  | PcAlignmentFault
  | SpAlignmentFault
  | BranchTargetFault
  | DataAbortFault
  | ImmediateFault
  | TrappedSystemFault
  | FloatingPointAccessFault
  | IllegalStateFault;

function whatHappened(fault: Fault, symbols: ReadonlyMap<string, bigint>): string {
  switch (fault.kind) {
    case "undefined-instruction":
      return fault.extension === undefined
        ? `undefined instruction, nearest to ${fault.nearest}`
        : `undefined instruction, of ${fault.extension}, which the ID registers say is absent`;
    case "instruction-abort":
      if (fault.pc === 0n) return "branch to NULL";
      return fault.reason === "unmapped"
        ? "fetch from an unmapped address"
        : "fetch from a window that is not executable";
    case "pc-alignment":
      return "branch to an address that is not a multiple of 4";
    case "sp-alignment":
      return `access by SP = ${hex(fault.sp)}, which is not a multiple of 16`;
    case "branch-target":
      return `an indirect branch (BTYPE ${fault.btype}) landed on an instruction that is no landing pad for it`;
    case "data-abort":
      return describeDataAbort(fault, symbols);
    case "trapped-system":
      return "a system register or operation that this exception level may not use";
    case "floating-point-access":
      return "access to the floating-point and SIMD registers is trapped (CPACR_EL1.FPEN = 0)";
    case "illegal-state":
      return "ERET with a mode in SPSR_EL1 that this core does not have";
    default:
      return `${fault.kind.toUpperCase()} #${hex(fault.immediate)} without vectors in the guest`;
  }
}

function describeDataAbort(fault: DataAbortFault, symbols: ReadonlyMap<string, bigint>): string {
  const what = fault.size === 0 ? "cache maintenance" : `${fault.size}-byte ${fault.access}`;
  const reasons = {
    unmapped: fault.address < 4096n ? "NULL page" : "unmapped",
    permission: fault.access === "write" ? "not writable" : "not readable",
    alignment: "not aligned to its size",
    straddle: "goes on into a window whose memory is elsewhere",
  };
  return `${what} at ${describeAddress(symbols, fault.address)}: ${reasons[fault.reason]}`;
}

function advice(fault: Fault): string {
  switch (fault.kind) {
    case "undefined-instruction":
      return fault.extension === undefined
        ? "check that this is code, and that the cache maintenance for it was done"
        : "compile for Armv8.5 without it";
    case "instruction-abort":
      return "check the branch that led here; x30 holds the last return address";
    case "pc-alignment":
      return "check the register that the branch took";
    case "sp-alignment":
      return "move SP by multiples of 16, or clear SCTLR_EL1.SA (SA0 for EL0)";
    case "branch-target":
      return "put a BTI at the target, or make its window unguarded";
    case "data-abort":
      return fault.reason === "permission" ? "write through an alias that is writable" : "check the address register";
    case "trapped-system":
      return "run this at EL1";
    case "floating-point-access":
      return "compile with -mgeneral-regs-only";
    case "illegal-state":
      return "set SPSR_EL1 to EL0t (0), EL1t (4) or EL1h (5)";
    default:
      return "handle it in the host, or set VBAR_EL1 in the guest";
  }
}

function instructionText(fault: Fault): string {
  if (!("word" in fault)) return "";
  const text = lateParts().disassemble(fault.word, fault.pc);
  return `: ${fault.word.toString(16).padStart(8, "0")}${text === undefined ? "" : `  ${text.replaceAll("\t", " ")}`}`;
}

/** The guest did what has no handler in the guest. The core's registers are as before the instruction. */
export class GuestFault extends CmodxError {
  override readonly name = "GuestFault";

  constructor(
    readonly fault: Fault,
    symbols: ReadonlyMap<string, bigint>,
  ) {
    const where = `at ${describeAddress(symbols, fault.pc)}${instructionText(fault)}`;
    super(fault.kind, `${whatHappened(fault, symbols)}, ${where}; ${advice(fault)}`);
  }
}

/** The heading of the Arm ARM's page of the allocated instruction that is nearest to a word. */
export function nearestName(word: number): string {
  return lateParts().nearestRow(word).row.name;
}
