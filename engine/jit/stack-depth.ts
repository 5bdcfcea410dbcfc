/**
 * How far below its place at the region's head SP is at each node, where all ways to it agree: as in what compilers make. There it need not be
 * kept beside what it was at the head, and a return finds it back where it was without looking.
 */
import { nodesAfter, type RegionPlan } from "./plan.js";

/** Bytes to be added to SP at the head; "open" where no way to the node is known yet, "unknown" where ways differ. */
type Depth = bigint | "open" | "unknown";

/** Further away an access would not be recognised as one of the stack. */
const MOST = 1n << 31n;

/** For each node SP less SP at the head, or undefined. `moves` says by how much each node moves it, if that is known. */
export function stackDepths(plan: RegionPlan, moves: readonly (bigint | undefined)[]): readonly (bigint | undefined)[] {
  const { entries, nodes } = plan;
  const depths = nodes.map((): Depth => "open");
  for (const { node } of entries) {
    if (depths[node] === "open") depths[node] = node === entries[0]?.node ? 0n : "unknown";
    spread(plan, moves, depths);
  }
  return depths.map((depth) => (typeof depth === "bigint" && depth < MOST && depth > -MOST ? depth : undefined));
}

/** Forward, behind calls too: what is called gives SP back as it was given it. */
function spread({ nodes }: RegionPlan, moves: readonly (bigint | undefined)[], depths: Depth[]): void {
  const set = (node: number, depth: Depth): boolean => {
    if (depths[node] === depth) return false;
    depths[node] = depth;
    return true;
  };
  for (let changed = true; changed; ) {
    changed = false;
    nodes.forEach(({ end }, node) => {
      const before = depths[node] as Depth;
      if (before === "open") return;
      const after = moved(before, moves[node]);
      for (const to of nodesAfter(end)) {
        const joined = join(depths[to] as Depth, after);
        changed = set(to, joined) || changed;
      }
    });
  }
}

function moved(depth: Depth, by: bigint | undefined): Depth {
  return typeof depth === "bigint" && by !== undefined ? depth + by : "unknown";
}

function join(a: Depth, b: Depth): Depth {
  return a === "open" || a === b ? b : "unknown";
}
