/**
 * The translation cache of one core: regions by the addresses at which they are entered, linked into the core's
 * instruction cache while it holds the words that they were made from.
 *
 * A region is a pure function of its words (and of the targets it assumes for indirect branches, which it checks
 * itself), so replacing a word only unlinks it. The words are compared at once, and again when an entry is reached,
 * and a region that fits is linked without compiling: patch, unpatch, patch costs two comparisons.
 *
 * This is what a core and its machine call. Which regions there are says region-table.ts, which of them are linked
 * versions.ts, what is worth a region heat.ts, and what that will be next-region.ts.
 *
 * Invariants (checked by `assertConsistent`):
 *   - a slot leads to a region only if the region is marked as linked, and the other way round;
 *   - while a region is linked, every slot of its words holds the word that it was made from.
 */
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import { AwaitedWords } from "./awaited-words.js";
import { CoreView, FormTable, Slots } from "./core-view.js";
import { Fitting } from "./fitting.js";
import { Heat } from "./heat.js";
import { type JitOptions, jitDefaults, type RegionHost } from "./host.js";
import { Linker } from "./linker.js";
import { NextRegion } from "./next-region.js";
import { PatchedState } from "./patched-state.js";
import { type Region, type RegionSource, sourceOf } from "./region.js";
import { RegionCounts } from "./region-counts.js";
import { RegionTable } from "./region-table.js";
import { type Compiled, Requests } from "./requests.js";
import type { Selection } from "./select.js";
import { Versions } from "./versions.js";
import { WantedHeads } from "./wanted.js";

/** Instructions for each miss beyond which a region does not miss often. */
const MISSED_OFTEN = 4000;
/** Times that a region is left for cold code before it is made anew: once may be where its loop ended. */
const LEFT_OFTEN = 3;
/** Heat that a head lacks whose region's assumptions have failed. */
const RECONSIDERED = 16;

export class RegionCache {
  private readonly options: Required<JitOptions>;
  private readonly slots: Slots;
  private readonly forms: FormTable;
  /** The core as selection sees it: what has been executed. */
  private readonly view: CoreView;
  private readonly counts: RegionCounts;
  private readonly regions: RegionTable;
  private readonly patched: PatchedState;
  private readonly fitting: Fitting;
  private readonly linker: Linker;
  private readonly versions: Versions;
  private readonly heat: Heat;
  private readonly awaited: AwaitedWords;
  private readonly wanted = new WantedHeads();
  private readonly next: NextRegion;
  private readonly requests: Requests;
  private isRehearsed = false;

  constructor(
    private readonly host: RegionHost,
    options: JitOptions = {},
  ) {
    this.options = { ...jitDefaults, ...options };
    this.slots = new Slots(host);
    this.forms = new FormTable(host.table);
    this.view = new CoreView(host, this.slots, this.forms, host.core, false);
    this.counts = new RegionCounts(host.memory, host.core);
    this.regions = new RegionTable(host, this.slots, this.view, this.options.maxRegions);
    this.patched = new PatchedState(host, this.slots, this.forms, this.view);
    this.fitting = new Fitting(this.slots, this.view, this.patched.words);
    this.linker = new Linker(this.slots, this.forms, this.counts, this.regions);
    this.versions = new Versions(this.regions, this.slots, this.fitting, this.linker, this.patched.words);
    this.heat = new Heat(host, this.regions, this.options.threshold);
    this.awaited = new AwaitedWords(this.slots);
    const isUnsteady = (head: bigint): boolean => this.versions.isUnsteady(head);
    this.next = new NextRegion(this.view, this.slots, this.regions, this.wanted, isUnsteady, this.options);
    this.requests = new Requests(host);
  }

  get threshold(): number {
    return this.options.threshold;
  }

  /** A branch target has become hot: links a region that fits, or asks for one. */
  hot(pc: bigint): void {
    this.poll();
    const slot = this.slots.of(pc);
    if (slot === 0 || this.slots.holdsRegion(slot) || this.versions.linkKnown(pc, slot)) return;
    // A region made now would end at words that are about to be executed. The core asks again a few turns later.
    if (this.awaited.awaitExecution()) return;
    // From here on the target has to get hot once more before it asks again.
    this.slots.set(slot, this.slots.handlerAt(slot));
    if (this.requests.isPending(pc) || !this.heat.isWorthIt(pc)) return;
    if (this.options.background) {
      this.wanted.add(pc);
      this.requestWanted();
      this.rehearse(pc);
    } else this.waitFor(this.requestFor(pc)?.plan.head);
  }

  /**
   * Compiles and links a region at `pc` now, following code whether it has been executed or not. False if none can
   * start there.
   */
  forceCompile(pc: bigint): boolean {
    this.poll();
    const slot = this.slots.of(pc);
    if (slot === 0 || !this.host.fill(this.host.core, pc)) return false;
    if (this.slots.holdsRegion(slot) || this.versions.linkKnown(pc, slot)) return true;
    this.waitFor(pc);
    if (this.slots.holdsRegion(slot)) return true;
    const all = new CoreView(this.host, this.slots, this.forms, this.host.core, true);
    const selection = this.next.headedBy(pc, all);
    if (selection === undefined) return false;
    this.requests.add(selection);
    this.waitFor(pc);
    return this.slots.holdsRegion(slot);
  }

