/**
 * Checked calls a second through a trampoline while a patcher changes it at a given rate: the callers and the patcher of `cmodx stress`
 * on the hybrid design, in cmodx and under qemu-aarch64. Neither patcher is in the callers' way between two updates: under QEMU its thread
 * sleeps, in cmodx it is one of the cores that share the threads, and paces itself.
 */
import { setTimeout } from "node:timers/promises";
import type { Machine } from "cmodx/engine";
import { caller, control, patcher } from "#src/stress/layout.js";
import { type Campaign, campaignDefaults } from "#src/stress/options.js";
import { loadStress } from "#src/stress/program.js";
import { Random } from "#src/stress/random.js";
import { makeMachine, type Qemu, symbolOf } from "./machine.js";

export interface Load {
  readonly callers: number;
  /** Updates a second; 0: nobody patches. */
  readonly rate: number;
  /** For how long to count. */
  readonly milliseconds: number;
  /** How long cmodx may run before, until it compiles nothing more. */
  readonly settleMilliseconds: number;
}

export interface Throughput {
  readonly callsPerSecond: number;
  readonly updatesPerSecond: number;
  /** Processor time of the whole process a call. */
  readonly nanosecondsPerCall: number;
  /** Whether regions were compiled while it was counted. */
  readonly unsettled?: true;
}

const NANOSECONDS = 1e9;
const QEMU_WARM_UP = 500;
/** It has compiled nothing for so many steps of so many milliseconds. */
const QUIET = { steps: 4, milliseconds: 500 };
/** Updates a second meanwhile. */
const SETTLING_RATE = 8000;

async function loaded({ callers }: Load): Promise<Machine> {
  const machine = await makeMachine(callers + 1);
  // While nobody patches the trampoline is in the first state.
  const states = ["near", "far", "null", "ret0"] as const;
  const campaign: Campaign = { ...campaignDefaults, design: "hybrid", states, callers, rate: 0 };
  loadStress(machine, campaign, new Random(1n));
  return machine;
}

/** Lets the patcher aim at that many updates a second. */
function pace(machine: Machine, rate: number): void {
  machine.writeU64(
    symbolOf(machine, "stress_control") + BigInt(control.period),
    BigInt(Math.round(NANOSECONDS / rate)),
  );
}

/** Runs until no region has been compiled for a while: what is measured is what goes on. Patches are more frequent here, to see all there are. */
async function settle(machine: Machine, { rate, settleMilliseconds }: Load): Promise<void> {
  if (rate > 0) pace(machine, SETTLING_RATE);
  const end = performance.now() + settleMilliseconds;
  let compiled = 0;
  for (let quiet = 0; quiet < QUIET.steps && performance.now() < end; quiet++) {
    await setTimeout(QUIET.milliseconds);
    const { regions } = machine.stats();
    if (regions.compiled !== compiled || compiled === 0) quiet = -1;
    compiled = regions.compiled;
  }
  if (rate === 0) return;
  pace(machine, rate);
  await setTimeout(QUIET.milliseconds);
}

const countUpdates = (machine: Machine): number =>
  Number(machine.readU64(symbolOf(machine, "stress_patchers") + BigInt(patcher.updates)));

function countCalls(machine: Machine, callers: number): number {
  const first = symbolOf(machine, "stress_callers");
  const blocks = Array.from({ length: callers }, (_, index) => first + BigInt((index << caller.shift) + caller.calls));
  return blocks.reduce((sum, block) => sum + Number(machine.readU64(block)), 0);
}

interface Reading {
  readonly milliseconds: number;
  readonly calls: number;
  readonly updates: number;
  readonly compiled: number;
}

function read(machine: Machine, callers: number): Reading {
  const [calls, updates] = [countCalls(machine, callers), countUpdates(machine)];
  return { milliseconds: performance.now(), calls, updates, compiled: machine.stats().regions.compiled };
}

export async function cmodxThroughput(load: Load): Promise<Throughput> {
  const machine = await loaded(load);
  try {
    const { callers, rate, milliseconds } = load;
    const calling = machine.cores.slice(0, callers).map((core, index) => core.callAsync("stress_caller", index));
    const patching = rate === 0 ? [] : machine.cores.slice(callers).map((core) => core.callAsync("stress_patcher", 0));
    const running = Promise.all([...calling, ...patching]);
    // What goes wrong meanwhile is thrown below.
    running.catch(() => {});
    await settle(machine, load);
    const [before, time] = [read(machine, callers), process.cpuUsage()];
    await setTimeout(milliseconds);
    const after = read(machine, callers);
    const { user, system } = process.cpuUsage(time);
    machine.writeU32(symbolOf(machine, "stress_control") + BigInt(control.stop), 1);
    await running;
    const seconds = (after.milliseconds - before.milliseconds) / 1000;
    const calls = after.calls - before.calls;
    return {
      callsPerSecond: calls / seconds,
      updatesPerSecond: (after.updates - before.updates) / seconds,
      nanosecondsPerCall: ((user + system) * 1000) / calls,
      ...(after.compiled > before.compiled && { unsettled: true }),
    };
  } finally {
    await machine.dispose();
  }
}

export async function qemuThroughput(load: Load, qemu: Qemu): Promise<Throughput> {
  const machine = await loaded(load);
  const { callers, rate, milliseconds } = load;
  const shared = symbolOf(machine, "stress_control");
  const args = [
    qemu.image(machine),
    callers,
    symbolOf(machine, "stress_caller"),
    symbolOf(machine, "stress_callers") + BigInt(caller.calls),
    1 << caller.shift,
    shared + BigInt(control.stop),
    symbolOf(machine, "stress_patcher"),
    shared + BigInt(control.updatesLeft),
    rate === 0 ? 0 : Math.round(NANOSECONDS / rate),
    QEMU_WARM_UP,
    milliseconds,
  ];
  await machine.dispose();
  const [line = ""] = qemu.run("rate", args, 60 + milliseconds / 1000);
  const [nanoseconds = 0, calls = 0, updates = 0, time = 0] = line.split(" ").map(Number);
  const seconds = nanoseconds / NANOSECONDS;
  return { callsPerSecond: calls / seconds, updatesPerSecond: updates / seconds, nanosecondsPerCall: time / calls };
}
