/**
 * The translation cache of one core: regions by the address of their head, linked into the core's instruction
 * cache while it holds the words that they were made from.
 *
 * A region is a pure function of its words (and of the targets it assumes for indirect branches, which it
 * checks itself), so replacing a word only unlinks it. The words are compared at once, and again when the head is reached,
 * and a region that fits is linked without compiling: patch, unpatch, patch costs two comparisons.
 *
 * Invariants (checked by `assertConsistent`):
 *   - a slot leads to a region only if the region is marked as linked, and the other way round;
 *   - while a region is linked, every slot of its words holds the word that it was made from.
 */
import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import { type CompileAnswer, type CompiledRegion, CompilerClient } from "./compiler.js";
import { CoreView, FormTable, Slots } from "./core-view.js";
import type { InstructionFlow } from "./flow.js";
import { type JitOptions, jitDefaults, type RegionHost } from "./host.js";
import { Literals, literalOf } from "./literals.js";
import { KnownVersions, PatchedWords } from "./patched-words.js";
import type { RegionPlan } from "./plan.js";
import { type Region, sourceOf } from "./region.js";
import { type Selection, type SelectionLimits, selectRegion } from "./select.js";
import { WantedHeads } from "./wanted.js";

/** Versions of one head with the same words that may differ in the targets they assume. */
const MAX_VARIANTS = 8;
/** Instructions in a region, whatever the options say: V8 takes long for large functions. */
const MAX_INSTRUCTIONS = 2048;
/** Heat that a head lacks whose region's assumptions have failed. */
const RECONSIDERED = 16;
/** Times that heads wait for replaced words to be executed. */
const PATIENCE = 8;
/** Instructions for each unit of heat beyond which a target is not worth a region. */
const WORTHWHILE = 4000;
/** A region that holds what gets hot is entered there too if of so many instructions or more one in so many is interpreted. */
const OBSERVED = 2 ** 22;
const INTERPRETED = 64;
/** Bytes before a head, and heads there, among which the one is looked for that begins the code around it. */
const NEARBY = 8192n;
const MAX_OUTER = 8;
// Places in `counts`.
const COMPILED = 0;
const LINKED = 1;
const UNLINKED = 2;
const HOTTEST = (layout.HEAT_MAX << layout.HEAT_SHIFT) >>> 0;

export class RegionCache {
  private readonly options: Required<JitOptions>;
  /** Regions by where they may be entered. */
  private readonly byEntry = new Map<bigint, Region[]>();
  private readonly byLine = new Map<bigint, Region[]>();
  /** Regions by what they call. */
  private readonly callers = new Map<bigint, Region[]>();
  private readonly byIndex = new Map<number, Region>();
  private readonly requests = new Map<number, Selection>();
  /** When a target without a region last got hot, in instructions of its core. */
  private readonly heatedAt = new Map<bigint, number>();
  private readonly pendingHeads = new Set<bigint>();
  private readonly wanted = new WantedHeads();
  /** Lines with words that regions were made from and that have been replaced; see `awaitsExecution`. */
  private readonly replaced = new Map<bigint, { readonly mask: number; patience: number }>();
  private readonly patched = new PatchedWords();
  private readonly versions = new KnownVersions();
  private readonly literals = new Literals();
  private client: CompilerClient | undefined;
  private readonly slots: Slots;
  private readonly forms: FormTable;
  /** The core as selection sees it: what has been executed. */
  private readonly view: CoreView;
  /**
   * What regions call. They do not import the table: V8 keeps a copy of it for every instance that does, 300 kB each,
   * and brings all of them up to date at every change.
   */
  private readonly imports: WebAssembly.ModuleImports;
  private nextIndex = layout.FIRST_REGION;
  /** REGION_COLD of the core. */
  private readonly cold: Uint32Array;
  /** REGIONS_COMPILED, REGIONS_LINKED and REGIONS_UNLINKED, and REGIONS_BYTES, of the core: whatever thread runs it, they go on. */
  private readonly counts: Uint32Array;
  private readonly bytes: Float64Array;

  constructor(
    private readonly host: RegionHost,
    options: JitOptions = {},
  ) {
    this.options = { ...jitDefaults, ...options };
    this.slots = new Slots(host.memory);
    this.forms = new FormTable(host.table);
    this.view = new CoreView(host, this.slots, this.forms, host.core, false);
    const { buffer } = host.memory;
    this.counts = new Uint32Array(buffer, host.core + layout.REGIONS_COMPILED, 3);
    this.bytes = new Float64Array(buffer, host.core + layout.REGIONS_BYTES, 1);
    this.cold = new Uint32Array(buffer, host.core + layout.REGION_COLD, layout.MAX_REGIONS);
    this.imports = { ...host.coreExports, nzcv: host.table.get(layout.TABLE_NZCV) as WebAssembly.ImportValue };
  }

