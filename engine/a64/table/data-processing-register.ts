/** Arm ARM C4.1: "Data Processing -- Register". */
import { type Ops, type Width, widthOf } from "../ops.js";
import { alias, row } from "../row.js";
import { addSubtract, ExtendReg, ShiftReg, sum, sumWithFlags } from "./shared-pseudocode.js";

const crcMembers = [
  { name: "CRC32", C: "0" },
  { name: "CRC32C", C: "1" },
] as const;

const crcSizes = [
  { suffix: "B", sf: "0", sz: "00", bytes: 1, register: "W", width: 32 },
  { suffix: "H", sf: "0", sz: "01", bytes: 2, register: "W", width: 32 },
  { suffix: "W", sf: "0", sz: "10", bytes: 4, register: "W", width: 32 },
  { suffix: "X", sf: "1", sz: "11", bytes: 8, register: "X", width: 64 },
] as const;

const dataProcessing2Source = [
  row("UDIV", "Z0011010110 mmmmm 000010 nnnnn ddddd", "udiv <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.div(width, false, o.X(n, width), o.X(m, width)));
  }),
  row("SDIV", "Z0011010110 mmmmm 000011 nnnnn ddddd", "sdiv <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.div(width, true, o.X(n, width), o.X(m, width)));
  }),
  row("LSLV", "Z0011010110 mmmmm 001000 nnnnn ddddd", "lslv <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.lsl(width, o.X(n, width), o.X(m, width)));
  }),
  row("LSRV", "Z0011010110 mmmmm 001001 nnnnn ddddd", "lsrv <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.lsr(width, o.X(n, width), o.X(m, width)));
  }),
  row("ASRV", "Z0011010110 mmmmm 001010 nnnnn ddddd", "asrv <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.asr(width, o.X(n, width), o.X(m, width)));
  }),
  row("RORV", "Z0011010110 mmmmm 001011 nnnnn ddddd", "rorv <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.ror(width, o.X(n, width), o.X(m, width)));
  }),
  ...crcMembers.flatMap(({ name, C }) =>
    crcSizes.map(({ suffix, sf, sz, bytes, register, width }) =>
      row(name + suffix, `${sf}0011010110 mmmmm 010${C}${sz} nnnnn ddddd`,
        `${(name + suffix).toLowerCase()} <Wd>, <Wn>, <${register}m>`,
        (o, { m, n, d }) => o.setX(d, 32, o.crc32(name, bytes, o.X(n, 32), o.X(m, width)))))),
  alias("LSL (register)", "Z0011010110 mmmmm 001000 nnnnn ddddd", "lsl <Rd>, <Rn>, <Rm>"),
  alias("LSR (register)", "Z0011010110 mmmmm 001001 nnnnn ddddd", "lsr <Rd>, <Rn>, <Rm>"),
  alias("ASR (register)", "Z0011010110 mmmmm 001010 nnnnn ddddd", "asr <Rd>, <Rn>, <Rm>"),
  alias("ROR (register)", "Z0011010110 mmmmm 001011 nnnnn ddddd", "ror <Rd>, <Rn>, <Rm>"),
];

