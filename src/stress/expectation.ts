/** What the memory model says of a campaign whose design has lost a protection, and what of it no host can show. */
import { type FaultVerdict, isWrong, judge } from "../proof/judge.js";
import type { Outcome } from "../proof/outcomes.js";
import type { Campaign } from "./options.js";

export interface Expectation {
  /** Transitions in which a call may go wrong, and how; in Arm's architecture and in this engine. */
  readonly shown: readonly string[];
  /** The same, where a host that keeps loads and stores in order, as x86 does, can't show it. */
  readonly notShown: readonly string[];
  /** Whether the model was asked about everything. */
  readonly complete: boolean;
}

const wrongOutcomes: ReadonlySet<Outcome> = new Set(["nothing", "crash", "wrong"]);

function describe({ states, architecture, inOrder }: FaultVerdict["transitions"][number], shown: boolean): string {
  const { outcomes, synchronised } = shown ? inOrder : architecture;
  const wrong = [...new Set([...outcomes, ...synchronised])].filter((outcome) => wrongOutcomes.has(outcome));
  const late = synchronised.includes("old") ? ["old after synchronising"] : [];
  return `${states.join(":")} ${[...wrong, ...late].join(", ")}`;
}

/** Asks the model; takes up to some seconds. */
export function expectationOf({ design, weakening, states, idc, dic }: Campaign): Expectation {
  const { transitions, complete } = judge(design, weakening, {
    states,
    ...(idc === undefined ? {} : { idc }),
    ...(dic === undefined ? {} : { dic }),
  });
  const wrong = transitions.filter(({ architecture }) => isWrong(architecture));
  const shown = wrong.filter(({ inOrder }) => isWrong(inOrder));
  return {
    shown: shown.map((each) => describe(each, true)),
    notShown: wrong.filter((each) => !shown.includes(each)).map((each) => describe(each, false)),
    complete,
  };
}
