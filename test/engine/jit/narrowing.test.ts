/**
 * What compiled code makes of several instructions together: shifts of shifts, extensions of what is known to be short, masks of what they
 * do not change, multiplications in shifts and additions. The interpreter, which knows one instruction at a time, says what is to come out.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { DATA, Guest } from "./guest.js";

/** Each leaves its outcome in x0, x3 or both; x0 and x1 are anything, and x2 leads to x0 in memory. */
const sequences = [
  "ror x0, x0, #1",
  "ror x0, x0, #47",
  "ror w0, w0, #31",
  "extr x0, x0, x1, #0",
  "extr w0, w0, w1, #9",
  "extr x0, x1, x0, #63",
  "ubfx x0, x0, #0, #32",
  "ubfx x0, x0, #3, #31",
  "ubfx x0, x0, #3, #32",
  "ubfx x0, x0, #32, #32",
  "ubfx w0, w0, #31, #1",
  "ubfiz x0, x0, #3, #32",
  "ubfiz x0, x0, #31, #33",
  "ubfiz w0, w0, #4, #27",
  "sbfiz x0, x0, #2, #32",
  "sbfiz w0, w0, #7, #16",
  "sbfx x0, x0, #8, #8",
  "sbfx x0, x0, #16, #16",
  "sbfx w0, w0, #24, #8",
  "sxtw x0, w0",
  "sxth x0, w0",
  "sxtb w0, w0",
  "ldrb w3, [x2]\n sxtw x0, w3\n sxtb x3, w3",
  "ldrb w3, [x2]\n sxth x0, w3\n and w3, w3, #0xff",
  "ldrh w3, [x2]\n sxth x0, w3\n and x3, x3, #0xffff",
  "ldrb w3, [x2]\n and w0, w3, #0x7f\n sxtb x0, w0",
  "ldrb w3, [x2]\n and x0, x3, #0x1fe",
  "ldrb w3, [x2]\n lsl w3, w3, #24\n sxtw x0, w3",
  "ldrb w3, [x2]\n lsl x3, x3, #24\n sxtw x0, w3",
  "ldrsb w3, [x2]\n and w0, w3, #0xff",
  "ldrb w3, [x2]\n lsr w0, w3, #8\n sxtb x0, w0",
  "lsr w3, w0, #24\n sxtb x0, w3\n sxtw x3, w3",
  "lsr x3, x0, #57\n sxtb x0, w3",
  "lsr x3, x0, #56\n sxtb x0, w3\n asr w3, w3, #7",
  "ubfx x3, x0, #20, #15\n sxth x0, w3",
  "ubfx x3, x0, #20, #16\n sxth x0, w3",
  "and x3, x0, #0xff\n and w4, w1, #0x7f\n orr w3, w3, w4\n sxtb x0, w3",
  "and x3, x0, #0x7f\n and w4, w1, #0x7f\n eor w3, w3, w4\n sxtb x0, w3",
  "and w3, w0, #0x7f\n and w4, w1, #0xff\n cmp x0, x1\n csel w3, w3, w4, lt\n sxtb x0, w3",
  "mov w3, w0\n orr x3, x3, x1\n eor x0, x3, x0",
  "mov w3, w0\n and x0, x1, x3\n mvn x3, x3",
  "mov w3, w0\n lsr x0, x3, #31\n asr x3, x3, #40",
  "mov w3, w0\n mov w4, w1\n eor x0, x3, x4\n orr x3, x3, x4, lsl #4",
  "mov w3, w0\n asr x0, x3, #31\n lsl x3, x3, #31",
  "lsl w3, w0, #7\n lsl w0, w3, #26",
  "lsl x3, x0, #4\n sub x3, x3, x0\n lsl x3, x3, #3\n sub x3, x3, x0\n add x0, x0, x3, lsl #23",
  "add x3, x0, x0, lsl #2\n add x3, x3, x3, lsl #2\n add x3, x3, x3, lsl #2\n lsl x0, x3, #3",
  "add w3, w0, w0, lsl #2\n lsl w3, w3, #3\n subs w0, w3, w0\n cset w3, lo",
  "lsl w3, w0, #31\n sub w3, w3, w0\n lsl w3, w3, #1\n adds w0, w3, w0\n cset w3, vs",
  "lsl x3, x0, #60\n sub x3, x3, x0\n lsl x3, x3, #4\n add x0, x3, x0, lsl #4",
  "mov w4, w0\n lsl x3, x4, #3\n sub x3, x3, x4\n lsl x3, x3, #3\n sub x3, x3, x4\n lsl x0, x3, #33",
  "lsl w3, w0, #3\n sub x3, x3, x0\n lsl x3, x3, #2\n add x0, x3, x0\n add w3, w3, w0, lsl #1",
  "lsl x3, x0, #7\n lsr w0, w3, #7",
  "lsl w3, w0, #7\n lsr x0, x3, #7",
  "lsl x3, x0, #32\n asr w0, w3, #3",
  "lsl w3, w0, #12\n lsr w4, w0, #20\n orr w0, w3, w4",
  "lsl x3, x0, #12\n lsr w4, w0, #20\n orr x0, x3, x4",
  "rev x0, x0",
  "rev w0, w0",
  "rev16 x0, x0",
  "rev32 x0, x0",
  "rev16 w0, w0",
  "cmp x0, x1\n cset w3, hi\n sxtb x0, w3\n adc x3, x3, xzr",
  "cmp w0, w1\n cset x3, lt\n csetm x0, ge\n sbc w3, w3, wzr",
];

const TEXT = sequences
  .map((text, index) => `f${index}: str x0, [x2]\n ${text}\n eor x0, x0, x3, ror #13\n ret\n`)
  .join("");
const values = [
  0n,
  1n,
  0x80n,
  0x7fffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x8000_0000_0000_0000n,
  0x0123_4567_89ab_cdefn,
  (1n << 64n) - 1n,
];

let guest: Guest;
beforeAll(async () => {
  guest = await Guest.create(TEXT, { jit: { threshold: layout.HEAT_MAX, background: false } });
});
afterAll(() => guest.dispose());

test.each(sequences.map((text, index) => ({ text, name: `f${index}` })))("$text", ({ name }) => {
  const outcomes = (): bigint[] => values.flatMap((a) => values.map((b) => guest.call(name, a, b, DATA, 0)));
  const expected = outcomes();
  expect(guest.isCompiled(name)).toBe(false);
  expect(guest.compile(name)).toBe(true);
  expect(outcomes()).toEqual(expected);
  expect(new Set(expected).size).toBeGreaterThan(1);
});
