/**
 * From a control-flow graph to wasm's structured control: blocks, loops and branches out of them.
 *
 * The method is Ramsey's ("Beyond Relooper", ICFP 2022): walk the dominator tree; a node that closes loops
 * becomes a loop, a node where forward paths meet follows a block that the paths branch out of, and every other
 * node is placed where it is branched to. A loop with several entries (an irreducible one) is made one with a single entry first: what
 * leads from the other ones to that is copied for those who come from outside, if it is little; else the loop gets a dispatcher, and its entries are
 * reached through one new node that looks at a local, but for what closes a loop within.
 */

import { type BlockId, FlowOrder, type SharedLoop } from "./flow-order.js";
import { type Expression, none, typeOf, type WasmModule } from "./module.js";

/** What may be copied to make a loop one with a single entry, and in all of a graph: in units of `addBlock`. */
const MOST_COPIED = 40;
const MOST_COPIED_IN_ALL = 160;

interface Block {
  readonly code: Expression;
  readonly size: number;
  /** Tried in order; those of a switch come last. */
  readonly edges: CodeEdge[];
  switch?: Switch;
}

interface Switch {
  readonly index: Expression;
  /** The edges that it chooses from, by index. */
  readonly table: readonly CodeEdge[];
}

/** Where a switch may go, and what is executed on the way; 0 for nothing. */
export interface Target {
  readonly to: BlockId;
  readonly code: Expression;
}

interface CodeEdge {
  to: BlockId;
  /** 0: always taken. */
  readonly condition: Expression;
  /** Executed on the way; 0 for nothing. */
  code: Expression;
}

export class FlowGraph {
  private readonly blocks: Block[] = [];
  private copied = 0;

  constructor(
    private readonly module: WasmModule,
    /** Makes an i32 local, should a dispatcher need one. */
    private readonly newLocal: () => number,
  ) {}

  /** A block without branches must not fall through. `size` says how much code it is. */
  addBlock(code: Expression, size = 1): BlockId {
    this.blocks.push({ code, size, edges: [] });
    return this.blocks.length - 1;
  }

  /** A block's branches are tried in the order in which they were added; the last one has no condition. */
  addBranch(from: BlockId, to: BlockId, condition: Expression, code: Expression): void {
    this.block(from).edges.push({ to, condition, code });
  }

  /**
   * Ends a block with a branch to `targets[index]`, an i32; the last one is also for what is beyond the table. Instead of a last branch without a
   * condition. Each of the targets is one branch, however often it is there.
   */
  addSwitch(from: BlockId, index: Expression, targets: readonly Target[]): void {
    const edges = new Map(
      [...new Set(targets)].map((target): [Target, CodeEdge] => [target, { ...target, condition: 0 }]),
    );
    const block = this.block(from);
    block.edges.push(...edges.values());
    block.switch = { index, table: targets.map((target) => edges.get(target) as CodeEdge) };
  }

  private block(id: BlockId): Block {
    return this.blocks[id] as Block;
  }

  /** The whole graph as one expression without a value. Takes the graph's code: it can be rendered once. */
  render(entry: BlockId): Expression {
    let order = this.orderFrom(entry);
    for (let loop = order.sharedLoop(); loop !== undefined; loop = order.sharedLoop()) {
      if (!this.copyEntries(loop)) this.dispatch(loop);
      order = this.orderFrom(entry);
    }
    return this.tree(entry, order);
  }

  private orderFrom(entry: BlockId): FlowOrder {
    return new FlowOrder(
      this.blocks.map(({ edges }) => edges.map(({ to }) => to)),
      entry,
    );
  }

  /**
   * Leaves the loop one entry: those who come to another one from outside of it get a copy of all that leads from there to that one. False if
   * that is too much whichever it is.
   */
  private copyEntries({ entries, blocks }: SharedLoop): boolean {
    const ways = entries.map((kept) => {
      const isPassed = (id: BlockId): boolean => blocks.has(id) && id !== kept;
      const others = entries.filter((id) => id !== kept);
      const needed = [...new Set(others.flatMap((id) => [...this.reached(id, isPassed)]))];
      return { needed, size: needed.reduce((sum, id) => sum + this.block(id).size, 0) };
    });
    const best = ways.reduce((a, b) => (b.size < a.size ? b : a));
    if (best.size > MOST_COPIED || this.copied + best.size > MOST_COPIED_IN_ALL) return false;
    this.copied += best.size;
    const outside = [...this.blocks.keys()].filter((id) => !blocks.has(id));
    const copies = new Map(best.needed.map((id) => [id, this.copy(this.block(id))]));
    for (const from of [...outside, ...copies.values()]) {
      for (const edge of this.block(from).edges) edge.to = copies.get(edge.to) ?? edge.to;
    }
    return true;
  }

