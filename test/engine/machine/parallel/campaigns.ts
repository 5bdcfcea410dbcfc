/** Locks and structures under load: what the short tests and the long ones both run, at their own length. */
import { expect } from "vitest";
import type { Cores } from "./cores.js";
import { contention, type Lock } from "./locks.js";
import { type Outcome, outcomesOf, program, type Shape } from "./shapes.js";
import { queue, seqlock } from "./structures.js";

const none = (cores: number): bigint[] => Array.from({ length: cores }, () => 0n);

/** Cores contend for a lock, `operations` times in all. */
export async function contend(cores: Cores, count: number, lock: Lock, operations: number): Promise<void> {
  const turns = Math.ceil(operations / count);
  cores.load(contention(lock));
  expect(await cores.call(count, "contend", turns, count)).toEqual(none(count));
  expect(cores.u64("count")).toBe(BigInt(count * turns));
}

/** Two writers, or one of two cores, and readers else. Gives how often a reader had to read again. */
export async function writeAndRead(cores: Cores, count: number, operations: number): Promise<number> {
  const turns = Math.ceil(operations / count);
  const writers = count > 2 ? 2 : 1;
  cores.load(seqlock);
  expect(await cores.call(count, (core) => (core < writers ? "write" : "read"), turns)).toEqual(none(count));
  expect(cores.u64("values")).toBe(BigInt(writers * turns));
  return none(count).reduce((sum: number, _, core) => sum + Number(cores.u64("retries", 64 * core)), 0);
}

/** Core 0 consumes what the others produce. */
export async function produceAndConsume(
  cores: Cores,
  count: number,
  exchange: string,
  operations: number,
): Promise<void> {
  const producers = count - 1;
  const turns = Math.ceil(operations / producers);
  cores.load(queue(exchange));
  expect(await cores.call(count, (core) => (core === 0 ? "consume" : "produce"), turns, producers)).toEqual(
    none(count),
  );
  const counted = Array.from({ length: producers }, (_, i) => cores.u64("expected", 8 * (i + 1)));
  expect(counted).toEqual(counted.map(() => BigInt(turns)));
}

/** What so many instances of a shape, at the same time, show in so many turns; how often each. */
export async function observe(
  cores: Cores,
  shape: Shape,
  instances: number,
  turns: number,
): Promise<Map<Outcome, number>> {
  const threads = shape.threads.length;
  cores.load(program(shape));
  await cores.call(instances * threads, (core) => `thread${core % threads}`, turns);
  const found = new Map<Outcome, number>();
  for (let instance = 0; instance < instances; instance++) {
    for (const [outcome, times] of outcomesOf(shape, instance, (offset) => cores.u64("histograms", offset))) {
      found.set(outcome, (found.get(outcome) ?? 0) + times);
    }
  }
  expect([...found.values()].reduce((sum, times) => sum + times, 0)).toBe(instances * turns);
  return found;
}

/** The outcomes that a host can show whose plain accesses are the guest's. */
export function shownByHost({ sequential, relaxed, onHost }: Shape): Outcome[] {
  return [...sequential, ...(onHost === true ? relaxed : [])].sort();
}
