/** cmodx check */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import type { CheckJob, CheckMessage } from "../litmus/check-files.js";
import { checkDesign, type DesignFlags, withDesignOptions } from "./check-design.js";
import { interruptible } from "./interruption.js";
import { print } from "./output.js";
import { ExitStatus, inputName, parseWhole, readInput, UsageError } from "./usage.js";
import { drawWitnesses, type ToldExecution, wantsWitnesses, witnessText } from "./witnesses.js";

const MEBI = 1 << 20;
const SECONDS_A_DAY = 86_400;

interface Flags extends DesignFlags {
  readonly expect?: true;
}

const HELP = `
FILE is a litmus test for AArch64 in herd's format, - for the standard input, or a folder with *.litmus files. For each the
final states that the Arm memory model allows, instruction fetch included, are printed in herd's layout; the counts of
witnesses are of states. A limit that was hit is said in place of a claim that depends on it: Incomplete, Unknown.

--expect compares each result with what the test itself says in its header: Expect=Never, State=1:X0=0; 1:X2=0;, Flag=...

--design builds the test from the texts that the engine runs: callers that call through a design's trampoline, and a
patcher that runs its patch procedure. The flags from --skip on take protections away from it. Without --transition each
state is changed into each. With --design the exit status is 1 also if a call may crash or come to no target.

Exit status: 0 all verdicts were given (and are as expected), 1 one was not, or was incomplete, 2 bad usage, 130 Ctrl-C,
143 SIGTERM. Both signals end with what was established so far, marked as incomplete.`;

async function readJobs(paths: readonly string[]): Promise<readonly CheckJob[]> {
  const jobs: CheckJob[] = [];
  for (const path of paths) {
    for (const file of filesOf(path))
      jobs.push({ file: inputName(file), text: (await readInput(file)).toString("utf8") });
  }
  return jobs;
}

function filesOf(path: string): readonly string[] {
  if (path === "-" || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const files = readdirSync(path).filter((name) => name.endsWith(".litmus"));
  if (files.length === 0) throw new UsageError(`there are no *.litmus files in ${path}`);
  return files.sort().map((name) => join(path, name));
}

/** Says what is wrong with a result; gives whether anything is. */
function complain(message: CheckMessage, flags: Flags): boolean {
  const { file } = message;
  if ("error" in message) {
    process.stderr.write(`cmodx: ${message.error}\n`);
    return true;
  }
  if (!flags.expect) return !message.complete;
  for (const difference of message.differences) process.stderr.write(`cmodx: ${file}: ${difference}\n`);
  return message.differences.length > 0;
}

async function run(paths: readonly string[], flags: Flags): Promise<void> {
  if (flags.design !== undefined) {
    if (paths.length > 0) throw new UsageError("--design makes its own test: name no files beside it");
    return checkDesign(flags.design, flags);
  }
  if (paths.length === 0)
    throw new UsageError("name a litmus test, or a folder with some (cmodx check --help says more)");
  const jobs = await readJobs(paths);
  const { checkFiles } = await import("../litmus/check-files.js");
  const results: unknown[] = [];
  const told: ToldExecution[] = [];
  let failed = false;
  await interruptible(async (signal) => {
    await checkFiles({
      jobs,
      signal,
      verbose: flags.verbose === true,
      witness: wantsWitnesses(flags),
      ...(flags.timeout === undefined ? {} : { timeLimitMs: flags.timeout * 1000 }),
      ...(flags.memory === undefined ? {} : { memoryLimit: flags.memory * MEBI }),
      ...(flags.maxInstructions === undefined ? {} : { maxInstructions: flags.maxInstructions }),
      done: (message) => {
        if (complain(message, flags)) failed = true;
        if ("error" in message) {
          results.push(message);
          return;
        }
        told.push(...message.witnesses);
        if (flags.json) results.push(message.json);
        else process.stdout.write(`${message.text}${message.witnesses.map(witnessText).join("")}`);
      },
    });
    if (flags.json) await print([`${JSON.stringify(results, undefined, 2)}\n`]);
    await drawWitnesses(told, flags.graphs);
  });
  if (failed) throw new ExitStatus(1);
}

export function checkCommand(): Command {
  const command = new Command("check")
    .description("say which final states of a litmus test the Arm memory model allows, instruction fetch included")
    .argument("[file...]", "litmus tests, folders of them, - for the standard input")
    .option("--expect", "compare with what each test says that it should give")
    .option("--timeout <seconds>", "time for each test", parseWhole("A time", 1, SECONDS_A_DAY))
    .option("--memory <MiB>", "memory of the process", parseWhole("A memory limit", 64, 1 << 20))
    .option(
      "--max-instructions <n>",
      "instructions that a thread may execute in one execution",
      parseWhole("A number of instructions", 1, 1_000_000),
    )
    .option("--verbose", "the detail of each flag")
    .option("--witness", "tell an execution for each state")
    .option("--graphs <folder>", "draw these executions, as DOT and as SVG, into a folder")
    .option("--json", "print JSON");
  return withDesignOptions(command).addHelpText("after", HELP).action(run);
}
