/**
 * What it costs to enter guest code from the host: core.call of an empty function, beside Unicorn's
 * uc_emu_start. Requirement: at most 1 microsecond in the steady state.
 */
import { join } from "node:path";
import { assemble, Machine } from "cmodx/engine";
import { STACK_TOP, windows, writeElf } from "./image.js";
import { compileHarness, flags, harnessRuns, Verdict, withFolder } from "./support.js";

/** Runs of less than a millisecond: other processes are in the way of most longer ones. */
const CALLS = 5_000;
const RUNS = flags.short ? 200 : 800;
const REQUIRED_NANOSECONDS = 1000;

const EMPTY = `
empty:
	bti	c
	ret
`;

/** Nanoseconds a call in the fastest run. */
function timeCalls(machine: Machine, symbol: string): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const start = process.hrtime.bigint();
    for (let call = 0; call < CALLS; call++) machine.core.call(symbol);
    best = Math.min(best, Number(process.hrtime.bigint() - start) / CALLS);
  }
  return best;
}

await withFolder(async (folder) => {
  const verdict = new Verdict();
  for (const jit of [true, false]) {
    const machine = await Machine.create({ windows, jit });
    machine.load(assemble(EMPTY, { base: windows[0]?.address ?? 0n }));
    const what = `core.call of an empty function, ${jit ? "with" : "without"} JIT`;
    verdict.require(what, timeCalls(machine, "empty"), "at most", REQUIRED_NANOSECONDS, " ns");
    if (jit) {
      const harness = compileHarness("unicorn", folder, ["unicorn"]);
      const image = join(folder, "image.elf");
      writeElf(image, machine, 0n, 0, 0);
      const numbers = [machine.symbols.get("empty") ?? 0n, STACK_TOP, 0, RUNS, CALLS].map(String);
      const runs = harness === undefined ? [] : harnessRuns(harness, [image, ...numbers]);
      const best = Math.min(...runs.map((run) => run.nanoseconds)) / CALLS;
      if (runs.length > 0) console.log(`     uc_emu_start of the same function: ${best.toFixed(0)} ns`);
    }
    machine.dispose();
  }
  verdict.end();
});
