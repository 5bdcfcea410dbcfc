/** What compiled code has counted: read from the regions' counters in a core's block. */
import { REGION_COUNTERS } from "../../assembly/layout.js";
import { type ExitReason, exitReasons, noCounts, type PathCounts } from "./plan.js";
import type { Region } from "./region.js";

export class RegionCounts {
  readonly counts = noCounts();
  readonly exits = noExits();
  private readonly words: BigInt64Array;

  constructor(
    memory: WebAssembly.Memory,
    /** Address of the core's block. */
    private readonly core: number,
  ) {
    this.words = new BigInt64Array(memory.buffer);
  }

  private first(region: Region): number {
    return (this.core + REGION_COUNTERS + region.counterBase) / 8;
  }

  add(region: Region): void {
    const first = this.first(region);
    region.counters.forEach((counter, index) => {
      const times = Number(this.words[first + index]);
      if (times === 0) return;
      if (counter.exit !== undefined) this.exits[counter.exit] += times;
      for (const key of Object.keys(this.counts) as (keyof PathCounts)[])
        this.counts[key] += times * counter.counts[key];
    });
  }

  addAll(other: RegionCounts): void {
    for (const key of Object.keys(this.counts) as (keyof PathCounts)[]) this.counts[key] += other.counts[key];
    for (const reason of exitReasons) this.exits[reason] += other.exits[reason];
  }

  /** Sets the region's counters to zero, so that another region can have them. */
  clear(region: Region): void {
    const first = this.first(region);
    this.words.fill(0n, first, first + region.counters.length);
  }

  /** How often the region was left for this reason. */
  exitsOf(region: Region, reason: ExitReason): number {
    const first = this.first(region);
    return region.counters.reduce(
      (sum, counter, index) => (counter.exit === reason ? sum + Number(this.words[first + index]) : sum),
      0,
    );
  }
}

function noExits(): Record<ExitReason, number> {
  return Object.fromEntries(exitReasons.map((reason) => [reason, 0])) as Record<ExitReason, number>;
}
