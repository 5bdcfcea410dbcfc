/** What structuring needs to know of a control-flow graph: an order of its blocks, and which block dominates which. */

export type BlockId = number;

export interface SharedLoop {
  /** Those that are reached from outside. */
  readonly entries: readonly BlockId[];
  readonly blocks: ReadonlySet<BlockId>;
}

/** `position` of a block that is not reached. */
const UNREACHED = -1;

/** Made many times for each region, mostly by JavaScript that V8 has not optimised: so arrays, not Maps. */
export class FlowOrder {
  /** Blocks reachable from the entry, in reverse postorder: a block stands before all that can only be reached through it. */
  private readonly order: readonly BlockId[];
  /** The place of each block in `order`. */
  private readonly position: Int32Array;
  /** For each block what leads to it, in order; what does so twice is there twice. */
  private readonly predecessors: readonly (readonly BlockId[])[];
  /** For each place in `order` that of the block that dominates the one there directly. */
  private readonly dominator: Int32Array;
  /** Meeting blocks by the block that dominates them directly, in order; made when it is first needed. */
  private meetings: ReadonlyMap<BlockId, readonly BlockId[]> | undefined;

  constructor(
    /** Where each block leads. */
    private readonly successors: readonly (readonly BlockId[])[],
    private readonly entry: BlockId,
  ) {
    this.order = this.visit();
    this.position = new Int32Array(successors.length).fill(UNREACHED);
    this.order.forEach((id, index) => {
      this.position[id] = index;
    });
    this.predecessors = this.findPredecessors();
    this.dominator = this.findDominators();
  }

  /** A branch that does not go forward in the order. */
  isBack(from: BlockId, to: BlockId): boolean {
    return this.at(to) <= this.at(from);
  }

  /** Whether some branch goes back to the block. */
  closesLoop(id: BlockId): boolean {
    return this.before(id).some((from) => this.isBack(from, id));
  }

  /** Whether several forward branches lead to the block. */
  isMeeting(id: BlockId): boolean {
    let forward = 0;
    for (const from of this.before(id)) if (!this.isBack(from, id)) forward++;
    return forward > 1;
  }

  /** The meeting blocks directly dominated by a block, in order. */
  meetingsUnder(id: BlockId): readonly BlockId[] {
    this.meetings ??= this.findMeetings();
    return this.meetings.get(id) ?? [];
  }

  private findMeetings(): ReadonlyMap<BlockId, readonly BlockId[]> {
    const meetings = new Map<BlockId, BlockId[]>();
    for (const id of this.order) {
      if (id === this.entry || !this.isMeeting(id)) continue;
      const above = this.above(id);
      const list = meetings.get(above);
      if (list === undefined) meetings.set(above, [id]);
      else list.push(id);
    }
    return meetings;
  }

  /**
   * A loop that can be entered in several places; undefined if there is none.
   *
   * A back branch whose target v does not dominate its source shows one. All of the loop is strictly
   * dominated by v's immediate dominator, so it is the part of those blocks that v reaches and that reach v.
   */
  sharedLoop(): SharedLoop | undefined {
    for (const from of this.order) {
      for (const to of this.after(from)) {
        if (!this.isBack(from, to) || this.dominates(to, from)) continue;
        const loop = this.cycleThrough(to);
        return { entries: [...loop].filter((id) => this.before(id).some((other) => !loop.has(other))), blocks: loop };
      }
    }
    return undefined;
  }

  /** Loops that are entered in one place, by this one: all blocks from which it is reached without leaving the loop. */
  loops(): ReadonlyMap<BlockId, ReadonlySet<BlockId>> {
    const loops = new Map<BlockId, Set<BlockId>>();
    for (const head of this.order) {
      if (!this.closesLoop(head)) continue;
      const ends = this.before(head).filter((from) => this.isBack(from, head) && this.dominates(head, from));
      if (ends.length === 0) continue;
      const blocks = new Set([head, ...ends]);
      // A Set is walked in the order of insertion, additions included.
      for (const block of blocks) if (block !== head) for (const from of this.before(block)) blocks.add(from);
      loops.set(head, blocks);
    }
    return loops;
  }

  private at(id: BlockId): number {
    return this.position[id] as number;
  }

  private after(id: BlockId): readonly BlockId[] {
    return this.successors[id] as readonly BlockId[];
  }

  private before(id: BlockId): readonly BlockId[] {
    return this.predecessors[id] as readonly BlockId[];
  }

  /** What dominates a block directly. */
  private above(id: BlockId): BlockId {
    return this.order[this.dominator[this.at(id)] as number] as BlockId;
  }

  private visit(): BlockId[] {
    const seen = new Uint8Array(this.successors.length);
    const order: BlockId[] = [];
    // A path of thousands of blocks is too deep for calls within calls. Beside each block: which way on is next.
    const path = [this.entry];
    const next = [0];
    seen[this.entry] = 1;
    while (path.length > 0) {
      const last = path.length - 1;
      const id = path[last] as BlockId;
      const to = this.after(id)[next[last] as number];
      if (to === undefined) {
        order.push(id);
        path.pop();
        next.pop();
        continue;
      }
      next[last] = (next[last] as number) + 1;
      if (seen[to] !== 0) continue;
      seen[to] = 1;
      path.push(to);
      next.push(0);
    }
    return order.reverse();
  }

  private findPredecessors(): readonly (readonly BlockId[])[] {
    const found: BlockId[][] = this.successors.map(() => []);
    for (const from of this.order) for (const to of this.after(from)) (found[to] as BlockId[]).push(from);
    return found;
  }

  /** Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm" (2001). */
  private findDominators(): Int32Array {
    const { order, position } = this;
    const dominator = new Int32Array(order.length).fill(UNREACHED);
    dominator[0] = 0;
    for (let changed = true; changed; ) {
      changed = false;
      for (let at = 1; at < order.length; at++) {
        let nearest = UNREACHED;
        for (const from of this.before(order[at] as BlockId)) {
          let other = position[from] as number;
          if (dominator[other] === UNREACHED) continue;
          if (nearest === UNREACHED) nearest = other;
          // The nearest block that dominates both.
          while (other !== nearest) {
            if (other > nearest) other = dominator[other] as number;
            else nearest = dominator[nearest] as number;
          }
        }
        if (dominator[at] === nearest) continue;
        dominator[at] = nearest;
        changed = true;
      }
    }
    return dominator;
  }

  private dominates(above: BlockId, id: BlockId): boolean {
    const sought = this.at(above);
    let at = this.at(id);
    while (at > sought) at = this.dominator[at] as number;
    return at === sought;
  }

  private cycleThrough(id: BlockId): Set<BlockId> {
    const above = this.above(id);
    const inside = (other: BlockId): boolean => other !== above && this.dominates(above, other);
    const reach = (next: (from: BlockId) => readonly BlockId[]): Set<BlockId> => {
      const found = new Set([id]);
      // A Set is walked in the order of insertion, additions included.
      for (const from of found) {
        for (const to of next(from)) if (inside(to)) found.add(to);
      }
      return found;
    };
    const reached = reach((from) => this.after(from));
    const reaching = reach((from) => this.before(from));
    return new Set([...reached].filter((other) => reaching.has(other)));
  }
}
