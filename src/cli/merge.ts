/** cmodx merge */
import { Command } from "commander";
import { print } from "./output.js";
import { ExitStatus, inputName, readInput } from "./usage.js";

interface Flags {
  readonly json?: true;
}

async function run(files: readonly string[], flags: Flags): Promise<void> {
  const [{ mergeReports, parseReport }, { stressJson }, { stressText }] = await Promise.all([
    import("../stress/merge.js"),
    import("../stress/report.js"),
    import("../report/stress.js"),
  ]);
  const reports = [];
  for (const file of files) reports.push(parseReport((await readInput(file)).toString("utf8"), inputName(file)));
  const merged = mergeReports(reports);
  await print([flags.json ? stressJson(merged) : stressText(merged)]);
  if (merged.violations.length > 0 || !merged.complete) throw new ExitStatus(1);
}

export function mergeCommand(): Command {
  return new Command("merge")
    .description("put the reports of a stress campaign's shards together")
    .argument("<report...>", "what cmodx stress --shard i/n --json printed, - for the standard input")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExit status: 0 no violation and every shard is there, 1 otherwise, or if the reports do not belong together.",
    )
    .action(run);
}
