/** System registers, PSTATE fields and hints. */
import {
  CNTFRQ_EL0, CNTKCTL_EL1, CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CORES, CORE_COUNT, CORE_SIZE, CTR,
  DAIF, EL, ELR_EL1, ESR_EL1, EVENT, EXCEPTION, EXCEPTION_WAIT, FAR_EL1, FAULT_PC, INTERRUPT_FIQ, INTERRUPT_IRQ, MPIDR_EL1,
  NZCV, PC, PENDING, PSTATE_BITS, PSTATE_DIT, PSTATE_PAN, PSTATE_SSBS, PSTATE_UAO, SCTLR_SA, SCTLR_SA0, SP, SPSEL, SPSR_EL1, SP_BANKED, SP_CHECKS,
  SYSREG_CNTFRQ_EL0, SYSREG_CNTKCTL_EL1, SYSREG_CNTPCT_EL0, SYSREG_CNTP_CTL_EL0, SYSREG_CNTP_CVAL_EL0,
  SYSREG_CNTP_TVAL_EL0, SYSREG_CNTVCT_EL0, SYSREG_CNTV_CTL_EL0, SYSREG_CNTV_CVAL_EL0, SYSREG_CNTV_TVAL_EL0,
  SYSREG_CPACR_EL1, SYSREG_CSSELR_EL1, SYSREG_CTR_EL0, SYSREG_CurrentEL, SYSREG_DAIF, SYSREG_DCZID_EL0, SYSREG_DIT,
  SYSREG_ELR_EL1, SYSREG_ESR_EL1, SYSREG_FAR_EL1, SYSREG_FIRST_FIELD, SYSREG_FIRST_ZERO, SYSREG_ISR_EL1, SYSREG_LAST_FIELD,
  SYSREG_MPIDR_EL1, SYSREG_NZCV, SYSREG_PAN, SYSREG_SCTLR_EL1, SYSREG_SPSR_EL1, SYSREG_SPSel, SYSREG_SP_EL0, SYSREG_SSBS,
  SYSREG_TPIDRRO_EL0, SYSREG_TPIDR_EL0, SYSREG_TPIDR_EL1, SYSREG_UAO, SYSREG_VBAR_EL1, SYSTEM_FIELDS, TPIDRRO_EL0,
  TPIDR_EL0, TPIDR_EL1, VBAR_EL1, VBAR_SET,
} from "./layout";
import { raiseTrapped, raiseWait, setLevel, trap } from "./exceptions";
import { wake } from "./broadcast";
import { isGic, readGic, writeGic } from "./gic";
import { checksSP, counter } from "./host";
import { fixedValue } from "./id-registers";
import { interruptIfPending, isTimerDue, pendingInterrupts } from "./interrupts";

// In the order of HintOp of engine/a64/ops.ts.
const WFE = 2;
const WFI = 3;
const SEV = 4;
const SEVL = 5;

// In the order of PSTATE fields of Ops.writePState.
const DAIF_SET = 0;
const DAIF_CLR = 1;
const SP_SEL = 2;
const PAN = 3;
const UAO = 4;
const DIT = 5;

// CNTKCTL_EL1: what EL0 may reach.
const EL0PCTEN: u64 = 1;
const EL0VCTEN: u64 = 2;
const EL0VTEN: u64 = 1 << 8;
const EL0PTEN: u64 = 1 << 9;
/** CNTx_CTL_EL0.ISTATUS, and the bits that can be written. */
const ISTATUS: u64 = 4;
const CTL_WRITABLE: u64 = 3;
// ISR_EL1, in the order of INTERRUPT_IRQ and INTERRUPT_FIQ.
const ISR_I: u64 = 1 << 7;
const ISR_F: u64 = 1 << 6;