  get threshold(): number {
    return this.options.threshold;
  }

  /** A branch target has become hot: links a region that fits, or asks for one. */
  hot(pc: bigint): void {
    this.poll();
    const slot = this.slotOf(pc);
    if (slot === 0 || this.slots.holdsRegion(slot) || this.linkKnown(pc, slot)) return;
    // A region made now would end at words that are about to be executed. The core asks again a few turns later.
    if (this.awaitsExecution()) return;
    // From here on the target has to get hot once more before it asks again.
    this.slots.set(slot, this.slots.handlerAt(slot));
    if (this.pendingHeads.has(pc) || !this.isWorthIt(pc)) return;
    if (this.options.background) {
      this.wanted.add(pc);
      this.requestWanted();
    } else this.waitFor(this.requestFor(pc));
  }

  /** Asks for the region that is wanted most, if the compile worker has nothing else to do for this core. */
  private requestWanted(): void {
    if (this.replaced.size > 0 || !this.compiler().isIdle) return;
    for (let head = this.wanted.take(); head !== undefined; head = this.wanted.take()) {
      const slot = this.slotOf(head);
      if (slot !== 0 && !this.slots.holdsRegion(slot) && this.requestFor(head) !== undefined) return;
    }
  }

  /**
   * Asks for a region that is entered at `pc`, of what the core has executed by now. Gives the region's head; undefined if there is
   * nothing to be made.
   */
  private requestFor(pc: bigint): bigint | undefined {
    const holder = this.holderOf(pc);
    const selection = (holder && this.widened(holder)) ?? this.selected(this.outermost(pc));
    if (selection === undefined || this.linkInstead(selection.plan)) return undefined;
    this.request(selection);
    return selection.plan.head;
  }

  private selected(head: bigint): Selection | undefined {
    const hot = new Set([head, ...this.wanted.heads()]);
    return selectRegion(this.view, head, this.limits(), { hot, loops: this.options.enterLoops });
  }

  /** The region once more, entered too where it got hot in the interpreter; undefined if that is nowhere else. */
  private widened({ head, entries, hot }: Region): Selection | undefined {
    const needed = new Set(entries.map(({ pc }) => pc));
    const selection = selectRegion(this.view, head, this.limits(), { needed, hot });
    return selection?.plan.entries.some(({ pc }) => !needed.has(pc)) ? selection : undefined;
  }

  /**
   * Of the heads that are wanted, the one that begins the code around this one: its function's, or an outer loop's. Compilers put them
   * before what they hold. So there is one region of that code, where regions of inner loops would each hold most of it.
   */
  private outermost(head: bigint): bigint {
    for (const outer of this.wanted.within(head - NEARBY, head).slice(0, MAX_OUTER)) {
      const slot = this.slotOf(outer);
      if (slot === 0 || this.slots.holdsRegion(slot)) continue;
      if (selectRegion(this.view, outer, this.limits())?.own.has(head)) return outer;
    }
    return head;
  }

  /** The linked region that has the address among its own, but cannot be entered there. */
  private holderOf(pc: bigint): Region | undefined {
    const regions = this.byLine.get(pc - (pc % BigInt(layout.LINE))) ?? [];
    return regions.find(({ linked, own }) => linked && own.has(pc));
  }

  /** Whether words that regions were made from have been replaced, and the new ones not executed yet. Not for ever: code may go elsewhere. */
  private awaitsExecution(): boolean {
    for (const [line, replaced] of this.replaced) {
      if (replaced.patience-- === 0 || this.wasExecuted(line, replaced.mask)) this.replaced.delete(line);
    }
    return this.replaced.size > 0;
  }

  /** Whether the core has executed one of the line's words. */
  private wasExecuted(line: bigint, mask: number): boolean {
    const slot = this.slotOf(line);
    for (let word = 0; word < layout.LINE / 4; word++) {
      const isOne = ((mask >>> word) & 1) === 1;
      if (isOne && this.slots.handlerAt(slot + word * layout.SLOT_BYTES) >= layout.FIRST_FORM) return true;
    }
    return false;
  }

