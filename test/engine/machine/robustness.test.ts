/** What goes wrong beside the guest's own mistakes: threads that end, cores that do not answer, machines that go while they are in use. */
import type { Machine } from "cmodx/engine";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { at, eventually, release, spinning, victim } from "./parallel/victims.js";
import { type Made, type Watched, watchWorkers } from "./parallel/workers.js";

let workers: Watched;
let machine: Machine | undefined;

beforeEach(() => {
  workers = watchWorkers();
});
afterEach(async () => {
  await machine?.dispose();
  machine = undefined;
  workers.restore();
});

/** mov x0, #6 */
const MOV_X0_6 = 0xd28000c0;

/** The workers that run cores; the compile worker is the process's, and stays. */
const coreThreads = (made: readonly Made[]): Made[] => made.filter(({ file }) => file === "thread.js");

async function made(options: Parameters<typeof victim>[0]): Promise<Machine> {
  machine = await victim(options);
  return machine;
}

test("a thread that is killed ends its core with an error that names it, and the others go on", async () => {
  const machine = await made({ cores: 2, threads: 2 });
  const dying = await spinning(machine, 0);
  const [thread] = coreThreads(workers.alive());
  const going = await spinning(machine, 1);
  await thread?.worker.terminate();
  await expect(dying.done).rejects.toMatchObject({ name: "CoreDiedError", code: "core-died", core: 0 });
  expect(machine.cores[0]?.isRunning).toBe(false);
  // It is gone, and not for a time.
  await expect(machine.cores[0]?.callAsync("spin", 0)).rejects.toMatchObject({ code: "core-died", core: 0 });
  release(machine);
  expect(await going.done).toBe(7n);
  // Nobody waits for the dead one to take maintenance.
  expect(await machine.cores[1]?.callAsync("maintain", 10)).toBe(5n);
});

test("of two cores in one thread both die with it", async () => {
  const machine = await made({ cores: 3, threads: 2 });
  const [first, third] = [await spinning(machine, 0), await spinning(machine, 2)];
  expect(coreThreads(workers.alive())).toHaveLength(1);
  await coreThreads(workers.alive())[0]?.worker.terminate();
  await expect(first.done).rejects.toMatchObject({ code: "core-died", core: 0 });
  await expect(third.done).rejects.toMatchObject({ code: "core-died", core: 2 });
  expect(await machine.cores[1]?.callAsync("maintain", 10)).toBe(5n);
});

test("who waits for a lock that a dead core holds can be stopped, and goes on when the lock is given back", async () => {
  const machine = await made({ cores: 2, threads: 2 });
  machine.writeU32(at(machine, "lock"), 1);
  const waiting = machine.cores[1]?.callAsync("update", 0);
  await eventually("core 1 runs", () => machine.cores[1]?.isRunning === true);
  machine.cores[1]?.stop();
  await expect(waiting).rejects.toMatchObject({ code: "stopped" });
  machine.writeU32(at(machine, "lock"), 0);
  expect(await machine.cores[1]?.runAsync()).toMatchObject({ reason: "returned" });
  expect(machine.cores[1]?.x(0)).toBe(1n);
});

test("a fault with the lock held is the faulting core's; others wait within their limit, and can go on", async () => {
  const machine = await made({ cores: 3, threads: 2 });
  const [patcher, second, third] = machine.cores;
  await expect(patcher?.callAsync("update", 1)).rejects.toMatchObject({
    name: "GuestFault",
    fault: { kind: "data-abort", pc: at(machine, "fault"), address: 0n },
  });
  const waiting = [second, third].map((core) => {
    if (core === undefined) throw new Error("no core");
    core.limits.timeLimitMs = 50;
    return core.callAsync("update", 0);
  });
  for (const outcome of await Promise.allSettled(waiting)) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "time-limit", milliseconds: 50 } });
  }
  // What a kernel does with the one that oopsed: somebody else gives the lock back.
  machine.writeU32(at(machine, "lock"), 0);
  for (const core of [second, third]) expect(await core?.runAsync()).toMatchObject({ reason: "returned" });
  expect(machine.readU64(at(machine, "count"))).toBe(3n);
});

