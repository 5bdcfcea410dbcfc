/** Whether what has got hot is worth a region. Heat says how often a target was reached, not in what time. */
import * as layout from "../../assembly/layout.js";
import { executedBy, patient, type RegionHost } from "./host.js";
import type { Region } from "./region.js";
import type { RegionTable } from "./region-table.js";

/**
 * Instructions for each unit of heat beyond which a target is not worth a region. Regions execute them in some microseconds, of which the
 * interpreter takes a tenth for what follows the target; a patch procedure that is called once in ten thousand calls stays five times beyond.
 */
const WORTHWHILE = 16_000;
/**
 * A region that holds what gets hot is entered there too if of so many instructions or more one in so many is
 * interpreted.
 */
const OBSERVED = 2 ** 22;
const INTERPRETED = 64;

export class Heat {
  /** When a target without a region last got hot, in instructions of its core. */
  private readonly heatedAt = new Map<bigint, number>();
  /** The core's HEAT_THRESHOLD; 0 if it is not to ask. */
  private readonly word: Uint32Array;

  constructor(
    private readonly host: RegionHost,
    private readonly regions: RegionTable,
    private readonly threshold: number,
  ) {
    this.word = new Uint32Array(host.memory.buffer, host.core + layout.HEAT_THRESHOLD, 1);
  }

  /** Says whether what is hot has to wait in any case. It holds from the next slice on. */
  askSeldom(seldom: boolean): void {
    if (this.word[0] !== 0) this.word[0] = seldom ? patient(this.threshold) : this.threshold;
  }

  /**
   * Whether the target gets hot often enough: what is reached once in a while gets hot too in the end. The first time
   * only starts the clock, which counts the core's instructions. A head that had a region once is worth one.
   */
  isWorthIt(pc: bigint): boolean {
    if (this.regions.enteredAt(pc) !== undefined || this.threshold <= 1) return true;
    const holder = this.regions.holderOf(pc);
    if (holder !== undefined) return this.isLeftTooOften(holder);
    const now = this.host.instructions();
    const before = this.heatedAt.get(pc);
    this.heatedAt.set(pc, now);
    return before !== undefined && now - before <= (this.word[0] as number) * WORTHWHILE;
  }

  /** Whether much is interpreted although there is a region: where slices end in loops that it is not entered at. */
  private isLeftTooOften(region: Region): boolean {
    const { all, interpreted } = executedBy(this.host);
    if (all - region.since.all < OBSERVED * region.patience) return false;
    const isTooOften = (interpreted - region.since.interpreted) * INTERPRETED >= all - region.since.all;
    region.since = { all, interpreted };
    return isTooOften;
  }

  /** A region that was to be entered elsewhere too, or to hold another one, is to stay as it is: it is looked at again much later. */
  noteVain(pc: bigint): void {
    const holder = this.regions.holderOf(pc);
    if (holder !== undefined) holder.patience *= 2;
  }

  /** Something that the region assumes has failed often: it is noted if much was interpreted since that last happened. */
  noteFailure(region: Region): void {
    const { all, interpreted } = executedBy(this.host);
    if ((interpreted - region.failed.interpreted) * INTERPRETED >= all - region.failed.all) region.wasted++;
    region.failed = { all, interpreted };
  }

  /** What got hot there did so because there was no region: it has to get hot again. */
  forget(pc: bigint): void {
    this.heatedAt.delete(pc);
  }
}
