/** cmodx dispatch */
import { Command } from "commander";
import { interruptible } from "./interruption.js";
import { print } from "./output.js";
import { progress } from "./progress.js";
import { parseWhole } from "./usage.js";

const MAX_CALLS = 1_000_000_000;

interface Flags {
  readonly json?: true;
  readonly calls?: number;
  readonly progress?: true;
}

async function run(flags: Flags): Promise<void> {
  await interruptible(async (signal) => {
    const [{ measureDispatch }, { dispatchJson, dispatchTable }] = await Promise.all([
      import("../dispatch/measure.js"),
      import("../report/dispatch.js"),
    ]);
    const line = progress(flags.progress === true);
    const measurement = await measureDispatch({
      ...(flags.calls === undefined ? {} : { calls: flags.calls }),
      signal,
      progress: ({ row, rows, what, share }) =>
        line.show(`measuring ${row} of ${rows}: ${what}`, `, ${Math.round(share * 100)} %`),
    }).finally(line.end);
    await print([flags.json ? dispatchJson(measurement) : dispatchTable(measurement)]);
  });
}

export function dispatchCommand(): Command {
  return new Command("dispatch")
    .description("measure what a call costs through each static-call design, in the interpreter and in the JIT")
    .option(
      "--calls <n>",
      "calls that are timed in the JIT for each row (in the interpreter a twentieth)",
      parseWhole("A number of calls", 1, MAX_CALLS),
    )
    .option("--progress", "say what is measured on the standard error, also where that is no terminal")
    .option("--json", "print JSON")
    .addHelpText("after", "\nCtrl-C ends it with the rows measured so far, marked as incomplete, and exit status 130.")
    .action(run);
}
