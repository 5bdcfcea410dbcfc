/** The same for long: threads killed at any moment, and a thousand machines in one process. */
import { expect, test } from "vitest";
import { Random } from "../../support/random.js";
import { expectFlat, looksAt } from "../../support/resident.js";
import { victim } from "./parallel/victims.js";
import { watchWorkers } from "./parallel/workers.js";

/** For what should never be reached. */
const NEVER_MILLISECONDS = 60_000;

test("whenever a thread is killed, all that was asked of the machine ends", async () => {
  const workers = watchWorkers();
  const random = new Random("kills");
  try {
    for (let round = 0; round < 100; round++) {
      const before = workers.made.length;
      const machine = await victim({ cores: 4, threads: 4, maintenanceTimeoutMs: NEVER_MILLISECONDS });
      for (const core of machine.cores) core.limits.timeLimitMs = NEVER_MILLISECONDS;
      const all = machine.cores.map((core, index) =>
        core.callAsync(index % 2 === 0 ? "maintain" : "spin", index % 2 === 0 ? 1e9 : index),
      );
      const settled = Promise.allSettled(all);
      await new Promise((resolve) => setTimeout(resolve, random.u32() % 150));
      // Amid maintenance, amid waiting for others, amid its own beginning.
      const threads = workers.made.slice(before).filter(({ file }) => file === "thread.js");
      const killed = threads[random.u32() % Math.max(1, threads.length)];
      await killed?.worker.terminate();
      for (const core of machine.cores) core.stop();
      const codes = (await settled).map((each) =>
        each.status === "rejected" ? each.reason.code : `gave ${each.value}`,
      );
      expect(codes.toSorted(), `round ${round}`).toEqual(["core-died", "stopped", "stopped", "stopped"]);
      await machine.dispose();
    }
    expect(workers.alive().filter(({ file }) => file === "thread.js")).toEqual([]);
  } finally {
    workers.restore();
  }
});

/** A thousand machines whose cores run and maintain their code, one after the other. */
const THOUSAND = `
import { assemble, Machine } from "cmodx/engine";

async function oneMachine(number) {
  const window = (name, address, access) => ({ name, address, size: 65536, access });
  const windows = [window("text", 0x10000000n, "rx"), window("data", 0x20000000n, "rw"), window("stack", 0x30000000n, "rw")];
  const machine = await Machine.create({ windows, cores: 2, threads: 1 + number % 2 });
  machine.load(assemble(\`
    f:    adr x9, f
    1:    ic ivau, x9
          dsb ish
          isb
          subs x0, x0, #1
          b.ne 1b
          ret\`, { base: windows[0].address }));
  machine.onInvalidate(() => machine.symbols);
  await Promise.all(machine.cores.map((core) => core.callAsync("f", 100)));
  await machine.dispose();
}

for (let i = 1; i <= 1000; i++) {
  await oneMachine(i);
  if (i % 10 === 0) await look();
}
`;

test("a thousand machines one after the other leave memory flat, and no threads or listeners", () => {
  const looks = looksAt(THOUSAND);
  expect(looks).toHaveLength(100);
  expectFlat(looks);
  const [first, end] = [looks[0], looks[99]];
  expect(end?.resources.length).toBeLessThanOrEqual(first?.resources.length ?? 0);
  expect(end?.warnings).toEqual([]);
});
