/** Ten million operations (or CMODX_OPERATIONS) of each lock in all, on as few cores as can contend and on more than most hosts have. */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countFromEnvironment } from "../../../support/random.js";
import { contend, produceAndConsume, writeAndRead } from "./campaigns.js";
import { Cores } from "./cores.js";
import { locks } from "./locks.js";
import { exchanges } from "./structures.js";

const OPERATIONS = countFromEnvironment("CMODX_OPERATIONS", 10_000_000);

const parts = [
  { count: 2, operations: 0.4 * OPERATIONS },
  { count: 4, operations: 0.3 * OPERATIONS },
  { count: 8, operations: 0.3 * OPERATIONS },
];

describe.each(parts)("$count cores", ({ count, operations }) => {
  let cores: Cores;
  beforeAll(async () => {
    cores = await Cores.create(count);
  });
  afterAll(() => cores.dispose());

  test.each(locks)("$name", (lock) => contend(cores, count, lock, operations));
  test("seqlock", async () => {
    const retries = await writeAndRead(cores, count, operations);
    // Readers that never met a writer have proved nothing.
    if (availableParallelism() > 1) expect(retries).toBeGreaterThan(0);
  });
  test.each(Object.entries(exchanges))("queue, %s", (_, exchange) =>
    produceAndConsume(cores, count, exchange, operations),
  );
});
