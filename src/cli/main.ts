#!/usr/bin/env node
/**
 * The command line. This file and the commands' own load nothing of the engine until a command runs, so that
 * --help and --version answer at once. Exit codes: 0 done, 1 the answer is no (a check or an assembly failed),
 * 2 bad usage.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { asmCommand } from "./asm.js";
import { disasmCommand } from "./disasm.js";
import { dispatchCommand } from "./dispatch.js";
import { UsageError } from "./usage.js";

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

function program(): Command {
  const root = new Command("cmodx")
    .description("Run, measure and break arm64 code that is being patched while other cores execute it.")
    .version(version(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .addHelpText("after", "\nExit status: 0 done, 1 a check or an assembly failed, 2 bad usage.")
    .showHelpAfterError("(cmodx --help says more)");
  for (const command of [dispatchCommand(), asmCommand(), disasmCommand()]) root.addCommand(command.copyInheritedSettings(root));
  return root;
}

/** exitOverride on every command: commander otherwise ends the process itself, with status 1 for bad usage. */
function overrideExit(command: Command): Command {
  command.exitOverride();
  for (const each of command.commands) overrideExit(each);
  return command;
}

function exitStatus(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  const usage = error instanceof UsageError;
  process.stderr.write(`cmodx: ${error instanceof Error ? error.message : String(error)}\n`);
  return usage ? EXIT_USAGE : EXIT_FAILED;
}

// A reader that has seen enough (cmodx ... | head) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

try {
  await overrideExit(program()).parseAsync();
} catch (error) {
  process.exitCode = exitStatus(error);
}
