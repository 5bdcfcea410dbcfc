/** A short campaign of `npm run fuzz`, and what the tool says when there is a difference. */
import { expect, test } from "vitest";
import { Campaign } from "../fuzz/campaign.js";
import { batchOf, makeCase } from "../fuzz/cases.js";
import { BATCH } from "../fuzz/layout.js";
import { missingOracle, Oracle, type OracleResult } from "../fuzz/oracles.js";
import { replay, report } from "../fuzz/report.js";
import { wordFor } from "../support/encode.js";
import { runSeed } from "../support/random.js";

/** The last one goes to QEMU. */
const BATCHES = 4;
const missing = missingOracle("Unicorn") ?? missingOracle("QEMU");
const why = missing === undefined ? "" : ` (${missing})`;

test.skipIf(missing !== undefined)(`random cases as Unicorn has them, seed ${runSeed}${why}`, async () => {
  const oracles = { Unicorn: new Oracle("Unicorn"), QEMU: new Oracle("QEMU") };
  const campaign = await Campaign.create(runSeed, oracles);
  for (let batch = 0; batch < BATCHES; batch++) {
    const found = (await campaign.batch(batchOf(runSeed, batch * BATCH))) ?? (await campaign.end());
    expect(found === undefined ? "" : await report(runSeed, oracles, found)).toBe("");
  }
  const { totals } = campaign;
  expect(totals.cases).toBe(BATCHES * BATCH);
  for (const kind of ["1", "5", "100"]) expect(totals.comparedByKind[kind]).toBeGreaterThan(0);
  expect(totals.compiled).toBeGreaterThan(totals.instructions / 4);
  expect(totals.faults).toBeGreaterThan(0);
  expect(totals.comparedWith.QEMU).toBeGreaterThan(0);
  campaign.dispose();
  for (const oracle of Object.values(oracles)) oracle.dispose();
});

/** Says that x3 is one more than it is wherever a case has executed some instruction. */
class Wrong extends Oracle {
  constructor(private readonly word: number) {
    super("Unicorn");
  }

  override async run(...args: Parameters<Oracle["run"]>): Promise<OracleResult[]> {
    const [windows, cases] = args;
    const near = (pc: bigint): Uint32Array => {
      const window = windows.find(({ address, image }) => pc >= address && pc < address + BigInt(image.length));
      if (window === undefined) throw new Error("a case outside of the windows");
      const offset = Number(pc - window.address);
      return new Uint32Array(window.image.slice(offset, offset + 64).buffer);
    };
    const results = await super.run(...args);
    return results.map((result, i) => {
      if (!near((cases[i] as (typeof cases)[number]).pc).includes(this.word)) return result;
      const registers = result.registers.slice();
      registers[3] = BigInt.asUintN(64, (registers[3] as bigint) + 1n);
      return { ...result, registers };
    });
  }
}

test.skipIf(missing !== undefined)(`a difference is reported with what is needed to see it again${why}`, async () => {
  const found = Array.from({ length: 200 }, (_, number) => makeCase(runSeed, number)).find(({ kind }) => kind === "5");
  const main = [...(found?.code.values() ?? [])][0] as readonly number[];
  const culprit = main.slice(1, 6).find((word) => word !== wordFor("nop")) as number;
  const unicorn = new Wrong(culprit);
  const oracles = { Unicorn: unicorn, QEMU: unicorn };
  const difference = await replay(runSeed, oracles, makeCase(runSeed, found?.number as number));
  expect(difference?.between).toBe("cmodx and Unicorn");
  const text = await report(runSeed, oracles, difference as NonNullable<typeof difference>);
  unicorn.dispose();
  expect(text).toContain(`npm run fuzz -- --seed ${runSeed} --case ${found?.number}`);
  expect(text).toMatch(/^>> x3 /m);
  // The shrinker has left the instruction, and little else.
  const listed = [...text.matchAll(/^ {2}[0-9a-f]+[* ] ([0-9a-f]{8}) {2}/gm)].map(([, word]) =>
    parseInt(word as string, 16),
  );
  expect(listed).toContain(culprit);
  expect(listed.length).toBeLessThan(6);
});
