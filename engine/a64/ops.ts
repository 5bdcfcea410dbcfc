/**
 * The vocabulary in which instructions are given their meaning: Arm's pseudocode, as far as this
 * engine needs it. The table (engine/a64/table) is written over it once; each consumer brings a
 * backend: the interpreter generator, the region JIT and the model checker.
 *
 *   V  a value of up to 64 bits. A 32-bit result stands zero-extended, a truth value is 0 or 1.
 *   F  an operand field of the instruction word: known only at run time in the interpreter, a
 *      number elsewhere. A plain number may stand wherever a field may.
 *   A  a memory access that has been checked (mapped, permitted, aligned) and can no longer fail.
 *
 * Rules that a row's meaning keeps:
 *   - operations happen in the order in which they are called;
 *   - every `base` and `access` comes before the first `setX`, `setXSP`, `setNZCV` or `store`, so that a fault
 *     leaves the core as it was;
 *   - at most one branch, and it comes last.
 */

/** Register width in bits: `sf`/`size` of the manual. */
export type Width = 32 | 64;

/** Bytes of a memory access. */
export type Bytes = 1 | 2 | 4 | 8 | 16;

export type AccessKind = "read" | "write" | "update";

/** Ordering of an access: LDAR/LDAXR "acquire", LDAPR "acquirePC", STLR "release". */
export type Order = "plain" | "acquire" | "acquirePC" | "release" | "acquireRelease";

/** The read-modify-write operations of FEAT_LSE, with the manual's names (SWP replaces). */
export type AtomicOp = "ADD" | "CLR" | "EOR" | "SET" | "SMAX" | "SMIN" | "UMAX" | "UMIN" | "SWP";

/** BranchType of the manual: DIRCALL and INDCALL are those that link. */
export type DirectBranch = "DIR" | "DIRCALL";
export type IndirectBranch = "INDIR" | "INDCALL" | "RET";

export type HintOp = "NOP" | "YIELD" | "WFE" | "WFI" | "SEV" | "SEVL";
export type BarrierOp = "DMB" | "DSB" | "ISB";
/** AdvSIMDFPAccessTrap: what CheckFPAdvSIMDEnabled64 raises where CPACR_EL1.FPEN is zero. */
export type ExceptionOp = "SVC" | "HVC" | "SMC" | "BRK" | "HLT" | "UDF" | "AdvSIMDFPAccessTrap";
export type DataCacheOp = "CVAU" | "CVAC" | "CIVAC" | "IVAC" | "CVAP" | "CVADP" | "ZVA" | "CSW" | "CISW" | "ISW";
export type InstructionCacheOp = "IVAU" | "IALLU" | "IALLUIS";
/** Stage 1, with the rights of EL1 or EL0, to read or to write; P: as PSTATE.PAN has it. */
export type TranslationOp = "S1E1R" | "S1E1W" | "S1E0R" | "S1E0W" | "S1E1RP" | "S1E1WP";
/** The fields of PSTATE that MSR (immediate) writes. */
export type PStateField = "DAIFSet" | "DAIFClr" | "SPSel" | "PAN" | "UAO" | "DIT" | "SSBS";

