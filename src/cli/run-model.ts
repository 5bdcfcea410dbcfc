/** cmodx run --model arm: litmus tests, executed many times. */
import { readdirSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Command, Option } from "commander";
import type { ChooserName } from "../explore/choosers.js";
import { inputName, readInput } from "./input.js";
import { interruptible } from "./interruption.js";
import { print } from "./output.js";
import { replaying } from "./replaying.js";
import { ExitStatus, UsageError } from "./status.js";
import { parseWhole } from "./usage.js";

// The list stands here too: the command line loads nothing of the product before a command runs. Its type holds it.
const chooserNames: readonly ChooserName[] = ["mixed", "uniform", "rates", "priorities", "round-robin"];
const DEFAULT_EXECUTIONS = 100_000;
const DEFAULT_DEPTH = 3;
const MAX_DEPTH = 100;
const MAX_SEED = 2 ** 32 - 1;

export interface RunModelFlags {
  readonly model?: "arm";
  readonly executions?: number;
  readonly seed?: number;
  readonly chooser?: ChooserName;
  readonly depth?: number;
  readonly replay?: string;
  readonly svg?: string;
  readonly json?: true;
}

export const RUN_MODEL_HELP = `
With --model arm the operands are litmus tests for AArch64 in herd's format (or folders of them). Each is executed --executions times on
cores with Arm's memory, with choices that follow from --seed, and what came out is printed as herd's companions for hardware do. What
was not seen may still be allowed: cmodx check says what is. --replay executes what a schedule string says, and tells it step by step.`;

export function withRunModelOptions(command: Command): Command {
  const arm = (text: string): string => `with --model arm: ${text}`;
  return command
    .addOption(new Option("--model <name>", "execute litmus tests on cores with Arm's memory").choices(["arm"]))
    .option("--executions <n>", arm(`of each test (default ${DEFAULT_EXECUTIONS})`), parseWhole("Executions", 1, 1e12))
    .option("--seed <n>", arm("for all choices (default 1)"), parseWhole("A seed", 0, MAX_SEED))
    .addOption(new Option("--chooser <name>", arm("who chooses (default mixed)")).choices(chooserNames))
    .option(
      "--depth <n>",
      arm(`departures of an execution (default ${DEFAULT_DEPTH})`),
      parseWhole("A depth", 0, MAX_DEPTH),
    )
    .option("--replay <schedule>", arm("execute what a schedule string says, and tell it"))
    .option("--svg <file>", "with --replay: draw it");
}

/** Whether `cmodx run` is asked to execute litmus tests. */
export function isModelRun(file: string, flags: RunModelFlags): boolean {
  return flags.model !== undefined || file.endsWith(".litmus");
}

function filesOf(path: string): readonly string[] {
  if (path === "-" || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
  const files = readdirSync(path).filter((name) => name.endsWith(".litmus"));
  if (files.length === 0) throw new UsageError(`there are no *.litmus files in ${path}`);
  return files.sort().map((name) => join(path, name));
}

async function textOf(file: string): Promise<string> {
  return (await readInput(file)).toString("utf8");
}

async function replay(files: readonly string[], schedule: string, svg: string | undefined): Promise<void> {
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new UsageError("--replay takes one test: the one that it was printed for");
  const [{ replayLitmus }, { replayedLitmusText }] = await Promise.all([
    import("../explore/litmus-campaign.js"),
    import("../report/explore-litmus.js"),
  ]);
  const text = await textOf(file);
  const replayed = await replaying(() => replayLitmus(text, inputName(file), schedule));
  await print([replayedLitmusText(replayed)]);
  if (svg === undefined) return;
  const { timelineSvg } = await import("../report/timeline-svg.js");
  await writeFile(svg, timelineSvg(replayed.timeline));
}

async function campaign(files: readonly string[], flags: RunModelFlags): Promise<void> {
  const [{ explore }, { litmusJson, litmusText }] = await Promise.all([
    import("../explore/explore.js"),
    import("../report/explore-litmus.js"),
  ]);
  const { executions = DEFAULT_EXECUTIONS, seed = 1, chooser = "mixed", depth = DEFAULT_DEPTH } = flags;
  const texts = await Promise.all(files.map(textOf));
  const tasks = files.map((file, index) => {
    return {
      kind: "litmus",
      file: inputName(file),
      text: texts[index] ?? "",
      executions,
      seed,
      chooser,
      depth,
    } as const;
  });
  const results: object[] = [];
  let refused = 0;
  await interruptible(async (signal) => {
    await explore(tasks, signal, (message) => {
      if (message.kind === "refused") {
        refused++;
        process.stderr.write(`cmodx: ${message.error}\n`);
      } else if (message.kind === "litmus") {
        if (flags.json) results.push(litmusJson(message, message.file));
        else process.stdout.write(litmusText(message, message.file));
      }
    });
    if (flags.json) await print([`${JSON.stringify(results, undefined, 2)}\n`]);
  });
  if (refused > 0) throw new ExitStatus(1);
}

/** Executes litmus tests. */
export async function runModel(paths: readonly string[], flags: RunModelFlags): Promise<void> {
  const files = paths.flatMap(filesOf);
  await (flags.replay === undefined ? campaign(files, flags) : replay(files, flags.replay, flags.svg));
}
