/** What a campaign has seen beside what the memory model allows: the one has to be within the other. */
import { type Allowed, judge } from "../proof/judge.js";
import type { Outcome } from "../proof/outcomes.js";
import type { StressReport, ViolationKind } from "./report.js";

/**
 * As the checker has them, and "late": the old target after a synchronisation that came after the update. A campaign does
 * not tell an old target that a caller did not know to be old from one during the update; both are "old" here.
 */
export type Seen = Exclude<Outcome, "between"> | "late";

const seenOrder: readonly Seen[] = ["old", "new", "nothing", "crash", "wrong", "late"];

const seenAs: Readonly<Record<ViolationKind, Seen>> = {
  fault: "crash",
  nothing: "nothing",
  wrong: "wrong",
  stale: "late",
};

export interface ComparedTransition {
  readonly from: string;
  readonly to: string;
  readonly seen: readonly Seen[];
  /** By the Arm memory model. */
  readonly allowed: readonly Seen[];
  /** By the model of this engine on a host that keeps loads and stores in order. */
  readonly inOrder: readonly Seen[];
}

export interface Comparison {
  readonly transitions: readonly ComparedTransition[];
  /** Violations: a caller may still execute what an update before the last one has left, so that they belong to no transition. */
  readonly violations: Omit<ComparedTransition, "from" | "to">;
  /** Seen and not allowed; empty unless the engine or the model is wrong. */
  readonly beyondArchitecture: readonly string[];
  /** Seen on this host and not in the model of hosts in order: empty on such hosts. */
  readonly beyondInOrder: readonly string[];
  /** Allowed on hosts in order, and never seen. */
  readonly neverSeen: readonly string[];
  /** Allowed by the architecture, where hosts in order do not show it. */
  readonly hidden: readonly string[];
  /** Whether the model was asked about everything. */
  readonly complete: boolean;
}

function sorted(of: Iterable<Seen>): Seen[] {
  const found = new Set(of);
  return seenOrder.filter((each) => found.has(each));
}

function allowedBy({ outcomes, synchronised }: Allowed): Seen[] {
  const known = outcomes.filter((outcome) => outcome !== "between");
  return sorted(synchronised.includes("old") ? [...known, "late"] : known);
}

const bad: ReadonlySet<Seen> = new Set(["nothing", "crash", "wrong", "late"]);

/** What of `these` is not among `those`, as text. */
function without(what: string, these: readonly Seen[], those: readonly Seen[]): string[] {
  return these.filter((each) => !those.includes(each)).map((each) => `${what} ${each}`);
}

/** Compares a report with the model, which takes up to some seconds. */
export function compareWithModel({ campaign, counters, violations }: StressReport): Comparison {
  const { design, weakening, states, idc = false, dic = false } = campaign;
  const verdict = judge(design, weakening, { states, idc, dic });
  const transitions = verdict.transitions.map(({ states: [from, to], architecture, inOrder }): ComparedTransition => {
    const counts = counters.transitions.find((each) => each.from === from && each.to === to);
    const seen: Seen[] = [];
    if ((counts?.old ?? 0) + (counts?.stale ?? 0) > 0) seen.push("old");
    if ((counts?.new ?? 0) > 0) seen.push("new");
    return { from, to, seen, allowed: allowedBy(architecture), inOrder: allowedBy(inOrder) };
  });
  const wrong = (of: (transition: ComparedTransition) => readonly Seen[]): Seen[] =>
    sorted(transitions.flatMap(of).filter((each) => bad.has(each)));
  const all = {
    seen: sorted(violations.map(({ kind }) => seenAs[kind])),
    allowed: wrong(({ allowed }) => allowed),
    inOrder: wrong(({ inOrder }) => inOrder),
  };
  const rows = [
    ...transitions.map((each) => ({ ...each, what: `${each.from}:${each.to}` })),
    { ...all, what: "violation" },
  ];
  const harmless = (of: readonly Seen[], what: string): readonly Seen[] =>
    what === "violation" ? of : of.filter((each) => !bad.has(each));
  return {
    transitions,
    violations: all,
    beyondArchitecture: rows.flatMap(({ what, seen, allowed }) => without(what, seen, allowed)),
    beyondInOrder: rows.flatMap(({ what, seen, inOrder }) => without(what, seen, inOrder)),
    neverSeen: rows.flatMap(({ what, seen, inOrder }) => without(what, harmless(inOrder, what), seen)),
    hidden: rows.flatMap(({ what, allowed, inOrder }) => without(what, allowed, inOrder)),
    complete: verdict.complete,
  };
}
