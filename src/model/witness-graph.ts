/** An execution as a graph in DOT: a column a thread, and the relations that connect them. */
import type { CandidateNode } from "./candidate.js";
import { type FoundExecution, hex, instructionText, sourcesOf } from "./witness.js";

/** Quotes text for DOT. */
function quoted(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function label(found: FoundExecution, node: CandidateNode): string {
  const { event } = node;
  const cell = node.cells.length === 1 ? node.cells[0] : undefined;
  const instruction = instructionText(found, node.thread, event);
  switch (event.kind) {
    case "read":
      return `${instruction}\nR ${hex(cell?.address ?? event.address)} = ${hex(event.value)}`;
    case "write":
      return `${instruction}\nW ${hex(event.address)} = ${hex(event.value)}`;
    case "fetch":
      return `fetch ${hex(event.address)}\n${instruction}`;
    case "dc":
    case "ic":
      return instruction;
  }
}

interface Edge {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly colour: string;
}

/** rf, and from each load or fetch to the stores that are newer than what it found. */
function communication(found: FoundExecution): { edges: Edge[]; initial: { node: number; text: string }[] } {
  const { candidate, execution } = found;
  const edges: Edge[] = [];
  const initial: { node: number; text: string }[] = [];
  for (const node of candidate.nodes.keys()) {
    for (const { place, source } of sourcesOf(found, node)) {
      if (source === "initial") initial.push({ node, text: hex(place.cell.address) });
      else edges.push({ from: source, to: node, name: "rf", colour: "red" });
      for (const store of candidate.storesTo(place.cell)) {
        if (store === source) continue;
        const newer = source === "initial" || execution.order.has(source, store);
        if (newer) edges.push({ from: node, to: store, name: "fr", colour: "orange" });
      }
    }
  }
  return { edges, initial };
}

/** Coherence between stores of different threads, without what follows from the rest of it. */
function coherence({ candidate, execution: { order } }: FoundExecution): Edge[] {
  const edges: Edge[] = [];
  for (const stores of candidate.stores.values()) {
    for (const from of stores) {
      for (const to of stores) {
        const between = stores.some((other) => order.has(from, other) && order.has(other, to));
        if (order.has(from, to) && !between) edges.push({ from, to, name: "co", colour: "blue" });
      }
    }
  }
  return edges;
}

/** Where each fetch falls from each IC. */
function invalidation({ candidate, execution: { order } }: FoundExecution): Edge[] {
  const edges: Edge[] = [];
  for (const ic of candidate.invalidations) {
    for (const fetch of candidate.fetches) {
      const pair = order.has(ic, fetch) ? { from: ic, to: fetch } : { from: fetch, to: ic };
      if (order.has(pair.from, pair.to)) edges.push({ ...pair, name: "ic", colour: "purple" });
    }
  }
  return edges;
}

function unique(edges: readonly Edge[]): Edge[] {
  return [...new Map(edges.map((edge) => [`${edge.from}/${edge.to}/${edge.name}`, edge])).values()];
}

/** DOT text. `named` gives addresses and words in a label their names. */
export function witnessDot(found: FoundExecution, title: string, named: (text: string) => string): string {
  const { candidate, names } = found;
  const lines = [
    `digraph ${quoted(title)} {`,
    "  node [shape=box, fontname=monospace, fontsize=10];",
    "  edge [fontsize=9];",
  ];
  for (const [thread, { nodes }] of candidate.threads.entries()) {
    const offset = candidate.offsets[thread] as number;
    lines.push(`  subgraph cluster_${thread} {`, `    label=${quoted(names[thread] ?? "")};`);
    for (const local of nodes.keys()) {
      lines.push(`    n${offset + local} [label=${quoted(named(label(found, candidate.node(offset + local))))}];`);
      if (local > 0) lines.push(`    n${offset + local - 1} -> n${offset + local} [color=gray, weight=8];`);
    }
    lines.push("  }");
  }
  const { edges, initial } = communication(found);
  for (const { node, text } of initial) {
    lines.push(
      `  i${node} [shape=plaintext, label=${quoted(`initial ${named(text)}`)}];`,
      `  i${node} -> n${node} [color=red, label=rf];`,
    );
  }
  for (const { from, to, name, colour } of unique([...edges, ...coherence(found), ...invalidation(found)])) {
    lines.push(`  n${from} -> n${to} [color=${colour}, fontcolor=${colour}, label=${name}, constraint=false];`);
  }
  return `${[...lines, "}"].join("\n")}\n`;
}
