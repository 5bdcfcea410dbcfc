/** Locks, a seqlock and a queue for a moment: that they work at all, and that nobody starves. locks.long.test.ts insists. */
import { afterAll, beforeAll, describe, test } from "vitest";
import { contend, produceAndConsume, writeAndRead } from "./campaigns.js";
import { Cores } from "./cores.js";
import { locks } from "./locks.js";
import { exchanges } from "./structures.js";

const OPERATIONS = 1000;

describe.each([2, 5])("%i cores", (count) => {
  let cores: Cores;
  beforeAll(async () => {
    cores = await Cores.create(count, { threads: 2 });
  });
  afterAll(() => cores.dispose());

  test.each(locks)("$name", (lock) => contend(cores, count, lock, OPERATIONS));
  test("seqlock", async () => {
    await writeAndRead(cores, count, OPERATIONS);
  });
  test.each(Object.entries(exchanges))("queue, %s", (_, exchange) =>
    produceAndConsume(cores, count, exchange, OPERATIONS),
  );
});