  /**
   * Whether the target gets hot often enough: what is reached once in a while gets hot too in the end. The first time
   * only starts the clock, which counts the core's instructions. A head that had a region once is worth one.
   */
  private isWorthIt(pc: bigint): boolean {
    if (this.byEntry.has(pc) || this.options.threshold <= 1) return true;
    const holder = this.holderOf(pc);
    if (holder !== undefined) return this.isLeftTooOften(holder, pc);
    const now = this.host.instructions();
    const before = this.heatedAt.get(pc);
    this.heatedAt.set(pc, now);
    return before !== undefined && now - before <= this.options.threshold * WORTHWHILE;
  }

  /** Whether much is interpreted although there is a region: where slices end in loops that it is not entered at. */
  private isLeftTooOften(region: Region, pc: bigint): boolean {
    region.hot.add(pc);
    const { all, interpreted } = this.executed();
    if (all - region.since.all < OBSERVED) return false;
    const isTooOften = (interpreted - region.since.interpreted) * INTERPRETED >= all - region.since.all;
    region.since = { all, interpreted };
    if (!isTooOften) region.hot.clear();
    return isTooOften;
  }

  /** Instructions that the core has executed, and those of them not in regions. */
  private executed(): { readonly all: number; readonly interpreted: number } {
    const all = this.host.instructions();
    return { all, interpreted: all - this.host.regionInstructions() };
  }

  /** Compiles and links a region at `pc` now, following code whether it has been executed or not. False if none can start there. */
  forceCompile(pc: bigint): boolean {
    this.poll();
    const slot = this.slotOf(pc);
    if (slot === 0 || !this.host.fill(this.host.core, pc)) return false;
    if (this.slots.holdsRegion(slot) || this.linkKnown(pc, slot)) return true;
    this.waitFor(pc);
    if (this.slots.holdsRegion(slot)) return true;
    const all = new CoreView(this.host, this.slots, this.forms, this.host.core, true);
    const selection = selectRegion(all, pc, this.limits(), { loops: this.options.enterLoops });
    if (selection === undefined) return false;
    this.request(selection);
    this.waitFor(pc);
    return this.slots.holdsRegion(slot);
  }

  /**
   * Words of a line were dropped from the core's instruction cache or replaced in it; gives the number of regions unlinked. Where the same code has
   * been compiled with the new words, that is linked at once: a core which is patched all the time has no need to interpret in between.
   */
  dropped(line: bigint, mask: number): number {
    const concerned = this.patched.replace(line, mask);
    const isRedirected = this.expectLiterals(line, mask);
    if (concerned === 0 && !isRedirected) return 0;
    const unlinked: Region[] = [];
    for (const region of this.byLine.get(line) ?? []) {
      if (!region.linked) continue;
      const isReplaced = ((region.lines.get(line) ?? 0) & mask) !== 0;
      if (!isReplaced && !(isRedirected && !this.guardsHold(region))) continue;
      this.unlink(region);
      unlinked.push(region);
    }
    const state = this.stateOfPatched();
    for (const { entries, entrySlots } of unlinked) {
      for (let index = 0; index < entrySlots.length; index++) {
        if (this.slots.holdsRegion(entrySlots[index] as number)) continue;
        this.linkAgain((entries[index] as Region["entries"][number]).pc, entrySlots[index] as number, state);
      }
    }
    if (concerned !== 0 && !this.wasExecuted(line, concerned))
      this.replaced.set(line, { mask: concerned, patience: PATIENCE });
    return unlinked.length;
  }

  /** A hash of the patched words, and of where the branches go whose targets stand beside them. */
  private stateOfPatched(): number {
    let hash = 0;
    const add = (value: number): void => {
      hash = Math.imul(hash ^ value, 0x0100_0193);
    };
    this.patched.forEach((line, mask) => {
      const slot = this.slotOf(line);
      for (let word = 0; word < layout.LINE / 4; word++)
        if (((mask >>> word) & 1) === 1) add(this.slots.wordAt(slot + word * layout.SLOT_BYTES));
    });
    for (const { branch } of this.literals.all) add(this.view.lastTargetWord(branch));
    return hash;
  }

  /** As linkKnown, but the version that was linked in this state before is tried first. */
  private linkAgain(pc: bigint, slot: number, state: number): void {
    const before = this.versions.get(pc, state, this.patched.changes);
    if (before !== undefined && before.size !== "outgrown" && this.mayRun(before) && this.guardsHold(before))
      return this.link(before);
    if (!this.linkKnown(pc, slot)) return;
    const linked = this.byIndex.get(this.slots.handlerAt(slot));
    if (linked !== undefined) this.versions.set(pc, state, linked);
  }

