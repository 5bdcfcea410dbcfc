/**
 * Random programs: data processing with every form of the table, loads and stores near mapped addresses, branches of
 * every kind within the program and into functions near and far, system instructions, and code that patches the
 * program with more or less of the maintenance that it needs.
 *
 * They are made so that most of their instructions do not fault; those that do are as welcome.
 */
import type { WindowSpec } from "cmodx/engine";
import { wordFor, wordsFor } from "../../support/encode.js";
import { randomAccess, randomOperation } from "../../support/operations.js";
import {
  branch,
  conditionals,
  countedLoop,
  destination,
  exchange,
  flagChain,
  functionBody,
} from "../../support/program-parts.js";
import type { Random } from "../../support/random.js";
import { registerValue } from "../../support/values.js";

export const programWindows: readonly WindowSpec[] = [
  { name: "text", address: 0xffff_8000_1000_0000n, size: 8192, access: "rx", guarded: true },
  // Out of reach of B.
  { name: "modules", address: 0xffff_8000_8000_0000n, size: 4096, access: "rx", guarded: true },
  { name: "data", address: 0xffff_8000_2000_0000n, size: 8192, access: "rw" },
  { name: "more", address: 0xffff_8000_2000_2000n, size: 4096, access: "rw" },
  { name: "stack", address: 0xffff_8000_f000_0000n, size: 4096, access: "rw" },
  { name: "patch", address: 0xffff_8000_4000_0000n, size: 8192, access: "rw", alias: "text" },
];

export const TEXT = 0xffff_8000_1000_0000n;
const PATCH = 0xffff_8000_4000_0000n;
const MODULES = 0xffff_8000_8000_0000n;
const DATA = 0xffff_8000_2000_0000n;
const STACK = 0xffff_8000_f000_0000n;
const NEAR_FUNCTIONS = TEXT + 0x600n;
export const VECTORS = TEXT + 0x800n;
const FUNCTION_BYTES = 64n;
const FUNCTIONS = 4;

export interface Program {
  readonly instructions: number;
  /** Code by address. */
  readonly code: ReadonlyMap<bigint, readonly number[]>;
  readonly registers: readonly bigint[];
  readonly sp: bigint;
  readonly nzcv: number;
  /** The exception level that it starts at. */
  readonly el: 0 | 1;
  /** Whether exceptions go to the guest, whose handler goes on behind the instruction. */
  readonly vectors: boolean;
  readonly fill: number;
}

const system = [
  "mrs x1, nzcv",
  "msr nzcv, x2",
  "mrs x3, tpidr_el0",
  "msr tpidr_el0, x4",
  "nop",
  "yield",
  "dmb ish",
  "dsb ish",
  "isb",
  "clrex",
  "mrs x5, ctr_el0",
  "mrs x6, cntvct_el0",
  "sev",
  "sevl",
  "wfe",
  "msr daifset, #2",
  "svc #1",
  "brk #2",
  "hint #34",
  "prfm pldl1keep, [x19]",
  "dc cvau, x25",
  "ic ivau, x25",
  "udf #3",
  "mrs x7, currentel",
];

/** x16, x17, x26, x27 hold functions, x22 and x23 places in the program. */
const indirect = [
  "blr x16",
  "blr x26",
  "blr x17",
  "blr x27",
  "blr x16",
  "blr x26",
  "blr x17",
  "blr x27",
  "br x22",
  "br x17",
  "blr x23",
];

/** What a patching sequence consists of, in order; any part may be missing. */
const PATCH_PARTS = ["str w24, [x25]", "dc cvau, x25", "dsb ish", "ic ivau, x25", "dsb ish", "isb"];

/**
 * The exception's instruction is stepped over; after one that could not be fetched (ESR_EL1.EC 0x20 to 0x23) the program
 * goes on at x22. Flags stay as they were.
 */
