/**
 * Adds up a CI run: vitest's JSON results in a folder, and `steps` there, a file with one line a step
 * ("passed NAME" or "failed NAME"). Ends with what failed, so that the tail of a log tells it, and the line
 * 'N passed, N failed'; fails if anything failed.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import process from "node:process";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: node scripts/tally.mjs FOLDER");

/** Failures that are told with their messages, and what of each: a log's tail is short. */
const TOLD = 20;
const LINES = 8;
const WIDTH = 240;

/**
 * @typedef {{ fullName: string, status: string, failureMessages: string[] }} Result
 * @typedef {{ name: string, status: string, message: string, assertionResults: Result[] }} File
 */

let passed = 0;
/** @type {{ what: string, message: string }[]} */
const failures = [];

/**
 * The first lines of an error's message, and of its stack the first line that is not in a package.
 * @param {string} message
 */
function firstLines(message) {
  const lines = message.split("\n");
  const isFrame = (/** @type {string} */ line) => /^ +at /.test(line);
  const text = lines.filter((line) => !isFrame(line) && line.trim() !== "").slice(0, LINES);
  const frame = lines.find((line) => isFrame(line) && !/node_modules|node:/.test(line));
  return [...text, ...(frame === undefined ? [] : [frame.trim()])]
    .map((line) => `    ${line.slice(0, WIDTH)}\n`)
    .join("");
}

/** @param {File} file */
function addFile({ name, status, message, assertionResults }) {
  const path = relative(process.cwd(), name);
  const failed = assertionResults.filter((result) => result.status === "failed");
  for (const { fullName, failureMessages } of failed) {
    failures.push({ what: `${path} > ${fullName}`, message: failureMessages.join("\n") });
  }
  if (status !== "failed" || failed.length > 0) return;
  // It did not load, or what comes before or after its tests failed, of which the results have no message.
  failures.push({
    what: path,
    message: message || "failed outside of its tests: vitest's own output above tells where",
  });
}

for (const name of readdirSync(folder).filter((file) => file.endsWith(".json"))) {
  const results = JSON.parse(readFileSync(join(folder, name), "utf8"));
  const before = failures.length;
  passed += results.numPassedTests;
  for (const file of results.testResults) addFile(file);
  if (!results.success && failures.length === before) {
    failures.push({ what: name, message: "errors that belong to no test: vitest's own output above tells them" });
  }
  if (results.numPendingTests > 0) process.stdout.write(`${name}: ${results.numPendingTests} skipped\n`);
}
const steps = join(folder, "steps");
for (const line of existsSync(steps) ? readFileSync(steps, "utf8").trim().split("\n") : []) {
  if (line.startsWith("passed ")) passed++;
  else failures.push({ what: line.replace(/^failed /, "step "), message: "" });
}
for (const { what, message } of failures.slice(0, TOLD)) process.stdout.write(`FAILED ${what}\n${firstLines(message)}`);
for (const { what } of failures.slice(TOLD)) process.stdout.write(`FAILED ${what}\n`);
process.stdout.write(`${passed} passed, ${failures.length} failed\n`);
process.exitCode = failures.length > 0 ? 1 : 0;
