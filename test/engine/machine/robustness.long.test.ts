/** The same for long: threads killed at any moment, and a thousand machines in one process. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Random } from "../../support/random.js";
import { victim } from "./parallel/victims.js";
import { watchWorkers } from "./parallel/workers.js";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

test("whenever a thread is killed, all that was asked of the machine ends", async () => {
  const workers = watchWorkers();
  const random = new Random("kills");
  try {
    for (let round = 0; round < 100; round++) {
      const before = workers.made.length;
      const machine = await victim({ cores: 4, threads: 4, maintenanceTimeoutMs: 2000 });
      // Amid maintenance, amid waiting for others, and with the lock held: whoever waits for that is told by its limit.
      for (const core of machine.cores) core.limits.timeLimitMs = 200;
      const all = machine.cores.map((core, index) =>
        core.callAsync(index % 2 === 0 ? "maintain" : "spin", index % 2 === 0 ? 1e9 : index),
      );
      const settled = Promise.allSettled(all);
      await new Promise((resolve) => setTimeout(resolve, random.u32() % 150));
      const threads = workers.made.slice(before).filter(({ file }) => file === "thread.js");
      const killed = threads[random.u32() % Math.max(1, threads.length)];
      await killed?.worker.terminate();
      const codes = (await settled).map((each) =>
        each.status === "rejected" ? each.reason.code : `gave ${each.value}`,
      );
      expect(
        codes.filter((code) => code !== "time-limit" && code !== "core-died"),
        `round ${round}`,
      ).toEqual([]);
      expect(codes.filter((code) => code === "core-died").length, `round ${round}`).toBe(killed === undefined ? 0 : 1);
      await machine.dispose();
    }
    expect(workers.alive().filter(({ file }) => file === "thread.js")).toEqual([]);
  } finally {
    workers.restore();
  }
});

/** A thousand machines whose cores run and maintain their code, one after the other; prints what is left of them, a line each hundred. */
const THOUSAND = `
import { assemble, Machine } from "cmodx/engine";

const warnings = [];
process.on("warning", (warning) => warnings.push(String(warning)));

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
  if (i % 100 !== 0) continue;
  await new Promise((resolve) => setTimeout(resolve, 10));
  gc();
  const { rss, heapUsed, external } = process.memoryUsage();
  const resources = process.getActiveResourcesInfo().length;
  console.log(JSON.stringify({ rss, heapUsed, external, resources, warnings }));
}
`;

interface Left {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  readonly resources: number;
  readonly warnings: readonly string[];
}

test("a thousand machines one after the other leave memory flat, and no threads or listeners", () => {
  const args = ["--expose-gc", "--input-type=module", "--eval", THOUSAND];
  // With an arena a thread, malloc keeps what ended threads have freed: this would measure malloc.
  const env = { ...process.env, MALLOC_ARENA_MAX: "1" };
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: repository, encoding: "utf8", env });
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const left = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Left);
  expect(left).toHaveLength(10);
  const end = left[9] as Left;
  // The least of some looks: what is garbage, or a thread that is just ending, does not count.
  const least = (from: number, to: number, what: "rss" | "heapUsed" | "external"): number =>
    Math.min(...left.slice(from, to).map((each) => each[what]));
  for (const what of ["rss", "heapUsed", "external"] as const) {
    expect(least(6, 10, what) / least(2, 6, what), `${what} of 700 to 1000 machines by 300 to 600`).toBeLessThan(1.05);
  }
  expect(end.resources).toBeLessThanOrEqual(left[0]?.resources ?? 0);
  expect(end.warnings).toEqual([]);
});
