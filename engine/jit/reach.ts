/** Where executed code may lead: asked so often that choosing a region each time would take several times as long. */
import type { CodeView } from "./view.js";

/** Instructions after which the answer is that it may. */
const MOST = 8192;

/**
 * Whether code goes from `from` to `to`, calls taken to come back; never false where a region at `from` would hold `to` outside of its callees.
 * `elsewhere` is known not to lead to `to`, and is added to.
 */
export function mayLeadTo(view: CodeView, from: bigint, to: bigint, elsewhere: Set<bigint>): boolean {
  if (from === to) return true;
  return !elsewhere.has(from) && goesSomewhere(view, from, (_, next) => next === to, elsewhere);
}

/** Whether code that follows `head` branches back to before it; never false where a region at `head` would hold such a branch outside of its callees. */
export function mayBranchBefore(view: CodeView, head: bigint): boolean {
  return goesSomewhere(view, head, (pc, next) => next < head && next <= pc);
}

/**
 * Whether an instruction that follows `first`, or is it, goes from and to such addresses. None of `elsewhere` does, nor what follows it; what is
 * found to belong there is added.
 */
function goesSomewhere(
  view: CodeView,
  first: bigint,
  isSought: (pc: bigint, next: bigint) => boolean,
  elsewhere = new Set<bigint>(),
): boolean {
  const seen = new Set([first]);
  // A Set is walked in the order of insertion, additions included.
  for (const pc of seen) {
    if (seen.size > MOST) return true;
    for (const next of after(view, pc)) {
      if (isSought(pc, next)) return true;
      if (!elsewhere.has(next)) seen.add(next);
    }
  }
  for (const pc of seen) elsewhere.add(pc);
  return false;
}

function after(view: CodeView, pc: bigint): readonly bigint[] {
  const flow = view.executed(pc)?.analysed.flow;
  switch (flow?.kind) {
    case "next":
      return [pc + 4n];
    case "direct":
      return [flow.links ? pc + 4n : flow.target];
    case "conditional":
      return [flow.target, pc + 4n];
    case "indirect":
      if (flow.type === "INDCALL") return [pc + 4n];
      return flow.type === "INDIR" ? view.targets(pc) : [];
    default:
      return [];
  }
}
