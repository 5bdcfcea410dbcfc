/**
 * Load and store exclusives against Unicorn, in sequences that begin with CLREX: pairs that match, pairs on two addresses, a
 * store exclusive alone, and what may come between. A store exclusive of another size than the load is left out: it is
 * CONSTRAINED UNPREDICTABLE whether it succeeds (this machine lets it fail, QEMU looks at the bytes).
 */
import { expect, test } from "vitest";
import { Campaign } from "../fuzz/campaign.js";
import type { Case } from "../fuzz/cases.js";
import { BATCH, dataWindows, placeOf, type State } from "../fuzz/layout.js";
import { Engine } from "../fuzz/machines.js";
import { missingOracle, Oracle } from "../fuzz/oracles.js";
import { SP } from "../fuzz/registers.js";
import { describeDifference } from "../fuzz/report.js";
import { randomRegisters } from "../fuzz/singles.js";
import { wordsFor } from "../support/encode.js";
import { Random, runSeed } from "../support/random.js";
import { windowNamed } from "../support/rig.js";

const STATES = 10;
const missing = missingOracle("Unicorn");

const sizes = [
  { suffix: "b", register: "w" },
  { suffix: "h", register: "w" },
  { suffix: "", register: "w" },
  { suffix: "", register: "x" },
] as const;

/** x19 and x20 are two locations. */
const between = [
  "",
  "add x3, x3, #1",
  "str x3, [x19]",
  "str x3, [x20]",
  "ldr x5, [x19]",
  "clrex",
  "ldxr x6, [x20]",
  "stxr w7, x3, [x20]",
];

function sequences(): string[] {
  return sizes
    .flatMap(({ suffix, register: r }) =>
      ["ldxr", "ldaxr"].flatMap((load) =>
        ["stxr", "stlxr"].flatMap((store) =>
          ["x19", "x20", "sp"].flatMap((address) => {
            const last = `${store}${suffix} w2, ${r}3, [${address}]\n`;
            const pairs = between.map((text) => `clrex\n ${load}${suffix} ${r}1, [x19]\n ${text}\n ${last}`);
            return [...pairs, `clrex\n ${last}`, `clrex\n ${load}${suffix} ${r}1, [sp]\n ${last} ${last}`];
          }),
        ),
      ),
    )
    .filter((text) => !hasTwoSizes(text));
}

/** The same for pairs of registers; the locations are aligned for both machines alike. */
function pairSequences(): string[] {
  return ["w", "x"].flatMap((r) =>
    ["ldxp", "ldaxp"].flatMap((load) =>
      ["stxp", "stlxp"].flatMap((store) =>
        ["x19", "x20"].flatMap((address) =>
          ["", "str x3, [x19]", "str x3, [x20]", "str w3, [x19, #4]", "clrex", `ldxp ${r}6, ${r}8, [x20]`].map(
            (text) =>
              `clrex\n and x19, x19, #-16\n and x20, x20, #-16\n ${load} ${r}1, ${r}4, [x19]\n ${text}\n ${store} w2, ${r}3, ${r}5, [${address}]\n`,
          ),
        ),
      ),
    ),
  );
}

/** Compare and swap of pairs, on what memory holds and on something else. */
function compareAndSwapPairs(): string[] {
  return ["w", "x"].flatMap((r) =>
    ["casp", "caspal"].flatMap((name) =>
      [`ldp ${r}0, ${r}1, [x19]`, `ldr ${r}0, [x19]`, "nop"].map(
        (text) =>
          `and x19, x19, #-16\n ${text}\n ${name} ${r}0, ${r}1, ${r}4, ${r}5, [x19]\n ldp ${r}7, ${r}8, [x19]\n cmp ${r}7, ${r}4\n cset w2, ne\n`,
      ),
    ),
  );
}

/** Whether the exclusives of the sequence differ in size. */
function hasTwoSizes(text: string): boolean {
  const sizesOf = [...text.matchAll(/(?:lda?xr|stl?xr)([bh]?) (?:w\d+, )?([wx])\d+, \[/g)].map(
    ([, suffix, register]) => `${suffix}${register}`,
  );
  return new Set(sizesOf).size > 1;
}

const data = windowNamed(dataWindows, "data");

function randomState(random: Random, count: number): State {
  const location = (): bigint => data.address + BigInt(8 * random.below(data.size / 8));
  const registers = randomRegisters(random);
  registers[19] = location();
  registers[20] = random.oneIn(4) ? (registers[19] as bigint) : location();
  registers[SP] = random.pick([registers[19] as bigint, registers[20] as bigint]);
  return { registers, count };
}

function casesOf(random: Random): Case[] {
  return [...sequences(), ...pairSequences(), ...compareAndSwapPairs()].map((text, number) => {
    const start = placeOf(number).single;
    const words = wordsFor(text);
    const states = Array.from({ length: STATES }, () => randomState(random, words.length));
    return {
      number,
      kind: "5",
      oracle: "Unicorn",
      code: new Map([[start, words]]),
      start,
      states,
      heads: [start],
      compiledAt: number % 2,
    };
  });
}

/** What every run leaves in x2. */
function statusesOf(engine: Engine, cases: readonly Case[]): Set<bigint> {
  const statuses = new Set<bigint>();
  engine.place(cases);
  for (const one of cases) {
    for (const state of one.states) {
      engine.prepare(one, state);
      engine.rig.run(state.count);
      statuses.add(engine.rig.machine.core.x(2));
    }
  }
  return statuses;
}

test.skipIf(missing !== undefined)(
  `exclusives as Unicorn has them${missing === undefined ? "" : ` (${missing})`}`,
  async () => {
    const cases = casesOf(new Random(`${runSeed}/exclusives`));
    const unicorn = new Oracle("Unicorn");
    const oracles = { Unicorn: unicorn, QEMU: unicorn };
    const campaign = await Campaign.create(runSeed, oracles);
    const engine = await Engine.interpreter(runSeed);
    const statuses = new Set<bigint>();
    for (let first = 0; first < cases.length; first += BATCH) {
      const batch = cases.slice(first, first + BATCH);
      const found = (await campaign.batch(batch)) ?? (await campaign.end());
      expect(found === undefined ? "" : await describeDifference(runSeed, oracles, found)).toBe("");
      for (const status of statusesOf(engine, batch)) statuses.add(status);
    }
    // Some have succeeded and some have failed.
    expect([...statuses]).toEqual(expect.arrayContaining([0n, 1n]));
    expect(campaign.totals.compiled).toBeGreaterThan(0);
    engine.rig.dispose();
    campaign.dispose();
    unicorn.dispose();
  },
);