  /**
   * Words of a line were dropped from the core's instruction cache or replaced in it; gives the number of regions
   * unlinked. Where the same code has been compiled with the new words, that is linked at once: a core which is patched
   * all the time has no need to interpret in between.
   */
  dropped(line: bigint, mask: number): number {
    const concerned = this.patched.words.replace(line, mask);
    const isRedirected = this.patched.expectLiterals(line, mask);
    if (concerned === 0 && !isRedirected) return 0;
    const unlinked: Region[] = [];
    for (const region of this.regions.inLine(line)) {
      if (!region.linked) continue;
      const isReplaced = ((region.lines.get(line) ?? 0) & mask) !== 0;
      if (!isReplaced && !(isRedirected && !this.fitting.guardsHold(region))) continue;
      this.linker.unlink(region);
      unlinked.push(region);
    }
    const state = this.patched.hash();
    for (const { entries, entrySlots } of unlinked) {
      for (let index = 0; index < entrySlots.length; index++) {
        if (this.slots.holdsRegion(entrySlots[index] as number)) continue;
        this.versions.linkAgain((entries[index] as Region["entries"][number]).pc, entrySlots[index] as number, state);
      }
    }
    if (concerned !== 0) this.awaited.add(line, concerned);
    return unlinked.length;
  }

  /**
   * What a region assumes keeps failing, or it is left for code that had not been executed when it was made: if that
   * happens often enough its head gets to choose again, and the region is passed over if it is too small by now.
   */
  missed(index: number): void {
    const region = this.regions.at(index);
    if (region === undefined || !region.linked) return;
    const now = this.host.instructions();
    const often = now - region.missedAt <= layout.MISSES_HEARD * MISSED_OFTEN;
    region.missedAt = now;
    if (!often) return;
    const cold = this.regions.coldExits(region);
    const tooSmall = cold - region.coldExits >= layout.MISSES_HEARD / 2;
    region.coldExits = cold;
    if (tooSmall && region.size === "final") return;
    if (tooSmall) region.size = "outgrown";
    else if (region.assumesValues || this.assumesOneOfSeveral(region)) this.heat.noteFailure(region);
    // The interpreter goes through it a few times first: it notes where branches go now, which a region that assumes
    // otherwise does not.
    this.linker.unlink(region, Math.max(0, this.threshold - RECONSIDERED) << layout.HEAT_SHIFT);
  }

  /** Whether the region would be another one if it were steady: it takes a branch that has gone to several places for one to one place. */
  private assumesOneOfSeveral({ guards }: Region): boolean {
    return guards.some(({ kind, pc }) => kind === "target" && this.view.targets(pc).length > 1);
  }

  /** Regions that are being compiled. */
  get outstanding(): number {
    return this.requests.outstanding;
  }

  /**
   * Takes the compilations that have finished, and asks for what is wanted next. Throws an Error if one failed, which
   * is a bug of the engine.
   */
  poll(): void {
    if (!this.requests.isConnected) return;
    for (let compiled = this.requests.take(); compiled !== undefined; compiled = this.requests.take())
      this.add(compiled);
    if (!this.wanted.isEmpty) this.requestWanted();
    this.heat.askSeldom(!this.wanted.isEmpty);
  }

  /** Takes those regions out of their slots that do not check the alignment of SP: it is checked from now on. */
  checkSP(): void {
    for (const region of this.regions.all()) if (region.linked && !region.checksSP) this.linker.unlink(region);
  }

  /** Takes every region out of its slot: another thread will run the core. */
  release(): void {
    this.heat.askSeldom(false);
    for (const region of this.regions.all()) {
      if (region.linked) this.linker.unlink(region);
      // What is dropped there is not heard of here.
      region.isChecked = false;
    }
  }

  dispose(): void {
    this.requests.close();
    this.wanted.clear();
    this.clear();
  }

  /** Throws an Error naming the first broken invariant. */
  assertConsistent(): void {
    for (const region of this.regions.all()) {
      const leads = region.entries.some(({ pc }) => this.slots.handlerAt(this.slots.of(pc)) === region.index);
      if (leads !== region.linked)
        throw new InternalError(`region at 0x${region.head.toString(16)}: slot and link disagree`);
      if (region.linked && !this.fitting.holdsAll(region))
        throw new InternalError(`region at 0x${region.head.toString(16)} is linked over other words`);
    }
  }

  // ---- asking for regions, and taking them -----------------------------------------------------------

  /** Asks for the region that is wanted most, if the compile worker has nothing else to do for this core, or hardly anything. */
  private requestWanted(): void {
    if (!this.awaited.isEmpty) return;
    if (!this.requests.isWorkerAvailable()) return;
    // What is part of a region by and by needs none; until that is linked it is wanted.
    const isHeld = (head: bigint): boolean => this.requests.isHeld(head);
    for (let head = this.wanted.take(isHeld); head !== undefined; head = this.wanted.take(isHeld)) {
      const slot = this.slots.of(head);
      if (slot !== 0 && !this.slots.holdsRegion(slot) && this.requestFor(head) !== undefined) return;
    }
  }

