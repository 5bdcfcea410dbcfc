/**
 * Arm ARM C4.1: "Branches, Exception Generating and System instructions".
 *
 * Where the manual leaves a choice:
 *   - pointer authentication is absent (ID_AA64ISAR1_EL1.APA and API are zero): its hints are NOPs, but
 *     PACIASP and PACIBSP are landing places, as SCTLR_EL1.BT1 = 1 has them: not for BTYPE 3;
 *   - hints without an effect here (ESB, CSDB and all unallocated ones) are NOPs, as the manual demands;
 *   - DSB with CRm 0 and 4 are SSBB and PSSBB; they act as the stronger DSB, reserved options as SY.
 */
import { type DataCacheOp, type ExceptionOp, type HintOp, type InstructionCacheOp, type Ops, type TranslationOp, widthOf } from "../ops.js";
import { type Alias, alias, type Row, row } from "../row.js";
import { type SystemRegisterEntry, systemRegisters } from "../system-registers.js";

/** PC + SignExtend(words:'00'): where the branches with an immediate go. */
function branchTarget<V, F, A>(o: Ops<V, F, A>, words: F): V {
  return o.add(64, o.PC(), o.lsl(64, o.SInt(words), o.constant(2)));
}

const branchesImmediate = [
  // ---- Conditional branch (immediate)
  row("B.cond", "01010100 iiiiiiiiiiiiiiiiiii 0 cccc", "b.<cond:c> <label:i*4>", (o, { i, c }) =>
    o.branchIf(o.conditionHolds(c), branchTarget(o, i)),
  ),
  alias("B.cond", "01010100 iiiiiiiiiiiiiiiiiii 0 cccc", "b<cond:c> <label:i*4>", { parseOnly: true }),

  // ---- Unconditional branch (immediate)
  row("B", "000101 iiiiiiiiiiiiiiiiiiiiiiiiii", "b <label:i*4>", (o, { i }) => o.branchTo(branchTarget(o, i), "DIR")),
  row("BL", "100101 iiiiiiiiiiiiiiiiiiiiiiiiii", "bl <label:i*4>", (o, { i }) => {
    o.setX(30, 64, o.add(64, o.PC(), o.constant(4)));
    o.branchTo(branchTarget(o, i), "DIRCALL");
  }),

  // ---- Compare and branch (immediate)
  row("CBZ", "Z0110100 iiiiiiiiiiiiiiiiiii ttttt", "cbz <Rt>, <label:i*4>", (o, { Z, i, t }) => {
    const width = widthOf(Z);
    o.branchIf(o.equal(width, o.X(t, width), o.constant(0)), branchTarget(o, i));
  }),
  row("CBNZ", "Z0110101 iiiiiiiiiiiiiiiiiii ttttt", "cbnz <Rt>, <label:i*4>", (o, { Z, i, t }) => {
    const width = widthOf(Z);
    const isZero = o.equal(width, o.X(t, width), o.constant(0));
    o.branchIf(o.eor(32, isZero, o.constant(1)), branchTarget(o, i));
  }),

  // ---- Test and branch (immediate): the bit's number is b5:b40, Z:b here
  row("TBZ", "Z0110110 bbbbb iiiiiiiiiiiiii ttttt", "tbz <Rt>, #<Z.b>, <label:i*4>", (o, { Z, b, i, t }) => {
    o.branchIf(o.eor(64, testedBit(o, Z, b, t), o.constant(1)), branchTarget(o, i));
  }),
  row("TBNZ", "Z0110111 bbbbb iiiiiiiiiiiiii ttttt", "tbnz <Rt>, #<Z.b>, <label:i*4>", (o, { Z, b, i, t }) => {
    o.branchIf(testedBit(o, Z, b, t), branchTarget(o, i));
  }),
  alias("TBZ", "00110110 bbbbb iiiiiiiiiiiiii ttttt", "tbz <Xt>, #<b>, <label:i*4>", { parseOnly: true }),
  alias("TBNZ", "00110111 bbbbb iiiiiiiiiiiiii ttttt", "tbnz <Xt>, #<b>, <label:i*4>", { parseOnly: true }),
];

/** X[t]<b5:b40>, as 0 or 1. */
function testedBit<V, F, A>(o: Ops<V, F, A>, b5: number, b40: F, t: F): V {
  const position = o.add(64, o.UInt(b40), o.constant(32 * b5));
  return o.and(64, o.lsr(64, o.X(t, 64), position), o.constant(1));
}

