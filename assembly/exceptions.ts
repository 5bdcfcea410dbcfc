/** Exceptions: raising, taking to EL1 or leaving to the host, and returning (Arm ARM D1.3 to D1.4, ESR_ELx in D19.2). */
import {
  ACCESS_WRITE, BTYPE, BTYPE_ILLEGAL, BTYPE_MASK, COUNT_EXCEPTIONS, DAIF, EL, ELR_EL1, ESR_EL1, EVENT, EXCEPTION,
  EXCEPTION_ACCESS, EXCEPTION_BRANCH_TARGET, EXCEPTION_BRK, EXCEPTION_DATA_ALIGNMENT, EXCEPTION_DATA_PERMISSION,
  EXCEPTION_DATA_UNMAPPED, EXCEPTION_ELR, EXCEPTION_ESR, EXCEPTION_FAR, EXCEPTION_FIQ, EXCEPTION_FP_ACCESS, EXCEPTION_HLT,
  EXCEPTION_HVC, EXCEPTION_ILLEGAL_STATE, EXCEPTION_INSTRUCTION_PERMISSION, EXCEPTION_INSTRUCTION_UNMAPPED, EXCEPTION_IRQ,
  EXCEPTION_PC_ALIGNMENT, EXCEPTION_SEMIHOSTING, EXCEPTION_SMC, EXCEPTION_SP_ALIGNMENT, EXCEPTION_SVC, EXCEPTION_TRAPPED, EXCEPTION_UNDEFINED,
  EXCEPTION_UNRESPONSIVE, EXCEPTION_WAIT, EXCEPTION_WORD, FAR_EL1, FAULT_PC, MONITOR_ADDRESS, NZCV, PC, PSTATE_BITS, PSTATE_DIT, PSTATE_PAN,
  PSTATE_SSBS, PSTATE_UAO, SCTLR_SA, SCTLR_SA0, SEMIHOSTING, SEMIHOSTING_IMMEDIATE, SP, SPSEL, SPSR_EL1, SP_BANKED, SP_CHECKS, VBAR_EL1,
  VBAR_SET,
} from "./layout";
import { heldWord, increment } from "./icache";
import { interruptIfPending } from "./interrupts";
import { synchronizeContext } from "./condemned";

// ESR_ELx.EC.
const EC_UNKNOWN: u32 = 0x00;
const EC_FP_ACCESS: u32 = 0x07;
const EC_BRANCH_TARGET: u32 = 0x0d;
const EC_ILLEGAL_STATE: u32 = 0x0e;
const EC_SVC: u32 = 0x15;
const EC_HVC: u32 = 0x16;
const EC_SMC: u32 = 0x17;
const EC_SYSTEM: u32 = 0x18;
const EC_INSTRUCTION_ABORT: u32 = 0x20;
const EC_PC_ALIGNMENT: u32 = 0x22;
const EC_DATA_ABORT: u32 = 0x24;
const EC_SP_ALIGNMENT: u32 = 0x26;
const EC_BRK: u32 = 0x3c;
/** ESR_ELx.IL: the instruction was 32 bits long. */
const IL: u32 = 1 << 25;
/** ISS of EC_FP_ACCESS: CV = 1, COND = 0b1110, as from AArch64 always. */
const ISS_FP_ACCESS: u32 = 0x1e00000;
// Fault status codes of ISS.
const TRANSLATION_LEVEL_3: u32 = 0b000111;
const PERMISSION_LEVEL_3: u32 = 0b001111;
const ALIGNMENT: u32 = 0b100001;
// ISS of a data abort.
const WNR: u32 = 1 << 6;
const CM: u32 = 1 << 8;
// SPSR_ELx.
const SPSR_IL_SHIFT = 20;
const SPSR_BTYPE_SHIFT = 10;
/** The bits of PSTATE_BITS, which stand in SPSR_ELx as they do there. */
const SPSR_BITS: u32 = PSTATE_SSBS | PSTATE_PAN | PSTATE_UAO | PSTATE_DIT;
/** What an exception leaves of them: SCTLR_EL1.SPAN is one, SCTLR_EL1.DSSBS zero. */
const BITS_KEPT: u32 = PSTATE_PAN | PSTATE_DIT;

function syndrome(ec: u32, iss: u32): u32 {
  return (ec << 26) | IL | iss;
}

/** The codes 0x20 and 0x24 are for aborts from a lower exception level, one more from the same. */
function abortClass(core: u32, ec: u32): u32 {
  return load<u32>(core, EL) == 0 ? ec : ec + 1;
}

function record(core: u32, exception: i32, elr: u64, esr: u32): void {
  store<u32>(core, exception, EXCEPTION);
  store<u64>(core, elr, EXCEPTION_ELR);
  store<u32>(core, esr, EXCEPTION_ESR);
}

