/** Single instructions: every form of the table in turn, random operand fields, states in which it has something to do. */
import { formsOf } from "#engine/a64/forms.js";
import { rows } from "#engine/a64/table.js";
import { accessOf } from "../support/accesses.js";
import { wordFor } from "../support/encode.js";
import type { Random } from "../support/random.js";
import { addressNear, registerValue } from "../support/values.js";
import { operandOf, randomWord } from "../support/words.js";
import { isStoreExclusive, whyExcluded } from "./exclusions.js";
import { type CaseContent, dataWindows, type Place, type State } from "./layout.js";
import type { OracleName } from "./oracles.js";
import { heldBy, NZCV, REGISTERS, SP } from "./registers.js";

const STATES = 20;
const SP_NUMBER = 32;
/** Behind the instruction: nothing that a region would go on into. */
const UDF = 0;
const forms = formsOf(rows);

/** Registers with nasty and random values. */
export function randomRegisters(random: Random): BigUint64Array {
  const registers = new BigUint64Array(REGISTERS);
  for (let n = 0; n < REGISTERS; n++) registers[n] = heldBy(n, registerValue(dataWindows, random));
  registers[NZCV] = BigInt(random.below(16)) << 28n;
  return registers;
}

/** The word by which a case for QEMU ends. */
export const END = wordFor("brk #0xf00d");

export function randomSingle(random: Random, place: Place, ordinal: number, oracle: OracleName): CaseContent {
  const form = forms[ordinal % forms.length] as (typeof forms)[number];
  const word = randomWord(form, random);
  // The monitors of oracles outlive a case.
  const before = isStoreExclusive(form.row.name) ? [wordFor("clrex")] : [];
  // QEMU needs something to stop at, which is executed here too.
  const words = [...before, word, ...(oracle === "QEMU" ? [END] : [])];
  const pc = place.single + BigInt(4 * before.length);
  const states = Array.from({ length: STATES }, (): State => {
    const registers = randomRegisters(random);
    const register = (n: number): bigint => registers[n === SP_NUMBER ? SP : n] as bigint;
    const access = accessOf(form, word, { pc, register });
    const base = operandOf(form, word, "n");
    // Most accesses hit a window.
    if (access !== undefined && base !== undefined && !random.oneIn(16)) {
      const wanted = addressNear(random.pick(dataWindows), random);
      registers[base] = register(base === 31 ? SP_NUMBER : base) + wanted - access.address;
    }
    return { registers, count: words.length };
  });
  const excluded = whyExcluded(oracle, form, word);
  return {
    code: new Map([[place.single, [...words, UDF]]]),
    start: place.single,
    states,
    heads: [place.single],
    ...(excluded === undefined ? {} : { excluded }),
  };
}
