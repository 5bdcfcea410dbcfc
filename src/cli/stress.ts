/** cmodx stress */
import { writeFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import type { StateName } from "../proof/scene-options.js";
import type { DesignName } from "../static-call/design.js";
import type { CacheBehaviour, Campaign, CampaignOptions, Shard } from "../stress/options.js";
import { EXPLORE_HELP, exploreDesign, isForExploring, type ModelFlags, withModelOptions } from "./explore.js";
import { type FaultFlags, faultsOf, isOneOf, withFaultOptions } from "./fault-options.js";
import { interruptible } from "./interruption.js";
import { print } from "./output.js";
import { progress } from "./progress.js";
import { designNames, stateNames } from "./scene-names.js";
import { ExitStatus, parseWhole, UsageError } from "./usage.js";

// As the lists of scene-names.ts.
const behaviours: readonly CacheBehaviour[] = ["prompt", "adversarial", "late"];
const MAX_CORES = 16;
const DAY = 86_400;
const DEFAULT_SECONDS = 10;

interface Flags extends FaultFlags, ModelFlags {
  readonly design: DesignName;
  readonly states?: readonly StateName[];
  readonly callers?: number;
  readonly patchers?: number;
  readonly seconds?: number;
  readonly calls?: number;
  readonly updates?: number;
  readonly rate?: number;
  readonly seed?: number;
  readonly shard?: Shard;
  readonly icache?: CacheBehaviour;
  readonly threads?: number;
  readonly engine?: "mixed" | "interpreter";
  readonly violations?: number;
  readonly idc?: true;
  readonly dic?: true;
  readonly json?: string | true;
  readonly progress?: true;
}

const campaignFlags = [
  "states",
  "callers",
  "patchers",
  "seconds",
  "calls",
  "updates",
  "rate",
  "seed",
  "threads",
  "engine",
  "idc",
  "dic",
] as const;

const HELP = `
Cores call through a trampoline of the design while others patch it; the guest checks every call. It must come to a target that was
current at some moment of it, may not come to one that was replaced before the caller's last synchronisation, and nothing may fault. The
flags --skip, --stores, --order, --no-near-literal and --misalign take protections away.

Without --seconds, --calls or --updates it takes ${DEFAULT_SECONDS} seconds. --shard 2/8 does the second of eight parts, with random numbers of
its own; cmodx merge puts the parts' --json reports together. With --threads 0 the cores take turns in one thread, in short slices that
follow from the seed.

Exit status: 0 no violation, 1 a violation, 2 bad usage, 130 Ctrl-C, 143 SIGTERM. Both signals end with the report of what was done.`;

function parseStates(text: string): StateName[] {
  return text.split(",").map((name) => {
    if (!isOneOf(stateNames, name)) throw new InvalidArgumentError(`States are ${stateNames.join(", ")}, with commas.`);
    return name;
  });
}

function parseShard(text: string): Shard {
  const [index, count] = /^([0-9]{1,6})\/([0-9]{1,6})$/.exec(text)?.slice(1).map(Number) ?? [];
  if (index === undefined || count === undefined || index < 1 || index > count)
    throw new InvalidArgumentError("A shard is i/n, as in 2/8: the second of eight.");
  return { index, count };
}

async function readCampaign(flags: Flags): Promise<Campaign> {
  const { campaignOf, checkCampaign } = await import("../stress/options.js");
  const given = campaignFlags.filter((flag) => flags[flag] !== undefined).map((flag) => [flag, flags[flag]]);
  const campaign = campaignOf({
    // The types of these flags are those of the campaign's options of the same name.
    ...(Object.fromEntries(given) as Partial<Pick<Flags, (typeof campaignFlags)[number]>>),
    design: flags.design,
    ...(flags.icache === undefined ? {} : { instructionCache: flags.icache }),
    weakening: faultsOf(flags),
  } as CampaignOptions);
  try {
    checkCampaign(campaign);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  return campaign;
}

async function run(flags: Flags, command: Command): Promise<void> {
  if (isForExploring(command, flags)) return exploreDesign(flags, faultsOf(flags));
  const campaign = await readCampaign(flags);
  let violated = false;
  await interruptible(async (signal) => {
    const [{ runCampaign }, { stressJson }, { stressText }] = await Promise.all([
      import("../stress/campaign.js"),
      import("../stress/report.js"),
      import("../report/stress.js"),
    ]);
    const line = progress(flags.progress === true);
    const report = await runCampaign(campaign, {
      signal,
      ...(flags.shard === undefined ? {} : { shard: flags.shard }),
      ...(flags.violations === undefined ? {} : { violations: flags.violations }),
      progress: ({ seconds, calls, updates, violations }) =>
        line.show(
          `stressing ${campaign.design}`,
          `: ${seconds.toFixed(1)} s, ${calls} calls, ${updates} updates, ${violations} violations`,
        ),
    }).finally(line.end);
    violated = report.violations.length > 0;
    if (typeof flags.json === "string") await writeFile(flags.json, stressJson(report));
    await print([flags.json === true ? stressJson(report) : stressText(report)]);
  });
  if (violated) throw new ExitStatus(1);
}

export function stressCommand(): Command {
  const cores = (what: string) => parseWhole(what, 1, MAX_CORES - 1);
  const command = new Command("stress")
    .description("call through a trampoline on many cores while others patch it, and check every call")
    .addOption(
      new Option("--design <name>", "whose trampoline and patch procedure").choices(designNames).default("hybrid"),
    )
    .option("--states <names>", `what to switch between (default ${stateNames.join(",")})`, parseStates)
    .option("--callers <n>", "cores that call (default 4)", cores("A number of callers"))
    .option("--patchers <n>", "cores that patch, one at a time (default 1)", cores("A number of patchers"))
    .option("--seconds <s>", "how long", parseWhole("A number of seconds", 1, DAY))
    .option("--calls <n>", "end after so many calls, of all callers", parseWhole("Calls", 1, Number.MAX_SAFE_INTEGER))
    .option("--updates <n>", "end after so many updates", parseWhole("Updates", 1, Number.MAX_SAFE_INTEGER))
    .option(
      "--rate <n>",
      "updates a second of each patcher, 0 for no pause (default 10000; 0 with a protection taken away)",
      parseWhole("A rate", 0, 1e9),
    )
    .option("--seed <n>", "for all that is random (default 1)", parseWhole("A seed", 0, Number.MAX_SAFE_INTEGER))
    .option("--shard <i/n>", "the i-th part of n", parseShard)
    .addOption(
      new Option(
        "--icache <behaviour>",
        "when instruction caches let go of old words (default prompt; late with --skip, adversarial with other faults than --misalign line|page: what shows them soonest)",
      ).choices(behaviours),
    )
    .option("--threads <n>", "threads of the host; 0: the cores take turns in one", parseWhole("Threads", 0, MAX_CORES))
    .addOption(new Option("--engine <name>", "whether hot code is compiled").choices(["mixed", "interpreter"]))
    .option("--violations <n>", "end after so many violations (default 1)", parseWhole("Violations", 1, 1e6))
    .option("--idc", "CTR_EL0.IDC = 1: no DC is needed")
    .option("--dic", "CTR_EL0.DIC = 1: neither DC nor IC")
    .option("--json [file]", "print the report as JSON, or write it to a file beside the printed one")
    .option("--progress", "say what is being done on the standard error, also where that is no terminal");
  return withModelOptions(withFaultOptions(command)).addHelpText("after", `${HELP}\n${EXPLORE_HELP}`).action(run);
}
