/** cmodx run */
import { Command, Option } from "commander";
import type { RunFlags } from "./execute.js";
import { isModelRun, RUN_MODEL_HELP, type RunModelFlags, runModel, withRunModelOptions } from "./run-model.js";
import { parseWhole } from "./usage.js";

/** What a window can have, in KiB. */
const MAX_KIB = 2 ** 21;

const HELP = `
PROGRAM is a static AArch64 executable (ET_EXEC or static-pie) without an operating system: it starts at its entry point
at EL1 with exceptions masked, no vectors, flat memory (no MMU), no floating point and SP at the top of a stack; other
registers are zero. It talks by semihosting, HLT #0xF000 with the operation in W0 and its parameter in X1:
  SYS_OPEN of ":tt", SYS_CLOSE, SYS_WRITE, SYS_READ: the standard streams; SYS_WRITEC, SYS_WRITE0: the console
  SYS_EXIT, SYS_EXIT_EXTENDED: ends the program with a status
  SYS_CLOCK, SYS_TIME, SYS_ELAPSED, SYS_TICKFREQ, SYS_GET_CMDLINE, SYS_HEAPINFO, SYS_ISTTY, SYS_ISERROR, SYS_FLEN, SYS_ERRNO

Exit status: the program's, modulo 256. Without one: 1 for a fault, a file that cannot be run, or when --max-instructions
are used up (the standard error says which), 2 bad usage, 130 Ctrl-C, 143 SIGTERM.`;

async function run(file: string, args: readonly string[], flags: RunFlags & RunModelFlags): Promise<void> {
  if (isModelRun(file, flags)) return runModel([file, ...args], flags);
  const { execute } = await import("./execute.js");
  await execute(file, flags, args);
}

export function runCommand(): Command {
  const instructions = parseWhole("A number of instructions", 1, Number.MAX_SAFE_INTEGER);
  const size = (what: string) => parseWhole(what, 4, MAX_KIB);
  const command = new Command("run")
    .description("run a bare-metal ELF executable, with semihosting as its console and exit; or litmus tests")
    .argument("<program>", "an ELF executable, - for the standard input")
    .argument("[arguments...]", "what SYS_GET_CMDLINE gives behind the program's name; options of its own behind --")
    .option("--trace", "print each instruction before it is executed on the standard error; interprets")
    .option("--max-instructions <n>", "give up after so many instructions", instructions)
    .option("--stats", "print counters on the standard error at the end")
    .option("--json", "print the counters as JSON, on the last line")
    .addOption(
      new Option("--engine <name>", "mixed: compile hot code while it runs; jit: all code, first; interpreter: none")
        .choices(["mixed", "interpreter", "jit"])
        .default("mixed"),
    )
    .option("--stack <kib>", "KiB of stack (default 8192)", size("A stack's KiB"))
    .option("--heap <kib>", "KiB of heap that SYS_HEAPINFO offers (default 16384)", size("A heap's KiB"))
    .addOption(
      new Option("--console <stream>", "where SYS_WRITEC and SYS_WRITE0 go; under qemu-aarch64 it is stderr")
        .choices(["stdout", "stderr"])
        .default("stderr"),
    );
  return withRunModelOptions(command).addHelpText("after", `${HELP}\n${RUN_MODEL_HELP}`).action(run);
}