const dataProcessing1Source = [
  row("RBIT", "Z1011010110 00000 000000 nnnnn ddddd", "rbit <Rd>, <Rn>", (o, { Z, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.rbit(width, o.X(n, width)));
  }),
  row("REV16", "Z1011010110 00000 000001 nnnnn ddddd", "rev16 <Rd>, <Rn>", (o, { Z, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.rev(width, 16, o.X(n, width)));
  }),
  row("REV", "01011010110 00000 000010 nnnnn ddddd", "rev <Wd>, <Wn>", (o, { n, d }) =>
    o.setX(d, 32, o.rev(32, 32, o.X(n, 32))),
  ),
  row("REV32", "11011010110 00000 000010 nnnnn ddddd", "rev32 <Xd>, <Xn>", (o, { n, d }) =>
    o.setX(d, 64, o.rev(64, 32, o.X(n, 64))),
  ),
  row("REV", "11011010110 00000 000011 nnnnn ddddd", "rev <Xd>, <Xn>", (o, { n, d }) =>
    o.setX(d, 64, o.rev(64, 64, o.X(n, 64))),
  ),
  alias("REV64", "11011010110 00000 000011 nnnnn ddddd", "rev64 <Xd>, <Xn>", { parseOnly: true }),
  row("CLZ", "Z1011010110 00000 000100 nnnnn ddddd", "clz <Rd>, <Rn>", (o, { Z, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.clz(width, o.X(n, width)));
  }),
  row("CLS", "Z1011010110 00000 000101 nnnnn ddddd", "cls <Rd>, <Rn>", (o, { Z, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.cls(width, o.X(n, width)));
  }),
];

/** imm6 >= 32 for a 32-bit register. */
const reservedShiftAmounts = ["0.......... ..... 1..... ..... ....."];

/** The members of the family in the order of opc:N; those with N = 1 invert the second operand. */
const logicalMembers = [
  { name: "AND", op: "AND", opc: "00", N: "0" },
  { name: "BIC", op: "AND", opc: "00", N: "1" },
  { name: "ORR", op: "ORR", opc: "01", N: "0" },
  { name: "ORN", op: "ORR", opc: "01", N: "1" },
  { name: "EOR", op: "EOR", opc: "10", N: "0" },
  { name: "EON", op: "EOR", opc: "10", N: "1" },
  { name: "ANDS", op: "AND", opc: "11", N: "0" },
  { name: "BICS", op: "AND", opc: "11", N: "1" },
] as const;

function logical<V, F, A>(o: Ops<V, F, A>, op: "AND" | "ORR" | "EOR", width: Width, a: V, b: V): V {
  if (op === "AND") return o.and(width, a, b);
  return op === "ORR" ? o.orr(width, a, b) : o.eor(width, a, b);
}

const logicalShiftedRegister = [
  ...logicalMembers.map(({ name, op, opc, N }) =>
    row(`${name} (shifted register)`, `Z${opc}01010TT${N} mmmmm iiiiii nnnnn ddddd`,
      `${name.toLowerCase()} <Rd>, <Rn>, <Rm>{, <shift:T> #<i>}`,
      (o, { Z, T, m, i, n, d }) => {
        const width = widthOf(Z);
        const shifted = ShiftReg(o, m, T, i, width);
        const result = logical(o, op, width, o.X(n, width), N === "1" ? o.not(width, shifted) : shifted);
        o.setX(d, width, result);
        if (opc === "11") o.setNZCV(o.nzcvOfLogical(width, result));
      },
      { unallocated: reservedShiftAmounts }),
  ),
  alias("MOV (register)", "Z0101010000 mmmmm 000000 11111 ddddd", "mov <Rd>, <Rm>"),
  // Writing W clears the upper word: the zero-extension of a word is a MOV.
  alias("UXTW", "00101010000 mmmmm 000000 11111 ddddd", "uxtw <Xd>, <Wm>", { parseOnly: true }),
  alias("MVN", "Z0101010TT1 mmmmm iiiiii 11111 ddddd", "mvn <Rd>, <Rm>{, <shift:T> #<i>}"),
  alias("TST (shifted register)", "Z1101010TT0 mmmmm iiiiii nnnnn 11111", "tst <Rn>, <Rm>{, <shift:T> #<i>}"),
];