  /** Notes where branches will go whose targets are literals among these words. Whether there are any. */
  private expectLiterals(line: bigint, mask: number): boolean {
    const found = this.literals.within(line, mask);
    for (const { branch, literal } of found) {
      const target = this.host.read(literal);
      if (target !== undefined && this.slotOf(target) !== 0) this.view.expect(branch, target);
    }
    return found.length > 0;
  }

  /**
   * What a region assumes keeps failing, or it is left for code that had not been executed when it was made: if that
   * happens often enough its head gets to choose again, and the region is passed over if it is too small by now.
   */
  missed(index: number): void {
    const region = this.byIndex.get(index);
    if (region === undefined || !region.linked) return;
    const now = this.host.instructions();
    const often = now - region.missedAt <= layout.MISSES_HEARD * WORTHWHILE;
    region.missedAt = now;
    if (!often) return;
    const cold = this.cold[index - layout.FIRST_REGION] as number;
    const tooSmall = cold - region.coldExits >= layout.MISSES_HEARD / 2;
    region.coldExits = cold;
    if (tooSmall && region.size === "final") return;
    if (tooSmall) region.size = "outgrown";
    // The interpreter goes through it a few times first: it notes where branches go now, which a region that assumes otherwise does not.
    this.unlink(region, Math.max(0, this.threshold - RECONSIDERED) << layout.HEAT_SHIFT);
  }

  /** Regions that are being compiled. */
  get outstanding(): number {
    return this.client?.outstanding ?? 0;
  }

  /** Takes the compilations that have finished, and asks for what is wanted next. Throws an Error if one failed, which is a bug of the engine. */
  poll(): void {
    if (this.client === undefined) return;
    if (this.outstanding > 0)
      for (let answer = this.client.poll(); answer !== undefined; answer = this.client.poll()) this.take(answer);
    if (!this.wanted.isEmpty) this.requestWanted();
  }

  private waitFor(head: bigint | undefined): void {
    while (this.client !== undefined && head !== undefined && this.pendingHeads.has(head))
      this.take(this.client.wait());
  }

  /** Takes those regions out of their slots that do not check the alignment of SP: it is checked from now on. */
  checkSP(): void {
    for (const region of this.regions()) if (region.linked && !region.checksSP) this.unlink(region);
  }

  /** Takes every region out of its slot: another thread will run the core. */
  release(): void {
    for (const region of this.regions()) {
      if (region.linked) this.unlink(region);
      // What is dropped there is not heard of here.
      region.isChecked = false;
    }
  }

  dispose(): void {
    this.client?.close();
    this.client = undefined;
    this.pendingHeads.clear();
    this.wanted.clear();
    this.clear();
  }

  /** Throws an Error naming the first broken invariant. */
  assertConsistent(): void {
    for (const region of this.regions()) {
      const leads = region.entries.some(({ pc }) => this.slots.handlerAt(this.slotOf(pc)) === region.index);
      if (leads !== region.linked)
        throw new InternalError(`region at 0x${region.head.toString(16)}: slot and link disagree`);
      if (region.linked && !this.holdsAll(region))
        throw new InternalError(`region at 0x${region.head.toString(16)} is linked over other words`);
    }
  }

  private slotOf(pc: bigint): number {
    return this.host.slotAddress(this.host.core, pc);
  }

  private count(what: number): void {
    this.counts[what] = (this.counts[what] as number) + 1;
  }

  private regions(): Iterable<Region> {
    return this.byIndex.values();
  }

  // ---- selection and compilation -----------------------------------------------------------------

  private limits(): SelectionLimits {
    const { maxInstructions, maxDepth: depth, maxInlined: inlined, counts } = this.options;
    return { instructions: Math.min(maxInstructions, MAX_INSTRUCTIONS), depth, inlined, counts };
  }

  private compiler(): CompilerClient {
    this.client ??= new CompilerClient((channel) => this.host.connect(channel));
    return this.client;
  }

  private request(selection: Selection): void {
    const { plan } = selection;
    this.requests.set(this.compiler().request(plan), selection);
    this.pendingHeads.add(plan.head);
  }

