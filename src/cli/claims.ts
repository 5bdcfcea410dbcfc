/** cmodx claims */
import { Command } from "commander";
import type { ClaimResult } from "../proof/settle.js";
import { type LimitFlags, limitsOf } from "./check-design.js";
import { interruptible } from "./interruption.js";
import { print } from "./output.js";
import { ExitStatus, parseWhole } from "./usage.js";
import { drawWitnesses, type WitnessFlags, wantsWitnesses } from "./witnesses.js";

interface Flags extends LimitFlags, WitnessFlags {
  readonly json?: true;
}

const SECONDS_A_DAY = 86_400;

const HELP = `
Each claim is settled by experiments under the Arm memory model, instruction fetch included: what is asked, whether it is
possible, in which transitions, and whether cmodx's own engine could show it on this host, whose cores may order more than
Arm's do. A claim holds if every experiment comes out as it says; ! marks the one that does not.

Exit status: 0 every claim holds, 1 one does not or was not settled, 2 bad usage, 130 Ctrl-C, 143 SIGTERM.`;

async function run(flags: Flags): Promise<void> {
  const [{ prove }, { claims }, { claimsJson, claimText }] = await Promise.all([
    import("../proof/prove.js"),
    import("../proof/claims.js"),
    import("../report/claims.js"),
  ]);
  const results: ClaimResult[] = [];
  await interruptible(async (signal) => {
    const limits = limitsOf(flags);
    const jobs = claims.map((_, claim) => ({ kind: "claim", claim, limits }) as const);
    await prove(jobs, signal, (message) => {
      if (message.kind !== "claim") return;
      results.push(message);
      if (!flags.json) process.stdout.write(claimText(message, process.arch, wantsWitnesses(flags)));
    });
    const left = claims.length - results.length;
    if (flags.json) await print([claimsJson(results, claims.length)]);
    else if (left > 0) await print([`Incomplete: ${left} of ${claims.length} claims were not looked at.\n`]);
    const witnesses = results.flatMap(({ experiments }) => experiments.flatMap(({ witness }) => witness ?? []));
    await drawWitnesses(witnesses, flags.graphs);
  });
  if (!results.every(({ holds }) => holds)) throw new ExitStatus(1);
}

export function claimsCommand(): Command {
  return new Command("claims")
    .description("settle what was claimed of static-call trampolines for arm64, by experiments under the memory model")
    .option("--witness", "tell an execution for each thing that is possible")
    .option("--graphs <folder>", "draw these executions, as DOT and as SVG, into a folder")
    .option("--timeout <seconds>", "time for each experiment", parseWhole("A time", 1, SECONDS_A_DAY))
    .option("--memory <MiB>", "memory of the process", parseWhole("A memory limit", 64, 1 << 20))
    .option("--json", "print JSON")
    .addHelpText("after", HELP)
    .action(run);
}
