/** Puts regions into the slots of a core's instruction cache, and takes them out again. */
import * as layout from "../../assembly/layout.js";
import type { FormTable, Slots } from "./core-view.js";
import type { Region } from "./region.js";
import type { RegionCounts } from "./region-counts.js";

/** The heat that a slot has besides. */
export const HOTTEST = (layout.HEAT_MAX << layout.HEAT_SHIFT) >>> 0;

/** The upper word of a slot that leads to a region. */
export function heldBySlot({ index }: Region): number {
  return index | HOTTEST;
}

/** Hears of what is linked and is not any more. */
interface Listener {
  linked(region: Region): void;
  unlinked(region: Region): void;
}

export class Linker {
  constructor(
    private readonly slots: Slots,
    private readonly forms: FormTable,
    private readonly counts: RegionCounts,
    private readonly listener: Listener,
  ) {}

  link(region: Region): void {
    const { slots, words } = region;
    // What it executes has been executed, for selection too, although no handler of the interpreter does.
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      if (this.slots.handlerAt(slot) === layout.HANDLER_FETCHED)
        this.slots.set(slot, this.forms.handlerOf(words[i] as number));
    }
    // Where another one is entered already, that one is.
    for (const slot of region.entrySlots) if (!this.slots.holdsRegion(slot)) this.slots.set(slot, heldBySlot(region));
    region.linked = true;
    this.counts.linked();
    this.listener.linked(region);
  }

  /** The entries stay hot, so that reaching one asks for a region at once. */
  unlink(region: Region, heat = HOTTEST): void {
    region.entries.forEach(({ handler }, index) => {
      const slot = region.entrySlots[index] as number;
      // A replaced word has taken its slot already.
      if (this.slots.handlerAt(slot) === region.index) this.slots.set(slot, handler, heat);
    });
    region.linked = false;
    this.counts.unlinked();
    this.listener.unlinked(region);
  }
}
