/** What `cmodx run` does once its arguments are read. Loads no more than a short program needs. */
import { Input } from "../run/input.js";
import { Output, ReaderGoneError } from "../run/output.js";
import { type RunEngine, type RunReport, type RunSettings, runElf } from "../run/run.js";
import { readInput } from "./input.js";
import { interruptibleOnceWatched } from "./interruption.js";
import { EXIT_DONE, ExitStatus } from "./status.js";

export interface RunFlags {
  readonly trace?: true;
  readonly maxInstructions?: number;
  readonly stats?: true;
  readonly json?: true;
  readonly engine?: RunEngine;
  /** KiB. */
  readonly stack?: number;
  readonly heap?: number;
  readonly console?: "stdout" | "stderr";
}

const KIB = 1024;

function settings(file: string, flags: RunFlags, commandLine: string, input: Input, output: Output): RunSettings {
  const { engine, stack, heap, maxInstructions } = flags;
  const descriptors = { stdout: 1, stderr: 2, console: flags.console === "stdout" ? 1 : 2 } as const;
  return {
    name: file,
    ...(engine === undefined ? {} : { engine }),
    ...(stack === undefined ? {} : { stack: stack * KIB }),
    ...(heap === undefined ? {} : { heap: heap * KIB }),
    ...(maxInstructions === undefined ? {} : { maxInstructions }),
    counts: flags.stats === true,
    ...(flags.trace ? { trace: (line: string) => output.writeText(2, line) } : {}),
    semihosting: {
      write: (stream, bytes) => output.write(descriptors[stream], bytes),
      read: (length) => input.read(length),
      commandLine,
    },
    flush: () => output.flush(),
  };
}

async function writeStats(report: RunReport, json: boolean, output: Output): Promise<void> {
  const { runJson, runTable } = await import("../report/run.js");
  output.writeText(2, json ? runJson(report) : runTable(report));
  output.flush();
}

/**
 * Ends the process as the program ended, at once: all is written, and what V8 and the JIT still compile in the background
 * is of no use any more. Throws what stopped the program if it did not end by itself.
 */
function conclude({ outcome }: RunReport): void {
  if (outcome.kind === "failed") throw outcome.error;
  if (outcome.kind === "exited") process.exit(outcome.code & 0xff);
}

/** Runs an executable, and ends the process with its status. Throws an ExitStatus, an InterruptedError, or another error if that is not to be. */
export async function execute(file: string, flags: RunFlags, args: readonly string[] = []): Promise<void> {
  const bytes = await readInput(file);
  const input = new Input();
  const output = new Output();
  try {
    await interruptibleOnceWatched(async (watch) => {
      const report = await runElf(bytes, { ...settings(file, flags, [file, ...args].join(" "), input, output), watch });
      if (flags.stats) await writeStats(report, flags.json === true, output);
      conclude(report);
    });
  } catch (error) {
    // That nobody reads any more is no error.
    throw error instanceof ReaderGoneError ? new ExitStatus(EXIT_DONE) : error;
  } finally {
    input.close();
  }
}
