/** What a campaign has found. */
import type { Counters } from "./counters.js";
import type { Expectation } from "./expectation.js";
import type { Campaign } from "./options.js";

/**
 * fault     a caller or a patcher took an exception
 * nothing   a call came to no target although there always was one
 * stale     a call came to a target that had been replaced before the caller's last synchronisation
 * wrong     something else was called
 */
export type ViolationKind = "fault" | "nothing" | "stale" | "wrong";

/** One violation, with what there is to see of it. */
export interface Violation {
  readonly kind: ViolationKind;
  /** Which shard, and which core of it. */
  readonly shard: number;
  readonly core: number;
  /** The transition that was under way, or the last one; absent before the first update. */
  readonly transition?: { readonly from: string; readonly to: string };
  readonly title: string;
  readonly lines: readonly string[];
}

/** Why cores did not do more. */
export type StressEnd = "seconds" | "calls" | "updates" | "violation" | "stopped";

export interface RegionTotals {
  readonly compiled: number;
  readonly linked: number;
  readonly unlinked: number;
}

/** One shard's, or what shards come to together. */
export interface StressReport {
  readonly report: "stress";
  readonly campaign: Campaign;
  /** Which shards of how many are in it. */
  readonly shards: readonly number[];
  readonly shardCount: number;
  readonly ends: readonly StressEnd[];
  /** Whether all shards are here, and none was stopped before its end. */
  readonly complete: boolean;
  /** For how long cores ran; of several shards the sum. */
  readonly seconds: number;
  readonly counters: Counters;
  readonly regions: RegionTotals;
  /** Guest instructions. */
  readonly instructions: number;
  readonly violations: readonly Violation[];
  /** What the memory model says; absent where no protection was taken away. */
  readonly model?: Expectation;
}

/** As JSON, with a newline at its end. */
export function stressJson(report: StressReport): string {
  return `${JSON.stringify(report, null, 2)}\n`;
}
