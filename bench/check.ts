/**
 * The checker's speed. Requirement: all tests of the catalogue's ifetch folder in one process within 2 seconds after
 * start-up (herd7 takes 3.3 s of processes for them). Prints the ten slowest tests, and the executions that the search tried
 * for each. The catalogues stand beside the project (../shared/litmus); without them the project's own tests are timed.
 *
 * --all: a line for every test.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { runLitmus } from "#src/litmus/index.js";
import { repository, Verdict } from "./support.js";

const IFETCH_SECONDS = 2;
const SLOWEST = 10;

interface Timed {
  readonly name: string;
  readonly milliseconds: number;
  readonly executions: number;
  readonly states: number;
}

function timed(folder: string): readonly Timed[] {
  const texts = readdirSync(folder)
    .filter((name) => name.endsWith(".litmus"))
    .map((name) => ({ name, text: readFileSync(join(folder, name), "utf8") }));
  return texts.map(({ name, text }) => {
    const start = performance.now();
    const { executions, states, complete } = runLitmus(text, name);
    if (!complete) throw new Error(`${name} is not complete`);
    return { name, milliseconds: performance.now() - start, executions, states: states.length };
  });
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

/** Prints a folder's figures; gives the seconds of all its tests together. */
function report(title: string, tests: readonly Timed[]): number {
  const seconds = sum(tests.map(({ milliseconds }) => milliseconds)) / 1000;
  const executions = sum(tests.map((test) => test.executions));
  console.log(`${title}: ${tests.length} tests, ${seconds.toFixed(2)} s, ${executions} executions tried`);
  const slowest = [...tests].sort((a, b) => b.milliseconds - a.milliseconds);
  console.log("        ms  executions  states");
  for (const test of process.argv.includes("--all") ? slowest : slowest.slice(0, SLOWEST)) {
    const columns = [test.milliseconds.toFixed(1).padStart(10), String(test.executions).padStart(10)];
    console.log(`${columns.join("  ")}  ${String(test.states).padStart(6)}  ${test.name}`);
  }
  return seconds;
}

const verdict = new Verdict();
const catalogues = join(repository, "..", "shared", "litmus");
if (existsSync(catalogues)) {
  // First, while nothing is warm.
  const ifetch = report("ifetch", timed(join(catalogues, "ifetch")));
  for (const name of ["user", "mixed"]) report(name, timed(join(catalogues, name)));
  report("own tests", timed(join(repository, "test", "litmus")));
  verdict.require("ifetch in one process, without start-up", ifetch, "at most", IFETCH_SECONDS, " s");
} else {
  console.log(`no catalogues in ${catalogues}: only the project's own tests`);
  report("own tests", timed(join(repository, "test", "litmus")));
}
verdict.end();
