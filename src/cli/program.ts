/**
 * The command line. This file and the commands' own load nothing of the engine until a command runs, so that
 * help comes at once. Exit statuses: 0 done, 1 the answer is no (a check or an assembly failed), 2 bad usage,
 * 130 stopped by Ctrl-C, 143 stopped by SIGTERM; of `cmodx run` the program's own.
 */
import { Command, CommanderError } from "commander";
import { asmCommand } from "./asm.js";
import { checkCommand } from "./check.js";
import { claimsCommand } from "./claims.js";
import { disasmCommand } from "./disasm.js";
import { dispatchCommand } from "./dispatch.js";
import { mergeCommand } from "./merge.js";
import { endWithReader } from "./output.js";
import { runCommand } from "./run.js";
import { EXIT_DONE, EXIT_USAGE, statusOf } from "./status.js";
import { stressCommand } from "./stress.js";

/** Commander's message as one line of ours. */
function usageLine(text: string): string {
  return `cmodx: ${text
    .replace(/^error: /, "")
    .trim()
    .replaceAll("\n", " ")} (cmodx --help says more)\n`;
}

function program(version: string): Command {
  const root = new Command("cmodx")
    .description("Run, measure and break arm64 code that is being patched while other cores execute it.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText(
      "after",
      "\nExit status: 0 done, 1 a check or an assembly failed, 2 bad usage, 130 Ctrl-C, 143 SIGTERM.",
    )
    .configureOutput({ outputError: (text, write) => write(usageLine(text)) });
  for (const command of [
    dispatchCommand(),
    stressCommand(),
    mergeCommand(),
    checkCommand(),
    claimsCommand(),
    runCommand(),
    asmCommand(),
    disasmCommand(),
  ]) {
    root.addCommand(command.copyInheritedSettings(root));
  }
  return root;
}

/** Commander would end the process itself, with status 1 for bad usage; each command has to be told not to. */
function overrideExit(command: Command): Command {
  command.exitOverride();
  for (const each of command.commands) overrideExit(each);
  return command;
}

/** Runs the command that the process was started with; gives its exit status. */
export async function runProgram(version: string): Promise<number> {
  endWithReader(EXIT_DONE);
  try {
    await overrideExit(program(version)).parseAsync();
    return EXIT_DONE;
  } catch (error) {
    // Commander has printed its message already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
    return statusOf(error);
  }
}
