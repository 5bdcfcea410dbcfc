/**
 * Checked calls a second through a trampoline while a patcher changes it at a given rate: the callers and the patcher of `cmodx stress`
 * on the hybrid design, in cmodx and under qemu-aarch64. Either patcher sleeps between two updates, so that it is in nobody's way.
 */
import { setImmediate } from "node:timers/promises";
import type { Machine } from "cmodx/engine";
import { caller, control } from "#src/stress/layout.js";
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

async function loaded({ callers }: Load): Promise<Machine> {
  const machine = await makeMachine(callers + 1);
  // While nobody patches the trampoline is in the first state.
  const states = ["near", "far", "null", "ret0"] as const;
  const campaign: Campaign = { ...campaignDefaults, design: "hybrid", states, callers, rate: 0 };
  loadStress(machine, campaign, new Random(1n));
  return machine;
}

const now = (): number => Number(process.hrtime.bigint());
const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps until a moment of `now`; the event loop gets its turn. */
async function sleepUntil(moment: number): Promise<void> {
  await setImmediate();
  const left = moment - now();
  if (left > 0) Atomics.wait(sleeper, 0, 0, left / 1e6);
}

/** Waits until `end`, and updates meanwhile. Gives how often. */
async function patchUntil(end: number, machine: Machine, rate: number): Promise<number> {
  if (rate === 0) {
    for (const step = 50e6; now() < end; ) await sleepUntil(Math.min(end, now() + step));
    return 0;
  }
  const left = symbolOf(machine, "stress_control") + BigInt(control.updatesLeft);
  const patcher = machine.cores.at(-1);
  let updates = 0;
  for (let next = now(); next < end; next += NANOSECONDS / rate) {
    await sleepUntil(next);
    machine.writeU64(left, 1n);
    patcher?.call("stress_patcher", 0);
    updates++;
  }
  return updates;
}

/** Runs until no region has been compiled for a while: what is measured is what goes on. */
async function settle(machine: Machine, { rate, settleMilliseconds }: Load): Promise<void> {
  const end = now() + settleMilliseconds * 1e6;
  let compiled = 0;
  for (let quiet = 0; quiet < QUIET.steps && now() < end; quiet++) {
    await patchUntil(now() + QUIET.milliseconds * 1e6, machine, rate);
    const { regions } = machine.stats();
    if (regions.compiled !== compiled || compiled === 0) quiet = -1;
    compiled = regions.compiled;
  }
}

function countCalls(machine: Machine, callers: number): number {
  const first = symbolOf(machine, "stress_callers");
  const blocks = Array.from({ length: callers }, (_, index) => first + BigInt((index << caller.shift) + caller.calls));
  return blocks.reduce((sum, block) => sum + Number(machine.readU64(block)), 0);
}

export async function cmodxThroughput(load: Load): Promise<Throughput> {
  const machine = await loaded(load);
  try {
    const { callers, rate, milliseconds } = load;
    const running = Promise.all(
      machine.cores.slice(0, callers).map((core, index) => core.callAsync("stress_caller", index)),
    );
    // What goes wrong while this thread patches is thrown below.
    running.catch(() => {});
    await settle(machine, load);
    const compiled = machine.stats().regions.compiled;
    const [start, before, time] = [now(), countCalls(machine, callers), process.cpuUsage()];
    const updates = await patchUntil(start + milliseconds * 1e6, machine, rate);
    const seconds = (now() - start) / NANOSECONDS;
    const calls = countCalls(machine, callers) - before;
    const { user, system } = process.cpuUsage(time);
    const unsettled = machine.stats().regions.compiled > compiled;
    machine.writeU32(symbolOf(machine, "stress_control") + BigInt(control.stop), 1);
    await running;
    return {
      callsPerSecond: calls / seconds,
      updatesPerSecond: updates / seconds,
      nanosecondsPerCall: ((user + system) * 1000) / calls,
      ...(unsettled && { unsettled }),
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
