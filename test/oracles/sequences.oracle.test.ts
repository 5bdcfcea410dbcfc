/**
 * Random programs against Unicorn: data processing, loads and stores that hit, and branches forward and back, compared
 * after any number of instructions.
 */
import { expect, test } from "vitest";
import { wordFor } from "../support/encode.js";
import { randomAccess, randomOperation } from "../support/operations.js";
import { countFromEnvironment, Random, runSeed } from "../support/random.js";
import { registerValue } from "../support/values.js";
import { formOf } from "../support/words.js";
import { DATA_BYTES, describeCase, differences, Interpreter, oracleWindows } from "./comparison.js";
import { isExcluded } from "./exclusions.js";
import { DATA, type Group, missingUnicorn, REGISTERS, type Result, Unicorn } from "./unicorn.js";

const PROGRAMS = countFromEnvironment("CMODX_ORACLE_PROGRAMS", 300);
const STATES = 3;
const missing = missingUnicorn();

const branches = [
  "b.eq",
  "b.ne",
  "b.cs",
  "b.cc",
  "b.mi",
  "b.pl",
  "b.vs",
  "b.vc",
  "b.hi",
  "b.ls",
  "b.ge",
  "b.lt",
  "b.gt",
  "b.le",
  "cbz x3,",
  "cbnz w5,",
  "tbz x1, #63,",
  "tbnz w2, #0,",
  "b",
  "bl",
];

function randomInstruction(random: Random, at: number, length: number): number {
  const kind = random.below(10);
  if (kind < 3) {
    const target = random.oneIn(6) ? random.below(length) : Math.min(length - 1, at + 1 + random.below(6));
    return wordFor(`${random.pick(branches)} . + ${4 * (target - at)}`);
  }
  for (;;) {
    const word = kind < 5 ? randomAccess(random) : randomOperation(random);
    const form = formOf(word);
    if (form !== undefined && !isExcluded(form, word)) return word;
  }
}

/** A program that starts again at its end, so that any number of its instructions can be executed. */
function randomGroup(seed: string, length: number): Group {
  const random = new Random(seed);
  const words = Array.from({ length }, (_, i) => randomInstruction(random, i, length));
  words.push(wordFor(`b . - ${4 * length}`));
  const states = Array.from({ length: STATES }, () => {
    const state = new BigUint64Array(REGISTERS);
    for (let n = 0; n < REGISTERS - 1; n++) state[n] = registerValue(oracleWindows, random);
    // The bases and the index that randomAccess uses.
    for (const n of [19, 20, 28, 31]) state[n] = DATA + BigInt(DATA_BYTES / 2 + 16 * random.below(64));
    state[21] = BigInt(random.below(64));
    state[REGISTERS - 1] = BigInt(random.below(16)) << 28n;
    return state;
  });
  return { words, count: 1 + random.below(4 * length), states };
}

test.skipIf(missing !== undefined)(
  `programs as Unicorn has them, seed ${runSeed}${missing === undefined ? "" : ` (${missing})`}`,
  async () => {
    const random = new Random(`${runSeed}/sequences/data`);
    const image = new Uint8Array(Uint32Array.from({ length: DATA_BYTES / 4 }, () => random.u32()).buffer);
    const programs = [5, 20, 100].flatMap((length) =>
      Array.from({ length: PROGRAMS }, (_, i) => {
        const seed = `${runSeed}/sequences/${length}/${i}`;
        return { seed, group: randomGroup(seed, length) };
      }),
    );
    const unicorn = new Unicorn();
    const interpreter = await Interpreter.create(image);
    const results = unicorn
      .run(
        programs.map(({ group }) => group),
        image,
      )
      [Symbol.iterator]();
    const failures: string[] = [];
    let [cases, faults] = [0, 0];
    for (const { seed, group } of programs) {
      interpreter.place(group.words);
      for (const state of group.states) {
        const ours = interpreter.run(group, state);
        const theirs = results.next().value as Result;
        cases++;
        // Unicorn does not say after how many instructions it faulted, and lets unaligned atomic accesses pass.
        if (ours.faulted) {
          faults++;
          continue;
        }
        const found = differences(ours, theirs);
        if (found.length > 0) failures.push(describeCase(seed, group, state, found));
      }
    }
    console.log(`${cases} cases, ${faults} of them ending in a fault and not compared`);
    unicorn.dispose();
    interpreter.dispose();
    expect(failures.slice(0, 3).join("\n")).toBe("");
    expect(faults).toBeLessThan(cases / 2);
  },
  300_000,
);
