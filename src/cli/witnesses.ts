/** Executions that were asked for: told on the standard output (--witness), drawn into a folder (--graphs). */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export interface ToldExecution {
  readonly title: string;
  readonly lines: readonly string[];
  /** A graph in DOT. */
  readonly dot: string;
}

function fileName(title: string): string {
  return title.replace(/[^A-Za-z0-9.+_-]+/g, "-").replace(/^-+|-+$/g, "");
}

export interface WitnessFlags {
  readonly witness?: true;
  readonly graphs?: string;
}

export function wantsWitnesses({ witness, graphs }: WitnessFlags): boolean {
  return witness === true || graphs !== undefined;
}

export function witnessText({ title, lines }: ToldExecution): string {
  return `Execution ${title}\n${lines.join("\n")}\n\n`;
}

/** Graphviz is there as WebAssembly; it is loaded only when somebody wants a picture. */
export async function drawWitnesses(witnesses: readonly ToldExecution[], folder: string | undefined): Promise<void> {
  if (folder === undefined || witnesses.length === 0) return;
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  mkdirSync(folder, { recursive: true });
  for (const [index, { title, dot }] of witnesses.entries()) {
    const path = join(folder, `${String(index + 1).padStart(3, "0")}-${fileName(title)}`);
    writeFileSync(`${path}.dot`, dot);
    writeFileSync(`${path}.svg`, viz.renderString(dot, { format: "svg" }));
  }
}
