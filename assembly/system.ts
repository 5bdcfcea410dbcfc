/** System registers, PSTATE fields and hints. */
import {
  CNTFRQ_EL0, CNTKCTL_EL1, CNTP_CTL_EL0, CNTP_CVAL_EL0, CNTV_CTL_EL0, CNTV_CVAL_EL0, CORES, CORE_COUNT, CORE_SIZE, CTR, DAIF,
  EL, ELR_EL1, ESR_EL1, EVENT, FAR_EL1, FAULT_PC, MPIDR_EL1, NZCV, PENDING, SPSEL, SPSR_EL1, SP_BANKED, SYSREG_CCSIDR_EL1,
  SYSREG_CLIDR_EL1, SYSREG_CNTFRQ_EL0, SYSREG_CNTKCTL_EL1, SYSREG_CNTPCT_EL0, SYSREG_CNTP_CTL_EL0, SYSREG_CNTP_CVAL_EL0,
  SYSREG_CNTP_TVAL_EL0, SYSREG_CNTVCT_EL0, SYSREG_CNTV_CTL_EL0, SYSREG_CNTV_CVAL_EL0, SYSREG_CNTV_TVAL_EL0, SYSREG_CPACR_EL1,
  SYSREG_CSSELR_EL1, SYSREG_CTR_EL0, SYSREG_CurrentEL, SYSREG_DAIF, SYSREG_DCZID_EL0, SYSREG_ELR_EL1, SYSREG_ESR_EL1,
  SYSREG_FAR_EL1, SYSREG_FIRST_FIELD, SYSREG_FIRST_ZERO, SYSREG_ID_AA64ISAR0_EL1, SYSREG_ID_AA64ISAR1_EL1,
  SYSREG_ID_AA64MMFR0_EL1, SYSREG_ID_AA64MMFR1_EL1, SYSREG_ID_AA64PFR0_EL1, SYSREG_ID_AA64PFR1_EL1, SYSREG_ISR_EL1,
  SYSREG_LAST_FIELD, SYSREG_MIDR_EL1, SYSREG_MPIDR_EL1, SYSREG_NZCV, SYSREG_SCTLR_EL1, SYSREG_SPSR_EL1, SYSREG_SPSel,
  SYSREG_SP_EL0, SYSREG_TPIDRRO_EL0, SYSREG_TPIDR_EL0, SYSREG_TPIDR_EL1, SYSREG_VBAR_EL1, SYSTEM_FIELDS, TPIDRRO_EL0,
  TPIDR_EL0, TPIDR_EL1, VBAR_EL1, VBAR_SET,
} from "./layout";
import { raiseTrapped, raiseWait, setLevel, trap } from "./exceptions";
import { counter } from "./host";
import { interruptIfPending, isTimerDue, pendingInterrupts } from "./interrupts";

// In the order of HintOp of engine/a64/ops.ts.
const WFE = 2;
const WFI = 3;
const SEV = 4;
const SEVL = 5;

// In the order of PSTATE fields of Ops.writePState.
const DAIF_SET = 0;
const DAIF_CLR = 1;

/** MIDR_EL1: implementer 0 (software), architecture by ID registers, part number 0xc0d. */
const MIDR: u64 = 0x000fc0d0;
/** DCZID_EL0.BS: DC ZVA clears 2^4 words, a line. */
const DCZID: u64 = 4;

// What the ID registers say, as far as it is not zero: the features of the instruction table, no more.
/** EL0 and EL1 in AArch64 only; no floating point, no Advanced SIMD. */
const PFR0: u64 = 0x00ff0011;
/** BT: FEAT_BTI. */
const PFR1: u64 = 1;
/** TLB: FEAT_TLBIRANGE; TS: FEAT_FlagM2; Atomic: FEAT_LSE; CRC32. */
const ISAR0: u64 = (2 << 56) | (2 << 52) | (2 << 20) | (1 << 16);
/** SPECRES; SB; LRCPC: FEAT_LRCPC2; DPB: FEAT_DPB2. APA, API, GPA and GPI are zero: no pointer authentication. */
const ISAR1: u64 = (1 << 40) | (1 << 36) | (2 << 20) | 2;
/** TGran4 and TGran64 absent, as is TGran16 with zero: there is no translation. */
const MMFR0: u64 = 0xff000000;
/** LO: FEAT_LOR, of which LORID_EL1 says that there are no regions. */
const MMFR1: u64 = 1 << 16;
/** One level with instructions and data apart: LoUU, LoC, LoUIS, Ctype1. */
const CLIDR: u64 = (1 << 27) | (1 << 24) | (1 << 21) | 3;
/** Lines of 64 bytes; 4 ways and 128 sets stand for caches that have neither. */
const CCSIDR: u64 = (127 << 13) | (3 << 3) | 2;
/**
 * SCTLR_EL1: BT1, BT0, UCI, UCT, DZE, nTWE, nTWI, I, C and the bits that are one in Armv8.0. All of them are fixed: there
 * is no translation (M) and no checking of alignments (A, SA, SA0), and nothing that EL0 may do can be taken from it.
 */