const branchesRegister = [
  // ---- Unconditional branch (register)
  row("BR", "1101011 0000 11111 000000 nnnnn 00000", "br <Xn>", (o, { n }) => o.branchIndirect(o.X(n, 64), "INDIR", n)),
  row("BLR", "1101011 0001 11111 000000 nnnnn 00000", "blr <Xn>", (o, { n }) => {
    const target = o.X(n, 64);
    o.setX(30, 64, o.add(64, o.PC(), o.constant(4)));
    o.branchIndirect(target, "INDCALL", n);
  }),
  row("RET", "1101011 0010 11111 000000 nnnnn 00000", "ret <Xn>", (o, { n }) => o.branchIndirect(o.X(n, 64), "RET", n)),
  alias("RET", "1101011 0010 11111 000000 11110 00000", "ret"),
  row("ERET", "1101011 0100 11111 000000 11111 00000", "eret", (o) => o.eret()),
];

/** PSTATE.<N,Z,C,V> as truth values of their own. */
function flagsOf<V, F, A>(o: Ops<V, F, A>): { readonly z: V; readonly c: V; readonly v: V } {
  const nzcv = o.NZCV();
  const flag = (position: number): V => o.and(32, o.lsr(32, nzcv, o.constant(position)), o.constant(1));
  return { z: flag(2), c: flag(1), v: flag(0) };
}

function negated<V, F, A>(o: Ops<V, F, A>, truth: V): V {
  return o.eor(32, truth, o.constant(1));
}

function setFlags<V, F, A>(o: Ops<V, F, A>, n: V, z: V, c: V, v: V): void {
  const high = o.orr(32, o.lsl(32, n, o.constant(3)), o.lsl(32, z, o.constant(2)));
  o.setNZCV(o.orr(32, high, o.orr(32, o.lsl(32, c, o.constant(1)), v)));
}

/** FEAT_FlagM and FEAT_FlagM2. */
const pstateFlags = [
  row("CFINV", "1101010100000 000 0100 0000 000 11111", "cfinv", (o) =>
    o.setNZCV(o.eor(32, o.NZCV(), o.constant(0b0010))),
  ),
  row("XAFLAG", "1101010100000 000 0100 0000 001 11111", "xaflag", (o) => {
    const { z, c } = flagsOf(o);
    const notC = negated(o, c);
    setFlags(o, o.and(32, notC, negated(o, z)), o.and(32, z, c), o.orr(32, c, z), o.and(32, notC, z));
  }),
  row("AXFLAG", "1101010100000 000 0100 0000 010 11111", "axflag", (o) => {
    const { z, c, v } = flagsOf(o);
    setFlags(o, o.constant(0), o.orr(32, z, v), o.and(32, c, negated(o, v)), o.constant(0));
  }),
];

/** Exception generation: `lands` for those that the manual makes compatible with every BTYPE. */
function exceptionRow(op: ExceptionOp, opc: "000" | "001" | "010", LL: "00" | "01" | "10" | "11", lands = 0b0001): Row {
  return row(op, `11010100 ${opc} iiiiiiiiiiiiiiii 000 ${LL}`, `${op.toLowerCase()} #<i:x>`,
    (o, { i }) => o.exception(op, o.UInt(i)), { lands });
}

const exceptionGeneration = [
  exceptionRow("SVC", "000", "01"),
  exceptionRow("HVC", "000", "10"),
  exceptionRow("SMC", "000", "11"),
  exceptionRow("BRK", "001", "00", 0b1111),
  exceptionRow("HLT", "010", "00", 0b1111),
  // Arm ARM C4.1: "Reserved"
  row("UDF", "0000000000000000 iiiiiiiiiiiiiiii", "udf #<i>", (o, { i }) => o.exception("UDF", o.UInt(i))),
];

const barriers = [
  row("CLREX", "11010101000000110011 mmmm 010 11111", "clrex #<m:x>", (o) => o.clearExclusive()),
  alias("CLREX", "11010101000000110011 1111 010 11111", "clrex"),
  row("DSB", "11010101000000110011 mmmm 100 11111", "dsb <barrier:m>", (o, { m }) => o.barrier("DSB", m)),
  alias("SSBB", "11010101000000110011 0000 100 11111", "ssbb"),
  alias("PSSBB", "11010101000000110011 0100 100 11111", "pssbb"),
  row("DMB", "11010101000000110011 mmmm 101 11111", "dmb <barrier:m>", (o, { m }) => o.barrier("DMB", m)),
  row("ISB", "11010101000000110011 mmmm 110 11111", "isb #<m:x>", (o, { m }) => o.barrier("ISB", m)),
  alias("ISB", "11010101000000110011 1111 110 11111", "isb"),
  alias("ISB", "11010101000000110011 1111 110 11111", "isb sy", { parseOnly: true }),
  // What it holds back is speculation, which cannot be seen here.
  row("SB", "11010101000000110011 0000 111 11111", "sb", (o) => o.hint("NOP")),
];

