/**
 * The cases of a seed, by number: a random instruction or program with the states that it is run from. A case is a function
 * of seed and number, and stands at an address of its own within its batch, so that it can be had again alone.
 */
import { Random } from "../support/random.js";
import { BATCH, type CaseContent, oracleOf, placeOf } from "./layout.js";
import type { OracleName } from "./oracles.js";
import { randomProgram } from "./programs.js";
import { randomSingle } from "./singles.js";

export type CaseKind = "1" | "5" | "100";

export interface Case extends CaseContent {
  readonly number: number;
  readonly kind: CaseKind;
  readonly oracle: OracleName;
  /** The run before which its regions are made: what they know of windows and branch targets is from those before. */
  readonly compiledAt: number;
}

/** Of each 25 cases: how many are single instructions, how many programs of five; one is a program of a hundred. */
const ROUND = 25;
const SINGLES_A_ROUND = 15;

function kindOf(number: number): CaseKind {
  const place = number % ROUND;
  return place < SINGLES_A_ROUND ? "1" : place < ROUND - 1 ? "5" : "100";
}

/** Case `number` of a seed. */
export function makeCase(seed: string, number: number): Case {
  const random = new Random(`${seed}/${number}`);
  const kind = kindOf(number);
  const place = placeOf(number);
  const compiledAt = random.pick([0, 1, 1, 4]);
  // Single instructions go through the forms of the table in order.
  const ordinal = Math.floor(number / ROUND) * SINGLES_A_ROUND + (number % ROUND);
  const oracle = oracleOf(number);
  const content =
    kind === "1" ? randomSingle(random, place, ordinal, oracle) : randomProgram(random, place, Number(kind), oracle);
  return { number, kind, oracle, compiledAt, ...content };
}

/** The cases that share the machines with this one, itself included. */
export function batchOf(seed: string, number: number): Case[] {
  const first = number - (number % BATCH);
  return Array.from({ length: BATCH }, (_, i) => makeCase(seed, first + i));
}
