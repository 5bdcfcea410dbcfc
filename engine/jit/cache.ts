/**
 * The translation cache of one core: regions by the address of their head, linked into the core's instruction
 * cache while it holds the words that they were made from.
 *
 * A region is a pure function of its words (and of the targets it assumes for indirect branches, which it
 * checks itself), so dropping a word only unlinks it. When the head is reached again the words are compared,
 * and a region that fits is linked without compiling: patch, unpatch, patch costs two comparisons.
 *
 * Invariants (checked by `assertConsistent`):
 *   - a slot leads to a region only if the region is marked as linked, and the other way round;
 *   - while a region is linked, every slot of its words holds the word that it was made from.
 */
import * as layout from "../../assembly/layout.js";
import { type Form, formsOf } from "../a64/forms.js";
import { rows } from "../a64/table.js";
import { type CompileAnswer, type CompiledRegion, CompilerClient, compileWorker } from "./compiler.js";
import { type JitOptions, jitDefaults, type RegionHost } from "./host.js";
import { type ExitReason, exitReasons, noCounts, type PathCounts, type RegionPlan } from "./plan.js";
import { type Region, sourceOf } from "./region.js";
import { type CodeView, selectRegion } from "./select.js";

export interface RegionStats {
  /** Regions translated since the machine was made. */
  readonly compiled: number;
  /** Times that a region was put into a slot, and taken out of it. */
  readonly linked: number;
  readonly unlinked: number;
  /** Times that compiled code handed over to the run loop. */
  readonly exits: Readonly<Record<ExitReason, number>>;
  /** What compiled code has executed. */
  readonly counts: Readonly<PathCounts>;
  /** Bytes of wasm held. */
  readonly bytes: number;
}

/** Versions of one head with the same words that may differ in the targets they assume. */
const MAX_VARIANTS = 8;
/** Regions held before all are dropped. */
const MAX_REGIONS = 4096;
/** Instructions for each unit of heat beyond which a target is not worth a region. */
const WORTHWHILE = 4000;
const HOTTEST = (layout.HEAT_MAX << layout.HEAT_SHIFT) >>> 0;

interface Request {
  readonly plan: RegionPlan;
  readonly core: number;
}

export class RegionCache {
  private readonly options: Required<JitOptions>;
  /** Forms by handler index; made at the first selection. */
  private knownForms: readonly Form[] | undefined;
  private readonly byHead = new Map<bigint, Region[]>();
  private readonly byLine = new Map<bigint, Region[]>();
  private readonly byIndex = new Map<number, Region>();
  private readonly requests = new Map<number, Request>();
  /** When a target without a region last got hot, in instructions of its core. */
  private readonly heatedAt = new Map<bigint, number>();
  private readonly pendingHeads = new Set<bigint>();
  private client: CompilerClient | undefined;
  private readonly words32: Int32Array;
  private readonly words64: BigInt64Array;
  private readonly decode: (word: number) => number;
  private readonly lands: (word: number) => number;
  /**
   * What regions call. They do not import the table: V8 keeps a copy of it for every instance that does, 300 kB each,
   * and brings all of them up to date at every change.
   */
  private readonly imports: WebAssembly.ModuleImports;
  private nextIndex = layout.FIRST_REGION;
  private nextCounter = 0;
  private compiled = 0;
  private links = 0;
  private unlinks = 0;
  private bytes = 0;
  /** Counts of regions that are gone. */
  private readonly retired = { counts: noCounts(), exits: noExits() };
  private lastCore = 0;

  constructor(
    private readonly host: RegionHost,
    options: JitOptions = {},
  ) {
    this.options = { ...jitDefaults, ...options };
    this.words32 = new Int32Array(host.memory.buffer);
    this.words64 = new BigInt64Array(host.memory.buffer);
    this.decode = host.table.get(layout.TABLE_DECODE) as (word: number) => number;
    this.lands = host.table.get(layout.TABLE_LANDS) as (word: number) => number;
    this.imports = { ...host.coreExports, nzcv: host.table.get(layout.TABLE_NZCV) as WebAssembly.ImportValue };
  }

