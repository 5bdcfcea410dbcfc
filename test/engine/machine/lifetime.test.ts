/** Machines that come and go: a campaign makes thousands in one process. */
import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { guest } from "./guest.js";

const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** Makes machines with regions of their own, one after the other, and prints how many of their memories are still there. */
const CAMPAIGN = `
import { assemble, Machine } from "cmodx/engine";

const memories = [];
let regions = 0;

async function oneMachine(number) {
  const machine = await Machine.create({ jit: { background: false }, semihosting: {}, firmware: () => {} });
  machine.load(assemble(\`
    f:    mov x1, #0
    1:    add x1, x1, #\${number + 1}
          subs x0, x0, #1
          b.ne 1b
          mov x0, x1
          ret\`, { base: machine.windows[0].address }));
  machine.onInvalidate(() => machine.symbols);
  if (!machine.core.forceCompile("f")) throw new Error("no region");
  if (machine.core.call("f", 3) !== 3n * BigInt(number + 1)) throw new Error("wrong");
  regions += machine.stats().regions.linked;
  memories.push(new WeakRef(machine.internals.memory));
  machine.dispose();
}

for (let i = 0; i < 100; i++) await oneMachine(i);
for (let i = 0; i < 5; i++) {
  await new Promise((resolve) => setTimeout(resolve, 1));
  gc();
}
console.log(JSON.stringify({ machines: memories.length, regions, left: memories.filter((each) => each.deref()).length }));
`;

test("a hundred machines that were disposed of leave nothing behind", () => {
  const args = ["--expose-gc", "--input-type=module", "--eval", CAMPAIGN];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: repository, encoding: "utf8" });
  expect(stderr).toBe("");
  expect(JSON.parse(stdout)).toEqual({ machines: 100, regions: 100, left: 0 });
});

test("a core may begin to compile after some time only", async () => {
  const jit = { background: false, threshold: 20, startAfter: 1_500_000 };
  const { machine } = await guest("loop: subs x0, x0, #1\n b.ne loop\n ret\n", { jit });
  machine.core.limits.maxInstructions = Number.POSITIVE_INFINITY;
  machine.core.call("loop", 700_000);
  expect(machine.stats().regions.compiled).toBe(0);
  machine.core.call("loop", 700_000);
  expect(machine.stats().regions.compiled).toBe(1);
});
