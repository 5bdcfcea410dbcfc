/** Whether a region fits what a core holds now: its words, and what it assumes of the core's past. */
import * as layout from "../../assembly/layout.js";
import type { CoreView, Slots } from "./core-view.js";
import type { PatchedWords } from "./patched-words.js";
import type { Region } from "./region.js";

export class Fitting {
  constructor(
    private readonly slots: Slots,
    private readonly view: CoreView,
    private readonly patched: PatchedWords,
  ) {}

  fits(region: Region): boolean {
    return this.mayRun(region) && this.guardsHold(region);
  }

  /** Whether it does what the core would do now. */
  mayRun(region: Region): boolean {
    return this.holdsWords(region) && (region.checksSP || !this.view.checksSP);
  }

  /** Whether what it assumes agrees with what the core has done last. */
  guardsHold(region: Region): boolean {
    return this.view.agreesWith(region.assumptions);
  }

  private holdsWords(region: Region): boolean {
    if (!region.isChecked) region.isChecked = this.holdsAll(region);
    else if (region.changes === this.patched.changes)
      return region.changing.every((place) => this.holdsWord(region, place));
    else region.isChecked = this.holdsAll(region);
    if (region.isChecked && region.changes !== this.patched.changes) {
      region.changes = this.patched.changes;
      region.changing = this.patched.placesIn(region.addresses);
    }
    return region.isChecked;
  }

  /** Whether the core holds every word that the region was made from. */
  holdsAll(region: Region): boolean {
    // What was another word the last time most often is one now: versions of a head differ in what is patched.
    if (!this.holdsWord(region, region.suspect)) return false;
    for (let i = 0; i < region.slots.length; i++) {
      if (this.holdsWord(region, i)) continue;
      region.suspect = i;
      return false;
    }
    return true;
  }

  private holdsWord({ slots, words }: Region, i: number): boolean {
    const slot = slots[i] as number;
    return this.slots.handlerAt(slot) !== layout.HANDLER_EMPTY && this.slots.wordAt(slot) === words[i];
  }
}