const addSubtractShiftedRegister = [
  ...addSubtract.flatMap(({ name, op }) => [
    row(`${name} (shifted register)`, `Z${op}001011TT0 mmmmm iiiiii nnnnn ddddd`,
      `${name.toLowerCase()} <Rd>, <Rn>, <Rm>{, <shift:T> #<i>}`,
      (o, { Z, T, m, i, n, d }) => {
        const width = widthOf(Z);
        o.setX(d, width, sum(o, name, width, o.X(n, width), ShiftReg(o, m, T, i, width)));
      },
      { unallocated: [...reservedShiftAmounts, "........11. ..... ...... ..... ....."] }),
    row(`${name}S (shifted register)`, `Z${op}101011TT0 mmmmm iiiiii nnnnn ddddd`,
      `${name.toLowerCase()}s <Rd>, <Rn>, <Rm>{, <shift:T> #<i>}`,
      (o, { Z, T, m, i, n, d }) => {
        const width = widthOf(Z);
        const [result, nzcv] = sumWithFlags(o, name, width, o.X(n, width), ShiftReg(o, m, T, i, width));
        o.setX(d, width, result);
        o.setNZCV(nzcv);
      },
      { unallocated: [...reservedShiftAmounts, "........11. ..... ...... ..... ....."] }),
  ]),
  alias("CMN (shifted register)", "Z0101011TT0 mmmmm iiiiii nnnnn 11111", "cmn <Rn>, <Rm>{, <shift:T> #<i>}"),
  alias("CMP (shifted register)", "Z1101011TT0 mmmmm iiiiii nnnnn 11111", "cmp <Rn>, <Rm>{, <shift:T> #<i>}"),
  alias("NEG (shifted register)", "Z1001011TT0 mmmmm iiiiii 11111 ddddd", "neg <Rd>, <Rm>{, <shift:T> #<i>}"),
  alias("NEGS", "Z1101011TT0 mmmmm iiiiii 11111 ddddd", "negs <Rd>, <Rm>{, <shift:T> #<i>}"),
];

/** imm3 > 4. */
const reservedExtendAmounts = [
  "........... ..... ... 101 ..... .....",
  "........... ..... ... 11. ..... .....",
];

/** Where the stack pointer takes part, the extension that leaves the register as it is goes by the name of LSL. */
const plainExtensions = [
  { sf: "0", option: "010", R: "W", sp: "wsp" },
  { sf: "1", option: "011", R: "X", sp: "sp" },
] as const;

const addSubtractExtendedRegister = [
  ...addSubtract.flatMap(({ name, op }) => [
    row(`${name} (extended register)`, `Z${op}001011001 mmmmm OOO iii nnnnn ddddd`,
      `${name.toLowerCase()} <Rd|sp>, <Rn|sp>, <Em:O>, <extend:O>{ #<i>}`,
      (o, { Z, O, m, i, n, d }) => {
        const width = widthOf(Z);
        o.setXSP(d, width, sum(o, name, width, o.XSP(n, width), ExtendReg(o, m, O, i, width)));
      },
      { unallocated: reservedExtendAmounts }),
    row(`${name}S (extended register)`, `Z${op}101011001 mmmmm OOO iii nnnnn ddddd`,
      `${name.toLowerCase()}s <Rd>, <Rn|sp>, <Em:O>, <extend:O>{ #<i>}`,
      (o, { Z, O, m, i, n, d }) => {
        const width = widthOf(Z);
        const [result, nzcv] = sumWithFlags(o, name, width, o.XSP(n, width), ExtendReg(o, m, O, i, width));
        o.setX(d, width, result);
        o.setNZCV(nzcv);
      },
      { unallocated: reservedExtendAmounts }),
  ]),
  ...plainExtensions.flatMap(({ sf, option, R, sp }) => [
    alias("CMN (extended register)", `${sf}0101011001 mmmmm ${option} iii 11111 11111`, `cmn ${sp}, <${R}m>{, lsl #<i>}`),
    alias("CMP (extended register)", `${sf}1101011001 mmmmm ${option} iii 11111 11111`, `cmp ${sp}, <${R}m>{, lsl #<i>}`),
  ]),
  alias("CMN (extended register)", "Z0101011001 mmmmm OOO iii nnnnn 11111", "cmn <Rn|sp>, <Em:O>, <extend:O>{ #<i>}"),
  alias("CMP (extended register)", "Z1101011001 mmmmm OOO iii nnnnn 11111", "cmp <Rn|sp>, <Em:O>, <extend:O>{ #<i>}"),
  ...addSubtract.flatMap(({ name, op }) =>
    plainExtensions.flatMap(({ sf, option, R, sp }) => {
      const mnemonic = name.toLowerCase();
      const shifted = `<${R}m>{, lsl #<i>}`;
      return [
        alias(`${name} (extended register)`, `${sf}${op}001011001 mmmmm ${option} iii nnnnn 11111`,
          `${mnemonic} ${sp}, <${R}n|sp>, ${shifted}`),
        alias(`${name} (extended register)`, `${sf}${op}001011001 mmmmm ${option} iii 11111 ddddd`,
          `${mnemonic} <${R}d|sp>, ${sp}, ${shifted}`),
        alias(`${name}S (extended register)`, `${sf}${op}101011001 mmmmm ${option} iii 11111 ddddd`,
          `${mnemonic}s <${R}d>, ${sp}, ${shifted}`),
      ];
    }),
  ),
];