  private take(answer: CompileAnswer): void {
    const selection = this.requests.get(answer.id);
    if (selection === undefined) throw new InternalError(`an answer to no request (${answer.id})`);
    const { plan } = selection;
    this.requests.delete(answer.id);
    this.pendingHeads.delete(plan.head);
    if ("error" in answer) throw new InternalError(`region at 0x${plan.head.toString(16)}: ${answer.error}`);
    const region = this.add(selection, answer.region);
    if (!this.mayRun(region) || !this.guardsHold(region)) return;
    this.replaceBy(region);
    if (this.slots.holdsRegion(this.slotOf(region.head))) return;
    this.link(region);
    this.cool(region);
  }

  /** Forgets the regions that can be entered only where this one, which was made of them, can be entered too. */
  private replaceBy(region: Region): void {
    const isEntry = ({ pc }: { readonly pc: bigint }): boolean => region.entries.some((entry) => entry.pc === pc);
    for (const { pc } of region.entries) {
      const old = this.byIndex.get(this.slots.handlerAt(this.slotOf(pc)));
      if (old !== undefined && old.entries.length < region.entries.length && old.entries.every(isEntry))
        this.forget(old);
    }
  }

  private forget(region: Region): void {
    this.unlink(region);
    for (const { pc } of region.entries) removeFrom(this.byEntry, pc, region);
    this.versions.forget(region.entries);
    for (const line of region.lines.keys()) removeFrom(this.byLine, line, region);
    for (const callee of region.callees) removeFrom(this.callers, callee, region);
    this.byIndex.delete(region.index);
    this.host.table.set(region.index, null);
  }

  /** What got hot inside of a new region did so because there was none: it has to get hot again. */
  private cool(region: Region): void {
    for (const [i, pc] of region.addresses.entries()) {
      this.wanted.delete(pc);
      this.heatedAt.delete(pc);
      const slot = region.slots[i] as number;
      if (!this.slots.holdsRegion(slot)) this.slots.set(slot, this.slots.handlerAt(slot));
    }
  }

  private add({ plan, own }: Selection, compiled: CompiledRegion): Region {
    if (this.nextIndex >= layout.FIRST_REGION + Math.min(this.options.maxRegions, layout.MAX_REGIONS)) this.clear();
    const source = sourceOf(plan);
    // Property by property: so that all regions have the same shape, in the order in which V8 sees them.
    const region: Region = {
      head: source.head,
      addresses: source.addresses,
      words: source.words,
      lines: source.lines,
      guards: source.guards,
      entries: source.entries,
      checksSP: source.checksSP,
      own,
      index: this.nextIndex++,
      slots: Int32Array.from(source.addresses, (pc) => this.slotOf(pc)),
      entrySlots: Int32Array.from(source.entries, ({ pc }) => this.slotOf(pc)),
      module: compiled.module,
      callees: compiled.callees,
      assumptions: this.view.assumptionsOf(source.guards),
      linked: false,
      suspect: 0,
      hot: new Set(),
      since: this.executed(),
      isChecked: false,
      changing: [],
      changes: 0,
      missedAt: 0,
      coldExits: 0,
      size: "open",
    };
    this.cold[region.index - layout.FIRST_REGION] = 0;
    if (region.index >= this.host.table.length) this.host.table.grow(1024);
    this.byIndex.set(region.index, region);
    for (const { pc } of region.entries) pushTo(this.byEntry, pc, region);
    for (const callee of region.callees) pushTo(this.callers, callee, region);
    this.instantiate(region);
    // A new instance of an old module costs little, its code is shared.
    for (const { pc } of region.entries)
      for (const caller of this.callers.get(pc) ?? []) if (caller !== region) this.instantiate(caller);
    for (const line of region.lines.keys()) pushTo(this.byLine, line, region);
    this.patched.hold(region.lines);
    this.versions.forget(region.entries);
    this.addLiterals(region);
    this.count(COMPILED);
    this.bytes[0] = (this.bytes[0] as number) + compiled.bytes;
    return region;
  }

  private addLiterals({ guards, addresses, words }: Region): void {
    const wordAt = new Map(addresses.map((pc, i) => [pc, words[i] as number]));
    const flowAt = (pc: bigint): InstructionFlow | undefined => {
      const word = wordAt.get(pc);
      const form = word === undefined ? undefined : this.forms.ofWord(word);
      return word === undefined || form === undefined ? undefined : this.forms.analyse(form, word, pc);
    };
    for (const { kind, pc: branch } of guards) {
      const literal = kind === "target" ? literalOf(branch, flowAt) : undefined;
      if (literal !== undefined) this.literals.add({ branch, literal });
    }
  }

