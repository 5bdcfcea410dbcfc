/** The machine that cases run in: its windows, and where each case of a batch stands. */
import type { WindowSpec } from "cmodx/engine";
import { Random } from "../support/random.js";
import type { OracleName } from "./oracles.js";

/** Cases whose code stands in the machines at once. */
export const BATCH = 100;

const TEXT_BYTES = 1024;
const FAR_BYTES = 256;
const SINGLE_BYTES = 32;
const PAGE = 4096;
const pages = (bytes: number): number => Math.ceil(bytes / PAGE) * PAGE;

export const TEXT = 0x1000_0000n;
export const FAR = 0x9000_0000n;
export const SINGLES = 0x1800_0000n;

/** What cases load and store: writable windows side by side and far away, one that is not writable, gaps between them. */
export const dataWindows: readonly WindowSpec[] = [
  { name: "data", address: 0x2000_0000n, size: PAGE, access: "rw" },
  // Goes on where "data" ends: an access may go over the boundary.
  { name: "more", address: 0x2000_1000n, size: PAGE, access: "rw" },
  { name: "constants", address: 0x2000_2000n, size: PAGE, access: "r" },
  { name: "stack", address: 0x70_0000_0000n, size: PAGE, access: "rw" },
];

export const fuzzWindows: readonly WindowSpec[] = [
  { name: "text", address: TEXT, size: pages(BATCH * TEXT_BYTES), access: "rx" },
  { name: "singles", address: SINGLES, size: pages(BATCH * SINGLE_BYTES), access: "rx" },
  { name: "far", address: FAR, size: pages(BATCH * FAR_BYTES), access: "rx" },
  ...dataWindows,
];

/** Where a case's code goes. */
export interface Place {
  /** Of a program; out of reach of branches from single instructions. */
  readonly text: bigint;
  /** Of functions out of reach of BL. */
  readonly far: bigint;
  /** Of a single instruction. */
  readonly single: bigint;
}

export interface State {
  /** As registers.ts has them. */
  readonly registers: BigUint64Array;
  /** Instructions to execute. */
  readonly count: number;
}

/** What of a case is made by its kind. */
export interface CaseContent {
  /** Code by address. */
  readonly code: ReadonlyMap<bigint, readonly number[]>;
  readonly start: bigint;
  readonly states: readonly State[];
  /** Where regions are made: the start, and perhaps other places. */
  readonly heads: readonly bigint[];
  /** Why an oracle cannot be asked; absent if it can. */
  readonly excluded?: string;
}

/** The place of a case by its number. */
export function placeOf(number: number): Place {
  const slot = BigInt(number % BATCH);
  return {
    text: TEXT + slot * BigInt(TEXT_BYTES),
    far: FAR + slot * BigInt(FAR_BYTES),
    single: SINGLES + slot * BigInt(SINGLE_BYTES),
  };
}

/** Every how many batches goes to QEMU in place of Unicorn. */
const QEMU_EVERY = 4;

/** Which oracle is asked about a case; the cases of a batch have one. */
export function oracleOf(number: number): OracleName {
  return Math.floor(number / BATCH) % QEMU_EVERY === QEMU_EVERY - 1 ? "QEMU" : "Unicorn";
}

/** Whether the regions of a batch are entered at all of their loops, not at their heads alone. */
export function entersLoops(number: number): boolean {
  return Math.floor(number / BATCH) % 2 === 1;
}

/** What stands in a window before each case; code apart. */
export function windowImage(seed: string, window: WindowSpec): Uint8Array {
  const random = new Random(`${seed}/${window.name}`);
  return new Uint8Array(Uint32Array.from({ length: window.size / 4 }, () => random.u32()).buffer);
}