  get threshold(): number {
    return this.options.threshold;
  }

  /** A branch target has become hot: links a region that fits, or asks for one. */
  hot(core: number, pc: bigint): void {
    this.poll();
    const slot = this.host.slotAddress(core, pc);
    if (slot === 0 || this.handlerAt(slot) >= layout.FIRST_REGION || this.linkKnown(core, pc, slot)) return;
    // From here on the target has to get hot once more before it asks again.
    this.setEntry(slot, this.handlerAt(slot));
    if (this.pendingHeads.has(pc) || !this.isWorthIt(core, pc)) return;
    const plan = selectRegion(this.view(core, false), pc, this.limits());
    if (plan === undefined) return;
    this.request(core, plan);
    if (!this.options.background) this.waitFor(pc);
  }

  /**
   * Whether the target gets hot often enough: what is reached once in a while gets hot too in the end. The first time
   * only starts the clock, which counts the core's instructions. A head that had a region once is worth one.
   */
  private isWorthIt(core: number, pc: bigint): boolean {
    if (this.byHead.has(pc) || this.options.threshold <= 1) return true;
    const now = this.host.instructions(core);
    const before = this.heatedAt.get(pc);
    this.heatedAt.set(pc, now);
    return before !== undefined && now - before <= this.options.threshold * WORTHWHILE;
  }

  /** Compiles and links a region at `pc` now, following code whether it has been executed or not. False if none can start there. */
  forceCompile(core: number, pc: bigint): boolean {
    this.poll();
    const slot = this.host.slotAddress(core, pc);
    if (slot === 0 || !this.host.fill(core, pc)) return false;
    if (this.handlerAt(slot) >= layout.FIRST_REGION || this.linkKnown(core, pc, slot)) return true;
    this.waitFor(pc);
    if (this.handlerAt(slot) >= layout.FIRST_REGION) return true;
    const plan = selectRegion(this.view(core, true), pc, this.limits());
    if (plan === undefined) return false;
    this.request(core, plan);
    this.waitFor(pc);
    return this.handlerAt(slot) >= layout.FIRST_REGION;
  }

  /** Words of a line were dropped from the core's instruction cache or replaced in it; gives the number of regions unlinked. */
  dropped(_core: number, line: bigint, mask: number): number {
    let count = 0;
    for (const region of this.byLine.get(line) ?? []) {
      if (!region.linked || ((region.lines.get(line) ?? 0) & mask) === 0) continue;
      this.unlink(region);
      count++;
    }
    return count;
  }

  /** What a region assumes keeps failing: its head gets to choose again. */
  missed(_core: number, index: number): void {
    const region = this.byIndex.get(index);
    if (region?.linked === true) this.unlink(region);
  }

  /** Takes the compilations that have finished. Throws an Error if one failed, which is a bug of the engine. */
  poll(): void {
    if (this.client === undefined || this.client.outstanding === 0) return;
    for (let answer = this.client.poll(); answer !== undefined; answer = this.client.poll()) this.take(answer);
  }

  private waitFor(head: bigint): void {
    while (this.client !== undefined && this.pendingHeads.has(head)) this.take(this.client.wait());
  }

  stats(): RegionStats {
    const counts = { ...this.retired.counts };
    const exits = { ...this.retired.exits };
    for (const region of this.regions()) this.addCounters(region, counts, exits);
    return { compiled: this.compiled, linked: this.links, unlinked: this.unlinks, exits, counts, bytes: this.bytes };
  }

  dispose(): void {
    this.client?.close();
    this.client = undefined;
    this.pendingHeads.clear();
    this.clear();
  }

  /** Throws an Error naming the first broken invariant. */
  assertConsistent(): void {
    for (const region of this.regions()) {
      const leads = this.handlerAt(region.slots[0] as number) === region.index;
      if (leads !== region.linked)
        throw new Error(`internal: region at 0x${region.head.toString(16)}: slot and link disagree`);
      if (region.linked && !this.holdsWords(region))
        throw new Error(`internal: region at 0x${region.head.toString(16)} is linked over other words`);
    }
  }