  private copy({ code, size, edges, switch: chosen }: Block): BlockId {
    const copies = edges.map((edge) => ({ ...edge }));
    const copyOf = (edge: CodeEdge): CodeEdge => copies[edges.indexOf(edge)] as CodeEdge;
    const table = chosen?.table.map(copyOf);
    this.blocks.push({
      code,
      size,
      edges: copies,
      ...(chosen && table ? { switch: { index: chosen.index, table } } : {}),
    });
    return this.blocks.length - 1;
  }

  /**
   * Leads the branches to the loop's entries through a new block, which so becomes its only entry. But for those from code within it that
   * only one of them leads to, back to that one: they close a loop within, which stays one of its own.
   */
  private dispatch({ entries, blocks }: SharedLoop): void {
    const m = this.module;
    const local = this.newLocal();
    const isPassed = (id: BlockId): boolean => blocks.has(id) && !entries.includes(id);
    const behind = entries.map((entry) => this.reached(entry, isPassed));
    const dispatcher = this.addBlock(m.nop());
    for (const [from, { edges }] of this.blocks.entries()) {
      for (const edge of edges) {
        const index = entries.indexOf(edge.to);
        if (index < 0) continue;
        if (behind.every((reached, entry) => reached.has(from) === (entry === index))) continue;
        const set = m.local.set(local, m.i32.const(index));
        edge.code = edge.code === 0 ? set : m.block(null, [edge.code, set], none);
        edge.to = dispatcher;
      }
    }
    const targets = entries.map((to): Target => ({ to, code: 0 }));
    this.addSwitch(dispatcher, m.local.get(local, typeOf("i32")), targets);
  }

  /** The block, and those reached from it by way of such ones only. */
  private reached(start: BlockId, isPassed: (id: BlockId) => boolean): ReadonlySet<BlockId> {
    const found = new Set([start]);
    // A Set is walked in the order of insertion, additions included.
    for (const id of found) {
      for (const { to } of this.block(id).edges) if (isPassed(to)) found.add(to);
    }
    return found;
  }

  /** The block and all that it dominates. */
  private tree(id: BlockId, order: FlowOrder): Expression {
    const m = this.module;
    let code = m.block(null, [this.block(id).code, this.branches(id, order)], none);
    // The last one in the order of execution is the outermost: its code follows all the others.
    for (const meeting of order.meetingsUnder(id)) {
      code = m.block(null, [m.block(`after${meeting}`, [code], none), this.tree(meeting, order)], none);
    }
    return order.closesLoop(id) ? m.loop(`loop${id}`, code) : code;
  }

  private branches(from: BlockId, order: FlowOrder): Expression {
    const m = this.module;
    const block = this.block(from);
    const chosen = new Set(block.switch?.table);
    let rest = block.switch === undefined ? m.nop() : this.switch(from, block.switch, order);
    for (const edge of [...block.edges].reverse()) {
      if (chosen.has(edge)) continue;
      const taken = this.branch(from, edge, order);
      rest = edge.condition === 0 ? taken : m.if(edge.condition, taken, rest);
    }
    return rest;
  }

  /** br_table out of as many blocks as there are edges; the code of an edge follows its block. */
  private switch(from: BlockId, { index, table }: Switch, order: FlowOrder): Expression {
    const m = this.module;
    const edges = [...new Set(table)];
    const label = (edge: CodeEdge): string => `case${from}.${edges.indexOf(edge)}`;
    const labels = table.map(label);
    const last = labels.pop() as string;
    let code = m.switch(labels, last, index);
    for (const edge of edges)
      code = m.block(null, [m.block(label(edge), [code], none), this.branch(from, edge, order)], none);
    return code;
  }

  private branch(from: BlockId, { to, code }: CodeEdge, order: FlowOrder): Expression {
    const m = this.module;
    const go = order.isBack(from, to)
      ? m.br(`loop${to}`)
      : order.isMeeting(to)
        ? m.br(`after${to}`)
        : this.tree(to, order);
    return code === 0 ? go : m.block(null, [code, go], none);
  }
}
