/** The regions of one core: in the core's function table, and by where they may be entered and by the lines of their words. */
import * as layout from "../../assembly/layout.js";
import { CallLinks } from "./call-links.js";
import type { CompiledRegion } from "./compiler.js";
import type { CoreView, Slots } from "./core-view.js";
import { executedBy, type RegionHost } from "./host.js";
import { type Region, sourceOf } from "./region.js";
import type { Selection } from "./select.js";

/** Entries that the function table grows by. */
const GROWTH = 1024;
const none: readonly Region[] = [];

export class RegionTable {
  /** Regions by where they may be entered. */
  private readonly byEntry = new Map<bigint, Region[]>();
  private readonly byLine = new Map<bigint, Region[]>();
  private readonly byIndex = new Map<number, Region>();
  private readonly calls: CallLinks;
  private nextIndex = layout.FIRST_REGION;
  /** REGION_COLD of the core. */
  private readonly cold: Uint32Array;

  constructor(
    private readonly host: RegionHost,
    private readonly slots: Slots,
    private readonly view: CoreView,
    /** How many there may be at once. */
    private readonly most: number,
  ) {
    this.cold = new Uint32Array(host.memory.buffer, host.core + layout.REGION_COLD, layout.MAX_REGIONS);
    // They do not import the function table: V8 keeps a copy of it for every instance that does, 300 kB each, and brings all of
    // them up to date at every change.
    const core = { ...host.coreExports, nzcv: host.table.get(layout.TABLE_NZCV) as WebAssembly.ImportValue };
    this.calls = new CallLinks(
      host,
      core,
      (pc) => slots.of(pc),
      (pc) => this.calleeAt(pc),
    );
  }

  all(): Iterable<Region> {
    return this.byIndex.values();
  }

  /** The one that has this entry of the function table. */
  at(index: number): Region | undefined {
    return this.byIndex.get(index);
  }

  /** Those that may be entered at an address, oldest first; undefined if there are none. */
  enteredAt(pc: bigint): readonly Region[] | undefined {
    return this.byEntry.get(pc);
  }

  /** Those that were made from words of a line. */
  inLine(line: bigint): readonly Region[] {
    return this.byLine.get(line) ?? none;
  }

  /** The region that an address leads to. */
  linkedAt(pc: bigint): Region | undefined {
    return this.at(this.slots.handlerAt(this.slots.of(pc)));
  }

  /** The linked region that has the address among its own, but cannot be entered there. */
  holderOf(pc: bigint): Region | undefined {
    const regions = this.inLine(pc - (pc % BigInt(layout.LINE)));
    return regions.find(({ linked, own }) => linked && own.has(pc));
  }

  /** How often a region has been left for code that was cold when it was made. */
  coldExits({ index }: Region): number {
    return this.cold[index - layout.FIRST_REGION] as number;
  }

  /** Whether there is no place for one more. */
  get isFull(): boolean {
    return this.nextIndex >= layout.FIRST_REGION + Math.min(this.most, layout.MAX_REGIONS);
  }

  /** It has no function before it is connected. */
  add({ plan, own }: Selection, compiled: CompiledRegion): Region {
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
      slots: Int32Array.from(source.addresses, (pc) => this.slots.of(pc)),
      entrySlots: Int32Array.from(source.entries, ({ pc }) => this.slots.of(pc)),
      module: compiled.module,
      callees: compiled.callees,
      assumesValues: compiled.assumesValues,
      assumptions: this.view.assumptionsOf(source.guards),
      isSteady: plan.isSteady,
      linked: false,
      suspect: 0,
      since: executedBy(this.host),
      patience: 1,
      failed: executedBy(this.host),
      wasted: 0,
      isChecked: false,
      changing: [],
      changes: 0,
      missedAt: 0,
      coldExits: 0,
      size: "open",
    };
    this.cold[region.index - layout.FIRST_REGION] = 0;
    if (region.index >= this.host.table.length) this.host.table.grow(GROWTH);
    this.byIndex.set(region.index, region);
    for (const { pc } of region.entries) pushTo(this.byEntry, pc, region);
    for (const line of region.lines.keys()) pushTo(this.byLine, line, region);
    return region;
  }

  /** Makes its function, and puts it into the table; regions that call it do so directly from now on. */
  connect(region: Region): void {
    this.calls.add(region);
  }

  linked(region: Region): void {
    this.calls.linked(region);
  }

  unlinked(region: Region): void {
    this.calls.unlinked(region);
  }

  /** The region that calls of an address come to: the one that its slot leads to, or else the newest. */
  private calleeAt(pc: bigint): Region | undefined {
    const linked = this.linkedAt(pc);
    return linked?.head === pc ? linked : this.byEntry.get(pc)?.findLast(({ head }) => head === pc);
  }

  /** Forgets a region that is not linked. */
  forget(region: Region): void {
    for (const { pc } of region.entries) removeFrom(this.byEntry, pc, region);
    for (const line of region.lines.keys()) removeFrom(this.byLine, line, region);
    this.calls.forget(region);
    this.byIndex.delete(region.index);
    this.host.table.set(region.index, null);
  }

  /** Forgets all of them; none is linked. */
  clear(): void {
    for (const { index } of this.all()) this.host.table.set(index, null);
    this.byEntry.clear();
    this.byLine.clear();
    this.byIndex.clear();
    this.calls.clear();
    this.nextIndex = layout.FIRST_REGION;
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