  private *regions(): Generator<Region> {
    for (const list of this.byHead.values()) yield* list;
  }

  // ---- selection and compilation -----------------------------------------------------------------

  private get forms(): readonly Form[] {
    this.knownForms ??= formsOf(rows);
    return this.knownForms;
  }

  private limits(): { instructions: number; depth: number } {
    return { instructions: this.options.maxInstructions, depth: this.options.maxDepth };
  }

  /** `all`: words count as executed though they only could be fetched. */
  private view(core: number, all: boolean): CodeView {
    const { host, forms } = this;
    return {
      windows: host.windows(),
      lands: this.lands,
      executed: (pc) => {
        const slot = host.slotAddress(core, pc);
        if (slot === 0 || (all && !host.fill(core, pc))) return undefined;
        const handler = this.handlerAt(slot);
        if (handler === layout.HANDLER_EMPTY || (handler === layout.HANDLER_FETCHED && !all)) return undefined;
        const word = (this.words32[slot >> 2] as number) >>> 0;
        const isForm = handler >= layout.FIRST_FORM && handler < layout.FIRST_REGION;
        const form = forms[(isForm ? handler : this.decode(word)) - layout.FIRST_FORM - 1];
        return form === undefined ? undefined : { form, word };
      },
      lastTarget: (pc) => {
        const entry =
          (core + layout.BRANCH_TARGETS) / 8 + 2 * Number((pc >> 2n) % BigInt(layout.BRANCH_TARGET_ENTRIES));
        return this.words64[entry] === BigInt.asIntN(64, pc)
          ? BigInt.asUintN(64, this.words64[entry + 1] as bigint)
          : undefined;
      },
      lastWindow: (pc) => {
        const at = core + layout.ACCESS_WINDOWS + Number((pc >> 2n) % BigInt(layout.ACCESS_WINDOW_ENTRIES));
        const window = ((this.words32[at >> 2] as number) >>> (8 * (at & 3))) & 0xff;
        if (window === 0) return undefined;
        return (window & layout.ACCESS_SEVERAL) !== 0 ? "several" : window - 1;
      },
    };
  }

  private request(core: number, plan: RegionPlan): void {
    this.client ??= new CompilerClient(compileWorker);
    this.requests.set(this.client.request(plan), { plan, core });
    this.pendingHeads.add(plan.head);
  }

  private take(answer: CompileAnswer): void {
    const request = this.requests.get(answer.id);
    if (request === undefined) throw new Error(`internal: an answer to no request (${answer.id})`);
    this.requests.delete(answer.id);
    this.pendingHeads.delete(request.plan.head);
    if ("error" in answer) throw new Error(`internal: region at 0x${request.plan.head.toString(16)}: ${answer.error}`);
    const region = this.add(request, answer.region);
    if (this.fits(request.core, region)) this.link(region);
  }

  private add({ plan, core }: Request, compiled: CompiledRegion): Region {
    const counterBytes = 8 * compiled.counters.length;
    if (
      this.nextCounter + counterBytes > layout.REGION_COUNTER_BYTES ||
      this.nextIndex >= layout.FIRST_REGION + MAX_REGIONS
    )
      this.clear();
    const source = sourceOf(plan);
    const region: Region = {
      ...source,
      index: this.nextIndex++,
      counters: compiled.counters,
      counterBase: this.nextCounter,
      slots: Int32Array.from(source.addresses, (pc) => this.host.slotAddress(core, pc)),
      linked: false,
    };
    this.nextCounter += counterBytes;
    this.lastCore = core;
    const instance = new WebAssembly.Instance(compiled.module, {
      env: { memory: this.host.memory, counters: region.counterBase },
      core: this.imports,
    });
    if (region.index >= this.host.table.length) this.host.table.grow(1024);
    this.host.table.set(region.index, instance.exports["region"]);
    this.byIndex.set(region.index, region);
    pushTo(this.byHead, region.head, region);
    for (const line of region.lines.keys()) pushTo(this.byLine, line, region);
    this.compiled++;
    this.bytes += compiled.bytes;
    return region;
  }

