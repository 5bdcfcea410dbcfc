/**
 * From a control-flow graph to wasm's structured control: blocks, loops and branches out of them.
 *
 * The method is Ramsey's ("Beyond Relooper", ICFP 2022): walk the dominator tree; a node that closes loops
 * becomes a loop, a node where forward paths meet follows a block that the paths branch out of, and every other
 * node is placed where it is branched to. A loop with several entries (an irreducible one) gets a dispatcher
 * first: its entries are reached through one new node that looks at a local, but for what closes a loop within.
 */

import { type BlockId, type Edge, FlowOrder, type SharedLoop } from "./flow-order.js";
import { type Expression, none, typeOf, type WasmModule } from "./module.js";

interface Block {
  readonly code: Expression;
  /** Tried in order; those of a switch come last. */
  readonly edges: CodeEdge[];
  switch?: Switch;
}

interface Switch {
  readonly index: Expression;
  /** The edges that it chooses from, by index. */
  readonly table: readonly CodeEdge[];
}

interface CodeEdge extends Edge {
  to: BlockId;
  /** 0: always taken. */
  readonly condition: Expression;
  /** Executed on the way; 0 for nothing. */
  code: Expression;
}

export class FlowGraph {
  private readonly blocks: Block[] = [];

  constructor(
    private readonly module: WasmModule,
    /** Makes an i32 local, should a dispatcher need one. */
    private readonly newLocal: () => number,
  ) {}

  /** A block without branches must not fall through. */
  addBlock(code: Expression): BlockId {
    this.blocks.push({ code, edges: [] });
    return this.blocks.length - 1;
  }

  /** A block's branches are tried in the order in which they were added; the last one has no condition. */
  addBranch(from: BlockId, to: BlockId, condition: Expression, code: Expression): void {
    this.block(from).edges.push({ to, condition, code });
  }

  /** Ends a block with a branch to `targets[index]`; `index` is an i32 within the table. Instead of a last branch without a condition. */
  addSwitch(from: BlockId, index: Expression, targets: readonly BlockId[]): void {
    const edges = new Map([...new Set(targets)].map((to): [BlockId, CodeEdge] => [to, { to, condition: 0, code: 0 }]));
    const block = this.block(from);
    block.edges.push(...edges.values());
    block.switch = { index, table: targets.map((to) => edges.get(to) as CodeEdge) };
  }

  private block(id: BlockId): Block {
    return this.blocks[id] as Block;
  }

  /** The whole graph as one expression without a value. Takes the graph's code: it can be rendered once. */
  render(entry: BlockId): Expression {
    let order = new FlowOrder(this.blocks, entry);
    for (let loop = order.sharedLoop(); loop !== undefined; loop = order.sharedLoop()) {
      this.dispatch(loop);
      order = new FlowOrder(this.blocks, entry);
    }
    return this.tree(entry, order);
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
    this.addSwitch(dispatcher, m.local.get(local, typeOf("i32")), entries);
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
    let code = m.switch(labels, labels[0] as string, index);
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
