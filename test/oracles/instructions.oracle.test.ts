/**
 * Single instructions against Unicorn: random words of every form that is not excluded, on random states. CMODX_SEED
 * chooses others, CMODX_ORACLE_WORDS more words a form.
 */
import { expect, test } from "vitest";
import { type Form, formsOf } from "#engine/a64/forms.js";
import { rows } from "#engine/a64/table.js";
import { flowOf } from "#engine/jit/flow.js";
import { accessOf } from "../support/accesses.js";
import { countFromEnvironment, Random, runSeed } from "../support/random.js";
import { addressNear, registerValue } from "../support/values.js";
import { formName, operandOf, randomWord } from "../support/words.js";
import { DATA_BYTES, describeCase, differences, Interpreter, type Outcome, oracleWindows } from "./comparison.js";
import { isExcluded } from "./exclusions.js";
import { CODE, DATA, type Group, missingUnicorn, REGISTERS, type Result, Unicorn } from "./unicorn.js";

const WORDS = countFromEnvironment("CMODX_ORACLE_WORDS", 20);
const STATES = 20;
const data = oracleWindows.slice(1);
const missing = missingUnicorn();

function randomState(random: Random, form: Form, word: number): BigUint64Array {
  const state = new BigUint64Array(REGISTERS);
  for (let n = 0; n < REGISTERS - 1; n++) state[n] = registerValue(oracleWindows, random);
  state[REGISTERS - 1] = BigInt(random.below(16)) << 28n;
  const register = (n: number): bigint => state[n === 32 ? 31 : n] as bigint;
  const access = accessOf(form, word, { pc: CODE, register });
  const base = operandOf(form, word, "n");
  if (access === undefined || base === undefined || random.oneIn(16)) return state;
  state[base] = register(base === 31 ? 32 : base) + addressNear(random.pick(data), random) - access.address;
  return state;
}

/** The words of a form that are compared, each with its states. */
function groupsOf(form: Form): Group[] {
  const random = new Random(`${runSeed}/oracle/${formName(form)}`);
  const groups: Group[] = [];
  for (let i = 0; i < WORDS; i++) {
    const word = randomWord(form, random);
    if (isExcluded(form, word)) continue;
    const states = Array.from({ length: STATES }, () => randomState(random, form, word));
    const goesOn = flowOf(form, word, CODE).flow.kind === "next";
    groups.push({ words: [word], count: goesOn ? 0 : 1, states });
  }
  return groups;
}

/** A case that says nothing about the instruction's meaning: true with a reason in the code. */
function isIncomparable(ours: Outcome, form: Form, word: number, state: BigUint64Array): boolean {
  // Unicorn lets unaligned atomic accesses pass, as some processors do (FEAT_LSE2); this machine does not have them.
  if (ours.alignment) return true;
  // Of an access over the end of memory Unicorn writes the part that is still inside before it reports the fault.
  const access = ours.faulted
    ? accessOf(form, word, { pc: CODE, register: (n) => state[n === 32 ? 31 : n] as bigint })
    : undefined;
  const end = DATA + BigInt(DATA_BYTES);
  if (access !== undefined && access.address < end && access.address + BigInt(access.bytes) > end) return true;
  return false;
}

test.skipIf(missing !== undefined)(
  `single instructions as Unicorn has them, seed ${runSeed}${missing === undefined ? "" : ` (${missing})`}`,
  async () => {
    const random = new Random(`${runSeed}/oracle/data`);
    const image = new Uint8Array(Uint32Array.from({ length: DATA_BYTES / 4 }, () => random.u32()).buffer);
    const unicorn = new Unicorn();
    const interpreter = await Interpreter.create(image);
    const failures = new Map<string, string>();
    let [cases, faults, skipped] = [0, 0, 0];
    const forms = formsOf(rows);
    for (let first = 0; first < forms.length; first += 64) {
      const batch = forms.slice(first, first + 64).flatMap((form) => groupsOf(form).map((group) => ({ form, group })));
      const results = unicorn
        .run(
          batch.map(({ group }) => group),
          image,
        )
        [Symbol.iterator]();
      for (const { form, group } of batch) {
        interpreter.place(group.words);
        for (const state of group.states) {
          const ours = interpreter.run(group, state);
          const theirs = results.next().value as Result;
          cases++;
          if (ours.faulted) faults++;
          if (isIncomparable(ours, form, group.words[0] as number, state)) {
            skipped++;
            continue;
          }
          const found = differences(ours, theirs);
          if (found.length > 0 && !failures.has(form.row.name))
            failures.set(form.row.name, `${formName(form)}: ${describeCase(runSeed, group, state, found)}`);
        }
      }
    }
    console.log(`${cases} cases, ${faults} of them faults, ${skipped} not comparable`);
    unicorn.dispose();
    interpreter.dispose();
    expect([...failures.values()].slice(0, 10).join("\n")).toBe("");
    expect(cases).toBeGreaterThan(skipped * 10);
  },
  300_000,
);