  /** Forgets every region; what they have counted stays. */
  private clear(): void {
    for (const region of this.regions()) {
      if (region.linked) this.unlink(region);
      this.addCounters(region, this.retired.counts, this.retired.exits);
      for (let i = 0; i < region.counters.length; i++) this.words64[this.counterEntry(region) + i] = 0n;
      this.host.table.set(region.index, null);
    }
    this.byHead.clear();
    this.byLine.clear();
    this.byIndex.clear();
    this.nextIndex = layout.FIRST_REGION;
    this.nextCounter = 0;
    this.bytes = 0;
  }

  // ---- linking ---------------------------------------------------------------------------------

  private handlerAt(slot: number): number {
    return (this.words32[(slot >> 2) + 1] as number) & layout.HANDLER_MASK;
  }

  /** Sets a slot's handler and heat. */
  private setEntry(slot: number, handler: number, heat = 0): void {
    this.words32[(slot >> 2) + 1] = handler | heat;
  }

  /** Links a region that was compiled before, if one fits what the core holds now. */
  private linkKnown(core: number, pc: bigint, slot: number): boolean {
    const list = this.byHead.get(pc);
    if (list === undefined) return false;
    let variants = 0;
    let last: Region | undefined;
    for (const region of list) {
      if (!this.holdsWords(region)) continue;
      if (this.guardsHold(core, region)) {
        this.link(region);
        return true;
      }
      variants++;
      last = region;
    }
    // The targets change all the time: any version is as good as another one.
    if (variants < MAX_VARIANTS || last === undefined) return false;
    this.link(last);
    return this.handlerAt(slot) >= layout.FIRST_REGION;
  }

  private fits(core: number, region: Region): boolean {
    return (
      this.handlerAt(region.slots[0] as number) < layout.FIRST_REGION &&
      this.holdsWords(region) &&
      this.guardsHold(core, region)
    );
  }

  private holdsWords(region: Region): boolean {
    const { slots, words } = region;
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] as number;
      if (this.handlerAt(slot) === layout.HANDLER_EMPTY || this.words32[slot >> 2] !== ((words[i] as number) | 0))
        return false;
    }
    return true;
  }

  private guardsHold(core: number, region: Region): boolean {
    const { lastTarget, lastWindow } = this.view(core, false);
    return region.guards.every((guard) =>
      guard.kind === "target"
        ? (lastTarget(guard.pc) ?? guard.target) === guard.target
        : (lastWindow(guard.pc) ?? guard.window) === guard.window,
    );
  }

  private link(region: Region): void {
    this.setEntry(region.slots[0] as number, region.index, HOTTEST);
    region.linked = true;
    this.links++;
  }

  /** The head stays hot, so that reaching it asks for a region at once. */
  private unlink(region: Region): void {
    const slot = region.slots[0] as number;
    // A replaced head word has taken the slot already.
    if (this.handlerAt(slot) === region.index) this.setEntry(slot, region.headHandler, HOTTEST);
    region.linked = false;
    this.unlinks++;
  }

  // ---- counters --------------------------------------------------------------------------------

  private counterEntry(region: Region): number {
    return (this.lastCore + layout.REGION_COUNTERS + region.counterBase) / 8;
  }

  private addCounters(region: Region, counts: PathCounts, exits: Record<ExitReason, number>): void {
    const first = this.counterEntry(region);
    region.counters.forEach((counter, i) => {
      const times = Number(this.words64[first + i]);
      if (times === 0) return;
      if (counter.exit !== undefined) exits[counter.exit] += times;
      for (const key of Object.keys(counts) as (keyof PathCounts)[]) counts[key] += times * counter.counts[key];
    });
  }
}

function noExits(): Record<ExitReason, number> {
  return Object.fromEntries(exitReasons.map((reason) => [reason, 0])) as Record<ExitReason, number>;
}

function pushTo<K, T>(map: Map<K, T[]>, key: K, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
