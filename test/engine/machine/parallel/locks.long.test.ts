/** Ten million operations (or CMODX_OPERATIONS) of each lock in all, on as few cores as can contend and on more than most hosts have. */
import { availableParallelism } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countFromEnvironment } from "../../../support/random.js";
import { contend, produceAndConsume, writeAndRead } from "./campaigns.js";
import { Cores } from "./cores.js";
import { locks } from "./locks.js";
import { exchanges } from "./structures.js";

const OPERATIONS = countFromEnvironment("CMODX_OPERATIONS", 10_000_000);

/** The most that what is there to be seen may take, on a host that is busy with other things. */
const ROUNDS = 10;

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
    // Readers that never met a writer have proved nothing: a host that let them run one after the other is given more time.
    let retries = 0;
    for (let round = 0; round < ROUNDS && retries === 0; round++)
      retries = await writeAndRead(cores, count, operations);
    if (availableParallelism() > 1) expect(retries).toBeGreaterThan(0);
  });
  test.each(Object.entries(exchanges))("queue, %s", (_, exchange) =>
    produceAndConsume(cores, count, exchange, operations),
  );
});
