/** Conditions in compiled code, which are computed from what set the flags, and not from the flags: all of them, behind all that sets flags. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { Guest } from "./guest.js";

const conditions = ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];

interface Setter {
  /** Sets the flags from x0, x1, and C as it was. */
  readonly text: string;
  readonly width: number;
  /** The operands of an addition with carry that leaves the same flags. */
  readonly sum: (a: bigint, b: bigint, carry: bigint) => readonly [x: bigint, y: bigint, carry: bigint];
}

const sums: Setter[] = [64, 32].flatMap((width) => {
  const r = width === 64 ? "x" : "w";
  const least = 1n << BigInt(width - 1);
  return [
    { text: `adds ${r}9, ${r}0, ${r}1`, width, sum: (a, b) => [a, b, 0n] as const },
    { text: `cmn ${r}0, #0`, width, sum: (a) => [a, 0n, 0n] as const },
    { text: `cmn ${r}0, #0xfff`, width, sum: (a) => [a, 0xfffn, 0n] as const },
    { text: `mov ${r}9, #${least}\n cmn ${r}0, ${r}9`, width, sum: (a) => [a, least, 0n] as const },
    { text: `mov ${r}9, #7\n adds ${r}9, ${r}9, ${r}1`, width, sum: (_, b) => [7n, b, 0n] as const },
    { text: `subs ${r}9, ${r}0, ${r}1`, width, sum: (a, b) => [a, ~b, 1n] as const },
    { text: `cmp ${r}0, #0`, width, sum: (a) => [a, ~0n, 1n] as const },
    { text: `cmp ${r}0, #1`, width, sum: (a) => [a, ~1n, 1n] as const },
    { text: `negs ${r}9, ${r}1`, width, sum: (_, b) => [0n, ~b, 1n] as const },
    { text: `adcs ${r}9, ${r}0, ${r}1`, width, sum: (a, b, carry) => [a, b, carry] as const },
    { text: `adcs ${r}9, ${r}0, ${r}zr`, width, sum: (a, _, carry) => [a, 0n, carry] as const },
    { text: `adcs ${r}9, ${r}zr, ${r}1`, width, sum: (_, b, carry) => [0n, b, carry] as const },
    { text: `adcs ${r}9, ${r}zr, ${r}zr`, width, sum: (_a, _b, carry) => [0n, 0n, carry] as const },
    { text: `sbcs ${r}9, ${r}0, ${r}1`, width, sum: (a, b, carry) => [a, ~b, carry] as const },
    { text: `sbcs ${r}9, ${r}0, ${r}zr`, width, sum: (a, _, carry) => [a, ~0n, carry] as const },
    { text: `ngcs ${r}9, ${r}1`, width, sum: (_, b, carry) => [0n, ~b, carry] as const },
    { text: `sbcs ${r}9, ${r}zr, ${r}zr`, width, sum: (_a, _b, carry) => [0n, ~0n, carry] as const },
    { text: `adcs ${r}9, ${r}0, ${r}1\n adc ${r}0, ${r}0, ${r}1\n cmp ${r}0, ${r}1`, width, sum: twice(width) },
    // A result that is added to nothing leaves N and Z of itself, as ANDS does.
    { text: `ands ${r}9, ${r}0, ${r}1`, width, sum: (a, b) => [a & b, 0n, 0n] as const },
  ] satisfies Setter[];
});

/** The second of two that add with carry, whose result is compared with x1. */
function twice(width: number): Setter["sum"] {
  return (a, b, carry) => {
    const [, nzcv] = addition(width, a, b, carry);
    return [a + b + BigInt((nzcv >> 1) & 1), ~b, 1n];
  };
}

/** AddWithCarry as numbers: what does not fit into the width, and whether the signed sum does not either. */
function addition(width: number, x: bigint, y: bigint, carry: bigint): readonly [result: bigint, nzcv: number] {
  const sum = BigInt.asUintN(width, x) + BigInt.asUintN(width, y) + carry;
  const result = BigInt.asUintN(width, sum);
  const signed = BigInt.asIntN(width, x) + BigInt.asIntN(width, y) + carry;
  const flags = [BigInt.asIntN(width, result) < 0n, result === 0n, sum !== result];
  return [result, [...flags, signed !== BigInt.asIntN(width, result)].reduce((nzcv, flag) => nzcv * 2 + +flag, 0)];
}

/** The table of conditions of the Arm ARM, C1.2.4. */
function holds(nzcv: number): number {
  const [n, z, c, v] = [8, 4, 2, 1].map((bit) => (nzcv & bit) !== 0);
  const even = [z, c, n, v, c && !z, n === v, !z && n === v];
  return even.reduce((mask, condition, index) => mask | ((condition === true ? 1 : 2) << (2 * index)), 0);
}

/** Bit i of the result: condition i holds. From bit 16 on: NZCV. */
function functionOf({ text }: Setter, index: number): string {
  const collected = conditions.map((cond, bit) => `cset x10, ${cond}\n orr x3, x3, x10, lsl #${bit}`);
  return `
f${index}:	cmp	x2, #1
	${text}
	mov	x3, #0
	${collected.join("\n")}
	mrs	x10, nzcv
	orr	x0, x3, x10, lsr #12
	ret
`;
}

const values = [0n, 1n, 6n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];

let guest: Guest;
beforeAll(async () => {
  guest = await Guest.create(sums.map(functionOf).join(""), { jit: { threshold: layout.HEAT_MAX, background: false } });
});
afterAll(() => guest.dispose());

describe.each(sums.map((setter, index) => ({ ...setter, name: `f${index}` })))("$text", ({ name, width, sum }) => {
  test("leaves all conditions as its flags have them", () => {
    expect(guest.compile(name)).toBe(true);
    for (const a of values)
      for (const b of values)
        for (const carry of [0n, 1n]) {
          const [, nzcv] = addition(width, ...sum(a, b, carry));
          expect([a, b, carry, guest.call(name, a, b, carry)]).toEqual([
            a,
            b,
            carry,
            BigInt((nzcv << 16) | holds(nzcv)),
          ]);
        }
    expect(guest.isCompiled(name)).toBe(true);
  });
});