test("a core that does not come to an interrupt point is named by who waits for it", async () => {
  const machine = await made({ cores: 2, threads: 1, maintenanceTimeoutMs: 300 });
  const waiting = await spinning(machine, 1, "spin_maintain");
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  const waiter = machine.internals.states[1];
  let times = 0;
  machine.onInvalidate(({ core }) => {
    // Core 0 is amid an instruction, and its thread, which is this one, is blocked.
    if (core !== 0 || times++ > 0) return;
    release(machine);
    const gaveUp = (): boolean => waiter?.get32(layout.EXCEPTION) === layout.EXCEPTION_UNRESPONSIVE;
    for (let waits = 0; waits < 1000 && !gaveUp(); waits++) Atomics.wait(sleeper, 0, 0, 5);
  });
  expect(machine.core.call("constant")).toBe(5n);
  machine.writeU32(at(machine, "constant"), MOV_X0_6);
  expect(machine.core.call("maintain", 1)).toBe(6n);
  expect(times).toBeGreaterThan(0);
  await expect(waiting.done).rejects.toMatchObject({
    name: "UnresponsiveCoreError",
    code: "unresponsive-core",
    core: 0,
  });
  // Now it is there again.
  expect(await machine.cores[1]?.runAsync()).toMatchObject({ reason: "returned" });
  expect(machine.cores[1]?.x(0)).toBe(6n);
});

test("a machine that is disposed of while its cores run ends them, and its threads", async () => {
  const machine = await made({ cores: 4, threads: 2 });
  const running = [await spinning(machine, 0), await spinning(machine, 1), await spinning(machine, 2)];
  const dozing = machine.cores[3]?.callAsync("doze");
  dozing?.catch(() => {});
  await machine.dispose();
  for (const { done } of running) await expect(done).rejects.toMatchObject({ code: "machine-disposed" });
  await expect(dozing).rejects.toMatchObject({ code: "machine-disposed" });
  expect(coreThreads(workers.made).length).toBeGreaterThan(0);
  await eventually("the threads have ended", () => coreThreads(workers.alive()).length === 0);
});

test("a machine can be disposed of at once, twice, and amid maintenance", async () => {
  const machine = await made({ cores: 2, threads: 2 });
  const maintaining = machine.cores.map((core) => core.callAsync("maintain", 1_000_000));
  const outcomes = Promise.allSettled(maintaining);
  await Promise.all([machine.dispose(), machine.dispose()]);
  for (const outcome of await outcomes) {
    expect(outcome).toMatchObject({ status: "rejected", reason: { code: "machine-disposed" } });
  }
  await expect(machine.core.callAsync("constant")).rejects.toMatchObject({ code: "machine-disposed" });
});

test("a firmware's error ends the call that asked it, in whichever thread that is", async () => {
  const machine = await made({
    cores: 2,
    threads: 2,
    firmware: (core) => {
      if (core.index === 0) throw new RangeError("no such service");
      core.setX(0, 9);
    },
  });
  await expect(machine.cores[0]?.callAsync("hypercall")).rejects.toThrow("no such service");
  expect(await machine.cores[1]?.callAsync("hypercall")).toBe(9n);
  expect(await machine.cores[0]?.callAsync("constant")).toBe(5n);
});

test("sleepers end by their limit, by stop, and by the flag they wait for", async () => {
  const machine = await made({ cores: 3, threads: 2 });
  const [first, second, third] = machine.cores;
  if (first !== undefined) first.limits.timeLimitMs = 30;
  const [limited, stopped, woken] = [first?.callAsync("doze"), second?.callAsync("doze"), third?.callAsync("doze")];
  const outcomes = Promise.allSettled([limited, stopped, woken]);
  await limited?.catch(() => {});
  second?.stop();
  await stopped?.catch(() => {});
  release(machine);
  expect(await outcomes).toMatchObject([
    { status: "rejected", reason: { code: "time-limit" } },
    { status: "rejected", reason: { code: "stopped" } },
    { status: "fulfilled", value: 7n },
  ]);
});

test("machines come and go without a trace in this process", async () => {
  const resources = (): string[] => process.getActiveResourcesInfo().filter((name) => !name.startsWith("TTY"));
  // Once for the compile worker, which stays.
  for (const count of [1, 3]) {
    const before = resources().length;
    for (let i = 0; i < count; i++) {
      const machine = await victim({ cores: 2, threads: 2 });
      expect(await Promise.all(machine.cores.map((core) => core.callAsync("maintain", 3)))).toEqual([5n, 5n]);
      await machine.dispose();
    }
    if (count > 1) await eventually("as many resources as before", () => resources().length <= before);
  }
  expect(coreThreads(workers.alive())).toEqual([]);
});
