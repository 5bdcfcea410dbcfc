/** The system registers that MRS and MSR reach: name, encoding (Arm ARM D17/D19) and who may do what. */
import type { SystemRegister } from "./ops.js";

/** Of MRS and MSR those that are allocated. */
type Rights = "r" | "w" | "rw";

export interface SystemRegisterEntry {
  readonly name: SystemRegister;
  /** op0:op1:CRn:CRm:op2 as in the word: bits 20 to 5, with bit 20 set (op0 is 2 or 3). */
  readonly encoding: {
    readonly op0: 2 | 3;
    readonly op1: number;
    readonly CRn: number;
    readonly CRm: number;
    readonly op2: number;
  };
  readonly rights: Rights;
}

function entry(
  name: SystemRegister,
  op0: 2 | 3,
  op1: number,
  CRn: number,
  CRm: number,
  op2: number,
  rights: Rights = "rw",
): SystemRegisterEntry {
  return { name, encoding: { op0, op1, CRn, CRm, op2 }, rights };
}

/** Places in the space of ID registers that nothing has a name for: they read as zero (Arm ARM D19.1). */
function reserved(CRm: 3 | 4 | 5 | 6 | 7, op2: 2 | 3 | 4 | 5 | 6 | 7): SystemRegisterEntry {
  return entry(`S3_0_C0_C${CRm}_${op2}`, 3, 0, 0, CRm, op2, "r");
}

