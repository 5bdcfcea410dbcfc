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
/** How often they may be left in vain, to the interpreter's profit. */
const MAX_WASTED = 3;
/** Steady ones, made when there are more: then any of them is as good as another one. */
const MAX_STEADY = 4;

/** What there is to be entered at an address, made from the words that the core holds. */
interface Known {
  /** The one that holds most of those that assume targets which are those of now. */
  readonly holding: Region | undefined;
  /** The same of those that are steady, and the newest of these whatever it assumes. */
  readonly steady: Region | undefined;
  readonly last: Region | undefined;
  readonly steadies: number;
  /** Whether there are many that assume other targets, or too much is interpreted for what they assume. */
  readonly isMany: boolean;
}

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
    const { holding, steady, last, isMany, steadies } = this.versionsOf(pc);
    const best = isMany ? (steady ?? (steadies < MAX_STEADY ? undefined : last)) : (holding ?? steady);
    if (best === undefined) return false;
    this.linker.link(best);
    return this.slots.holdsRegion(slot);
  }

  /** Whether the targets that versions for this address assume change all the time: the next one had better not assume any that do. */
  isUnsteady(pc: bigint): boolean {
    return this.versionsOf(pc).isMany;
  }

  private versionsOf(pc: bigint): Known {
    let variants = 0;
    let instructions = 0;
    let steadies = 0;
    let wasted = 0;
    let holding: Region | undefined;
    let steady: Region | undefined;
    let last: Region | undefined;
    for (const region of this.regions.enteredAt(pc) ?? []) {
      if (region.size === "outgrown" || !this.fitting.mayRun(region)) continue;
      wasted += region.wasted;
      const holds = this.fitting.guardsHold(region);
      if (region.isSteady) {
        steadies++;
        if (holds) steady = region;
        last = region;
      } else if (!holds) {
        variants++;
        instructions += region.words.length;
      } else if (holding === undefined || region.words.length > holding.words.length) holding = region;
    }
    const isMany = variants >= MAX_VARIANTS || instructions >= MAX_IN_VARIANTS || wasted >= MAX_WASTED;
    return { holding, steady, last, isMany, steadies };
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
