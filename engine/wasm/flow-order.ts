/** What structuring needs to know of a control-flow graph: an order of its blocks, and which block dominates which. */

export type BlockId = number;

export interface Edge {
  readonly to: BlockId;
}

export interface SharedLoop {
  /** Those that are reached from outside. */
  readonly entries: readonly BlockId[];
  readonly blocks: ReadonlySet<BlockId>;
}

export class FlowOrder {
  /** Blocks reachable from the entry, in reverse postorder: a block stands before all that can only be reached through it. */
  private readonly order: BlockId[] = [];
  private readonly position = new Map<BlockId, number>();
  private readonly predecessors = new Map<BlockId, BlockId[]>();
  private readonly dominator = new Map<BlockId, BlockId>();
  /** Meeting blocks by the block that dominates them directly, in order. */
  private readonly meetings = new Map<BlockId, BlockId[]>();

  constructor(
    private readonly blocks: readonly { readonly edges: readonly Edge[] }[],
    private readonly entry: BlockId,
  ) {
    this.visit();
    this.findDominators();
    this.findMeetings();
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
    return this.before(id).filter((from) => !this.isBack(from, id)).length > 1;
  }

  /** The meeting blocks directly dominated by a block, in order. */
  meetingsUnder(id: BlockId): readonly BlockId[] {
    return this.meetings.get(id) ?? [];
  }

  private findMeetings(): void {
    for (const id of this.order) {
      if (id === this.entry || !this.isMeeting(id)) continue;
      const above = this.dominator.get(id) as BlockId;
      const list = this.meetings.get(above);
      if (list === undefined) this.meetings.set(above, [id]);
      else list.push(id);
    }
  }

  /**
   * A loop that can be entered in several places; undefined if there is none.
   *
   * A back branch whose target v does not dominate its source shows one. All of the loop is strictly
   * dominated by v's immediate dominator, so it is the part of those blocks that v reaches and that reach v.
   */
  sharedLoop(): SharedLoop | undefined {
    for (const from of this.order) {
      for (const { to } of this.edges(from)) {
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
    return this.position.get(id) as number;
  }

  private edges(id: BlockId): readonly Edge[] {
    return this.blocks[id]?.edges ?? [];
  }

  private before(id: BlockId): readonly BlockId[] {
    return this.predecessors.get(id) ?? [];
  }

  private visit(): void {
    const seen = new Set([this.entry]);
    // A path of thousands of blocks is too deep for calls within calls.
    const path = [{ id: this.entry, rest: this.edges(this.entry), next: 0 }];
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const edge = last.rest[last.next++];
      if (edge === undefined) {
        this.order.push(last.id);
        path.pop();
      } else if (!seen.has(edge.to)) {
        seen.add(edge.to);
        path.push({ id: edge.to, rest: this.edges(edge.to), next: 0 });
      }
    }
    this.order.reverse();
    this.order.forEach((id, index) => this.position.set(id, index));
    for (const from of this.order) {
      for (const { to } of this.edges(from)) {
        const list = this.predecessors.get(to);
        if (list === undefined) this.predecessors.set(to, [from]);
        else list.push(from);
      }
    }
  }

  /** Cooper, Harvey, Kennedy: "A Simple, Fast Dominance Algorithm" (2001). */
  private findDominators(): void {
    this.dominator.set(this.entry, this.entry);
    for (let changed = true; changed; ) {
      changed = false;
      for (const id of this.order.slice(1)) {
        const known = this.before(id).filter((from) => this.dominator.has(from));
        const nearest = known.reduce((a, b) => this.common(a, b));
        if (this.dominator.get(id) === nearest) continue;
        this.dominator.set(id, nearest);
        changed = true;
      }
    }
  }

  /** The nearest block that dominates both. */
  private common(a: BlockId, b: BlockId): BlockId {
    let [x, y] = [a, b];
    while (x !== y) {
      if (this.at(x) > this.at(y)) x = this.dominator.get(x) as BlockId;
      else y = this.dominator.get(y) as BlockId;
    }
    return x;
  }

  private dominates(above: BlockId, id: BlockId): boolean {
    let x = id;
    while (this.at(x) > this.at(above)) x = this.dominator.get(x) as BlockId;
    return x === above;
  }

  private cycleThrough(id: BlockId): Set<BlockId> {
    const above = this.dominator.get(id) as BlockId;
    const inside = (other: BlockId): boolean => other !== above && this.dominates(above, other);
    const reach = (next: (from: BlockId) => readonly BlockId[]): Set<BlockId> => {
      const found = new Set([id]);
      // A Set is walked in the order of insertion, additions included.
      for (const from of found) {
        for (const to of next(from)) if (inside(to)) found.add(to);
      }
      return found;
    };
    const reached = reach((from) => this.edges(from).map((edge) => edge.to));
    const reaching = reach((from) => this.before(from));
    return new Set([...reached].filter((other) => reaching.has(other)));
  }
}
