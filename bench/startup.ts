/**
 * Start-up, as the user waits for it: a whole process each time. Requirements: `cmodx --version` within 150 ms;
 * importing the engine, assembling and calling one function within 250 ms; a program that says
 * hello within twice the time of qemu-aarch64, beside node's own.
 */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { flags, installed, repository, Verdict } from "./support.js";

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

type Command = readonly [string, ...string[]];

/** Milliseconds of the median run of each command, in turns so that a busy moment does not meet one of them alone. */
function medians(...commands: readonly Command[]): readonly number[] {
  const runs = commands.map((): number[] => []);
  for (let i = 0; i < RUNS; i++) {
    commands.forEach(([command, ...args], index) => {
      const start = process.hrtime.bigint();
      execFileSync(command, args, { cwd: repository });
      runs[index]?.push(Number(process.hrtime.bigint() - start) / 1e6);
    });
  }
  return runs.map((times) => times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? Number.NaN);
}

const node = (...args: string[]): Command => [process.execPath, ...args];
const main = join(repository, "dist", "bin", "cmodx.cjs");
const hello = join(repository, "test", "src", "run", "hello.elf");

const verdict = new Verdict();
const [itself = 0, version = 0, firstCall = 0, run = 0] = medians(
  node("-e", "0"),
  node(main, "--version"),
  node("--input-type=module", "--eval", FIRST_CALL),
  node(main, "run", hello),
);
console.log(`     node itself: ${itself.toFixed(1)} ms`);
verdict.require("cmodx --version", version, "at most", VERSION_MILLISECONDS, " ms");
verdict.require("import, assemble and call one function", firstCall, "at most", CALL_MILLISECONDS, " ms");
if (installed("qemu-aarch64")) {
  const [again = 0, theirs = 0, ours = 0] = medians(node("-e", "0"), ["qemu-aarch64", hello], node(main, "run", hello));
  console.log(`     qemu-aarch64 hello.elf: ${theirs.toFixed(1)} ms; cmodx run hello.elf: ${ours.toFixed(1)} ms`);
  const beside = (ours - again) / theirs;
  verdict.require("cmodx run hello.elf less node itself, to qemu-aarch64", beside, "at most", 2, " times");
} else {
  console.log(`     cmodx run hello.elf: ${run.toFixed(1)} ms; qemu-aarch64, to compare with, is not installed`);
}
verdict.end();
