/** npm run fuzz: random instructions and programs in the interpreter, in compiled code, and in Unicorn or QEMU. */
import { Command, CommanderError } from "commander";
import { InterruptedError, interruptible } from "#src/cli/interruption.js";
import { progress } from "#src/cli/progress.js";
import { parseWhole } from "#src/cli/usage.js";
import { Campaign, type Difference, type Oracles, type Totals } from "./campaign.js";
import { batchOf, makeCase } from "./cases.js";
import { BATCH } from "./layout.js";
import { missingOracle, Oracle, type OracleName } from "./oracles.js";
import { replay, report } from "./report.js";

const MAX_COUNT = 1_000_000_000_000;
const MAX_CASE = 1_000_000_000;

const oracleNames: readonly OracleName[] = ["Unicorn", "QEMU"];

interface Flags {
  readonly count: number;
  readonly seed: string;
  readonly case?: number;
  readonly progress?: true;
}

const number = (value: number): string => value.toLocaleString("en-GB");

function summary(totals: Totals, milliseconds: number): string {
  const { comparedByKind: kinds, exits } = totals;
  const share = (100 * totals.compiled) / Math.max(1, totals.instructions);
  return [
    `${number(totals.compared)} instructions compared with an oracle, ${number(totals.comparedWith.Unicorn)} with Unicorn and ${number(totals.comparedWith.QEMU)} with QEMU: ${number(kinds["1"] ?? 0)} single ones, ${number(kinds["5"] ?? 0)} in programs of 5, ${number(kinds["100"] ?? 0)} in programs of 100`,
    `${number(totals.instructions)} instructions executed by the interpreter and again with ${number(totals.regions)} compiled regions: ${number(totals.compiled)} (${share.toFixed(0)} %) in regions, entered ${number(totals.entries)} times`,
    `left for: ${Object.entries(exits)
      .map(([reason, count]) => `${reason} ${number(count)}`)
      .join(", ")}`,
    `${number(totals.cases)} cases in ${number(totals.runs)} runs, ${number(totals.faults)} of them ending in a fault; ${(milliseconds / 1000).toFixed(1)} s`,
  ].join("\n");
}

/** Batches until enough instructions are compared; gives the first difference. */
async function campaignOf(flags: Flags, oracles: Oracles, signal: AbortSignal): Promise<Difference | undefined> {
  const { seed, count } = flags;
  const campaign = await Campaign.create(seed, oracles);
  const line = progress(flags.progress === true);
  const started = performance.now();
  let found: Difference | undefined;
  try {
    for (let first = 0; campaign.totals.compared < count && found === undefined; first += BATCH) {
      if (signal.aborted) break;
      const { compared } = campaign.totals;
      line.show("fuzzing", `: ${number(compared)} of ${number(count)} instructions, case ${number(first)}`);
      found = await campaign.batch(batchOf(seed, first));
      // Lets a Ctrl-C through.
      await new Promise(setImmediate);
    }
    found ??= await campaign.end();
  } finally {
    line.end();
    campaign.dispose();
  }
  console.log(summary(campaign.totals, performance.now() - started));
  return found;
}

/** One case alone. */
async function replayed(flags: Flags, oracles: Oracles): Promise<Difference | undefined> {
  const found = await replay(flags.seed, oracles, makeCase(flags.seed, flags.case ?? 0));
  if (found === undefined) console.log(`case ${flags.case} of seed ${flags.seed}: no difference`);
  return found;
}

async function run(flags: Flags): Promise<number> {
  const missing = oracleNames.map(missingOracle).find((why) => why !== undefined);
  if (missing !== undefined) {
    console.error(`error: ${missing}`);
    return 1;
  }
  const oracles: Oracles = { Unicorn: new Oracle("Unicorn"), QEMU: new Oracle("QEMU") };
  let status = 0;
  try {
    await interruptible(async (signal) => {
      console.log(`seed ${flags.seed}`);
      const found =
        flags.case === undefined ? await campaignOf(flags, oracles, signal) : await replayed(flags, oracles);
      if (found === undefined) return;
      status = 1;
      console.log(await report(flags.seed, oracles, found));
    });
  } catch (error) {
    if (!(error instanceof InterruptedError)) throw error;
    console.log(`${error.message}; the same again: npm run fuzz -- --seed ${flags.seed}`);
    return error.status;
  } finally {
    for (const name of oracleNames) oracles[name].dispose();
  }
  if (status === 0 && flags.case === undefined) console.log("no differences");
  return status;
}

const command = new Command("fuzz")
  .description(
    "Runs random instructions, alone and in programs of 5 and 100, in the interpreter, in compiled code, and in Unicorn or QEMU, and compares\nregisters, flags, memory and faults.",
  )
  .option(
    "--count <n>",
    "instructions to execute that an oracle executes too; the batch that reaches it is finished",
    parseWhole("A number of instructions", 1, MAX_COUNT),
    100_000,
  )
  .option("--seed <text>", "which cases: the same text gives the same ones", String(Date.now()))
  .option("--case <k>", "one case of the seed alone", parseWhole("A case", 0, MAX_CASE))
  .option("--progress", "say what is done on the standard error, also where that is no terminal")
  .allowExcessArguments(false)
  .exitOverride();

async function main(): Promise<number> {
  try {
    command.parse();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return run(command.opts<Flags>());
}

process.exitCode = await main();