  /** Makes a region's function, with the newest regions of what it calls as far as there are any, and puts it into the table. */
  private instantiate(region: Region): void {
    const { host } = this;
    const callees: WebAssembly.ModuleImports = {};
    region.callees.forEach((callee, i) => {
      const newest = this.byEntry.get(callee)?.at(-1);
      // A region that does not exist yet cannot be imported, and none has to import itself.
      const linked = newest === undefined || newest === region ? undefined : host.table.get(newest.index);
      callees[`callee${i}`] = (linked ?? host.table.get(layout.FIRST_FORM)) as WebAssembly.ImportValue;
      callees[`callee${i}.region`] = linked ? (newest?.index as number) : -1;
      callees[`callee${i}.slot`] = this.slotOf(callee);
    });
    const env = { memory: host.memory, region: region.index };
    const instance = new WebAssembly.Instance(region.module, { env, core: this.imports, callees });
    host.table.set(region.index, instance.exports["region"]);
  }

  /** Forgets every region. */
  private clear(): void {
    for (const region of this.regions()) {
      if (region.linked) this.unlink(region);
      this.host.table.set(region.index, null);
    }
    this.byEntry.clear();
    this.callers.clear();
    this.byLine.clear();
    this.byIndex.clear();
    this.literals.clear();
    this.patched.clear();
    this.versions.clear();
    this.nextIndex = layout.FIRST_REGION;
    this.bytes[0] = 0;
  }

  // ---- linking ---------------------------------------------------------------------------------

  /** Links a region that was compiled before, if one fits what the core holds now: the one that holds most. */
  private linkKnown(pc: bigint, slot: number): boolean {
    const list = this.byEntry.get(pc);
    if (list === undefined) return false;
    let variants = 0;
    let best: Region | undefined;
    let last: Region | undefined;
    for (const region of list) {
      if (region.size === "outgrown" || !this.mayRun(region)) continue;
      if (this.guardsHold(region)) {
        if (best === undefined || region.words.length > best.words.length) best = region;
      } else {
        variants++;
        last = region;
      }
    }
    // Where the targets change all the time, any version is as good as another one.
    if (variants >= MAX_VARIANTS) best ??= last;
    if (best === undefined) return false;
    this.link(best);
    return this.slots.holdsRegion(slot);
  }

  /** Takes back a region that was passed over as too small, if a new one would be made of the same words. */
  private linkInstead(plan: RegionPlan): boolean {
    const { addresses } = sourceOf(plan);
    const enters = (region: Region): boolean =>
      plan.entries.every(({ pc }) => region.entries.some((entry) => entry.pc === pc));
    const same = (region: Region): boolean =>
      region.size === "outgrown" && region.addresses.length >= addresses.length && enters(region) && this.fits(region);
    const region = this.byEntry.get(plan.head)?.find(same);
    if (region === undefined) return false;
    region.size = "final";
    this.link(region);
    return true;
  }

  private fits(region: Region): boolean {
    return !this.slots.holdsRegion(this.slotOf(region.head)) && this.mayRun(region) && this.guardsHold(region);
  }

  /** Whether it does what the core would do now. */
  private mayRun(region: Region): boolean {
    return this.holdsWords(region) && (region.checksSP || !this.view.checksSP);
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

  private holdsAll(region: Region): boolean {
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

  private guardsHold(region: Region): boolean {
    return this.view.agreesWith(region.assumptions);
  }

  private link(region: Region): void {
    const { slots, words } = region;
    // What it executes has been executed, for selection too, although no handler of the interpreter does.
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      if (this.slots.handlerAt(slot) === layout.HANDLER_FETCHED)
        this.slots.set(slot, this.forms.handlerOf(words[i] as number));
    }
    // Where another one is entered already, that one is.
    for (const slot of region.entrySlots)
      if (!this.slots.holdsRegion(slot)) this.slots.set(slot, region.index, HOTTEST);
    region.linked = true;
    this.count(LINKED);
  }

  /** The entries stay hot, so that reaching one asks for a region at once. */
  private unlink(region: Region, heat = HOTTEST): void {
    region.entries.forEach(({ handler }, index) => {
      const slot = region.entrySlots[index] as number;
      // A replaced word has taken its slot already.
      if (this.slots.handlerAt(slot) === region.index) this.slots.set(slot, handler, heat);
    });
    region.linked = false;
    this.count(UNLINKED);
  }
}

function removeFrom<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const rest = map.get(key)?.filter((each) => each !== value) ?? [];
  if (rest.length === 0) map.delete(key);
  else map.set(key, rest);
}

function pushTo<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