/** The bits of CNTKCTL_EL1 of which one lets EL0 use a register of the timer; 0 for other registers. */
function timerRights(register: u32): u64 {
  switch (register) {
    case SYSREG_CNTPCT_EL0: return EL0PCTEN;
    case SYSREG_CNTVCT_EL0: return EL0VCTEN;
    case SYSREG_CNTFRQ_EL0: return EL0PCTEN | EL0VCTEN;
    case SYSREG_CNTP_TVAL_EL0:
    case SYSREG_CNTP_CTL_EL0:
    case SYSREG_CNTP_CVAL_EL0: return EL0PTEN;
    case SYSREG_CNTV_TVAL_EL0:
    case SYSREG_CNTV_CTL_EL0:
    case SYSREG_CNTV_CVAL_EL0: return EL0VTEN;
    default: return 0;
  }
}

/** The field of the core's block that holds a register as it is read and written, 0 if it is not that simple. */
function plainField(register: u32): u32 {
  switch (register) {
    case SYSREG_TPIDR_EL0: return TPIDR_EL0;
    case SYSREG_TPIDRRO_EL0: return TPIDRRO_EL0;
    case SYSREG_TPIDR_EL1: return TPIDR_EL1;
    case SYSREG_VBAR_EL1: return VBAR_EL1;
    case SYSREG_ELR_EL1: return ELR_EL1;
    case SYSREG_SPSR_EL1: return SPSR_EL1;
    case SYSREG_ESR_EL1: return ESR_EL1;
    case SYSREG_FAR_EL1: return FAR_EL1;
    case SYSREG_MPIDR_EL1: return MPIDR_EL1;
    case SYSREG_CNTFRQ_EL0: return CNTFRQ_EL0;
    default:
      if (<i32>register < SYSREG_FIRST_FIELD || <i32>register > SYSREG_LAST_FIELD) return 0;
      return SYSTEM_FIELDS + 8 * (register - SYSREG_FIRST_FIELD);
  }
}

/** Registers that are there but hold nothing; writes to them are ignored. */
function readsAsZero(register: u32): bool {
  return <i32>register >= SYSREG_FIRST_ZERO || register == SYSREG_CPACR_EL1;
}

/** The bit of PSTATE_BITS that a register shows, where SPSR_EL1 has it too; 0 for other registers. */
function pstateBit(register: u32): u32 {
  switch (register) {
    case SYSREG_PAN: return PSTATE_PAN;
    case SYSREG_UAO: return PSTATE_UAO;
    case SYSREG_DIT: return PSTATE_DIT;
    case SYSREG_SSBS: return PSTATE_SSBS;
    default: return 0;
  }
}

function setPStateBit(core: u32, bit: u32, isSet: bool): void {
  const others = load<u32>(core, PSTATE_BITS) & ~bit;
  store<u32>(core, isSet ? others | bit : others, PSTATE_BITS);
}

/** Whether EL0 may name the register, which is none of the timer's. */
function isForEl0(register: u32, isWrite: bool): bool {
  switch (register) {
    case SYSREG_NZCV:
    case SYSREG_DIT:
    case SYSREG_SSBS:
    case SYSREG_TPIDR_EL0: return true;
    case SYSREG_CTR_EL0:
    case SYSREG_DCZID_EL0:
    case SYSREG_TPIDRRO_EL0: return !isWrite;
    default: return false;
  }
}

/** Raises what a forbidden use raises, and gives true then. */
function isRefused(core: u32, pc: u64, register: u32, isWrite: bool): bool {
  const rights = timerRights(register);
  // CNTFRQ_EL0 can be written at the highest level only.
  if (load<u32>(core, EL) == 0 && rights != 0 && !(isWrite && register == SYSREG_CNTFRQ_EL0)) {
    if ((load<u64>(core, CNTKCTL_EL1) & rights) != 0) return false;
    raiseTrapped(core, pc, 0);
    return true;
  }
  if (load<u32>(core, EL) == 0 && !isForEl0(register, isWrite)) {
    // SCTLR_EL1.UMA = 0 traps DAIF; the others are UNDEFINED at EL0.
    raiseTrapped(core, pc, register != SYSREG_DAIF);
    return true;
  }
  // SP_EL0 by name is for those who do not use it as SP.
  if (register == SYSREG_SP_EL0 && load<u32>(core, SPSEL) == 0) {
    raiseTrapped(core, pc, 1);
    return true;
  }
  return false;
}

