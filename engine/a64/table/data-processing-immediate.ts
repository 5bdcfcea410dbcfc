/** Arm ARM C4.1: "Data Processing -- Immediate". */
import { type Ops, type Width, widthOf } from "../ops.js";
import { alias, row } from "../row.js";
import { addSubtract, sum, sumWithFlags } from "./shared-pseudocode.js";

const pcRelativeAddressing = [
  row("ADR", "0ll10000 hhhhhhhhhhhhhhhhhhh ddddd", "adr <Xd>, <label:h.l>", (o, { h, l, d }) =>
    o.setX(d, 64, o.add(64, o.PC(), o.SInt(o.concat(h, l)))),
  ),
  row("ADRP", "1ll10000 hhhhhhhhhhhhhhhhhhh ddddd", "adrp <Xd>, <page:h.l>", (o, { h, l, d }) => {
    const page = o.and(64, o.PC(), o.constant(~0xfffn));
    o.setX(d, 64, o.add(64, page, o.lsl(64, o.SInt(o.concat(h, l)), o.constant(12))));
  }),
];

const addSubtractImmediate = [
  ...addSubtract.flatMap(({ name, op }) => [
    row(`${name} (immediate)`, `Z${op}0100010S iiiiiiiiiiii nnnnn ddddd`,
      `${name.toLowerCase()} <Rd|sp>, <Rn|sp>, <addsubimm:S,i>`,
      (o, { Z, S, i, n, d }) => {
        const width = widthOf(Z);
        const immediate = o.lsl(width, o.UInt(i), o.constant(S * 12));
        o.setXSP(d, width, sum(o, name, width, o.XSP(n, width), immediate));
      }),
    row(`${name}S (immediate)`, `Z${op}1100010S iiiiiiiiiiii nnnnn ddddd`,
      `${name.toLowerCase()}s <Rd>, <Rn|sp>, <addsubimm:S,i>`,
      (o, { Z, S, i, n, d }) => {
        const width = widthOf(Z);
        const immediate = o.lsl(width, o.UInt(i), o.constant(S * 12));
        const [result, nzcv] = sumWithFlags(o, name, width, o.XSP(n, width), immediate);
        o.setX(d, width, result);
        o.setNZCV(nzcv);
      }),
  ]),
  alias("MOV (to/from SP)", "Z00100010 0 000000000000 nnnnn 11111", "mov <Z:wsp|sp>, <Rn|sp>"),
  alias("MOV (to/from SP)", "Z00100010 0 000000000000 11111 ddddd", "mov <Rd|sp>, <Z:wsp|sp>"),
  alias("CMN (immediate)", "Z01100010 S iiiiiiiiiiii nnnnn 11111", "cmn <Rn|sp>, <addsubimm:S,i>"),
  alias("CMP (immediate)", "Z11100010 S iiiiiiiiiiii nnnnn 11111", "cmp <Rn|sp>, <addsubimm:S,i>"),
  // The assembler turns a negative immediate into the opposite operation.
  ...addSubtract.flatMap(({ name, op }) => {
    const opposite = { ADD: "SUB", SUB: "ADD" }[name];
    const compare = { ADD: "CMP", SUB: "CMN" }[name];
    const negative = (mnemonic: string, pattern: string, operands: string) =>
      alias(`${mnemonic} (negative immediate)`, pattern, `${mnemonic.toLowerCase()} ${operands}, <negaddsubimm:S,i>`, {
        parseOnly: true,
      });
    return [
      negative(opposite, `Z${op}0100010S iiiiiiiiiiii nnnnn ddddd`, "<Rd|sp>, <Rn|sp>"),
      negative(`${opposite}S`, `Z${op}1100010S iiiiiiiiiiii nnnnn ddddd`, "<Rd>, <Rn|sp>"),
      negative(compare, `Z${op}1100010S iiiiiiiiiiii nnnnn 11111`, "<Rn|sp>"),
    ];
  }),
];

