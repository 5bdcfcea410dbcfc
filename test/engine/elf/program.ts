/** What the program of data/first.c and data/second.c computes, worked out here again. */
import type { Machine } from "cmodx/engine";
import { expect } from "vitest";

const digits = [3n, 1n, 4n, 1n, 5n];
const names = ["adrp", "add", "br", "bti c"];

function sumTable(n: bigint, counter: bigint): bigint {
  let sum = counter;
  for (let i = 0n; i < n; i++) sum += digits[Number(i % 5n)] ?? 0n;
  return sum;
}

function hash(text: string): bigint {
  let value = 0x811c9dc5;
  for (const byte of Buffer.from(text)) value = Math.imul(value ^ byte, 0x01000193);
  return BigInt(value >>> 0);
}

/** Calls every function of a machine in which the program was just loaded. */
export function expectProgram({ core }: Machine): void {
  const low32 = (value: bigint): bigint => BigInt.asUintN(32, value);
  const signed = (value: bigint): bigint => BigInt.asIntN(64, value);
  const other = (x: bigint, counter: bigint): bigint => sumTable(x, counter) * 2n + counter;
  expect(core.call("sum_table", 12)).toBe(sumTable(12n, 7n));
  expect(names.map((_, i) => low32(core.call("hash_name", i)))).toEqual(names.map(hash));
  const chosen = [-1, 0, 1, 2, 3, 4, 5, 6, 7].map((x) => signed(core.call("choose", x)));
  expect(chosen).toEqual([-1n, 11n, 220n, other(1n, 7n), -44n, 7n, 9000n, 0n, -1n]);
  const dispatched = [0, 1, 2, 3].map((i) => signed(core.call("dispatch", i, 9)));
  expect(dispatched).toEqual([18n, 81n, -9n, other(9n, 7n)]);
  expect(signed(core.call("call_missing", 5))).toBe(-5n);
  expect(core.call("fibonacci", 15)).toBe(610n);
  expect([core.call("bump", 5), core.call("bump", 1)]).toEqual([12n + 1n + 2n, 13n + 2n + 4n]);
  expect(core.call("other", 3)).toBe(other(3n, 13n));
}