/** The condition that holds when PSTATE.C is 1 ("carry set"): its value is the carry. */
const CS = 2;

const addSubtractWithCarry = [
  row("ADC", "Z0011010000 mmmmm 000000 nnnnn ddddd", "adc <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.add(width, o.add(width, o.X(n, width), o.X(m, width)), o.conditionHolds(CS)));
  }),
  row("ADCS", "Z0111010000 mmmmm 000000 nnnnn ddddd", "adcs <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    const [result, nzcv] = o.AddWithCarry(width, o.X(n, width), o.X(m, width), o.conditionHolds(CS));
    o.setX(d, width, result);
    o.setNZCV(nzcv);
  }),
  row("SBC", "Z1011010000 mmmmm 000000 nnnnn ddddd", "sbc <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    const inverted = o.not(width, o.X(m, width));
    o.setX(d, width, o.add(width, o.add(width, o.X(n, width), inverted), o.conditionHolds(CS)));
  }),
  row("SBCS", "Z1111010000 mmmmm 000000 nnnnn ddddd", "sbcs <Rd>, <Rn>, <Rm>", (o, { Z, m, n, d }) => {
    const width = widthOf(Z);
    const inverted = o.not(width, o.X(m, width));
    const [result, nzcv] = o.AddWithCarry(width, o.X(n, width), inverted, o.conditionHolds(CS));
    o.setX(d, width, result);
    o.setNZCV(nzcv);
  }),
  alias("NGC", "Z1011010000 mmmmm 000000 11111 ddddd", "ngc <Rd>, <Rm>"),
  alias("NGCS", "Z1111010000 mmmmm 000000 11111 ddddd", "ngcs <Rd>, <Rm>"),
];

/** CCMN is to CMN, an addition, what CCMP is to CMP. */
const conditionalCompares = [
  { name: "CCMN", operation: "ADD", op: "0" },
  { name: "CCMP", operation: "SUB", op: "1" },
] as const;

const conditionalCompare = [
  ...conditionalCompares.map(({ name, operation, op }) =>
    row(`${name} (register)`, `Z${op}111010010 mmmmm cccc 00 nnnnn 0 ffff`,
      `${name.toLowerCase()} <Rn>, <Rm>, #<f:x>, <cond:c>`,
      (o, { Z, m, c, n, f }) => {
        const width = widthOf(Z);
        const [, nzcv] = sumWithFlags(o, operation, width, o.X(n, width), o.X(m, width));
        o.setNZCV(o.select(o.conditionHolds(c), nzcv, o.UInt(f)));
      }),
  ),
  ...conditionalCompares.map(({ name, operation, op }) =>
    row(`${name} (immediate)`, `Z${op}111010010 iiiii cccc 10 nnnnn 0 ffff`,
      `${name.toLowerCase()} <Rn>, #<i:x>, #<f:x>, <cond:c>`,
      (o, { Z, i, c, n, f }) => {
        const width = widthOf(Z);
        const [, nzcv] = sumWithFlags(o, operation, width, o.X(n, width), o.UInt(i));
        o.setNZCV(o.select(o.conditionHolds(c), nzcv, o.UInt(f)));
      }),
  ),
];

