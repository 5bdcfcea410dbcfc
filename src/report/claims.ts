/** Claims, settled: text and JSON. */
import type { ClaimResult, ExperimentResult } from "../proof/settle.js";

/** Whether cmodx's own engine could show what was found possible, on a host of this architecture. */
function onHost({ inOrder }: ExperimentResult, architecture: string): string {
  if (inOrder === undefined) return "";
  if (inOrder) return "; the engine can show it on this host";
  return architecture === "arm64" ? "; it needs a weak host, as this one is" : `; ${architecture} hosts can't show it`;
}

function placesText({ possible, where, asked }: ExperimentResult): string {
  if (!possible) return asked === 1 ? "" : ` in any of ${asked} transitions`;
  return where.length === asked && asked > 1 ? ` in all of ${asked} transitions` : ` (${where.join(", ")})`;
}

function experimentText(result: ExperimentResult, architecture: string, witness: boolean): string {
  const verdict = result.complete || result.possible ? (result.possible ? "possible" : "impossible") : "not settled";
  const mark = result.asClaimed ? " " : "!";
  const line = `  ${mark} ${verdict.padEnd(11)} ${result.what}${placesText(result)}${onHost(result, architecture)}\n`;
  if (!witness || result.witness === undefined) return line;
  return `${line}${result.witness.lines.map((step) => `      ${step}\n`).join("")}`;
}

function verdictText({ holds, complete }: ClaimResult): string {
  if (holds) return "holds";
  return complete ? "does not hold" : "not settled: the search was cut off";
}

/** One claim: its verdict, and each experiment with what came of it; ! marks what is not as claimed. */
export function claimText(result: ClaimResult, architecture: string, witness: boolean): string {
  const experiments = result.experiments.map((each) => experimentText(each, architecture, witness));
  return `${result.title}\n  ${verdictText(result)}\n${experiments.join("")}\n`;
}

/** One JSON document, with a newline at its end. */
export function claimsJson(results: readonly ClaimResult[], asked: number): string {
  const complete = results.length === asked && results.every((result) => result.complete);
  return `${JSON.stringify({ report: "claims", architecture: process.arch, complete, claims: results }, null, 2)}\n`;
}