/** HINT #imm under its own name: strict specialisations of the row HINT. */
function hintRow(imm: number, name: string, op: HintOp = "NOP", lands = 0b0001): Row {
  const CRm_op2 = imm.toString(2).padStart(7, "0");
  return row(name, `11010101000000110010 ${CRm_op2} 11111`, name.toLowerCase(), (o) => o.hint(op), { lands });
}

/** Compatible with PSTATE.BTYPE 1 and 2 (and 0): a call, or a branch through X16 or X17. */
const LANDS_CALL = 0b0111;
/** Compatible with PSTATE.BTYPE 1 and 3 (and 0): any BR. */
const LANDS_JUMP = 0b1011;

const hints = [
  hintRow(0, "NOP"),
  hintRow(1, "YIELD", "YIELD"),
  hintRow(2, "WFE", "WFE"),
  hintRow(3, "WFI", "WFI"),
  hintRow(4, "SEV", "SEV"),
  hintRow(5, "SEVL", "SEVL"),
  hintRow(7, "XPACLRI"),
  hintRow(8, "PACIA1716"),
  hintRow(10, "PACIB1716"),
  hintRow(12, "AUTIA1716"),
  hintRow(14, "AUTIB1716"),
  hintRow(16, "ESB"),
  hintRow(17, "PSB CSYNC"),
  hintRow(18, "TSB CSYNC"),
  hintRow(20, "CSDB"),
  hintRow(24, "PACIAZ"),
  hintRow(25, "PACIASP", "NOP", LANDS_CALL),
  hintRow(26, "PACIBZ"),
  hintRow(27, "PACIBSP", "NOP", LANDS_CALL),
  hintRow(28, "AUTIAZ"),
  hintRow(29, "AUTIASP"),
  hintRow(30, "AUTIBZ"),
  hintRow(31, "AUTIBSP"),
  hintRow(32, "BTI"),
  hintRow(34, "BTI c", "NOP", LANDS_CALL),
  hintRow(36, "BTI j", "NOP", LANDS_JUMP),
  hintRow(38, "BTI jc", "NOP", LANDS_CALL | LANDS_JUMP),
  row("HINT", "11010101000000110010 iiiiiii 11111", "hint #<i:x>", (o) => o.hint("NOP")),
  // GNU objdump leaves these two as numbers or gives them another name.
  alias("DGH", "11010101000000110010 0000110 11111", "dgh", { parseOnly: true }),
  alias("CLRBHB", "11010101000000110010 0010110 11111", "clearbhb"),
  alias("CLRBHB", "11010101000000110010 0010110 11111", "clrbhb", { parseOnly: true }),
];

/** FPCR and FPSR: accesses trap as the registers V0 to V31 do. */
const floatingPointRegisters = [
  { name: "FPCR", op2: "000" },
  { name: "FPSR", op2: "001" },
].flatMap(({ name, op2 }) => [
  row(`MRS ${name}`, `1101010100 1 11 011 0100 0100 ${op2} ttttt` as "ttttt", `mrs <Xt>, ${name.toLowerCase()}`,
    (o) => o.exception("AdvSIMDFPAccessTrap", o.constant(0))),
  row(`MSR ${name}`, `1101010100 0 11 011 0100 0100 ${op2} ttttt` as "ttttt", `msr ${name.toLowerCase()}, <Xt>`,
    (o) => o.exception("AdvSIMDFPAccessTrap", o.constant(0))),
]);

/** One bit of PSTATE, which becomes operand<0>. */
const pstateBits = [
  { field: "SPSel", op1: "000", op2: "101" },
  { field: "PAN", op1: "000", op2: "100" },
  { field: "UAO", op1: "000", op2: "011" },
  { field: "DIT", op1: "011", op2: "010" },
  { field: "SSBS", op1: "011", op2: "001" },
] as const;

