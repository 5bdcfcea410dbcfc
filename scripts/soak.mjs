// The long stress of every design that is meant to be safe: each campaign of `cmodx stress` has four callers and a patcher, and fails
// where a call was wrong, where a transition has been gone through too seldom, or where the old target was never seen running during
// an update, which would prove nothing.
//
//   node scripts/soak.mjs [--short | --seconds N] [DESIGN...]
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";

const DESIGNS = ["hybrid", "hybrid-ret", "hybrid-b", "literal", "inline"];
const INSTRUCTION_CACHES = ["prompt", "adversarial"];
const CALLERS = 4;
/** For how long, and how often each transition has to be gone through meanwhile: the short form has to hold on a busy machine. */
const FULL = { seconds: 60, transitions: 10_000 };
const SHORT = { seconds: 3, transitions: 100 };

const { values, positionals } = parseArgs({
  options: { short: { type: "boolean", default: false }, seconds: { type: "string" } },
  allowPositionals: true,
});
const form = values.short ? SHORT : FULL;
const seconds = Number(values.seconds ?? form.seconds);
if (!Number.isInteger(seconds) || seconds < 1)
  throw new RangeError(`--seconds ${values.seconds}: expected a whole number`);
const required = Math.ceil((form.transitions * seconds) / form.seconds);
const command = fileURLToPath(new URL("../dist/src/cli/main.js", import.meta.url));
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), "cmodx-soak-"));

/**
 * @typedef {{ from: string, to: string, updates: number, stale: number }} Transition
 * @typedef {{ calls: number, updates: number, oldInside: number, transitions: Transition[] }} Counters
 * @typedef {{ counters: Counters, violations: unknown[], complete: boolean }} Report
 */

/**
 * The report of a campaign, and what the command printed. A violation is the command's status 1.
 *
 * @param {string} design
 * @param {string} icache
 * @param {number} seconds
 * @returns {Promise<{ report: Report, text: string }>}
 */
async function campaign(design, icache, seconds) {
  const file = join(folder, `${design}-${icache}.json`);
  const flags = ["--design", design, "--icache", icache, "--callers", CALLERS, "--seconds", seconds, "--json", file];
  const { stdout, stderr, code } = await run(process.execPath, [command, "stress", ...flags.map(String)], {
    maxBuffer: 1 << 26,
    // Stopping is the campaign's own business, but not for ever.
    timeout: (seconds + 120) * 1000,
  }).catch((error) => error);
  if (code !== undefined && code !== 1)
    throw new Error(`cmodx stress of ${design}, ${icache}: status ${code}: ${stderr}`);
  return { report: JSON.parse(readFileSync(file, "utf8")), text: stdout };
}

/**
 * Why a campaign is not what it has to be.
 *
 * @param {Report} report
 */
function objections({ counters, violations, complete }) {
  const seldom = counters.transitions.filter(({ updates }) => updates < required);
  return [
    ...(complete ? [] : ["did not come to its end"]),
    ...(violations.length === 0 ? [] : [`${violations.length} violations`]),
    // Where only a literal is stored an update is over in a microsecond: a short campaign may miss that.
    ...(counters.oldInside > 0 || values.short
      ? []
      : ["the old target was never seen during an update: proves nothing"]),
    ...seldom.map(({ from, to, updates }) => `${from} to ${to} only ${updates} times of ${required}`),
  ];
}

let failed = 0;
try {
  console.log(`${seconds} s each, ${CALLERS} callers and 1 patcher; every transition at least ${required} times`);
  for (const design of positionals.length > 0 ? positionals : DESIGNS) {
    for (const icache of INSTRUCTION_CACHES) {
      let { report, text } = await campaign(design, icache, seconds);
      // Where only a literal is stored an update is over in a microsecond, which a short campaign may never meet: it gets the full length.
      if (report.counters.oldInside === 0 && seconds < FULL.seconds)
        ({ report, text } = await campaign(design, icache, FULL.seconds));
      const { calls, updates, oldInside, transitions } = report.counters;
      const least = Math.min(...transitions.map((each) => each.updates));
      const stale = transitions.reduce((sum, each) => sum + each.stale, 0);
      const found = objections(report);
      const name = `${design}, ${icache}`.padEnd(24);
      console.log(
        `${found.length === 0 ? "ok  " : "FAIL"} ${name} ${calls} calls, ${updates} updates, each transition ${least} times or more, ` +
          `old target during an update ${oldInside} times, after it ${stale}`,
      );
      if (found.length === 0) continue;
      failed++;
      for (const objection of found) console.log(`     ${objection}`);
      console.log(text);
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
