/**
 * Adds up a CI run: vitest's JSON results in a folder, and `steps` there, a file with one line a step
 * ("passed NAME" or "failed NAME"). Prints the line that ends the run; fails if anything failed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node scripts/tally.mjs FOLDER");

let passed = 0;
let failed = 0;
for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
  const results = JSON.parse(readFileSync(join(folder, name), "utf8"));
  passed += results.numPassedTests;
  failed += results.numFailedTests;
  // A file that did not load has no tests to fail.
  failed += results.testResults.filter(
    /** @param {{ status: string, assertionResults: unknown[] }} file */
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  if (results.numPendingTests > 0) process.stdout.write(`${name}: ${results.numPendingTests} skipped\n`);
}
const steps = join(folder, "steps");
for (const line of existsSync(steps) ? readFileSync(steps, "utf8").trim().split("\n") : []) {
  if (line.startsWith("passed ")) passed++;
  else {
    failed++;
    process.stdout.write(`${line}\n`);
  }
}
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