const HANDLER = wordsFor(`
	mrs	x29, esr_el1
	lsr	x29, x29, #27
	sub	x29, x29, #0x10
	cbz	x29, 1f
	sub	x29, x29, #1
	cbz	x29, 1f
	mrs	x29, elr_el1
	add	x29, x29, #4
	msr	elr_el1, x29
	eret
1:	msr	elr_el1, x22
	eret
`);

function instruction(random: Random, at: number, length: number): readonly number[] {
  if (random.oneIn(12)) return random.oneIn(4) ? exchange(random) : flagChain(random);
  const target = destination(random, at, length);
  const kind = random.below(100);
  if (kind < 44) return [randomOperation(random)];
  if (kind < 64) return [randomAccess(random)];
  if (kind < 76) return [branch(random.pick(conditionals), at, target)];
  if (kind < 80) return [branch("b", at, target)];
  if (kind < 84) return countedLoop(random, at);
  if (kind < 88) {
    const to = Number(NEAR_FUNCTIONS - TEXT) / 4 + random.below(FUNCTIONS) * Number(FUNCTION_BYTES / 4n);
    return [branch("bl", at, to)];
  }
  if (kind < 94) return [wordFor(random.pick(indirect))];
  if (kind < 97) return [wordFor(random.pick(system))];
  if (kind < 98) return [wordFor("bti jc")];
  return PATCH_PARTS.filter(() => !random.oneIn(8)).map(wordFor);
}

function mainProgram(random: Random, length: number): number[] {
  const words: number[] = [];
  while (words.length < length) words.push(...instruction(random, words.length, length));
  words.length = length;
  return [...words, branch("b", length, 0)];
}

/** A program of `length` instructions that starts again at its end, for ever. */
export function randomProgram(random: Random, length: number): Program {
  const code = new Map<bigint, readonly number[]>([[TEXT, mainProgram(random, length)]]);
  for (let i = 0n; i < FUNCTIONS; i++) {
    code.set(NEAR_FUNCTIONS + i * FUNCTION_BYTES, functionBody(random));
    code.set(MODULES + i * FUNCTION_BYTES, functionBody(random));
  }
  for (const offset of [0n, 0x200n, 0x400n]) code.set(VECTORS + offset, HANDLER);
  const somewhere = (): bigint => TEXT + BigInt(4 * random.below(length));
  // A fixed target that stands before its branches would hold the program up for ever.
  const late = (): bigint => TEXT + BigInt(4 * (length - random.below(Math.ceil(length / 4))));
  const near = (): bigint => NEAR_FUNCTIONS + BigInt(random.below(FUNCTIONS)) * FUNCTION_BYTES;
  const far = (): bigint => MODULES + BigInt(random.below(FUNCTIONS)) * FUNCTION_BYTES;
  const registers = Array.from({ length: 31 }, () => registerValue(programWindows, random));
  const fixed: readonly [number, bigint][] = [
    [16, near()],
    [17, far()],
    [18, 64n],
    [19, DATA + BigInt(random.below(256) * 8)],
    [20, DATA + 0x1fe0n + BigInt(random.below(64))],
    [21, BigInt(random.below(64))],
    [22, late()],
    [23, late()],
    [24, BigInt(patchWord(random))],
    [25, somewhere() - TEXT + PATCH],
    [26, far()],
    [27, near()],
    [28, STACK + 2048n],
    [30, somewhere()],
  ];
  for (const [register, value] of fixed) registers[register] = value;
  return {
    instructions: length,
    code,
    registers,
    sp: STACK + BigInt(2048 + 16 * random.below(64)),
    nzcv: random.below(16),
    el: random.oneIn(4) ? 0 : 1,
    vectors: !random.oneIn(8),
    fill: random.u32(),
  };
}

export function patchWord(random: Random): number {
  switch (random.below(4)) {
    case 0:
      return wordFor("nop");
    case 1:
      return wordFor("b . + 8");
    default:
      return randomOperation(random);
  }
}
