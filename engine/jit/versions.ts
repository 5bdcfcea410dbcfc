/**
 * Versions: regions of the same code that differ in patched words or in what they assume. Links the one for what the
 * core holds now.
 */
import type { Slots } from "./core-view.js";
import type { Fitting } from "./fitting.js";
import type { Linker } from "./linker.js";
import { KnownVersions, type PatchedWords } from "./patched-words.js";
import type { RegionPlan } from "./plan.js";
import { type Region, sourceOf } from "./region.js";
import type { RegionTable } from "./region-table.js";

/** Versions of one head with the same words that may differ in the targets they assume. */
const MAX_VARIANTS = 8;
/** Instructions that they may have together. */
const MAX_IN_VARIANTS = 1000;

export class Versions {
  private readonly known = new KnownVersions();

  constructor(
    private readonly regions: RegionTable,
    private readonly slots: Slots,
    private readonly fitting: Fitting,
    private readonly linker: Linker,
    private readonly patched: PatchedWords,
  ) {}

  /** Links a region that was compiled before, if one fits what the core holds now: the one that holds most. */
  linkKnown(pc: bigint, slot: number): boolean {
    const list = this.regions.enteredAt(pc);
    if (list === undefined) return false;
    let variants = 0;
    let instructions = 0;
    let best: Region | undefined;
    let last: Region | undefined;
    for (const region of list) {
      if (region.size === "outgrown" || !this.fitting.mayRun(region)) continue;
      if (this.fitting.guardsHold(region)) {
        if (best === undefined || region.words.length > best.words.length) best = region;
      } else {
        variants++;
        instructions += region.words.length;
        last = region;
      }
    }
    // Where the targets change all the time, any version is as good as another one.
    if (variants >= MAX_VARIANTS || instructions >= MAX_IN_VARIANTS) best ??= last;
    if (best === undefined) return false;
    this.linker.link(best);
    return this.slots.holdsRegion(slot);
  }

  /** As linkKnown, but the version that was linked in this state (PatchedState.hash) before is tried first. */
  linkAgain(pc: bigint, slot: number, state: number): void {
    const before = this.known.get(pc, state, this.patched.changes);
    if (before !== undefined && before.size !== "outgrown" && this.fitting.fits(before))
      return this.linker.link(before);
    if (!this.linkKnown(pc, slot)) return;
    const linked = this.regions.at(this.slots.handlerAt(slot));
    if (linked !== undefined) this.known.set(pc, state, linked);
  }

  /** Takes back a region that was passed over as too small, if a new one would be made of the same words. */
  linkInstead(plan: RegionPlan): boolean {
    const { addresses } = sourceOf(plan);
    const enters = (region: Region): boolean =>
      plan.entries.every(({ pc }) => region.entries.some((entry) => entry.pc === pc));
    const isFree = ({ head }: Region): boolean => !this.slots.holdsRegion(this.slots.of(head));
    const same = (region: Region): boolean =>
      region.size === "outgrown" &&
      region.addresses.length >= addresses.length &&
      enters(region) &&
      isFree(region) &&
      this.fitting.fits(region);
    const region = this.regions.enteredAt(plan.head)?.find(same);
    if (region === undefined) return false;
    region.size = "final";
    this.linker.link(region);
    return true;
  }

  /** There are more regions entered at these addresses, or fewer. */
  forget(entries: Region["entries"]): void {
    this.known.forget(entries);
  }

  clear(): void {
    this.known.clear();
  }
}