const SCTLR: u64 = (3 << 35) | (1 << 26) | (1 << 18) | (1 << 16) | (3 << 14) | (1 << 12) | (1 << 2) | 0x30d00980;
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

/** Whether EL0 may name the register, which is none of the timer's. */
function isForEl0(register: u32, isWrite: bool): bool {
  switch (register) {
    case SYSREG_NZCV:
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
  const field = plainField(register);
  if (field) return load<u64>(core + field);
  switch (register) {
    case SYSREG_CTR_EL0: return <u64>load<u32>(CTR);
    case SYSREG_DCZID_EL0: return DCZID;
    case SYSREG_NZCV: return <u64>load<u32>(core, NZCV) << 28;
    case SYSREG_DAIF: return <u64>load<u32>(core, DAIF) << 6;
    case SYSREG_CurrentEL: return <u64>load<u32>(core, EL) << 2;
    case SYSREG_SPSel: return <u64>load<u32>(core, SPSEL);
    case SYSREG_SP_EL0: return load<u64>(core, SP_BANKED);
    case SYSREG_MIDR_EL1: return MIDR;
    case SYSREG_CNTPCT_EL0:
    case SYSREG_CNTVCT_EL0: return <u64>counter();
    case SYSREG_ID_AA64PFR0_EL1: return PFR0;
    case SYSREG_ID_AA64PFR1_EL1: return PFR1;
    case SYSREG_ID_AA64ISAR0_EL1: return ISAR0;
    case SYSREG_ID_AA64ISAR1_EL1: return ISAR1;
    case SYSREG_ID_AA64MMFR0_EL1: return MMFR0;
    case SYSREG_ID_AA64MMFR1_EL1: return MMFR1;
    case SYSREG_CLIDR_EL1: return CLIDR;
    case SYSREG_CCSIDR_EL1: return CCSIDR;
    case SYSREG_ISR_EL1: return interruptStatus(core);
    case SYSREG_SCTLR_EL1: return SCTLR;
    case SYSREG_CNTP_TVAL_EL0: return timerValue(core, CNTP_CVAL_EL0);
    case SYSREG_CNTV_TVAL_EL0: return timerValue(core, CNTV_CVAL_EL0);
    default:
      raiseTrapped(core, pc, 1);
      return 0;
  }
}

/** CNTx_CTL, CVAL or TVAL: an interrupt may come of it. */
function writeTimer(core: u32, field: u32, value: u64): void {
  store<u64>(core + field, value);
  interruptIfPending(core);
}

/** MSR (register). The caller looks at EXCEPTION. */
export function writeSystem(core: u32, pc: u64, register: u32, value: u64): void {
  if (isRefused(core, pc, register, true)) return;
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
    case SYSREG_SCTLR_EL1: return;
    case SYSREG_MPIDR_EL1: return raiseTrapped(core, pc, 1);
    default: if (readsAsZero(register)) return;
  }
  const field = plainField(register);
  if (field) store<u64>(core + field, value);
  else raiseTrapped(core, pc, 1);
}

/** MSR (immediate). The caller looks at EXCEPTION. */
export function writePState(core: u32, pc: u64, field: u32, imm4: u32): void {
  const isDaif = field == DAIF_SET || field == DAIF_CLR;
  if (trap(core, pc, isDaif ? 0 : 1)) return;
  if (field == DAIF_SET) store<u32>(core, load<u32>(core, DAIF) | imm4, DAIF);
  else if (field == DAIF_CLR) {
    store<u32>(core, load<u32>(core, DAIF) & ~imm4, DAIF);
    interruptIfPending(core);
  } else setLevel(core, load<u32>(core, EL), imm4 & 1);
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
  } else if (op == SEVL) {
    atomic.store<u32>(core + EVENT, 1);
  } else if ((op == WFI || op == WFE) && !isWoken(core, op)) {
    raiseWait(core, pc + 4);
    return FAULT_PC;
  }
  return pc + 4;
}
