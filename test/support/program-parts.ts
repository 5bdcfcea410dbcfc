/** What random programs are made of, besides single operations and accesses. */
import { wordFor } from "./encode.js";
import { randomAccess, randomOperation } from "./operations.js";
import type { Random } from "./random.js";

/** Conditional branches, less their target. */
export const conditionals = [
  "b.eq",
  "b.ne",
  "b.cs",
  "b.mi",
  "b.vc",
  "b.hi",
  "b.ls",
  "b.ge",
  "b.lt",
  "b.gt",
  "b.le",
  "b.al",
  "cbz x3,",
  "cbnz w5,",
  "cbz w0,",
  "tbz x1, #63,",
  "tbnz w2, #0,",
  "tbnz x4, #33,",
];

/** The word of a branch from one place in a program to another, both in words. */
export const branch = (mnemonic: string, from: number, to: number): number =>
  wordFor(`${mnemonic} . + ${4 * (to - from)}`);

/** Mostly a little forward: what goes back for no counted reason seldom gets on. */
export function destination(random: Random, at: number, length: number): number {
  return random.oneIn(8) ? random.below(length + 1) : Math.min(length, at + 1 + random.below(8));
}

/** Goes back while one bit of a counter in w18 is set. */
export function countedLoop(random: Random, at: number): readonly number[] {
  const from = at + 1;
  return [
    wordFor("sub w18, w18, #1"),
    branch(`tbnz w18, #${random.below(4)},`, from, Math.max(0, from - random.below(12))),
  ];
}

const conditions = ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le", "al"];

/** Sets flags, and reads them at once: without a meeting of paths between the two. */
export function flagChain(random: Random): readonly number[] {
  const r = random.pick(["x", "w"]);
  const any = (): string => `${r}${random.below(6)}`;
  const same = any();
  const setter = random.pick([
    `subs ${any()}, ${same}, ${same}`,
    `cmp ${any()}, ${any()}`,
    `cmp ${any()}, #${random.below(3)}`,
    `cmn ${any()}, ${any()}`,
    `adds ${any()}, ${any()}, ${any()}`,
    `tst ${any()}, ${any()}`,
    `adcs ${any()}, ${any()}, ${any()}`,
    `sbcs ${any()}, ${any()}, ${any()}`,
    `negs ${any()}, ${any()}`,
  ]);
  const reader = random.pick([
    `adc ${any()}, ${any()}, ${any()}`,
    `sbc ${any()}, ${any()}, ${any()}`,
    `sbcs ${any()}, ${any()}, ${any()}`,
    `mrs x${random.below(6)}, nzcv`,
    `mrs x${random.below(6)}, nzcv`,
    `mrs x${random.below(6)}, nzcv`,
    `csel ${any()}, ${any()}, ${any()}, ${random.pick(conditions)}`,
    `cset ${any()}, ${random.pick(conditions.slice(0, -1))}`,
    `ccmp ${any()}, ${any()}, #${random.below(16)}, ${random.pick(conditions)}`,
  ]);
  return [setter, ...(random.oneIn(3) ? ["nop"] : []), reader].map(wordFor);
}

/** Two registers change places, by way of a third: no order of the moves is right without it. */
export function exchange(random: Random): readonly number[] {
  const [a, b] = [random.below(6), random.below(6)];
  return [`mov x6, x${a}`, `mov x${a}, x${b}`, `mov x${b}, x6`].map(wordFor);
}

/** A leaf function: with a landing pad mostly, and now and then one that returns by BR. */
export function functionBody(random: Random): readonly number[] {
  const pad = random.oneIn(4) ? [] : [wordFor(random.pick(["bti c", "bti jc", "paciasp"]))];
  const body = Array.from({ length: random.below(4) }, () =>
    random.oneIn(4) ? randomAccess(random) : randomOperation(random),
  );
  return [...pad, ...body, wordFor(random.oneIn(8) ? "br x30" : "ret")];
}
