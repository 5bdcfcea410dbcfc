/** The system registers that MRS and MSR reach: name, encoding (Arm ARM D17/D19) and who may do what. */
import type { SystemRegister } from "./ops.js";

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
  readonly writable: boolean;
}

function entry(
  name: SystemRegister,
  op0: 2 | 3,
  op1: number,
  CRn: number,
  CRm: number,
  op2: number,
  writable = true,
): SystemRegisterEntry {
  return { name, encoding: { op0, op1, CRn, CRm, op2 }, writable };
}

/** Order matters: an entry's index is the SYSREG_* number of assembly/layout.ts. */
export const systemRegisters: readonly SystemRegisterEntry[] = [
  entry("CTR_EL0", 3, 3, 0, 0, 1, false),
  entry("DCZID_EL0", 3, 3, 0, 0, 7, false),
  entry("NZCV", 3, 3, 4, 2, 0),
  entry("DAIF", 3, 3, 4, 2, 1),
  entry("CurrentEL", 3, 0, 4, 2, 2, false),
  entry("SPSel", 3, 0, 4, 2, 0),
  entry("SP_EL0", 3, 0, 4, 1, 0),
  entry("TPIDR_EL0", 3, 3, 13, 0, 2),
  entry("TPIDRRO_EL0", 3, 3, 13, 0, 3),
  entry("TPIDR_EL1", 3, 0, 13, 0, 4),
  entry("MPIDR_EL1", 3, 0, 0, 0, 5, false),
  entry("MIDR_EL1", 3, 0, 0, 0, 0, false),
  entry("CNTVCT_EL0", 3, 3, 14, 0, 2, false),
  entry("CNTFRQ_EL0", 3, 3, 14, 0, 0),
  entry("VBAR_EL1", 3, 0, 12, 0, 0),
  entry("ELR_EL1", 3, 0, 4, 0, 1),
  entry("SPSR_EL1", 3, 0, 4, 0, 0),
  entry("ESR_EL1", 3, 0, 5, 2, 0),
  entry("FAR_EL1", 3, 0, 6, 0, 0),
];