/** Order matters: an entry's index is the SYSREG_* number of assembly/layout.ts. */
export const systemRegisters: readonly SystemRegisterEntry[] = [
  entry("CTR_EL0", 3, 3, 0, 0, 1, "r"),
  entry("DCZID_EL0", 3, 3, 0, 0, 7, "r"),
  entry("NZCV", 3, 3, 4, 2, 0),
  entry("DAIF", 3, 3, 4, 2, 1),
  entry("CurrentEL", 3, 0, 4, 2, 2, "r"),
  entry("SPSel", 3, 0, 4, 2, 0),
  entry("SP_EL0", 3, 0, 4, 1, 0),
  entry("TPIDR_EL0", 3, 3, 13, 0, 2),
  entry("TPIDRRO_EL0", 3, 3, 13, 0, 3),
  entry("TPIDR_EL1", 3, 0, 13, 0, 4),
  entry("MPIDR_EL1", 3, 0, 0, 0, 5, "r"),
  entry("MIDR_EL1", 3, 0, 0, 0, 0, "r"),
  entry("CNTVCT_EL0", 3, 3, 14, 0, 2, "r"),
  entry("CNTFRQ_EL0", 3, 3, 14, 0, 0),
  entry("VBAR_EL1", 3, 0, 12, 0, 0),
  entry("ELR_EL1", 3, 0, 4, 0, 1),
  entry("SPSR_EL1", 3, 0, 4, 0, 0),
  entry("ESR_EL1", 3, 0, 5, 2, 0),
  entry("FAR_EL1", 3, 0, 6, 0, 0),
  entry("ID_AA64PFR0_EL1", 3, 0, 0, 4, 0, "r"),
  entry("ID_AA64PFR1_EL1", 3, 0, 0, 4, 1, "r"),
  entry("ID_AA64ISAR0_EL1", 3, 0, 0, 6, 0, "r"),
  entry("ID_AA64ISAR1_EL1", 3, 0, 0, 6, 1, "r"),
  entry("ID_AA64MMFR0_EL1", 3, 0, 0, 7, 0, "r"),
  entry("ID_AA64MMFR1_EL1", 3, 0, 0, 7, 1, "r"),
  entry("CLIDR_EL1", 3, 1, 0, 0, 1, "r"),
  entry("CCSIDR_EL1", 3, 1, 0, 0, 0, "r"),
  entry("ISR_EL1", 3, 0, 12, 1, 0, "r"),
  entry("CNTPCT_EL0", 3, 3, 14, 0, 1, "r"),
  entry("SCTLR_EL1", 3, 0, 1, 0, 0),
  entry("CPACR_EL1", 3, 0, 1, 0, 2),
  entry("CNTP_TVAL_EL0", 3, 3, 14, 2, 0),
  entry("CNTV_TVAL_EL0", 3, 3, 14, 3, 0),
  entry("PAN", 3, 0, 4, 2, 3),
  entry("UAO", 3, 0, 4, 2, 4),
  entry("DIT", 3, 3, 4, 2, 5),
  entry("SSBS", 3, 3, 4, 2, 6),
  entry("ID_AA64MMFR2_EL1", 3, 0, 0, 7, 2, "r"),
  // The GIC's CPU interface (GICv3): what software-generated interrupts need, and no more.
  entry("ICC_PMR_EL1", 3, 0, 4, 6, 0),
  entry("ICC_IAR1_EL1", 3, 0, 12, 12, 0, "r"),
  entry("ICC_HPPIR1_EL1", 3, 0, 12, 12, 2, "r"),
  entry("ICC_EOIR1_EL1", 3, 0, 12, 12, 1, "w"),
  entry("ICC_RPR_EL1", 3, 0, 12, 11, 3, "r"),
  entry("ICC_SGI1R_EL1", 3, 0, 12, 11, 5, "w"),
  entry("ICC_IGRPEN1_EL1", 3, 0, 12, 12, 7),
  entry("ICC_SRE_EL1", 3, 0, 12, 12, 5),
  // From here to CNTV_CVAL_EL0: one doubleword each of the core's block (SYSTEM_FIELDS).
  entry("CONTEXTIDR_EL1", 3, 0, 13, 0, 1),
  entry("AFSR0_EL1", 3, 0, 5, 1, 0),
  entry("AFSR1_EL1", 3, 0, 5, 1, 1),
  entry("PAR_EL1", 3, 0, 7, 4, 0),
  entry("TTBR0_EL1", 3, 0, 2, 0, 0),
  entry("TTBR1_EL1", 3, 0, 2, 0, 1),
  entry("TCR_EL1", 3, 0, 2, 0, 2),
  entry("MAIR_EL1", 3, 0, 10, 2, 0),
  entry("AMAIR_EL1", 3, 0, 10, 3, 0),
  entry("CSSELR_EL1", 3, 2, 0, 0, 0),
  entry("CNTKCTL_EL1", 3, 0, 14, 1, 0),
  entry("CNTP_CTL_EL0", 3, 3, 14, 2, 1),
  entry("CNTP_CVAL_EL0", 3, 3, 14, 2, 2),
  entry("CNTV_CTL_EL0", 3, 3, 14, 3, 1),
  entry("CNTV_CVAL_EL0", 3, 3, 14, 3, 2),
  // From here to the end: read as zero, and writes are ignored.
  entry("ACTLR_EL1", 3, 0, 1, 0, 1),
  entry("ICC_BPR1_EL1", 3, 0, 12, 12, 3),
  entry("ICC_CTLR_EL1", 3, 0, 12, 12, 4),
  entry("LORSA_EL1", 3, 0, 10, 4, 0),
  entry("LOREA_EL1", 3, 0, 10, 4, 1),
  entry("LORN_EL1", 3, 0, 10, 4, 2),
  entry("LORC_EL1", 3, 0, 10, 4, 3),
  entry("LORID_EL1", 3, 0, 10, 4, 7, "r"),
  entry("REVIDR_EL1", 3, 0, 0, 0, 6, "r"),
  entry("AIDR_EL1", 3, 1, 0, 0, 7, "r"),
  entry("ID_AA64ZFR0_EL1", 3, 0, 0, 4, 4, "r"),
  entry("ID_AA64DFR0_EL1", 3, 0, 0, 5, 0, "r"),
  entry("ID_AA64DFR1_EL1", 3, 0, 0, 5, 1, "r"),
  entry("ID_AA64AFR0_EL1", 3, 0, 0, 5, 4, "r"),
  entry("ID_AA64AFR1_EL1", 3, 0, 0, 5, 5, "r"),
  entry("ID_AA64ISAR2_EL1", 3, 0, 0, 6, 2, "r"),
  entry("ID_PFR0_EL1", 3, 0, 0, 1, 0, "r"),
  entry("ID_PFR1_EL1", 3, 0, 0, 1, 1, "r"),
  entry("ID_DFR0_EL1", 3, 0, 0, 1, 2, "r"),
  entry("ID_AFR0_EL1", 3, 0, 0, 1, 3, "r"),
  entry("ID_MMFR0_EL1", 3, 0, 0, 1, 4, "r"),
  entry("ID_MMFR1_EL1", 3, 0, 0, 1, 5, "r"),
  entry("ID_MMFR2_EL1", 3, 0, 0, 1, 6, "r"),
  entry("ID_MMFR3_EL1", 3, 0, 0, 1, 7, "r"),
  entry("ID_ISAR0_EL1", 3, 0, 0, 2, 0, "r"),
  entry("ID_ISAR1_EL1", 3, 0, 0, 2, 1, "r"),
  entry("ID_ISAR2_EL1", 3, 0, 0, 2, 2, "r"),
  entry("ID_ISAR3_EL1", 3, 0, 0, 2, 3, "r"),
  entry("ID_ISAR4_EL1", 3, 0, 0, 2, 4, "r"),
  entry("ID_ISAR5_EL1", 3, 0, 0, 2, 5, "r"),
  entry("ID_MMFR4_EL1", 3, 0, 0, 2, 6, "r"),
  entry("ID_ISAR6_EL1", 3, 0, 0, 2, 7, "r"),
  entry("MVFR0_EL1", 3, 0, 0, 3, 0, "r"),
  entry("MVFR1_EL1", 3, 0, 0, 3, 1, "r"),
  entry("MVFR2_EL1", 3, 0, 0, 3, 2, "r"),
  entry("ID_PFR2_EL1", 3, 0, 0, 3, 4, "r"),
  entry("ID_DFR1_EL1", 3, 0, 0, 3, 5, "r"),
  entry("ID_MMFR5_EL1", 3, 0, 0, 3, 6, "r"),
  entry("ID_AA64SMFR0_EL1", 3, 0, 0, 4, 5, "r"),
  ...([3, 7] as const).map((op2) => reserved(3, op2)),
  ...([2, 3, 6, 7] as const).map((op2) => reserved(4, op2)),
  ...([2, 3, 6, 7] as const).map((op2) => reserved(5, op2)),
  ...([3, 4, 5, 6, 7] as const).map((op2) => reserved(6, op2)),
  ...([3, 4, 5, 6, 7] as const).map((op2) => reserved(7, op2)),
  // Debug, of which start-up code clears what resets leave; OSLSR_EL1.OSLM says that there is no OS lock.
  entry("MDSCR_EL1", 2, 0, 0, 2, 2),
  entry("OSLAR_EL1", 2, 0, 1, 0, 4, "w"),
  entry("OSLSR_EL1", 2, 0, 1, 1, 4, "r"),
  entry("OSDLR_EL1", 2, 0, 1, 3, 4),
];