// ---- raising ----------------------------------------------------------------------------------------------

/** SVC, HVC, SMC, BRK, HLT, UDF with its immediate, and the trap of floating point. */
export function raise(core: u32, pc: u64, exception: i32, imm16: u32): u64 {
  store<u32>(core, heldWord(core, pc), EXCEPTION_WORD);
  // There is no HVC or SMC at EL0.
  if ((exception == EXCEPTION_HVC || exception == EXCEPTION_SMC) && load<u32>(core, EL) == 0) {
    return undefined(core, heldWord(core, pc), pc);
  }
  if (exception == EXCEPTION_HLT && <i32>imm16 == SEMIHOSTING_IMMEDIATE && load<u32>(core, SEMIHOSTING) != 0) {
    record(core, EXCEPTION_SEMIHOSTING, pc + 4, 0);
    return FAULT_PC;
  }
  if (exception == EXCEPTION_FP_ACCESS) {
    record(core, exception, pc, syndrome(EC_FP_ACCESS, ISS_FP_ACCESS));
    return FAULT_PC;
  }
  let ec = EC_UNKNOWN;
  if (exception == EXCEPTION_SVC) ec = EC_SVC;
  else if (exception == EXCEPTION_HVC) ec = EC_HVC;
  else if (exception == EXCEPTION_SMC) ec = EC_SMC;
  else if (exception == EXCEPTION_BRK) ec = EC_BRK;
  const returnsBehind = ec == EC_SVC || ec == EC_HVC || ec == EC_SMC;
  record(core, exception, returnsBehind ? pc + 4 : pc, syndrome(ec, ec == EC_UNKNOWN ? 0 : imm16));
  return FAULT_PC;
}

/** The word is not allocated. */
export function undefined(core: u32, word: u32, pc: u64): u64 {
  store<u32>(core, word, EXCEPTION_WORD);
  record(core, EXCEPTION_UNDEFINED, pc, syndrome(EC_UNKNOWN, 0));
  return FAULT_PC;
}

/**
 * A system register or operation that EL0 may not use: raises and gives true at EL0. `isUndefined`: the manual has it
 * UNDEFINED there (EC 0); otherwise it is trapped by SCTLR_EL1 (EC 0x18, with the fields of the instruction word).
 */
export function trap(core: u32, pc: u64, isUndefined: i32): bool {
  if (load<u32>(core, EL) != 0) return false;
  raiseTrapped(core, pc, isUndefined);
  return true;
}

export function raiseTrapped(core: u32, pc: u64, isUndefined: i32): void {
  const word = heldWord(core, pc);
  store<u32>(core, word, EXCEPTION_WORD);
  const op0 = (word >>> 19) & 3;
  const op1 = (word >>> 16) & 7;
  const crn = (word >>> 12) & 15;
  const crm = (word >>> 8) & 15;
  const op2 = (word >>> 5) & 7;
  const isRead = (word >>> 21) & 1;
  const iss = (op0 << 20) | (op2 << 17) | (op1 << 14) | (crn << 10) | ((word & 31) << 5) | (crm << 1) | isRead;
  record(core, EXCEPTION_TRAPPED, pc, isUndefined ? syndrome(EC_UNKNOWN, 0) : syndrome(EC_SYSTEM, iss));
}

/** A DSB gives up waiting for the core with this number. */
export function raiseUnresponsive(core: u32, pc: u64, index: u32): void {
  store<u32>(core, index, EXCEPTION_WORD);
  record(core, EXCEPTION_UNRESPONSIVE, pc, 0);
}

/** Says that the core waits: not an exception, it goes on at `next`. */
export function raiseWait(core: u32, next: u64): void {
  record(core, EXCEPTION_WAIT, next, 0);
}

/** A fetch at `pc` failed: EXCEPTION_PC_ALIGNMENT or EXCEPTION_INSTRUCTION_*. */
export function raiseFetch(core: u32, pc: u64, exception: i32): void {
  store<u64>(core, pc, EXCEPTION_FAR);
  store<u32>(core, 0, EXCEPTION_WORD);
  let esr = syndrome(EC_PC_ALIGNMENT, 0);
  if (exception == EXCEPTION_INSTRUCTION_UNMAPPED) {
    esr = syndrome(abortClass(core, EC_INSTRUCTION_ABORT), TRANSLATION_LEVEL_3);
  } else if (exception == EXCEPTION_INSTRUCTION_PERMISSION) {
    esr = syndrome(abortClass(core, EC_INSTRUCTION_ABORT), PERMISSION_LEVEL_3);
  }
  record(core, exception, pc, esr);
}