/**
 * N:immr:imms with which DecodeBitMasks is undefined: 64-bit elements for a 32-bit operation, no
 * element size, or an element of nothing but ones.
 */
const reservedBitMasks = [
  "0.. ...... 1 ...... ...... ..... .....",
  "... ...... 1 ...... 111111 ..... .....",
  "... ...... 0 ...... 011111 ..... .....",
  "... ...... 0 ...... 101111 ..... .....",
  "... ...... 0 ...... 110111 ..... .....",
  "... ...... 0 ...... 111011 ..... .....",
  "... ...... 0 ...... 111101 ..... .....",
  "... ...... 0 ...... 11111. ..... .....",
];

const logicalImmediate = [
  row("AND (immediate)", "Z00100100 iiiiiiiiiiiii nnnnn ddddd", "and <Rd|sp>, <Rn>, #<bitmask:i>",
    (o, { Z, i, n, d }) => {
      const width = widthOf(Z);
      o.setXSP(d, width, o.and(width, o.X(n, width), o.bitmaskImmediate(width, i)));
    },
    { unallocated: reservedBitMasks }),
  row("ORR (immediate)", "Z01100100 iiiiiiiiiiiii nnnnn ddddd", "orr <Rd|sp>, <Rn>, #<bitmask:i>",
    (o, { Z, i, n, d }) => {
      const width = widthOf(Z);
      o.setXSP(d, width, o.orr(width, o.X(n, width), o.bitmaskImmediate(width, i)));
    },
    { unallocated: reservedBitMasks }),
  row("EOR (immediate)", "Z10100100 iiiiiiiiiiiii nnnnn ddddd", "eor <Rd|sp>, <Rn>, #<bitmask:i>",
    (o, { Z, i, n, d }) => {
      const width = widthOf(Z);
      o.setXSP(d, width, o.eor(width, o.X(n, width), o.bitmaskImmediate(width, i)));
    },
    { unallocated: reservedBitMasks }),
  row("ANDS (immediate)", "Z11100100 iiiiiiiiiiiii nnnnn ddddd", "ands <Rd>, <Rn>, #<bitmask:i>",
    (o, { Z, i, n, d }) => {
      const width = widthOf(Z);
      const result = o.and(width, o.X(n, width), o.bitmaskImmediate(width, i));
      o.setX(d, width, result);
      o.setNZCV(o.nzcvOfLogical(width, result));
    },
    { unallocated: reservedBitMasks }),
  alias("TST (immediate)", "Z11100100 iiiiiiiiiiiii nnnnn 11111", "tst <Rn>, #<bitmask:i>"),
  alias("BIC (immediate)", "Z00100100 iiiiiiiiiiiii nnnnn ddddd", "bic <Rd|sp>, <Rn>, #<notbitmask:i>", {
    parseOnly: true,
  }),
];

/** hw >= 2 for a 32-bit register. */
const reservedHalfwords = ["0.. ...... 1. ................ ....."];