/** The system registers that rows may name; engine/a64/system-registers.ts has their encodings. */
export type SystemRegister =
  | "CTR_EL0" | "DCZID_EL0" | "NZCV" | "DAIF" | "CurrentEL" | "SPSel" | "SP_EL0"
  | "TPIDR_EL0" | "TPIDRRO_EL0" | "TPIDR_EL1" | "MPIDR_EL1" | "MIDR_EL1" | "CNTVCT_EL0" | "CNTFRQ_EL0"
  | "VBAR_EL1" | "ELR_EL1" | "SPSR_EL1" | "ESR_EL1" | "FAR_EL1"
  | "ID_AA64PFR0_EL1" | "ID_AA64PFR1_EL1" | "ID_AA64ISAR0_EL1" | "ID_AA64ISAR1_EL1" | "ID_AA64MMFR0_EL1"
  | "ID_AA64MMFR1_EL1" | "CLIDR_EL1" | "CCSIDR_EL1" | "ISR_EL1" | "CNTPCT_EL0" | "SCTLR_EL1" | "CPACR_EL1"
  | "CNTP_TVAL_EL0" | "CNTV_TVAL_EL0" | "PAN" | "UAO" | "DIT" | "SSBS"
  | "ICC_PMR_EL1" | "ICC_IAR1_EL1" | "ICC_HPPIR1_EL1" | "ICC_EOIR1_EL1" | "ICC_RPR_EL1" | "ICC_SGI1R_EL1"
  | "ICC_IGRPEN1_EL1" | "ICC_SRE_EL1" | "ICC_BPR1_EL1" | "ICC_CTLR_EL1"
  | "CONTEXTIDR_EL1" | "AFSR0_EL1" | "AFSR1_EL1" | "PAR_EL1" | "TTBR0_EL1" | "TTBR1_EL1" | "TCR_EL1" | "MAIR_EL1"
  | "AMAIR_EL1" | "CSSELR_EL1" | "CNTKCTL_EL1" | "CNTP_CTL_EL0" | "CNTP_CVAL_EL0" | "CNTV_CTL_EL0" | "CNTV_CVAL_EL0"
  | "ACTLR_EL1" | "LORSA_EL1" | "LOREA_EL1" | "LORN_EL1" | "LORC_EL1" | "LORID_EL1" | "REVIDR_EL1" | "AIDR_EL1"
  | "ID_AA64ZFR0_EL1" | "ID_AA64DFR0_EL1" | "ID_AA64DFR1_EL1" | "ID_AA64AFR0_EL1" | "ID_AA64AFR1_EL1"
  | "ID_AA64ISAR2_EL1" | "ID_AA64MMFR2_EL1"
  | "ID_PFR0_EL1" | "ID_PFR1_EL1" | "ID_PFR2_EL1" | "ID_DFR0_EL1" | "ID_AFR0_EL1" | "ID_MMFR0_EL1" | "ID_MMFR1_EL1"
  | "ID_MMFR2_EL1" | "ID_MMFR3_EL1" | "ID_MMFR4_EL1" | "ID_ISAR0_EL1" | "ID_ISAR1_EL1" | "ID_ISAR2_EL1" | "ID_ISAR3_EL1"
  | "ID_ISAR4_EL1" | "ID_ISAR5_EL1" | "ID_ISAR6_EL1" | "MVFR0_EL1" | "MVFR1_EL1" | "MVFR2_EL1"
  | "ID_DFR1_EL1" | "ID_MMFR5_EL1" | "ID_AA64SMFR0_EL1" | `S3_0_C0_C${3 | 4 | 5 | 6 | 7}_${2 | 3 | 4 | 5 | 6 | 7}`
  | "MDSCR_EL1" | "OSLAR_EL1" | "OSLSR_EL1" | "OSDLR_EL1";

/** The two polynomials of FEAT_CRC32: 0x04c11db7 (CRC32) and 0x1edc6f41 (CRC32C). */
export type Polynomial = "CRC32" | "CRC32C";

export interface Ops<V, F, A> {
  // ---- fields and constants ------------------------------------------------------------------
  /** UInt(field): zero-extended. */
  UInt(field: F | number): V;
  /** SInt(field): sign-extended from the field's own width to 64 bits. */
  SInt(field: F): V;
  /** high:low as one field. */
  concat(high: F, low: F): F;
  /** A field of `width` bits whose value is known: for concat. */
  field(width: number, value: number): F;
  /** A constant, taken modulo 2^64. */
  constant(value: bigint | number): V;
  /** The immediate of the logical instructions: DecodeBitMasks(N, imms, immr, TRUE) of N:immr:imms. */
  bitmaskImmediate(width: Width, nImmrImms: F): V;

  // ---- registers -----------------------------------------------------------------------------
  /** X[n], or the low word of it zero-extended. Register 31 is ZR and reads as zero. */
  X(n: F | number, width: Width): V;
  /** Register 31 is the current stack pointer. */
  XSP(n: F | number, width: Width): V;
  /** X[d] = value; a 32-bit write clears the upper word. Register 31 discards it. */
  setX(d: F | number, width: Width, value: V): void;
  setXSP(d: F | number, width: Width, value: V): void;
  /** The address of this instruction. */
  PC(): V;
  /** PSTATE.<N,Z,C,V> as four bits, N the highest. */
  NZCV(): V;
  setNZCV(nzcv: V): void;
  /** ConditionHolds(cond). */
  conditionHolds(cond: F | number): V;