/** PSTATE.BTYPE does not go with `word` at `pc`, which stands in a guarded page. */
export function raiseBranchTarget(core: u32, pc: u64, word: u32, btype: u32): void {
  store<u32>(core, word, EXCEPTION_WORD);
  record(core, EXCEPTION_BRANCH_TARGET, pc, syndrome(EC_BRANCH_TARGET, btype));
}

/** An instruction was met with PSTATE.IL set. */
export function raiseIllegalState(core: u32, pc: u64, word: u32): void {
  store<u32>(core, word, EXCEPTION_WORD);
  record(core, EXCEPTION_ILLEGAL_STATE, pc, syndrome(EC_ILLEGAL_STATE, 0));
}

/** The manual's CheckSPAlignment: raises and gives true if SP may not be the base of an access as it is. */
export function checkSPAlignment(core: u32, pc: u64): bool {
  const bit: u32 = load<u32>(core, EL) == 0 ? SCTLR_SA0 : SCTLR_SA;
  if ((load<u32>(core, SP) & 15) == 0 || (load<u32>(core, SP_CHECKS) & bit) == 0) return false;
  store<u32>(core, heldWord(core, pc), EXCEPTION_WORD);
  record(core, EXCEPTION_SP_ALIGNMENT, pc, syndrome(EC_SP_ALIGNMENT, 0));
  return true;
}

function faultStatus(exception: i32): u32 {
  if (exception == EXCEPTION_DATA_ALIGNMENT) return ALIGNMENT;
  return exception == EXCEPTION_DATA_PERMISSION ? PERMISSION_LEVEL_3 : TRANSLATION_LEVEL_3;
}

function raiseAbort(core: u32, pc: u64, address: u64, exception: i32, iss: u32): void {
  store<u64>(core, address, EXCEPTION_FAR);
  store<u32>(core, heldWord(core, pc), EXCEPTION_WORD);
  record(core, exception, pc, syndrome(abortClass(core, EC_DATA_ABORT), iss | faultStatus(exception)));
}

/** `spec` is that of `access`; `address` is the first byte that could not be accessed. */
export function raiseDataAbort(core: u32, pc: u64, address: u64, spec: u32, exception: i32, isWrite: bool): void {
  store<u32>(core, ((spec >>> 8) & 3) | ((spec & 0xff) << 8), EXCEPTION_ACCESS);
  raiseAbort(core, pc, address, exception, isWrite ? WNR : 0);
}

/** A DC or IC by address failed: a write of no bytes, marked as maintenance in the syndrome. */
export function raiseMaintenanceAbort(core: u32, pc: u64, address: u64, exception: i32): void {
  store<u32>(core, ACCESS_WRITE, EXCEPTION_ACCESS);
  raiseAbort(core, pc, address, exception, CM | WNR);
}

// ---- taking -----------------------------------------------------------------------------------------------

/** Changes PSTATE.<EL, SP>, and with them which stack pointer is the current one. */
export function setLevel(core: u32, el: u32, spsel: u32): void {
  const usedBanked = load<u32>(core, EL) != 0 && load<u32>(core, SPSEL) != 0;
  const usesBanked = el != 0 && spsel != 0;
  store<u32>(core, el, EL);
  store<u32>(core, spsel, SPSEL);
  if (usedBanked == usesBanked) return;
  const current = load<u64>(core, SP);
  store<u64>(core, load<u64>(core, SP_BANKED), SP);
  store<u64>(core, current, SP_BANKED);
}

/** Whether SPSR_ELx.BTYPE is defined for an exception; it may be zero for the others, and is. */
function keepsBtype(exception: i32): bool {
  return exception == EXCEPTION_INSTRUCTION_UNMAPPED || exception == EXCEPTION_INSTRUCTION_PERMISSION ||
    exception == EXCEPTION_PC_ALIGNMENT || exception == EXCEPTION_BRANCH_TARGET || exception == EXCEPTION_BRK ||
    exception == EXCEPTION_ILLEGAL_STATE || isInterrupt(exception);
}

function isInterrupt(exception: i32): bool {
  return exception == EXCEPTION_IRQ || exception == EXCEPTION_FIQ;
}

/** PSTATE as SPSR_EL1 holds it. */
function savedState(core: u32, exception: i32): u64 {
  const state = load<u32>(core, BTYPE);
  const btype = keepsBtype(exception) ? state & BTYPE_MASK : 0;
  const illegal: u32 = state & BTYPE_ILLEGAL ? 1 : 0;
  const mode = load<u32>(core, EL) == 0 ? 0 : 4 | load<u32>(core, SPSEL);
  return <u64>((load<u32>(core, NZCV) << 28) | (illegal << SPSR_IL_SHIFT) | (btype << SPSR_BTYPE_SHIFT) |
    load<u32>(core, PSTATE_BITS) | (load<u32>(core, DAIF) << 6) | mode);
}