const pstateImmediate = [
  row("MSR DAIFSet", "1101010100000 011 0100 iiii 110 11111", "msr daifset, #<i:x>", (o, { i }) =>
    o.writePState("DAIFSet", i),
  ),
  row("MSR DAIFClr", "1101010100000 011 0100 iiii 111 11111", "msr daifclr, #<i:x>", (o, { i }) =>
    o.writePState("DAIFClr", i),
  ),
  ...pstateBits.map(({ field, op1, op2 }) =>
    row(`MSR ${field} (immediate)`, `1101010100000 ${op1} 0100 000i ${op2} 11111` as "i", `msr ${field.toLowerCase()}, #<i:x>`,
      (o, { i }) => o.writePState(field, i)),
  ),
];

/** The same with something in operand<3:1>, which does not count. GNU as takes no such operand, nor does objdump name it. */
export const pstateOtherOperands: readonly Row[] = pstateBits.map(({ field, op1, op2 }) =>
  row(`MSR ${field} (immediate), other operands`, `1101010100000 ${op1} 0100 jjji ${op2} 11111` as "i", "",
    (o, { i }) => o.writePState(field, i)),
);

/** `width` binary digits. */
function digits(width: number, value: number): string {
  return value.toString(2).padStart(width, "0");
}

/**
 * MRS (L = 1) or MSR (register) of one system register. All bits but Rt are digits; to the compiler a
 * pattern is the set of its letters, which is why this one may call itself "ttttt".
 */
function systemMovePattern(L: 0 | 1, { encoding: e }: SystemRegisterEntry): "ttttt" {
  const register = digits(2, e.op0) + digits(3, e.op1) + digits(4, e.CRn) + digits(4, e.CRm) + digits(3, e.op2);
  return `1101010100 ${L} ${register} ttttt` as "ttttt";
}

function systemMoves(register: SystemRegisterEntry): (Row | Alias)[] {
  const { op0, op1, CRn, CRm, op2 } = register.encoding;
  const name = register.name.toLowerCase();
  const number = `s${op0}_${op1}_c${CRn}_c${CRm}_${op2}`;
  const read = systemMovePattern(1, register);
  const write = systemMovePattern(0, register);
  const moves = [
    {
      right: "r",
      entries: [
        row(`MRS ${register.name}`, read, `mrs <Xt>, ${name}`, (o, { t }) => o.setX(t, 64, o.readSystem(register.name))),
        alias(`MRS ${register.name}`, read, `mrs <Xt>, ${number}`, { parseOnly: true }),
      ],
    },
    {
      right: "w",
      entries: [
        row(`MSR ${register.name}`, write, `msr ${name}, <Xt>`, (o, { t }) => o.writeSystem(register.name, o.X(t, 64))),
        alias(`MSR ${register.name}`, write, `msr ${number}, <Xt>`, { parseOnly: true }),
      ],
    },
  ];
  return moves.filter(({ right }) => register.rights.includes(right)).flatMap(({ entries }) => entries);
}

/** A SYS instruction with CRn = 7 and an address in Xt. */
function systemInstruction(
  name: string,
  op1: string,
  CRm: string,
  op2: string,
  meaning: <V, F, A>(o: Ops<V, F, A>, address: V) => void,
): (Row | Alias)[] {
  const pattern = `1101010100 0 01 ${op1} 0111 ${CRm} ${op2} ttttt` as "ttttt";
  const number = `sys #${Number.parseInt(op1, 2)}, c7, c${Number.parseInt(CRm, 2)}, #${Number.parseInt(op2, 2)}, <Xt>`;
  return [
    row(name, pattern, `${name.toLowerCase()}, <Xt>`, (o, { t }) => meaning(o, o.X(t, 64))),
    alias(name, pattern, number, { parseOnly: true }),
  ];
}

type DataCacheCRm = "0100" | "0110" | "1010" | "1011" | "1100" | "1101" | "1110";

/** DC op, Xt. */
function dataCacheRow(op: DataCacheOp, op1: "000" | "011", CRm: DataCacheCRm, op2: "001" | "010" = "001"): (Row | Alias)[] {
  return systemInstruction(`DC ${op}`, op1, CRm, op2, (o, address) => o.dataCache(op, address));
}

