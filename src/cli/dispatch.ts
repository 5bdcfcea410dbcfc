/** cmodx dispatch */
import { Command, InvalidArgumentError } from "commander";

const MAX_CALLS = 1_000_000_000;

function parseCalls(text: string): number {
  const calls = Number(text);
  if (!Number.isInteger(calls) || calls < 1 || calls > MAX_CALLS) {
    throw new InvalidArgumentError(`A number of calls is a whole number from 1 to ${MAX_CALLS}.`);
  }
  return calls;
}

/** After this long a terminal is shown how far the measurement is. */
const PROGRESS_AFTER_MILLISECONDS = 2000;

/** Shows one line that is overwritten, on a terminal only. */
function progressLine(): { update(step: number, steps: number, what: string): void; end(): void } {
  const start = Date.now();
  let shown = false;
  const clear = "\r\u001b[K";
  return {
    update(step, steps, what) {
      if (!process.stderr.isTTY || Date.now() - start < PROGRESS_AFTER_MILLISECONDS) return;
      shown = true;
      process.stderr.write(`${clear}measuring ${step} of ${steps}: ${what}`);
    },
    end() {
      if (shown) process.stderr.write(clear);
    },
  };
}

interface Flags {
  readonly json?: true;
  readonly calls?: number;
}

async function run(flags: Flags): Promise<void> {
  const [{ measureDispatch }, { dispatchJson, dispatchTable }] = await Promise.all([
    import("../dispatch/measure.js"),
    import("../report/dispatch.js"),
  ]);
  const line = progressLine();
  const calls = flags.calls === undefined ? {} : { calls: flags.calls };
  const rows = await measureDispatch({ ...calls, progress: line.update }).finally(line.end);
  process.stdout.write(flags.json ? dispatchJson(rows) : dispatchTable(rows));
}

export function dispatchCommand(): Command {
  return new Command("dispatch")
    .description("measure what a call costs through each static-call design, in the interpreter and in the JIT")
    .option("--calls <n>", "calls in a timed run of the JIT (the interpreter runs a twentieth)", parseCalls)
    .option("--json", "print JSON")
    .action(run);
}