const conditionalSelect = [
  row("CSEL", "Z0011010100 mmmmm cccc 00 nnnnn ddddd", "csel <Rd>, <Rn>, <Rm>, <cond:c>", (o, { Z, m, c, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.select(o.conditionHolds(c), o.X(n, width), o.X(m, width)));
  }),
  row("CSINC", "Z0011010100 mmmmm cccc 01 nnnnn ddddd", "csinc <Rd>, <Rn>, <Rm>, <cond:c>", (o, { Z, m, c, n, d }) => {
    const width = widthOf(Z);
    const incremented = o.add(width, o.X(m, width), o.constant(1));
    o.setX(d, width, o.select(o.conditionHolds(c), o.X(n, width), incremented));
  }),
  row("CSINV", "Z1011010100 mmmmm cccc 00 nnnnn ddddd", "csinv <Rd>, <Rn>, <Rm>, <cond:c>", (o, { Z, m, c, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.select(o.conditionHolds(c), o.X(n, width), o.not(width, o.X(m, width))));
  }),
  row("CSNEG", "Z1011010100 mmmmm cccc 01 nnnnn ddddd", "csneg <Rd>, <Rn>, <Rm>, <cond:c>", (o, { Z, m, c, n, d }) => {
    const width = widthOf(Z);
    const negated = o.sub(width, o.constant(0), o.X(m, width));
    o.setX(d, width, o.select(o.conditionHolds(c), o.X(n, width), negated));
  }),
  alias("CSET", "Z0011010100 11111 cccc 01 11111 ddddd", "cset <Rd>, <ncond:c>"),
  alias("CINC", "Z0011010100 mmmmm cccc 01 nnnnn ddddd", "cinc <Rd>, <Rn=m>, <ncond:c>"),
  alias("CSETM", "Z1011010100 11111 cccc 00 11111 ddddd", "csetm <Rd>, <ncond:c>"),
  alias("CINV", "Z1011010100 mmmmm cccc 00 nnnnn ddddd", "cinv <Rd>, <Rn=m>, <ncond:c>"),
  alias("CNEG", "Z1011010100 mmmmm cccc 01 nnnnn ddddd", "cneg <Rd>, <Rn=m>, <ncond:c>"),
];

/** A word of a register as a 64-bit value, for the multiplications that widen. */
function widened<V, F, A>(o: Ops<V, F, A>, n: F, signed: boolean): V {
  const word = o.X(n, 32);
  return signed ? o.signExtend(64, 32, word) : word;
}

const wideningMultiplies = [
  { prefix: "S", signed: true, U: "0" },
  { prefix: "U", signed: false, U: "1" },
] as const;

