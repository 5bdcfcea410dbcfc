/**
 * Patching while hot: a caller makes 10^8 calls through a hybrid trampoline whose target changes every
 * 10,000 calls, in a round of B f1, B f2, NOP+literal, RET. Requirements: no region is compiled after the
 * first round, and throughput is at least half of that of the same calls with no patching.
 */
import { StaticCall } from "cmodx";
import { assemble, Machine } from "cmodx/engine";
import { callLoop } from "#src/dispatch/program.js";
import { flags, Verdict } from "./support.js";

const CALLS = flags.short ? 20_000_000 : 100_000_000;
const CALLS_A_TARGET = 10_000;
const REQUIRED_SHARE = 0.5;
const TARGETS = ["f1", "f2", "far", null] as const;

const adds = (name: string, value: number): string => `${name}: bti c\n add x0, x0, #${value}\n ret\n`;

// In place, so that the first round ends with its regions made.
const machine = await Machine.create({ jit: { background: false } });
const text = machine.window("text").address;
machine.load(assemble(adds("f1", 1) + adds("f2", 2), { base: text }));
machine.load(assemble(adds("far", 3), { base: machine.window("modules").address }));
const key = StaticCall.define(machine, { name: "patched", design: "hybrid", target: "f1" });
machine.load(assemble(callLoop("caller", key.site), { base: text + 4096n, symbols: machine.symbols }));

/** Makes one round of calls, with the target changed before each or not; checks each result; gives nanoseconds a call. */
function round(patching: boolean): number {
  const start = process.hrtime.bigint();
  for (const [index, target] of TARGETS.entries()) {
    if (patching) key.update(target);
    const expected = BigInt(patching ? ((index + 1) % TARGETS.length) * CALLS_A_TARGET : CALLS_A_TARGET);
    const result = machine.core.call("caller", CALLS_A_TARGET);
    if (result !== expected) throw new Error(`target ${target}: x0 = ${result} in place of ${expected}`);
  }
  return Number(process.hrtime.bigint() - start) / (CALLS_A_TARGET * TARGETS.length);
}

interface Times {
  /** Of all rounds the median: a busy machine is in the way of some, and not of most. */
  readonly median: number;
  readonly mean: number;
}

function run(calls: number, patching: boolean): Times {
  const rounds = Math.ceil(calls / (CALLS_A_TARGET * TARGETS.length));
  const sorted = Array.from({ length: rounds }, () => round(patching)).sort((a, b) => a - b);
  const mean = sorted.reduce((sum, each) => sum + each, 0) / rounds;
  return { median: sorted[rounds >>> 1] ?? Number.NaN, mean };
}

const compiled = (): number => machine.stats().regions.compiled;

run(CALLS / 10, false);
const unpatched = run(CALLS, false);
round(true);
const before = compiled();
const patched = run(CALLS, true);
const late = compiled() - before;
machine.dispose();

console.log(`${CALLS} calls, the target changed every ${CALLS_A_TARGET}`);
for (const kind of ["median", "mean"] as const) {
  const [without, patchedTime] = [unpatched[kind].toFixed(2), patched[kind].toFixed(2)];
  console.log(`${kind} of the rounds: unpatched ${without} ns a call, patched ${patchedTime} ns a call`);
}
const verdict = new Verdict();
verdict.require("regions compiled after the first round", late, "at most", 0, "");
verdict.require("throughput, patched by unpatched", unpatched.median / patched.median, "at least", REQUIRED_SHARE, "");
verdict.end();
