/** What is not compared with Unicorn 2.0.1 and with qemu-aarch64 7.2, and why. Everything else is. */
import type { Form } from "#engine/a64/forms.js";
import { operandOf } from "../support/words.js";
import type { OracleName } from "./oracles.js";

export interface Exclusion {
  readonly why: string;
  excludes(form: Form, word: number): boolean;
}

const named =
  (names: readonly (string | RegExp)[]) =>
  (form: Form): boolean =>
    names.some((name) => (typeof name === "string" ? form.row.name === name : name.test(form.row.name)));

function isWriteback(form: Form): boolean {
  return /\], #|\]!$/.test(form.row.syntax);
}

const isLoad = (form: Form): boolean => form.row.name.startsWith("LD");

/** Where the architecture leaves a choice. */
const unpredictable: readonly Exclusion[] = [
  {
    why: "CONSTRAINED UNPREDICTABLE: a load with writeback into its own base; both do one of what the manual allows",
    excludes: (form, word) => {
      const base = operandOf(form, word, "n");
      const loaded = [operandOf(form, word, "t"), operandOf(form, word, "u")];
      return isLoad(form) && isWriteback(form) && base !== 31 && loaded.includes(base);
    },
  },
  {
    why: "CONSTRAINED UNPREDICTABLE: a load of a pair into one register twice",
    excludes: (form, word) => /^LDN?P/.test(form.row.name) && operandOf(form, word, "t") === operandOf(form, word, "u"),
  },
  {
    why: "CONSTRAINED UNPREDICTABLE: a store exclusive whose status register is stored too, or the base",
    excludes: (form, word) => {
      const status = operandOf(form, word, "s");
      if (!isStoreExclusive(form.row.name) || status === undefined) return false;
      const [first, second, base] = ["t", "u", "n"].map((letter) => operandOf(form, word, letter));
      return status === first || status === second || (status === base && base !== 31);
    },
  },
];

const unicorn: readonly Exclusion[] = [
  { why: "bits that are RES0, which Unicorn keeps", excludes: named(["MSR VBAR_EL1"]) },
  { why: "address translation finds other attributes, and no windows", excludes: named([/^AT /]) },
  { why: "TCR_EL1.TBI makes Unicorn ignore the top byte of branch targets", excludes: named([/^(MRS|MSR) TCR_EL1/]) },
  { why: "Unicorn has no interrupt controller", excludes: named([/^(MRS|MSR) ICC_/]) },
  { why: "Unicorn has floating point, and this machine has not", excludes: named([/^(MRS|MSR) FP/]) },
  {
    why: "Unicorn's CPU has no EL2, and no EL0 to speak of: HVC and exception returns are in the tests of exceptions",
    excludes: named(["HVC", "ERET", /^MSR SPSel/]),
  },
  {
    why: "other values: what the CPU is and can do, its counters and timers, and what controls them",
    excludes: named([/^(MRS|MSR) (ID_|S3_|MVFR|MIDR|REVIDR|AIDR|CLIDR|CCSIDR|CNT|SCTLR|CPACR|MDSCR|OS[LD])/]),
  },
  {
    why: "Unicorn, which is QEMU 5, has not got them",
    excludes: named([/^(MRS|MSR) (DIT|SSBS|LOR)/, /^TLBI (R|.*OS$)/]),
  },
  {
    why: "Unicorn 2.0.1 compares whole registers in LDSMAX and its kin on less than 64 bits; qemu-aarch64 does not, and is asked instead",
    excludes: (form) => /^LD[SU](MAX|MIN)/.test(form.row.name) && form.value >>> 30 !== 3,
  },
];

const qemu: readonly Exclusion[] = [
  {
    why: "a process has no EL1: what it does to PSTATE, system registers and address translation is Unicorn's business",
    excludes: (form) =>
      /^(ERET|TLBI|AT |MSR (SPSel|DAIF|PAN|UAO))/.test(form.row.name) ||
      (/^(MRS|MSR) /.test(form.row.name) && !/ (NZCV|TPIDR_EL0|DIT)/.test(form.row.name)),
  },
  {
    why: "the host's system answers: calls, semihosting, waiting",
    excludes: named(["SVC", "HVC", "SMC", "HLT", "WFI"]),
  },
  { why: "cache maintenance: QEMU has no caches, and lines of another size", excludes: named([/^(DC|IC) /, / RCTX$/]) },
  { why: "QEMU has floating point, and this machine has not", excludes: named([/SIMD/]) },
];

const exclusions: Record<OracleName, readonly Exclusion[]> = {
  Unicorn: [...unpredictable, ...unicorn],
  QEMU: [...unpredictable, ...qemu],
};

/** Why a word is not compared with an oracle; undefined if it is. */
export function whyExcluded(oracle: OracleName, form: Form, word: number): string | undefined {
  return exclusions[oracle].find((exclusion) => exclusion.excludes(form, word))?.why;
}

export function isExcluded(oracle: OracleName, form: Form, word: number): boolean {
  return whyExcluded(oracle, form, word) !== undefined;
}

export const isStoreExclusive = (name: string): boolean => /^STL?X[RP]/.test(name);

/** Bytes of the location of a load or store exclusive; undefined for all other instructions. */
export function exclusiveBytes(form: Form, word: number): number | undefined {
  if (!/^(LDA?|STL?)X[RP]/.test(form.row.name)) return undefined;
  const bytes = 2 ** (word >>> 30);
  return /XP$/.test(form.row.name) ? 2 * bytes : bytes;
}
