/** The choosers that a campaign can be asked for. */
import {
  byKind,
  type Chooser,
  Departures,
  inTurn,
  Priorities,
  Rates,
  RoundRobin,
  Uniform,
  Weighted,
} from "../../engine/index.js";

export const chooserNames = ["mixed", "uniform", "rates", "priorities", "round-robin"] as const;
export type ChooserName = (typeof chooserNames)[number];

export interface ChooserOptions {
  readonly seed: number;
  /** Moments at which an execution departs from the sequential one, for those choosers that count them. */
  readonly depth: number;
  /** Choices that an execution has, more or less. */
  readonly length: number;
}

/** Moments are drawn among so many, so that they can't be drawn out of a very short sequential execution only. */
const LEAST_LENGTH = 16;

/** Makes a chooser by its name; `mixed`: the others in turn. */
export function makeChooser(name: ChooserName, { seed, depth, length }: ChooserOptions): Chooser {
  const among = Math.max(length, LEAST_LENGTH);
  switch (name) {
    case "uniform":
      return new Uniform(seed);
    case "rates":
      return byKind(new Weighted(seed), new Rates(~seed));
    case "priorities":
      return byKind(new Priorities(seed, depth, among), new Departures(~seed, depth, among));
    case "round-robin":
      return byKind(new RoundRobin(seed, depth, among), new Departures(~seed, depth, among));
    case "mixed": {
      const options = { seed, depth, length };
      const names = ["uniform", "rates", "priorities", "rates", "round-robin", "rates"] as const;
      // The one that comes more than once has a seed of its own each time.
      return inTurn(names.map((each, index) => makeChooser(each, { ...options, seed: seed + index })));
    }
  }
}
