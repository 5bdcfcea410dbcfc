/** Indirect branches: noting where they go, the table of a region's dispatch node, and PSTATE.BTYPE behind them. */
import * as layout from "../../assembly/layout.js";
import { isSigned32 } from "../wasm/known-bits.js";
import type { Expression, WasmModule } from "../wasm/module.js";
import { constantOf, type Value } from "../wasm/value.js";
import type { RegionOps } from "./ops.js";
import { type NodeEnd, nodesAfter, type RegionPlan } from "./plan.js";
import type { Btype } from "./state.js";

/** Bytes between a table's base and its first target from which on distances are not reckoned in 32 bits. */
const FAR = 1n << 24n;
/** The logarithm of a word's bytes. */
const WORD = 2;

export type EndOf<Kind extends NodeEnd["kind"]> = Extract<NodeEnd, { readonly kind: Kind }>;

export interface BranchTable {
  /** The lowest target. */
  readonly first: bigint;
  /** How many words from there on the table has. */
  readonly words: number;
}

export function tableOf({ cases }: EndOf<"dispatch">): BranchTable {
  const [first, last] = cases.reduce(
    ([low, high], { target }) => [target < low ? target : low, target > high ? target : high],
    [cases[0]?.target ?? 0n, 0n],
  );
  return { first, words: Number((last - first) / 4n) + 1 };
}

/** The last node before the dispatch node where ways meet, or this itself; the head if they do so nowhere, -1 if there is no such node. */
export function switchingNode({ nodes }: RegionPlan): number {
  let at = nodes.findIndex(({ end }) => end.kind === "dispatch");
  while (at > 0 && nodes[at]?.merge === false) {
    const next = at;
    at = nodes.findIndex(({ end }) => nodesAfter(end).includes(next));
  }
  return at;
}

export class IndirectBranches {
  constructor(
    private readonly module: WasmModule,
    private readonly o: RegionOps,
  ) {}

  /**
   * How many words a target is from the first one: what was looked up in a table of such distances, as an i32; or the distance rotated,
   * which moves the two lowest bits, which have to be zero, to the top of an i64.
   */
  indexOf(target: Value, { first }: BranchTable): Value {
    const m = this.module;
    const { o } = this;
    const { displaced } = target;
    if (displaced?.by === WORD && isSigned32(displaced.of)) {
      const from = displaced.from - first;
      const isNear = from < FAR && from > -FAR && from % 4n === 0n;
      if (isNear) return o.add(32, displaced.of, constantOf(BigInt.asUintN(32, from / 4n)));
    }
    const distance = m.i64.sub(o.wide(target), m.i64.const(BigInt.asIntN(64, first)));
    return o.bind("i64", m.i64.rotr(distance, m.i64.const(2n)));
  }

  /**
   * What BR and BLR do in the interpreter's handler: note the target for the next selection. Only where the region did not expect it: what it
   * did, selection knew.
   */
  remember(pc: Value, target: Value): void {
    const m = this.module;
    const { code } = this.o;
    const wordOf = (address: Value): Expression => m.i32.wrap(m.i64.shr_u(this.o.wide(address), m.i64.const(2n)));
    const note = (index: Expression, table: number, entries: number): void => {
      const entry = m.i32.shl(m.i32.and(index, m.i32.const(entries - 1)), m.i32.const(4));
      const at = this.o.bind("i32", m.i32.add(code.core(), entry));
      code.push(m.i64.store(table, 8, this.o.narrow(at), this.o.wide(pc)));
      code.push(m.i64.store(table + 8, 8, this.o.narrow(at), this.o.wide(target)));
    };
    note(wordOf(pc), layout.BRANCH_TARGETS, layout.BRANCH_TARGET_ENTRIES);
    const edge = m.i32.add(m.i32.mul(wordOf(pc), m.i32.const(layout.BRANCH_EDGE_FACTOR)), wordOf(target));
    note(edge, layout.BRANCH_EDGES, layout.BRANCH_EDGE_ENTRIES);
  }
}

/** Where indirect branches other than returns are followed into what other ways lead to as well. */
export function btypesOf({ nodes, entries }: RegionPlan): ReadonlyMap<number, Btype> {
  const btypes = new Map<number, Btype>();
  const switches = new Set(nodes.flatMap(({ end }) => (end.kind === "switch" ? [end.btype] : [])));
  const [only, ...others] = switches;
  // A region is entered with 0.
  const isKnown = others.length === 0 && !entries.some(({ dispatched }) => dispatched);
  for (const { end } of nodes) {
    if (end.kind === "indirect" && end.type !== "RET") for (const node of nodesAfter(end)) btypes.set(node, "local");
    if (end.kind === "switch" && only !== undefined) btypes.set(end.to.node, isKnown ? only : "local");
    if (end.kind === "dispatch") for (const { to } of end.cases) btypes.set(to.node, "local");
  }
  return btypes;
}
