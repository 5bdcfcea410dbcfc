/**
 * The command line. This file and the commands' own load nothing of the engine until a command runs, so that
 * help comes at once. Exit statuses: 0 done, 1 the answer is no (a check or an assembly failed), 2 bad usage.
 */
import { Command, CommanderError } from "commander";
import { asmCommand } from "./asm.js";
import { disasmCommand } from "./disasm.js";
import { dispatchCommand } from "./dispatch.js";
import { UsageError } from "./usage.js";

const EXIT_DONE = 0;
const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function program(version: string): Command {
  const root = new Command("cmodx")
    .description("Run, measure and break arm64 code that is being patched while other cores execute it.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", "\nExit status: 0 done, 1 a check or an assembly failed, 2 bad usage.")
    .showHelpAfterError("(cmodx --help says more)");
  for (const command of [dispatchCommand(), asmCommand(), disasmCommand()]) {
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

function statusOf(error: unknown): number {
  // Commander has printed its message already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_DONE : EXIT_USAGE;
  process.stderr.write(`cmodx: ${error instanceof Error ? error.message : String(error)}\n`);
  return error instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}

/** Runs the command that the process was started with; gives its exit status. */
export async function runProgram(version: string): Promise<number> {
  // A reader that has seen enough (cmodx ... | head) is no error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(EXIT_DONE);
  });
  try {
    await overrideExit(program(version)).parseAsync();
    return EXIT_DONE;
  } catch (error) {
    return statusOf(error);
  }
}
