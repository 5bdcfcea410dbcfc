/** The choosers that a campaign can be asked for. */
import { byKind, type Chooser, Departures, inTurn, Priorities, RoundRobin, Uniform } from "../../engine/index.js";

export const chooserNames = ["mixed", "uniform", "priorities", "round-robin"] as const;
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

/** Makes a chooser by its name; `mixed`: the others, and few departures, in turn. */
export function makeChooser(name: ChooserName, { seed, depth, length }: ChooserOptions): Chooser {
  const among = Math.max(length, LEAST_LENGTH);
  switch (name) {
    case "uniform":
      return new Uniform(seed);
    case "priorities":
      return byKind(new Priorities(seed, depth, among), new Departures(~seed, depth, among));
    case "round-robin":
      return byKind(new RoundRobin(seed, depth, among), new Departures(~seed, depth, among));
    case "mixed": {
      const others = (["uniform", "priorities", "round-robin"] as const).map((each) =>
        makeChooser(each, { seed, depth, length }),
      );
      return inTurn([...others, byKind(new RoundRobin(seed, depth, among), new Uniform(~seed))]);
    }
  }
}
