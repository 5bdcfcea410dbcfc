/** Ten million operations of each lock, on as few cores as can contend and on more than the host has. */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { contend, produceAndConsume, writeAndRead } from "./campaigns.js";
import { Cores } from "./cores.js";
import { locks } from "./locks.js";
import { exchanges } from "./structures.js";

const OPERATIONS = 10_000_000;

describe.each([2, 3, 8])("%i cores", (count) => {
  let cores: Cores;
  beforeAll(async () => {
    cores = await Cores.create(count);
  });
  afterAll(() => cores.dispose());

  test.each(locks)("$name", (lock) => contend(cores, count, lock, OPERATIONS));
  test("seqlock", async () => {
    const retries = await writeAndRead(cores, count, OPERATIONS);
    // Readers that never met a writer have proved nothing.
    if (availableParallelism() > 1) expect(retries).toBeGreaterThan(0);
  });
  test.each(Object.entries(exchanges))("queue, %s", (_, exchange) =>
    produceAndConsume(cores, count, exchange, OPERATIONS),
  );
});
