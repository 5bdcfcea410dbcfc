/**
 * Start-up, as the user waits for it: a whole process each time. Requirements: `cmodx --version` within 150 ms;
 * importing the engine, assembling and calling one function, without loading binaryen, within 250 ms.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { flags, repository, Verdict } from "./support.js";

const RUNS = flags.short ? 7 : 21;
const VERSION_MILLISECONDS = 150;
const CALL_MILLISECONDS = 250;

const FIRST_CALL = `
import { assemble, Machine } from "cmodx/engine";
const machine = await Machine.create();
machine.load(assemble("seven: mov x0, #7\\n ret", { base: machine.windows[0].address }));
if (machine.core.call("seven") !== 7n) process.exit(1);
machine.dispose();
`;

/** Milliseconds of the median run. */
function median(args: readonly string[]): number {
  const runs = Array.from({ length: RUNS }, () => {
    const start = process.hrtime.bigint();
    execFileSync(process.execPath, args, { cwd: repository });
    return Number(process.hrtime.bigint() - start) / 1e6;
  }).sort((a, b) => a - b);
  return runs[Math.floor(RUNS / 2)] ?? Number.NaN;
}

console.log(`     node itself: ${median(["-e", "0"]).toFixed(0)} ms`);
const verdict = new Verdict();
const main = join(repository, "dist", "src", "cli", "main.js");
verdict.require("cmodx --version", median([main, "--version"]), "at most", VERSION_MILLISECONDS, " ms");
const firstCall = median(["--input-type=module", "--eval", FIRST_CALL]);
verdict.require("import, assemble and call one function", firstCall, "at most", CALL_MILLISECONDS, " ms");
verdict.end();