const dataProcessing3Source = [
  row("MADD", "Z0011011000 mmmmm 0 aaaaa nnnnn ddddd", "madd <Rd>, <Rn>, <Rm>, <Ra>", (o, { Z, m, a, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.add(width, o.X(a, width), o.mul(width, o.X(n, width), o.X(m, width))));
  }),
  row("MSUB", "Z0011011000 mmmmm 1 aaaaa nnnnn ddddd", "msub <Rd>, <Rn>, <Rm>, <Ra>", (o, { Z, m, a, n, d }) => {
    const width = widthOf(Z);
    o.setX(d, width, o.sub(width, o.X(a, width), o.mul(width, o.X(n, width), o.X(m, width))));
  }),
  alias("MUL", "Z0011011000 mmmmm 0 11111 nnnnn ddddd", "mul <Rd>, <Rn>, <Rm>"),
  alias("MNEG", "Z0011011000 mmmmm 1 11111 nnnnn ddddd", "mneg <Rd>, <Rn>, <Rm>"),

  ...wideningMultiplies.flatMap(({ prefix, signed, U }) => {
    const mnemonic = prefix.toLowerCase();
    return [
      row(`${prefix}MADDL`, `10011011${U}01 mmmmm 0 aaaaa nnnnn ddddd`, `${mnemonic}maddl <Xd>, <Wn>, <Wm>, <Xa>`,
        (o, { m, a, n, d }) => {
          const product = o.mul(64, widened(o, n, signed), widened(o, m, signed));
          o.setX(d, 64, o.add(64, o.X(a, 64), product));
        }),
      row(`${prefix}MSUBL`, `10011011${U}01 mmmmm 1 aaaaa nnnnn ddddd`, `${mnemonic}msubl <Xd>, <Wn>, <Wm>, <Xa>`,
        (o, { m, a, n, d }) => {
          const product = o.mul(64, widened(o, n, signed), widened(o, m, signed));
          o.setX(d, 64, o.sub(64, o.X(a, 64), product));
        }),
      row(`${prefix}MULH`, `10011011${U}10 mmmmm 0 11111 nnnnn ddddd`, `${mnemonic}mulh <Xd>, <Xn>, <Xm>`,
        (o, { m, n, d }) => o.setX(d, 64, o.mulHigh(signed, o.X(n, 64), o.X(m, 64)))),
      alias(`${prefix}MULL`, `10011011${U}01 mmmmm 0 11111 nnnnn ddddd`, `${mnemonic}mull <Xd>, <Wn>, <Wm>`),
      alias(`${prefix}MNEGL`, `10011011${U}01 mmmmm 1 11111 nnnnn ddddd`, `${mnemonic}mnegl <Xd>, <Wn>, <Wm>`),
    ];
  }),
];

/** Evaluate into flags: N and Z of the low bits of X[n], V where the bit above them differs from their top one. */
function evaluateIntoFlags<V, F, A>(o: Ops<V, F, A>, n: F, bits: 8 | 16): void {
  const value = o.X(n, 32);
  const bit = (position: number): V => o.and(32, o.lsr(32, value, o.constant(position)), o.constant(1));
  const negative = o.lsl(32, bit(bits - 1), o.constant(3));
  const zero = o.lsl(32, o.equal(32, o.zeroExtend(bits, value), o.constant(0)), o.constant(2));
  const overflow = o.eor(32, bit(bits), bit(bits - 1));
  const carry = o.and(32, o.NZCV(), o.constant(0b0010));
  o.setNZCV(o.orr(32, o.orr(32, negative, zero), o.orr(32, carry, overflow)));
}

const flagManipulation = [
  // ---- Rotate right into flags
  row("RMIF", "10111010000 iiiiii 00001 nnnnn 0 mmmm", "rmif <Xn>, #<i>, #<m>", (o, { i, n, m }) => {
    const flags = o.ror(64, o.X(n, 64), o.UInt(i));
    const mask = o.UInt(m);
    o.setNZCV(o.orr(32, o.and(32, o.NZCV(), o.not(32, mask)), o.and(32, flags, mask)));
  }),
  // ---- Evaluate into flags
  row("SETF8", "0 0111010000 000000 00010 nnnnn 01101", "setf8 <Wn>", (o, { n }) => evaluateIntoFlags(o, n, 8)),
  row("SETF16", "0 0111010000 000000 10010 nnnnn 01101", "setf16 <Wn>", (o, { n }) => evaluateIntoFlags(o, n, 16)),
];

export const dataProcessingRegister = [
  ...dataProcessing2Source,
  ...dataProcessing1Source,
  ...logicalShiftedRegister,
  ...addSubtractShiftedRegister,
  ...addSubtractExtendedRegister,
  ...addSubtractWithCarry,
  ...flagManipulation,
  ...conditionalCompare,
  ...conditionalSelect,
  ...dataProcessing3Source,
];
