/** Registers whose value is fixed, and says what there is. */
import {
  SYSREG_CCSIDR_EL1, SYSREG_CLIDR_EL1, SYSREG_DCZID_EL0, SYSREG_ID_AA64ISAR0_EL1, SYSREG_ID_AA64ISAR1_EL1,
  SYSREG_ID_AA64MMFR0_EL1, SYSREG_ID_AA64MMFR1_EL1, SYSREG_ID_AA64MMFR2_EL1, SYSREG_ID_AA64PFR0_EL1,
  SYSREG_ID_AA64PFR1_EL1, SYSREG_MIDR_EL1, SYSREG_SCTLR_EL1,
} from "./layout";

/** MIDR_EL1: implementer 0 (software), architecture by ID registers, part number 0xc0d. */
const MIDR: u64 = 0x000fc0d0;
/** DCZID_EL0.BS: DC ZVA clears 2^4 words, a line. */
const DCZID: u64 = 4;

// What the ID registers say, as far as it is not zero: the features of the instruction table, no more.
/** DIT; GIC: the system registers of its CPU interface; EL0 and EL1 in AArch64 only; no floating point, no Advanced SIMD. */
const PFR0: u64 = (1 << 48) | (1 << 24) | 0x00ff0011;
/** SSBS: with MRS and MSR; BT: FEAT_BTI. */
const PFR1: u64 = (2 << 4) | 1;
/** TLB: FEAT_TLBIRANGE; TS: FEAT_FlagM2; Atomic: FEAT_LSE; CRC32. */
const ISAR0: u64 = (2 << 56) | (2 << 52) | (2 << 20) | (1 << 16);
/** SPECRES; SB; LRCPC: FEAT_LRCPC2; DPB: FEAT_DPB2. APA, API, GPA and GPI are zero: no pointer authentication. */
const ISAR1: u64 = (1 << 40) | (1 << 36) | (2 << 20) | 2;
/** TGran4 and TGran64 absent, as is TGran16 with zero: there is no translation. */
const MMFR0: u64 = 0xff000000;
/** PAN: FEAT_PAN2, with AT S1E1RP and WP; LO: FEAT_LOR, of which LORID_EL1 says that there are no regions. */
const MMFR1: u64 = (2 << 20) | (1 << 16);
/** UAO. */
const MMFR2: u64 = 1 << 4;
/** One level with instructions and data apart: LoUU, LoC, LoUIS, Ctype1. */
const CLIDR: u64 = (1 << 27) | (1 << 24) | (1 << 21) | 3;
/** Lines of 64 bytes; 4 ways and 128 sets stand for caches that have neither. */
const CCSIDR: u64 = (127 << 13) | (3 << 3) | 2;
/**
 * SCTLR_EL1 but for SA and SA0, which can be written: BT1, BT0, UCI, SPAN, UCT, DZE, nTWE, nTWI, I, C and the bits that are one in
 * Armv8.0. There is no translation (M), no access but of SP has to be aligned (A), and nothing that EL0 may do can be taken from it.
 * Without translation PSTATE.PAN and UAO have nothing to forbid or to permit; they are kept and saved as they should be.
 */
const SCTLR: u64 = (3 << 35) | (1 << 26) | (1 << 18) | (1 << 16) | (3 << 14) | (1 << 12) | (1 << 2) | 0x30d00980;

/** The value of one of them; zero of all others. */
export function fixedValue(register: u32): u64 {
  switch (register) {
    case SYSREG_DCZID_EL0: return DCZID;
    case SYSREG_MIDR_EL1: return MIDR;
    case SYSREG_ID_AA64PFR0_EL1: return PFR0;
    case SYSREG_ID_AA64PFR1_EL1: return PFR1;
    case SYSREG_ID_AA64ISAR0_EL1: return ISAR0;
    case SYSREG_ID_AA64ISAR1_EL1: return ISAR1;
    case SYSREG_ID_AA64MMFR0_EL1: return MMFR0;
    case SYSREG_ID_AA64MMFR1_EL1: return MMFR1;
    case SYSREG_ID_AA64MMFR2_EL1: return MMFR2;
    case SYSREG_CLIDR_EL1: return CLIDR;
    case SYSREG_CCSIDR_EL1: return CCSIDR;
    case SYSREG_SCTLR_EL1: return SCTLR;
    default: return 0;
  }
}
