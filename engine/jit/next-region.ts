/** What the region is that a hot address should get: its head, what it holds, and where it is entered. */
import type { Slots } from "./core-view.js";
import type { JitOptions } from "./host.js";
import { mayBranchBefore, mayLeadTo } from "./reach.js";
import type { RegionTable } from "./region-table.js";
import { holdsOwn, loopAround, outermostHead, type Selection, type SelectionLimits, selectRegion } from "./select.js";
import type { CodeView } from "./view.js";
import type { WantedHeads } from "./wanted.js";

/** Instructions in a region, whatever the options say: V8 takes long for large functions. */
const MAX_INSTRUCTIONS = 2048;
/** Bytes before a head, and heads there, among which the one is looked for that begins the code around it. */
const NEARBY = 8192n;
const MAX_OUTER = 8;

export class NextRegion {
  private readonly limits: SelectionLimits;
  private readonly loops: boolean;

  constructor(
    private readonly view: CodeView,
    private readonly slots: Slots,
    private readonly regions: RegionTable,
    private readonly wanted: WantedHeads,
    /** Versions.isUnsteady. */
    private readonly isUnsteady: (head: bigint) => boolean,
    { maxInstructions, maxDepth: depth, maxInlined: inlined, counts, enterLoops }: Required<JitOptions>,
  ) {
    this.limits = { instructions: Math.min(maxInstructions, MAX_INSTRUCTIONS), depth, inlined, counts };
    this.loops = enterLoops;
  }

  /**
   * A region that is entered at `pc`, of what the core has executed by now; undefined if there is nothing to be made.
   */
  enteredAt(pc: bigint): Selection | undefined {
    const holder = this.regions.holderOf(pc);
    const loop = holder && loopAround(this.view, holder.head, this.limits, pc);
    if (loop === undefined) return this.selected(this.outermost(pc));
    const slot = this.slots.of(loop.head);
    if (slot === 0 || this.slots.holdsRegion(slot)) return undefined;
    return selectRegion(this.view, loop.head, this.limits, { within: loop.own, steady: this.isUnsteady(loop.head) });
  }

  /** The region with the head `pc`, of what `view` has as executed. */
  headedBy(pc: bigint, view: CodeView): Selection | undefined {
    return selectRegion(view, pc, this.limits, { loops: this.loops });
  }

  /** The region with this head, of what the core has executed by now, entered wherever a linked one with this head is. */
  selected(head: bigint): Selection | undefined {
    const linked = this.regions.linkedAt(head);
    const entered = linked?.head === head ? linked.entries.map(({ pc }) => pc) : [head];
    const hot = new Set([...entered, ...this.wanted.heads()]);
    return selectRegion(this.view, head, this.limits, { hot, loops: this.loops, steady: this.isUnsteady(head) });
  }

  /**
   * Of the heads that are wanted, the one that begins the code around this one: its function's, or an outer loop's. Else the head of
   * the outermost loop around this one: from an inner one all of them would be one loop to V8, which begins there.
   * Compilers put them before what they hold. So there is one region of that code, where regions of inner loops would
   * each hold most of it.
   */
  private outermost(head: bigint): bigint {
    // What one of them leads to, but not to here, need not be followed again from the next one.
    const elsewhere = new Set<bigint>();
    for (const outer of this.wanted.within(head - NEARBY, head).slice(0, MAX_OUTER)) {
      const slot = this.slots.of(outer);
      if (slot === 0 || this.slots.holdsRegion(slot)) continue;
      if (this.leadsTo(outer, head, elsewhere)) return outer;
    }
    const outer = mayBranchBefore(this.view, head) ? outermostHead(this.view, head, this.limits) : undefined;
    return outer !== undefined && this.leadsTo(outer, head, elsewhere) ? outer : head;
  }

  private leadsTo(outer: bigint, head: bigint, elsewhere: Set<bigint>): boolean {
    return mayLeadTo(this.view, outer, head, elsewhere) && holdsOwn(this.view, outer, this.limits, head);
  }
}