const moveWideImmediate = [
  row("MOVN", "Z00100101 HH iiiiiiiiiiiiiiii ddddd", "movn <Rd>, #<i:x>{, lsl #<H*16>}",
    (o, { Z, H, i, d }) => {
      const width = widthOf(Z);
      o.setX(d, width, o.not(width, o.lsl(width, o.UInt(i), o.constant(H * 16))));
    },
    { unallocated: reservedHalfwords }),
  row("MOVZ", "Z10100101 HH iiiiiiiiiiiiiiii ddddd", "movz <Rd>, #<i:x>{, lsl #<H*16>}",
    (o, { Z, H, i, d }) => {
      const width = widthOf(Z);
      o.setX(d, width, o.lsl(width, o.UInt(i), o.constant(H * 16)));
    },
    { unallocated: reservedHalfwords }),
  row("MOVK", "Z11100101 HH iiiiiiiiiiiiiiii ddddd", "movk <Rd>, #<i:x>{, lsl #<H*16>}",
    (o, { Z, H, i, d }) => {
      const width = widthOf(Z);
      const kept = o.and(width, o.X(d, width), o.constant(~(0xffffn << BigInt(H * 16)) & ones(width)));
      o.setX(d, width, o.orr(width, kept, o.lsl(width, o.UInt(i), o.constant(H * 16))));
    },
    { unallocated: reservedHalfwords }),
  alias("MOV (wide immediate)", "Z10100101 HH iiiiiiiiiiiiiiii ddddd", "mov <Rd>, #<movwide:i,H>"),
  alias("MOV (inverted wide immediate)", "Z00100101 HH iiiiiiiiiiiiiiii ddddd", "mov <Rd>, #<movinverted:i,H>"),
  // ORR comes last: the assembler takes the first MOV that can express the value.
  alias("MOV (bitmask immediate)", "Z01100100 iiiiiiiiiiiii 11111 11111", "mov <Z:wsp|sp>, #<bitmask:i>"),
  alias("MOV (bitmask immediate)", "Z01100100 iiiiiiiiiiiii 11111 ddddd", "mov <Rd|sp>, #<movbitmask:i>"),
];

/** All ones, `width` bits of them. */
function ones(width: Width): bigint {
  return (1n << BigInt(width)) - 1n;
}

/**
 * What the bitfield instructions move: bits s..r of a value down to bit 0, or, where s < r, bits s..0
 * up to bit `width` - r; zeros elsewhere. DecodeBitMasks' masks do the same in the manual. Shifting bit
 * s to the top first makes one amount right for both: r - 1 - s modulo the width.
 */
function unsignedBitfield<V, F, A>(o: Ops<V, F, A>, width: Width, value: V, r: F, s: F): V {
  const belowTop = o.not(width, o.UInt(s));
  return o.lsr(width, o.lsl(width, value, belowTop), o.add(width, o.UInt(r), belowTop));
}

/** The same with copies of bit s above the field. */
function signedBitfield<V, F, A>(o: Ops<V, F, A>, width: Width, value: V, r: F, s: F): V {
  const belowTop = o.not(width, o.UInt(s));
  return o.asr(width, o.lsl(width, value, belowTop), o.add(width, o.UInt(r), belowTop));
}

/**
 * Bitfield and extract come as two rows each: N and the high bits of immr and imms follow sf, and a
 * pattern cannot say that two bits are equal.
 */
const bitfieldVariants = [
  { width: 32, R: "W", sf: "0", N: "0", r: "0rrrrr", s: "0sssss", top: "011111" },
  { width: 64, R: "X", sf: "1", N: "1", r: "rrrrrr", s: "ssssss", top: "111111" },
] as const;

