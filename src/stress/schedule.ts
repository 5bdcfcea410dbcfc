/**
 * Which target comes after which. The schedule is a circle of rounds; a round goes through every transition between states
 * once (an Eulerian circuit in random order), so that a long campaign exercises all of them equally often.
 */
import type { StateName } from "../proof/scene-options.js";
import type { Random } from "./random.js";

/** Something that a key can be updated to. */
export interface StressTarget {
  readonly state: StateName;
  /** The symbol of the function; undefined for no target. */
  readonly label: string | undefined;
  /** What a call then leaves in x0. */
  readonly value: bigint;
}

/** Every transition between states, and within one that has several targets; as indices. */
export function transitionsOf(states: readonly StateName[]): readonly (readonly [number, number])[] {
  const single = (state: StateName): boolean => state === "null" || state === "ret0";
  return states.flatMap((from, i) =>
    states.flatMap((_, j) => (i === j && single(from) ? [] : [[i, j] as readonly [number, number]])),
  );
}

/** A closed walk over all transitions, from state 0 (Hierholzer's algorithm); the states in their order, the last one is 0. */
function circuit(states: readonly StateName[], random: Random): number[] {
  const ways = states.map((_, i) => random.shuffle(transitionsOf(states).filter(([from]) => from === i)));
  const stack = [0];
  const walk: number[] = [];
  for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
    const way = ways[at]?.pop();
    if (way === undefined) walk.push(stack.pop() as number);
    else stack.push(way[1]);
  }
  return walk.reverse().slice(1);
}

/** `rounds` rounds, as indices of targets. The state before the first is the first state, of which the last entry is a target too. */
export function schedule(
  states: readonly StateName[],
  targets: readonly StressTarget[],
  rounds: number,
  random: Random,
): number[] {
  const ofState = states.map((state) => targets.flatMap((target, index) => (target.state === state ? [index] : [])));
  const walk = Array.from({ length: rounds }, () => circuit(states, random)).flat();
  const chosen: number[] = [];
  let last = ofState[0]?.[0] ?? 0;
  walk.forEach((state, place) => {
    // The circle closes: the last target may be neither the one before it nor the one that the circle begins with.
    const end = place === walk.length - 1 ? chosen[0] : undefined;
    const others = (ofState[state] ?? []).filter((index) => index !== last && index !== end);
    last = others[random.below(others.length)] as number;
    chosen.push(last);
  });
  return chosen;
}