/** CNTx_CTL_EL0 with its ISTATUS. */
function timerControl(core: u32, control: u32, compare: u32): u64 {
  return load<u64>(core + control) | (isTimerDue(core, control, compare) ? ISTATUS : 0);
}

/** CNTx_TVAL_EL0: the ticks that are left, modulo 2^32. */
function timerValue(core: u32, compare: u32): u64 {
  return (load<u64>(core + compare) - <u64>counter()) & 0xffffffff;
}

function interruptStatus(core: u32): u64 {
  const pending = pendingInterrupts(core);
  return ((pending & 1) != 0 ? ISR_I : 0) | ((pending & 2) != 0 ? ISR_F : 0);
}

/** MRS. The caller looks at EXCEPTION. */
export function readSystem(core: u32, pc: u64, register: u32): u64 {
  if (isRefused(core, pc, register, false)) return 0;
  if (readsAsZero(register)) return 0;
  if (register == SYSREG_CNTP_CTL_EL0) return timerControl(core, CNTP_CTL_EL0, CNTP_CVAL_EL0);
  if (register == SYSREG_CNTV_CTL_EL0) return timerControl(core, CNTV_CTL_EL0, CNTV_CVAL_EL0);
  if (isGic(register)) return readGic(core, register);
  const bit = pstateBit(register);
  if (bit != 0) return <u64>(load<u32>(core, PSTATE_BITS) & bit);
  const field = plainField(register);
  if (field) return load<u64>(core + field);
  switch (register) {
    case SYSREG_CTR_EL0: return <u64>load<u32>(CTR);
    case SYSREG_NZCV: return <u64>load<u32>(core, NZCV) << 28;
    case SYSREG_DAIF: return <u64>load<u32>(core, DAIF) << 6;
    case SYSREG_CurrentEL: return <u64>load<u32>(core, EL) << 2;
    case SYSREG_SPSel: return <u64>load<u32>(core, SPSEL);
    case SYSREG_SP_EL0: return load<u64>(core, SP_BANKED);
    case SYSREG_CNTPCT_EL0:
    case SYSREG_CNTVCT_EL0: return <u64>counter();
    case SYSREG_ISR_EL1: return interruptStatus(core);
    case SYSREG_SCTLR_EL1: return fixedValue(register) | load<u32>(core, SP_CHECKS);
    case SYSREG_CNTP_TVAL_EL0: return timerValue(core, CNTP_CVAL_EL0);
    case SYSREG_CNTV_TVAL_EL0: return timerValue(core, CNTV_CVAL_EL0);
    default: return fixedValue(register);
  }
}

/** CNTx_CTL, CVAL or TVAL: an interrupt may come of it. */
function writeTimer(core: u32, field: u32, value: u64): void {
  store<u64>(core + field, value);
  interruptIfPending(core);
}

/** SCTLR_EL1.<SA0, SA>: at once, as they may, not only when the context is synchronised. */
function setSPChecks(core: u32, bits: u32): void {
  const before = load<u32>(core, SP_CHECKS);
  store<u32>(core, bits, SP_CHECKS);
  if (before == 0 && bits != 0) checksSP(core);
}

