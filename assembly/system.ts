/** System registers, PSTATE fields and hints. */
import {
  CNTFRQ_EL0, CORES, CORE_COUNT, CORE_SIZE, CTR, DAIF, EL, ELR_EL1, ESR_EL1, EVENT, FAR_EL1, FAULT_PC, MPIDR_EL1, NZCV,
  SPSEL, SPSR_EL1, SP_BANKED, SYSREG_CNTFRQ_EL0, SYSREG_CNTVCT_EL0, SYSREG_CTR_EL0, SYSREG_CurrentEL, SYSREG_DAIF,
  SYSREG_DCZID_EL0, SYSREG_ELR_EL1, SYSREG_ESR_EL1, SYSREG_FAR_EL1, SYSREG_MIDR_EL1, SYSREG_MPIDR_EL1, SYSREG_NZCV,
  SYSREG_SPSR_EL1, SYSREG_SPSel, SYSREG_SP_EL0, SYSREG_TPIDRRO_EL0, SYSREG_TPIDR_EL0, SYSREG_TPIDR_EL1, SYSREG_VBAR_EL1,
  TPIDRRO_EL0, TPIDR_EL0, TPIDR_EL1, VBAR_EL1, VBAR_SET,
} from "./layout";
import { raiseTrapped, raiseWait, setLevel, trap } from "./exceptions";
import { counter } from "./host";

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
/** DCZID_EL0.DZP: there is no DC ZVA. */
const DCZID: u64 = 1 << 4;

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
    default: return 0;
  }
}

/** Whether EL0 may name the register. SCTLR_EL1.UCT and CNTKCTL_EL1.EL0VCTEN are as if set, as in Linux. */
function isForEl0(register: u32, isWrite: bool): bool {
  switch (register) {
    case SYSREG_NZCV:
    case SYSREG_TPIDR_EL0: return true;
    case SYSREG_CTR_EL0:
    case SYSREG_DCZID_EL0:
    case SYSREG_TPIDRRO_EL0:
    case SYSREG_CNTVCT_EL0:
    case SYSREG_CNTFRQ_EL0: return !isWrite;
    default: return false;
  }
}

/** Raises what a forbidden use raises, and gives true then. */
function isRefused(core: u32, pc: u64, register: u32, isWrite: bool): bool {
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

/** MRS. The caller looks at EXCEPTION. */
export function readSystem(core: u32, pc: u64, register: u32): u64 {
  if (isRefused(core, pc, register, false)) return 0;
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
    case SYSREG_CNTVCT_EL0: return <u64>counter();
    default:
      raiseTrapped(core, pc, 1);
      return 0;
  }
}

/** MSR (register). The caller looks at EXCEPTION. */
export function writeSystem(core: u32, pc: u64, register: u32, value: u64): void {
  if (isRefused(core, pc, register, true)) return;
  switch (register) {
    case SYSREG_NZCV: return store<u32>(core, (<u32>value >>> 28) & 0xf, NZCV);
    case SYSREG_DAIF: return store<u32>(core, (<u32>value >>> 6) & 0xf, DAIF);
    case SYSREG_SPSel: return setLevel(core, load<u32>(core, EL), <u32>value & 1);
    case SYSREG_SP_EL0: return store<u64>(core, value, SP_BANKED);
    case SYSREG_VBAR_EL1:
      store<u64>(core, value & ~0x7ff, VBAR_EL1);
      return store<u32>(core, 1, VBAR_SET);
    case SYSREG_MPIDR_EL1: return raiseTrapped(core, pc, 1);
    default:
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
  else if (field == DAIF_CLR) store<u32>(core, load<u32>(core, DAIF) & ~imm4, DAIF);
  else setLevel(core, load<u32>(core, EL), imm4 & 1);
}

/** NOP, YIELD, WFE, WFI, SEV, SEVL: the next PC, or FAULT_PC with EXCEPTION_WAIT. There are no interrupts: WFI waits. */
export function hint(core: u32, pc: u64, op: u32): u64 {
  if (op == SEV) {
    const count = load<u32>(CORE_COUNT);
    for (let i: u32 = 0; i < count; i++) atomic.store<u32>(CORES + i * CORE_SIZE + EVENT, 1);
  } else if (op == SEVL) {
    atomic.store<u32>(core + EVENT, 1);
  } else if (op == WFI || (op == WFE && atomic.xchg<u32>(core + EVENT, 0) == 0)) {
    raiseWait(core, pc + 4);
    return FAULT_PC;
  }
  return pc + 4;
}