function hasFaultAddress(exception: i32): bool {
  return (exception >= EXCEPTION_INSTRUCTION_UNMAPPED && exception <= EXCEPTION_PC_ALIGNMENT) ||
    (exception >= EXCEPTION_DATA_UNMAPPED && exception <= EXCEPTION_DATA_ALIGNMENT);
}

function takeToEl1(core: u32, exception: i32): u64 {
  let vector = load<u64>(core, VBAR_EL1);
  if (load<u32>(core, EL) == 0) vector += 0x400;
  else if (load<u32>(core, SPSEL) != 0) vector += 0x200;
  store<u64>(core, savedState(core, exception), SPSR_EL1);
  store<u64>(core, load<u64>(core, EXCEPTION_ELR), ELR_EL1);
  if (exception == EXCEPTION_IRQ) vector += 0x80;
  else if (exception == EXCEPTION_FIQ) vector += 0x100;
  else store<u64>(core, <u64>load<u32>(core, EXCEPTION_ESR), ESR_EL1);
  if (hasFaultAddress(exception)) store<u64>(core, load<u64>(core, EXCEPTION_FAR), FAR_EL1);
  setLevel(core, 1, 1);
  store<u32>(core, 0xf, DAIF);
  store<u32>(core, load<u32>(core, PSTATE_BITS) & BITS_KEPT, PSTATE_BITS);
  store<u32>(core, 0, BTYPE);
  store<u32>(core, 0, EXCEPTION);
  synchronizeContext(core);
  return vector;
}

/** Takes EXCEPTION_IRQ or EXCEPTION_FIQ between two instructions, before the one at `pc`; gives the vector. */
export function takeInterrupt(core: u32, pc: u64, exception: i32): u64 {
  record(core, exception, pc, 0);
  increment(core, COUNT_EXCEPTIONS);
  return takeToEl1(core, exception);
}

/**
 * What becomes of a raised exception: the address of the guest's vector, or FAULT_PC if it is the host's, with PC at
 * the preferred return address. HVC and SMC always are: the host stands where EL2 and EL3 would. So is what the
 * architecture does not have, an access over two windows, and a semihosting call.
 */
export function deliver(core: u32): u64 {
  const exception = load<i32>(core, EXCEPTION);
  if (exception != EXCEPTION_WAIT && exception != EXCEPTION_SEMIHOSTING) increment(core, COUNT_EXCEPTIONS);
  const isGuests = exception <= EXCEPTION_TRAPPED && exception != EXCEPTION_HVC && exception != EXCEPTION_SMC ||
    exception == EXCEPTION_ILLEGAL_STATE || exception == EXCEPTION_FP_ACCESS || exception == EXCEPTION_SP_ALIGNMENT;
  if (isGuests && load<u32>(core, VBAR_SET) != 0) return takeToEl1(core, exception);
  store<u64>(core, load<u64>(core, EXCEPTION_ELR), PC);
  return FAULT_PC;
}

// ---- returning --------------------------------------------------------------------------------------------

/** SPSR_EL1 does not name a mode that this core has: EL0t, EL1t or EL1h of AArch64. */
function isIllegalReturn(spsr: u32): bool {
  const mode = spsr & 0x1f;
  return mode != 0 && mode != 4 && mode != 5;
}

/** ERET. An illegal one leaves the level as it is and sets PSTATE.IL, which the next instruction meets. */
export function eret(core: u32, pc: u64): u64 {
  if (load<u32>(core, EL) == 0) return undefined(core, heldWord(core, pc), pc);
  const spsr = <u32>load<u64>(core, SPSR_EL1);
  const illegal = isIllegalReturn(spsr);
  synchronizeContext(core);
  store<u32>(core, spsr >>> 28, NZCV);
  store<u32>(core, (spsr >>> 6) & 0xf, DAIF);
  store<u32>(core, spsr & SPSR_BITS, PSTATE_BITS);
  if (illegal) {
    store<u32>(core, BTYPE_ILLEGAL, BTYPE);
  } else {
    const state = (spsr >>> SPSR_IL_SHIFT) & 1 ? BTYPE_ILLEGAL : 0;
    store<u32>(core, state | ((spsr >>> SPSR_BTYPE_SHIFT) & BTYPE_MASK), BTYPE);
    setLevel(core, (spsr >>> 2) & 3, spsr & 1);
  }
  store<u64>(core, 0, MONITOR_ADDRESS);
  store<u32>(core, 1, EVENT);
  interruptIfPending(core);
  return load<u64>(core, ELR_EL1);
}