const bitfield = bitfieldVariants.flatMap(({ width, R, sf, N, r, s, top }) => [
  row("SBFM", `${sf}00100110${N} ${r} ${s} nnnnn ddddd`, `sbfm <${R}d>, <${R}n>, #<r>, #<s>`,
    (o, { r, s, n, d }) => o.setX(d, width, signedBitfield(o, width, o.X(n, width), r, s))),
  alias("ASR (immediate)", `${sf}00100110${N} ${r} ${top} nnnnn ddddd`, `asr <${R}d>, <${R}n>, #<r>`),
  alias("SXTB", `${sf}00100110${N} 000000 000111 nnnnn ddddd`, `sxtb <${R}d>, <Wn>`),
  alias("SXTH", `${sf}00100110${N} 000000 001111 nnnnn ddddd`, `sxth <${R}d>, <Wn>`),
  ...(width === 64 ? [alias("SXTW", "1001001101 000000 011111 nnnnn ddddd", "sxtw <Xd>, <Wn>")] : []),
  alias("SBFIZ", `${sf}00100110${N} ${r} ${s} nnnnn ddddd`, `sbfiz <${R}d>, <${R}n>, <insert:r,s>`),
  alias("SBFX", `${sf}00100110${N} ${r} ${s} nnnnn ddddd`, `sbfx <${R}d>, <${R}n>, <extract:r,s>`),

  row("BFM", `${sf}01100110${N} ${r} ${s} nnnnn ddddd`, `bfm <${R}d>, <${R}n>, #<r>, #<s>`,
    (o, { r, s, n, d }) => {
      const mask = unsignedBitfield(o, width, o.constant(ones(width)), r, s);
      const field = unsignedBitfield(o, width, o.X(n, width), r, s);
      o.setX(d, width, o.orr(width, o.and(width, o.X(d, width), o.not(width, mask)), field));
    }),
  alias("BFC", `${sf}01100110${N} ${r} ${s} 11111 ddddd`, `bfc <${R}d>, <insert:r,s>`),
  alias("BFI", `${sf}01100110${N} ${r} ${s} nnnnn ddddd`, `bfi <${R}d>, <${R}n>, <insert:r,s>`),
  alias("BFXIL", `${sf}01100110${N} ${r} ${s} nnnnn ddddd`, `bfxil <${R}d>, <${R}n>, <extract:r,s>`),

  row("UBFM", `${sf}10100110${N} ${r} ${s} nnnnn ddddd`, `ubfm <${R}d>, <${R}n>, #<r>, #<s>`,
    (o, { r, s, n, d }) => o.setX(d, width, unsignedBitfield(o, width, o.X(n, width), r, s))),
  alias("LSR (immediate)", `${sf}10100110${N} ${r} ${top} nnnnn ddddd`, `lsr <${R}d>, <${R}n>, #<r>`),
  alias("LSL (immediate)", `${sf}10100110${N} ${r} ${s} nnnnn ddddd`, `lsl <${R}d>, <${R}n>, #<lslamount:r,s>`),
  ...(width === 32
    ? [
        alias("UXTB", "0101001100 000000 000111 nnnnn ddddd", "uxtb <Wd>, <Wn>"),
        alias("UXTH", "0101001100 000000 001111 nnnnn ddddd", "uxth <Wd>, <Wn>"),
        // Writing W clears the upper word, so these may be asked for with an X destination.
        alias("UXTB", "0101001100 000000 000111 nnnnn ddddd", "uxtb <Xd>, <Wn>", { parseOnly: true }),
        alias("UXTH", "0101001100 000000 001111 nnnnn ddddd", "uxth <Xd>, <Wn>", { parseOnly: true }),
      ]
    : []),
  alias("UBFIZ", `${sf}10100110${N} ${r} ${s} nnnnn ddddd`, `ubfiz <${R}d>, <${R}n>, <insert:r,s>`),
  alias("UBFX", `${sf}10100110${N} ${r} ${s} nnnnn ddddd`, `ubfx <${R}d>, <${R}n>, <extract:r,s>`),
]);

const extract = bitfieldVariants.flatMap(({ width, R, sf, N, s }) => [
  row("EXTR", `${sf}00100111${N}0 mmmmm ${s} nnnnn ddddd`, `extr <${R}d>, <${R}n>, <${R}m>, #<s>`,
    (o, { m, s, n, d }) => {
      const low = o.lsr(width, o.X(m, width), o.UInt(s));
      // Shifted by `width` - s in two steps, so that s = 0 leaves nothing of it.
      const high = o.lsl(width, o.lsl(width, o.X(n, width), o.constant(1)), o.not(width, o.UInt(s)));
      o.setX(d, width, o.orr(width, high, low));
    }),
  alias("ROR (immediate)", `${sf}00100111${N}0 mmmmm ${s} nnnnn ddddd`, `ror <${R}d>, <${R}n=m>, #<s>`),
]);

export const dataProcessingImmediate = [
  ...pcRelativeAddressing,
  ...addSubtractImmediate,
  ...logicalImmediate,
  ...moveWideImmediate,
  ...bitfield,
  ...extract,
];