  // ---- arithmetic: operands and result are `width` bits, the result zero-extended --------------
  add(width: Width, a: V, b: V): V;
  sub(width: Width, a: V, b: V): V;
  /** The manual's AddWithCarry: [result, nzcv]. A subtraction is AddWithCarry(x, not(y), 1). */
  AddWithCarry(width: Width, x: V, y: V, carryIn: V): readonly [result: V, nzcv: V];
  /** N and Z of a result, C and V zero: flags of ANDS and BICS. */
  nzcvOfLogical(width: Width, result: V): V;
  and(width: Width, a: V, b: V): V;
  orr(width: Width, a: V, b: V): V;
  eor(width: Width, a: V, b: V): V;
  not(width: Width, a: V): V;
  /** Shifts take the amount modulo the width. */
  lsl(width: Width, a: V, amount: V): V;
  lsr(width: Width, a: V, amount: V): V;
  asr(width: Width, a: V, amount: V): V;
  ror(width: Width, a: V, amount: V): V;
  mul(width: Width, a: V, b: V): V;
  /** Upper 64 bits of the 128-bit product. */
  mulHigh(signed: boolean, a: V, b: V): V;
  /** Division rounding to zero; by zero gives zero; the most negative by -1 gives itself. */
  div(width: Width, signed: boolean, a: V, b: V): V;
  clz(width: Width, a: V): V;
  /** CountLeadingSignBits: without the sign bit itself. */
  cls(width: Width, a: V): V;
  rbit(width: Width, a: V): V;
  /** Reverses the bytes within each container of `container` bits. */
  rev(width: Width, container: 16 | 32 | 64, a: V): V;
  /** One step of a reflected CRC over the low `bytes` of `value`; 32 bits. */
  crc32(polynomial: Polynomial, bytes: 1 | 2 | 4 | 8, accumulator: V, value: V): V;
  /** The low `from` bits, sign- or zero-extended to `width`. */
  signExtend(width: Width, from: 8 | 16 | 32 | 64, a: V): V;
  zeroExtend(from: 8 | 16 | 32 | 64, a: V): V;
  /** a == b over `width` bits. */
  equal(width: Width, a: V, b: V): V;
  /** The chosen value; only a "pick" dependency on the condition (CSEL). */
  select(condition: V, ifTrue: V, ifFalse: V): V;

  // ---- memory --------------------------------------------------------------------------------
  /** The base of a load or store: X[n]; or SP, once CheckSPAlignment() has found that it may be. */
  base(n: F): V;
  /**
   * Checks an access of `bytes` (up to 16) and gives what load and store take; a failing check raises
   * the data abort here and ends the instruction. `aligned`: a multiple of the size is required.
   */
  access(address: V, bytes: Bytes, kind: AccessKind, aligned?: boolean): A;
  /** Reads `bytes` at `offset` into the access, zero-extended; single-copy atomic when aligned. */
  load(access: A, offset: 0 | 4 | 8, bytes: 1 | 2 | 4 | 8, order?: Order): V;
  store(access: A, offset: 0 | 4 | 8, bytes: 1 | 2 | 4 | 8, value: V, order?: Order): void;
  /** Load that also sets this core's exclusive monitor. */
  loadExclusive(access: A, bytes: 1 | 2 | 4 | 8, order: Order): V;
  /** ExclusiveMonitorsPass and the store: 0 if it was done, 1 if not. Clears the monitor. */
  storeExclusive(access: A, bytes: 1 | 2 | 4 | 8, value: V, order: Order): V;
  /** The same for 16 bytes, the lower doubleword first. */
  loadExclusivePair(access: A, order: Order): readonly [V, V];
  storeExclusivePair(access: A, value: readonly [V, V], order: Order): V;
  clearExclusive(): void;
  /** Atomic read-modify-write; the old value, zero-extended. */
  atomic(op: AtomicOp, access: A, bytes: 1 | 2 | 4 | 8, operand: V, order: Order): V;
  /** Stores `value` if memory holds `expected`; the old value, zero-extended. */
  compareAndSwap(access: A, bytes: 1 | 2 | 4 | 8, expected: V, value: V, order: Order): V;
  compareAndSwapPair(access: A, expected: readonly [V, V], value: readonly [V, V], order: Order): readonly [V, V];

  // ---- control -------------------------------------------------------------------------------
  branchTo(target: V, type: DirectBranch): void;
  branchIf(condition: V, target: V): void;
  /** BR, BLR, RET: `n` is the register that held the target (it decides PSTATE.BTYPE for BR). */
  branchIndirect(target: V, type: IndirectBranch, n: F): void;
  /** SVC, BRK ...: raises the exception; `imm16` goes to ESR_EL1.ISS. */
  exception(op: ExceptionOp, imm16: V): void;
  eret(): void;

  // ---- system --------------------------------------------------------------------------------
  hint(op: HintOp): void;
  /** `option` is CRm: domain and access types. */
  barrier(op: BarrierOp, option: F): void;
  dataCache(op: DataCacheOp, address: V): void;
  instructionCache(op: InstructionCacheOp, address: V): void;
  /** AT: what the address translates to goes to PAR_EL1. */
  addressTranslation(op: TranslationOp, address: V): void;
  /** AArch64.CheckSystemAccess for what EL0 may not do: there it is undefined, or trapped by SCTLR_EL1; nothing at EL1. */
  CheckSystemAccess(atEL0: "undefined" | "trapped"): void;
  readSystem(register: SystemRegister): V;
  writeSystem(register: SystemRegister, value: V): void;
  /** MSR (immediate). */
  writePState(field: PStateField, imm4: F): void;
}

export type OpName = keyof Ops<unknown, unknown, unknown>;

/** The register width that a selector `sf` stands for. */
export function widthOf(sf: number): Width {
  return sf === 1 ? 64 : 32;
}