  /**
   * Makes a plan for nobody while the compile worker starts. The first one takes several times as long as later ones; those that count are
   * made when the worker can begin, of what has been executed by then.
   */
  private rehearse(head: bigint): void {
    if (this.isRehearsed || this.requests.hasBegun) return;
    this.isRehearsed = true;
    this.next.enteredAt(head);
  }

  /** Asks for a region that is entered at `pc`. Gives what it will be; undefined if nothing is to be made. */
  private requestFor(pc: bigint): Selection | undefined {
    const selection = this.choiceFor(pc);
    if (selection === undefined) this.heat.noteVain(pc);
    if (selection === undefined || this.versions.linkInstead(selection.plan)) return undefined;
    const { head } = selection.plan;
    if (this.requests.isPending(head)) return undefined;
    const linked = this.regions.linkedAt(head);
    if (linked !== undefined && holdsMore(sourceOf(selection.plan), linked)) linked.size = "outgrown";
    this.requests.add(selection);
    return selection;
  }

  /**
   * A region that is entered at `pc` or holds it. Where the region that holds `pc` has been left for code that had not been executed when it was made,
   * that one is made anew: once in a turn of an outermost loop is often enough, for the rest of the turn is interpreted, and each of the loops in
   * it would get a region of its own. Where the head of the best one is taken, the region begins at `pc`.
   */
  private choiceFor(pc: bigint): Selection | undefined {
    const holder = this.regions.holderOf(pc);
    const isLeft = holder?.size === "open" && this.regions.coldExits(holder) >= LEFT_OFTEN;
    const instead = isLeft ? this.next.selected(holder.head) : undefined;
    if (instead !== undefined && holdsMore(sourceOf(instead.plan), holder)) return instead;
    const selection = this.next.enteredAt(pc);
    if (selection === undefined) return undefined;
    const { head } = selection.plan;
    const linked = this.regions.linkedAt(head);
    if (linked === undefined || isEnteredInPlaceOf(sourceOf(selection.plan), linked)) return selection;
    return pc === head ? undefined : this.next.selected(pc);
  }

  private waitFor(head: bigint | undefined): void {
    while (head !== undefined && this.requests.isPending(head)) this.add(this.requests.wait());
  }

  /** Links a region that has been compiled, if it still fits. */
  private add({ selection, region: compiled }: Compiled): void {
    if (this.regions.isFull) this.clear();
    const region = this.regions.add(selection, compiled);
    this.patched.add(region);
    this.versions.forget(region.entries);
    this.counts.compiled(compiled.bytes);
    this.linkNew(region);
    this.regions.connect(region);
  }

  private linkNew(region: Region): void {
    if (!this.fitting.fits(region)) return;
    this.replaceBy(region);
    if (this.slots.holdsRegion(this.slots.of(region.head))) return;
    this.linker.link(region);
    this.cool(region);
  }

  /** Forgets the regions that this one replaces. */
  private replaceBy(region: Region): void {
    for (const { pc } of region.entries) {
      const old = this.regions.linkedAt(pc);
      if (old === undefined) continue;
      const isOutgrown = old.size === "outgrown" && holdsMore(region, old);
      if (!isOutgrown && !isEnteredInPlaceOf(region, old)) continue;
      // It is left alone for longer, so that the next one has more of what is executed seldom.
      if (isOutgrown) region.patience = 2 * old.patience;
      this.forget(old);
    }
  }

  private forget(region: Region): void {
    this.linker.unlink(region);
    this.regions.forget(region);
    this.versions.forget(region.entries);
  }

  /** What got hot inside of a new region did so because there was none: it has to get hot again. */
  private cool(region: Region): void {
    for (const [i, pc] of region.addresses.entries()) {
      this.wanted.delete(pc);
      this.heat.forget(pc);
      const slot = region.slots[i] as number;
      if (!this.slots.holdsRegion(slot)) this.slots.set(slot, this.slots.handlerAt(slot));
    }
  }

  /** Forgets every region. */
  private clear(): void {
    for (const region of this.regions.all()) if (region.linked) this.linker.unlink(region);
    this.regions.clear();
    this.patched.clear();
    this.versions.clear();
    this.counts.cleared();
  }
}

/** Whether a region is larger than a linked one with the same head. */
function holdsMore(region: RegionSource, linked: Region | undefined): boolean {
  return region.head === linked?.head && region.addresses.length > linked.addresses.length;
}

/** Whether a region is entered wherever a linked one is, and elsewhere too. */
function isEnteredInPlaceOf(region: RegionSource, linked: Region): boolean {
  const isEntry = ({ pc }: { readonly pc: bigint }): boolean => region.entries.some((entry) => entry.pc === pc);
  return linked.entries.length < region.entries.length && linked.entries.every(isEntry);
}