/** IC op for the whole cache: Rt is fixed to 31. */
function instructionCacheAllRow(op: InstructionCacheOp, CRm: "0101" | "0001"): (Row | Alias)[] {
  const pattern = `1101010100 0 01 000 0111 ${CRm} 000 11111` as const;
  return [
    row(`IC ${op}`, pattern, `ic ${op.toLowerCase()}`, (o) => o.instructionCache(op, o.constant(0))),
    alias(`IC ${op}`, pattern, `sys #0, c7, c${Number.parseInt(CRm, 2)}, #0`, { parseOnly: true }),
  ];
}

const cacheMaintenance = [
  dataCacheRow("IVAC", "000", "0110"),
  dataCacheRow("CVAC", "011", "1010"),
  dataCacheRow("CVAU", "011", "1011"),
  dataCacheRow("CIVAC", "011", "1110"),
  dataCacheRow("CVAP", "011", "1100"),
  dataCacheRow("CVADP", "011", "1101"),
  dataCacheRow("ZVA", "011", "0100"),
  dataCacheRow("ISW", "000", "0110", "010"),
  dataCacheRow("CSW", "000", "1010", "010"),
  dataCacheRow("CISW", "000", "1110", "010"),
  instructionCacheAllRow("IALLUIS", "0001"),
  instructionCacheAllRow("IALLU", "0101"),
  systemInstruction("IC IVAU", "011", "0101", "001", (o, address) => o.instructionCache("IVAU", address)),
].flat();

/** AT op, Xt. Encodings of EL2 and EL3 are not allocated here. */
function translationRow(op: TranslationOp, CRm: "1000" | "1001", op2: string): (Row | Alias)[] {
  return systemInstruction(`AT ${op}`, "000", CRm, op2, (o, address) => o.addressTranslation(op, address));
}

const addressTranslation = [
  translationRow("S1E1R", "1000", "000"),
  translationRow("S1E1W", "1000", "001"),
  translationRow("S1E0R", "1000", "010"),
  translationRow("S1E0W", "1000", "011"),
  translationRow("S1E1RP", "1001", "000"),
  translationRow("S1E1WP", "1001", "001"),
].flat();

// ---- TLBI, and the prediction restrictions: there is neither translation nor speculation that could be seen

const tlbScopes = [
  { suffix: "", CRm: "0111", rangeCRm: "0110" },
  { suffix: "IS", CRm: "0011", rangeCRm: "0010" },
  { suffix: "OS", CRm: "0001", rangeCRm: "0101" },
] as const;

const tlbOperations = [
  { name: "VAE1", op2: "001", range: true },
  { name: "ASIDE1", op2: "010", range: false },
  { name: "VAAE1", op2: "011", range: true },
  { name: "VALE1", op2: "101", range: true },
  { name: "VAALE1", op2: "111", range: true },
] as const;

function tlbRow(name: string, CRm: string, op2: string): Row {
  return row(`TLBI ${name}`, `1101010100 0 01 000 1000 ${CRm} ${op2} ttttt` as "ttttt", `tlbi ${name.toLowerCase()}, <Xt>`,
    (o) => o.CheckSystemAccess("undefined"));
}

const tlbMaintenance = tlbScopes.flatMap(({ suffix, CRm, rangeCRm }) => [
  row(`TLBI VMALLE1${suffix}`, `1101010100 0 01 000 1000 ${CRm} 000 11111`, `tlbi vmalle1${suffix.toLowerCase()}`,
    (o) => o.CheckSystemAccess("undefined")),
  ...tlbOperations.map(({ name, op2 }) => tlbRow(name + suffix, CRm, op2)),
  ...tlbOperations.filter(({ range }) => range).map(({ name, op2 }) => tlbRow(`R${name}${suffix}`, rangeCRm, op2)),
]);

/** SCTLR_EL1.EnRCTX is zero: EL0 is trapped. */
const predictionRestrictions = [
  { name: "CFP", op2: "100" },
  { name: "DVP", op2: "101" },
  { name: "CPP", op2: "111" },
].map(({ name, op2 }) =>
  row(`${name} RCTX`, `1101010100 0 01 011 0111 0011 ${op2} ttttt` as "ttttt", `${name.toLowerCase()} rctx, <Xt>`,
    (o) => o.CheckSystemAccess("trapped")),
);

export const branchesExceptionsSystem: readonly (Row | Alias)[] = [
  branchesImmediate,
  branchesRegister,
  exceptionGeneration,
  barriers,
  hints,
  pstateFlags,
  pstateImmediate,
  systemRegisters.flatMap(systemMoves),
  floatingPointRegisters,
  cacheMaintenance,
  addressTranslation,
  tlbMaintenance,
  predictionRestrictions,
].flat();