/** MSR (register). The caller looks at EXCEPTION. */
export function writeSystem(core: u32, pc: u64, register: u32, value: u64): void {
  if (isRefused(core, pc, register, true)) return;
  if (isGic(register)) return writeGic(core, register, value);
  const bit = pstateBit(register);
  if (bit != 0) return setPStateBit(core, bit, (value & bit) != 0);
  switch (register) {
    case SYSREG_NZCV: return store<u32>(core, (<u32>value >>> 28) & 0xf, NZCV);
    case SYSREG_DAIF:
      store<u32>(core, (<u32>value >>> 6) & 0xf, DAIF);
      return interruptIfPending(core);
    case SYSREG_SPSel: return setLevel(core, load<u32>(core, EL), <u32>value & 1);
    case SYSREG_SP_EL0: return store<u64>(core, value, SP_BANKED);
    case SYSREG_VBAR_EL1:
      store<u64>(core, value & ~0x7ff, VBAR_EL1);
      store<u32>(core, 1, VBAR_SET);
      return interruptIfPending(core);
    case SYSREG_CNTP_CTL_EL0: return writeTimer(core, CNTP_CTL_EL0, value & CTL_WRITABLE);
    case SYSREG_CNTV_CTL_EL0: return writeTimer(core, CNTV_CTL_EL0, value & CTL_WRITABLE);
    case SYSREG_CNTP_CVAL_EL0: return writeTimer(core, CNTP_CVAL_EL0, value);
    case SYSREG_CNTV_CVAL_EL0: return writeTimer(core, CNTV_CVAL_EL0, value);
    case SYSREG_CNTP_TVAL_EL0: return writeTimer(core, CNTP_CVAL_EL0, <u64>counter() + <u64><i64><i32>value);
    case SYSREG_CNTV_TVAL_EL0: return writeTimer(core, CNTV_CVAL_EL0, <u64>counter() + <u64><i64><i32>value);
    // Level and InD.
    case SYSREG_CSSELR_EL1: return store<u64>(core + plainField(register), value & 0xf);
    case SYSREG_CNTKCTL_EL1: return store<u64>(core, value & (EL0PCTEN | EL0VCTEN | EL0VTEN | EL0PTEN), CNTKCTL_EL1);
    case SYSREG_SCTLR_EL1: return setSPChecks(core, <u32>value & (SCTLR_SA | SCTLR_SA0));
    case SYSREG_MPIDR_EL1: return raiseTrapped(core, pc, 1);
    default: if (readsAsZero(register)) return;
  }
  const field = plainField(register);
  if (field) store<u64>(core + field, value);
  else raiseTrapped(core, pc, 1);
}

/** MSR (immediate). The caller looks at EXCEPTION. */
export function writePState(core: u32, pc: u64, field: u32, imm4: u32): void {
  switch (field) {
    case DAIF_SET:
    case DAIF_CLR: return maskInterrupts(core, pc, field == DAIF_SET, imm4);
    case SP_SEL:
    case PAN:
    case UAO:
      if (trap(core, pc, 1)) return;
      if (field == SP_SEL) return setLevel(core, load<u32>(core, EL), imm4 & 1);
      return setPStateBit(core, field == PAN ? PSTATE_PAN : PSTATE_UAO, (imm4 & 1) != 0);
    default: return setPStateBit(core, field == DIT ? PSTATE_DIT : PSTATE_SSBS, (imm4 & 1) != 0);
  }
}

function maskInterrupts(core: u32, pc: u64, isSet: bool, masks: u32): void {
  if (trap(core, pc, 0)) return;
  const others = load<u32>(core, DAIF) & ~masks;
  store<u32>(core, isSet ? others | masks : others, DAIF);
  if (!isSet) interruptIfPending(core);
}

/** Whether a WFE or WFI ends at once: for an interrupt that is pending, with WFI even if it is masked. */
function isWoken(core: u32, op: u32): bool {
  interruptIfPending(core);
  return op == WFI ? pendingInterrupts(core) != 0 : atomic.xchg<u32>(core + EVENT, 0) != 0 || atomic.load<u32>(core + PENDING) != 0;
}

/** NOP, YIELD, WFE, WFI, SEV, SEVL: the next PC, or FAULT_PC with EXCEPTION_WAIT. */
export function hint(core: u32, pc: u64, op: u32): u64 {
  if (op == SEV) {
    const count = load<u32>(CORE_COUNT);
    for (let i: u32 = 0; i < count; i++) atomic.store<u32>(CORES + i * CORE_SIZE + EVENT, 1);
    if (count > 1) wake();
  } else if (op == SEVL) {
    atomic.store<u32>(core + EVENT, 1);
  } else if ((op == WFI || op == WFE) && !isWoken(core, op)) {
    raiseWait(core, pc + 4);
    return FAULT_PC;
  }
  return pc + 4;
}
