/** cmodx run */
import { readSync } from "node:fs";
import { Command, Option } from "commander";
import type { RunEngine, RunReport } from "../run/run.js";
import { interruptible } from "./interruption.js";
import { ExitStatus, parseWhole, readInput } from "./usage.js";

const KIB = 1024;
const MAX_WINDOW = 2 ** 31;

interface Flags {
  readonly trace?: true;
  readonly maxInstructions?: number;
  readonly stats?: true;
  readonly json?: true;
  readonly engine: RunEngine;
  readonly stack?: number;
  readonly heap?: number;
  readonly console: "stdout" | "stderr";
}

const HELP = `
PROGRAM is a static AArch64 executable (ET_EXEC or static-pie) without an operating system: it starts at its entry point
at EL1 with exceptions masked, no vectors, flat memory (no MMU), no floating point and SP at the top of a stack; other
registers are zero. It talks by semihosting, HLT #0xF000 with the operation in W0 and its parameter in X1:
  SYS_OPEN of ":tt", SYS_CLOSE, SYS_WRITE, SYS_READ: the standard streams; SYS_WRITEC, SYS_WRITE0: the console
  SYS_EXIT, SYS_EXIT_EXTENDED: ends the program with a status
  SYS_CLOCK, SYS_TIME, SYS_ELAPSED, SYS_TICKFREQ, SYS_GET_CMDLINE, SYS_HEAPINFO, SYS_ISTTY, SYS_ISERROR, SYS_FLEN, SYS_ERRNO

Exit status: the program's, modulo 256. Without one: 1 for a fault, a file that cannot be run, or when --max-instructions
are used up (the standard error says which), 2 bad usage, 130 Ctrl-C, 143 SIGTERM.`;

/** Bytes of the standard input; none at its end. */
function readStandardInput(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (;;) {
    try {
      return bytes.subarray(0, readSync(0, bytes));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return bytes.subarray(0, 0);
      if (code !== "EAGAIN") throw error;
    }
  }
}

/** Throws what the process is to end with: the program's status, or what stopped it. */
function conclude({ outcome }: RunReport): void {
  if (outcome.kind === "failed") throw outcome.error;
  if (outcome.kind === "exited") throw new ExitStatus(outcome.code & 0xff);
}

async function run(file: string, flags: Flags): Promise<void> {
  const bytes = await readInput(file);
  const [{ runElf }, { Output, ReaderGoneError }] = await Promise.all([
    import("../run/run.js"),
    import("../run/output.js"),
  ]);
  const output = new Output();
  const consoleDescriptor = flags.console === "stdout" ? 1 : 2;
  try {
    await interruptible(async (signal) => {
      const { stack, heap, maxInstructions } = flags;
      const report = await runElf(bytes, {
        name: file,
        engine: flags.engine,
        ...(stack === undefined ? {} : { stack: stack * KIB }),
        ...(heap === undefined ? {} : { heap: heap * KIB }),
        ...(maxInstructions === undefined ? {} : { maxInstructions }),
        ...(flags.trace ? { trace: (line: string) => output.writeText(2, line) } : {}),
        semihosting: {
          write: (stream, written) =>
            output.write(stream === "stdout" ? 1 : stream === "stderr" ? 2 : consoleDescriptor, written),
          read: readStandardInput,
          commandLine: file,
        },
        flush: () => output.flush(),
        signal,
      });
      if (flags.stats) {
        const { runJson, runTable } = await import("../report/run.js");
        output.writeText(2, flags.json ? runJson(report) : runTable(report));
        output.flush();
      }
      conclude(report);
    });
  } catch (error) {
    if (error instanceof ReaderGoneError) throw new ExitStatus(0);
    throw error;
  }
}

export function runCommand(): Command {
  const instructions = parseWhole("A number of instructions", 1, Number.MAX_SAFE_INTEGER);
  const size = (what: string) => parseWhole(what, 4, MAX_WINDOW / KIB);
  return new Command("run")
    .description("run a bare-metal ELF executable, with semihosting as its console and exit")
    .argument("<program>", "an ELF executable, - for the standard input")
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
    )
    .addHelpText("after", HELP)
    .action(run);
}
