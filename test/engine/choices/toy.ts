/** A program that is nothing but choices: cores that each add one to a counter, by a load and a store. */
import { type Chooser, coreAt, STEP } from "cmodx/engine";

/** The kind of a load's choice among the values that the counter has had. */
export const LOAD = 1;

export interface ToyEnd {
  readonly counter: number;
  /** The cores in the order in which they acted. */
  readonly order: readonly number[];
  readonly stale: number;
}

/** Runs `cores` cores that each do `turns` additions. */
export function runToy(chooser: Chooser, execution: number, cores = 2, turns = 3): ToyEnd {
  chooser.begin(execution);
  const written = [0];
  const loaded: (number | undefined)[] = Array.from({ length: cores });
  const left = Array.from({ length: cores }, () => turns);
  const order: number[] = [];
  let stale = 0;
  let current = 0;
  for (;;) {
    const able = left.flatMap((count, core) => (count > 0 ? [core] : []));
    if (able.length === 0) return { counter: written.at(-1) ?? 0, order, stale };
    const mask = able.reduce((bits, core) => bits | (1 << core), 0);
    const detail = current | (mask << 8);
    current = coreAt(detail, able.length === 1 ? 0 : chooser.choose(STEP, able.length, detail));
    order.push(current);
    const value = loaded[current];
    if (value === undefined) {
      const back = written.length === 1 ? 0 : chooser.choose(LOAD, written.length, current);
      if (back > 0) stale++;
      loaded[current] = written[written.length - 1 - back] as number;
      continue;
    }
    written.push(value + 1);
    loaded[current] = undefined;
    left[current] = (left[current] as number) - 1;
  }
}
