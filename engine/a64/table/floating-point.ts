/**
 * Arm ARM C4.1: the words of the Advanced SIMD and floating-point registers. CPACR_EL1.FPEN is zero for good, so that
 * all of them raise the access trap (EC 0x07). They have no syntax: the assembler and the disassembler refuse them. The
 * data-processing space is taken as a whole: words of it that Armv8.5 leaves unallocated trap too.
 */
import { type Row, row } from "../row.js";

function trapped(name: string, pattern: string, unallocated: readonly string[] = []): Row {
  return row(name, pattern as "x", "", (o) => o.exception("AdvSIMDFPAccessTrap", o.constant(0)), { unallocated });
}

/** opc = 3, which has no size. */
const opcode3 = ["11.............................."];
/** opc<1> = 1 is the 128-bit access, of size 0 only. */
const wideOfSize = ["1.......1.......................", ".1......1......................."];

export const floatingPoint: readonly Row[] = [
  trapped("Advanced SIMD load/store multiple structures", "0q 001100 0 q 000000 oooo ss nnnnn ttttt"),
  trapped("Advanced SIMD load/store multiple structures (post-indexed)", "0q 001100 1 q 0 mmmmm oooo ss nnnnn ttttt"),
  trapped("Advanced SIMD load/store single structure", "0q 001101 0 q r 00000 ooo sss nnnnn ttttt"),
  trapped("Advanced SIMD load/store single structure (post-indexed)", "0q 001101 1 q r mmmmm ooo sss nnnnn ttttt"),
  trapped("Load register (literal), SIMD&FP", "oo 011 1 00 iiiiiiiiiiiiiiiiiii ttttt", opcode3),
  trapped("Load/store pair, SIMD&FP", "oo 101 1 0 xx l iiiiiii uuuuu nnnnn ttttt", opcode3),
  trapped("Load/store register (unscaled, post-indexed), SIMD&FP", "ss 111 1 00 oo 0 iiiiiiiii 0x nnnnn ttttt", wideOfSize),
  trapped("Load/store register (pre-indexed), SIMD&FP", "ss 111 1 00 oo 0 iiiiiiiii 11 nnnnn ttttt", wideOfSize),
  trapped("Load/store register (register offset), SIMD&FP", "ss 111 1 00 oo 1 mmmmm p1p y 10 nnnnn ttttt", wideOfSize),
  trapped("Load/store register (unsigned offset), SIMD&FP", "ss 111 1 01 oo iiiiiiiiiiii nnnnn ttttt", wideOfSize),
  trapped("Data processing -- scalar floating-point and Advanced SIMD", "xxx x 111 xxxxxxxxxxxxxxxxxxxxxxxxx"),
];
