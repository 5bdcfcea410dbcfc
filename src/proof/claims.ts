/**
 * What was said in the thread on static calls for arm64, and what follows from it, as experiments: each asks whether
 * something is possible in some scenes. A claim holds if every experiment comes out as the claim says it should.
 */
import type { DesignName } from "../static-call/design.js";
import type { Weakening } from "../static-call/weakening.js";
import { allTransitions, type Outcome } from "./outcomes.js";
import { type SceneOptions, type StateName, stateNames } from "./scene-options.js";

/** What an experiment asks for. */
export type Question =
  | { readonly kind: "outcome"; readonly outcome: Outcome }
  /** A crash, nothing, or a wrong target. */
  | { readonly kind: "bad" }
  /** The old target after the message. */
  | { readonly kind: "old after message" }
  /** An older target after a newer one. */
  | { readonly kind: "back" }
  /** Instructions that may not be exchanged while they are executed. */
  | { readonly kind: "conflict" };

export interface Experiment {
  readonly what: string;
  readonly scenes: readonly SceneOptions[];
  readonly question: Question;
  /** In which of the scenes it is possible, as the claim says. */
  readonly claimed: "nowhere" | "everywhere";
}

export interface Claim {
  readonly title: string;
  readonly experiments: readonly Experiment[];
}

type SceneChange = Partial<Omit<SceneOptions, "design" | "states">>;

function scenes(
  design: DesignName,
  transitions: readonly (readonly StateName[])[],
  change: SceneChange = {},
): SceneOptions[] {
  return transitions.map((states) => ({ design, states, callers: 1, calls: 1, ...change }));
}

const all = allTransitions(stateNames);
const far: readonly StateName[][] = [["far", "far"]];
const bad: Question = { kind: "bad" };
const crash: Question = { kind: "outcome", outcome: "crash" };
const old: Question = { kind: "outcome", outcome: "old" };
const stale: Question = { kind: "old after message" };
const conflict: Question = { kind: "conflict" };

function experiment(
  what: string,
  of: readonly SceneOptions[],
  question: Question,
  claimed: Experiment["claimed"],
): Experiment {
  return { what, scenes: of, question, claimed };
}

const synchronised = { synchronisation: "dsb-isb" } as const;
const touchesNull = all.filter((states) => states.includes("null"));
const leavesNullAlone = all.filter((states) => !states.includes("null"));

const ofTheThread: readonly Claim[] = [
  {
    title: "1. Two aligned 64-bit stores keep what loads see consistent; stores of bytes, or misaligned ones, do not",
    experiments: [
      experiment("hybrid as it is: a torn target", scenes("hybrid", far), bad, "nowhere"),
      experiment("the literal in bytes", scenes("hybrid", far, { weakening: { stores: "bytes" } }), bad, "everywhere"),
      experiment(
        "the window misaligned by 4",
        scenes("hybrid", far, { weakening: { misalign: "4" } }),
        bad,
        "everywhere",
      ),
      experiment("the window misaligned by 8", scenes("hybrid", far, { weakening: { misalign: "8" } }), bad, "nowhere"),
    ],
  },
  {
    title:
      "2. Until the maintenance is complete a core may fetch the old instruction, and calls the old function or nothing",
    experiments: [
      experiment("a call that comes to the old target", scenes("hybrid", all), old, "everywhere"),
      experiment("a call that comes to neither target", scenes("hybrid", all), bad, "nowhere"),
      experiment(
        "the old target after the update and a message",
        scenes("hybrid", all, synchronised),
        stale,
        "nowhere",
      ),
      experiment(
        "the same with IC left out",
        scenes("hybrid", [["near", "far"]], { ...synchronised, weakening: { skip: ["ic"] } }),
        stale,
        "everywhere",
      ),
    ],
  },
  {
    title:
      "3. Writing the literal always, for near targets too, removes the race of a new NOP with a literal never written",
    experiments: [
      experiment("near to far with the literal always written", scenes("hybrid", [["near", "far"]]), bad, "nowhere"),
      experiment(
        "near to far with the literal not written for near targets",
        scenes("hybrid", [["near", "far"]], { weakening: { noNearLiteral: true } }),
        bad,
        "everywhere",
      ),
    ],
  },
  {
    title: "4. From no target to NOP a core can fetch NOP and still load NULL; CBZ saves it",
    experiments: [
      experiment(
        "without CBZ: a crash from null to far",
        scenes("hybrid-nocbz", [["null", "far"]]),
        crash,
        "everywhere",
      ),
      experiment(
        "without CBZ: a crash from far to null",
        scenes("hybrid-nocbz", [["far", "null"]]),
        crash,
        "everywhere",
      ),
      experiment(
        "without CBZ: a crash in any other transition",
        scenes(
          "hybrid-nocbz",
          all.filter((states) => !(states.includes("null") && states.includes("far"))),
        ),
        crash,
        "nowhere",
      ),
      experiment("with CBZ: a crash in any transition", scenes("hybrid", all), crash, "nowhere"),
    ],
  },
  {
    title: "5. With the address of a bare return in place of NULL no CBZ is needed",
    experiments: [
      experiment("hybrid-ret: a call that comes to neither target", scenes("hybrid-ret", all), bad, "nowhere"),
    ],
  },
  {
    title: "6. One 16-byte window is fetched at once by some cores, but that must not be relied on",
    experiments: [
      experiment("without CBZ, in one window: a crash", scenes("hybrid-nocbz", [["null", "far"]]), crash, "everywhere"),
      experiment(
        "without CBZ, across two windows: a crash",
        scenes("hybrid-nocbz", [["null", "far"]], { weakening: { misalign: "8" } }),
        crash,
        "everywhere",
      ),
    ],
  },
  {
    title: "7. The only thing left is that the old function may be called while the new one is being installed",
    experiments: [
      experiment(
        "two callers: a call that comes to neither target",
        scenes("hybrid", all, { callers: 2 }),
        bad,
        "nowhere",
      ),
      experiment(
        "two updates, three calls: a call that comes to no target",
        scenes(
          "hybrid",
          [
            ["null", "far", "near"],
            ["near", "far", "null"],
          ],
          { calls: 3 },
        ),
        bad,
        "nowhere",
      ),
      experiment(
        "the new target, and in the next call the old one",
        scenes("hybrid", [["near", "far"]], { calls: 2 }),
        { kind: "back" },
        "everywhere",
      ),
    ],
  },
];

const beyond: readonly Claim[] = [
  {
    title:
      "8. RET may not be modified while another core executes it: each transition from or to no target violates that",
    experiments: [
      experiment("hybrid, from or to null", scenes("hybrid", touchesNull), conflict, "everywhere"),
      experiment("hybrid, the other transitions", scenes("hybrid", leavesNullAlone), conflict, "nowhere"),
      experiment("hybrid-ret, from or to null", scenes("hybrid-ret", touchesNull), conflict, "everywhere"),
      experiment("hybrid-b, which has B in place of RET", scenes("hybrid-b", all), conflict, "nowhere"),
      experiment("hybrid-b: a call that comes to neither target", scenes("hybrid-b", all), bad, "nowhere"),
      experiment("literal, which patches no instruction", scenes("literal", all), conflict, "nowhere"),
    ],
  },
  {
    title:
      "9. Without CBZ a barrier between the stores is enough from null to far, literal first, and never from far to null",
    experiments: barrierExperiments(),
  },
  {
    title: "10. The 64-bit store of both instructions changes nothing against two of 32 bits; that of the literal does",
    experiments: [
      experiment(
        "the instructions in two words",
        scenes("hybrid", all, { weakening: { stores: "words", storesOf: "instructions" } }),
        bad,
        "nowhere",
      ),
      experiment(
        "the literal in two words",
        scenes("hybrid", far, { weakening: { stores: "words", storesOf: "literal" } }),
        bad,
        "everywhere",
      ),
    ],
  },
  {
    title: "11. The old target is impossible after a message only for a caller that orders its fetches after it",
    experiments: [
      ...(["acquire", "acquire-isb"] as const).map((synchronisation) =>
        experiment(
          `hybrid, ${synchronisation}`,
          scenes("hybrid", [["near", "far"]], { synchronisation }),
          stale,
          "everywhere",
        ),
      ),
      ...(["control-isb", "dsb-isb", "interrupt"] as const).map((synchronisation) =>
        experiment(`hybrid, ${synchronisation}`, scenes("hybrid", all, { synchronisation }), stale, "nowhere"),
      ),
      experiment(
        "literal, acquire: a load is enough",
        scenes("literal", all, { synchronisation: "acquire" }),
        stale,
        "nowhere",
      ),
    ],
  },
  {
    title: "12. Each step of the maintenance but the patcher's own ISB is needed for that",
    experiments: (["dc", "dsb1", "ic", "dsb2", "isb"] as const).map((step) =>
      experiment(
        `without ${step}: the old target after the message`,
        scenes("hybrid", [["near", "far"]], { ...synchronised, weakening: { skip: [step] } }),
        stale,
        step === "isb" ? "nowhere" : "everywhere",
      ),
    ),
  },
  {
    title: "13. literal: calls come to the old target or the new one, and never to an older one after a newer",
    experiments: [
      experiment("a call that comes to neither target", scenes("literal", all), bad, "nowhere"),
      experiment(
        "an older target after a newer one",
        scenes("literal", all, { calls: 2 }),
        { kind: "back" },
        "nowhere",
      ),
    ],
  },
  {
    title:
      "14. inline: with BL and NOP alone, and a trampoline that always knows the target, call sites may be patched",
    experiments: [
      experiment("a call that comes to neither target", scenes("inline", all), bad, "nowhere"),
      experiment(
        "two callers, a site each",
        scenes(
          "inline",
          [
            ["null", "far"],
            ["far", "near"],
          ],
          { callers: 2 },
        ),
        bad,
        "nowhere",
      ),
      experiment("instructions that may not be exchanged", scenes("inline", all), conflict, "nowhere"),
      experiment(
        "the old target after the update and a message",
        scenes("inline", all, synchronised),
        stale,
        "nowhere",
      ),
      experiment(
        "near to far with the literal not written for near targets",
        scenes("inline", [["near", "far"]], { weakening: { noNearLiteral: true } }),
        bad,
        "everywhere",
      ),
    ],
  },
];

function barrierExperiments(): Experiment[] {
  const orders = [
    { order: "literal first", weakening: { barrier: true } },
    { order: "instructions first", weakening: { barrier: true, order: "insn-first" } },
  ] as const satisfies readonly { order: string; weakening: Weakening }[];
  return orders.flatMap(({ order, weakening }) => [
    experiment(
      `null to far, ${order}: a crash`,
      scenes("hybrid-nocbz", [["null", "far"]], { weakening }),
      crash,
      order === "literal first" ? "nowhere" : "everywhere",
    ),
    experiment(
      `far to null, ${order}: a crash`,
      scenes("hybrid-nocbz", [["far", "null"]], { weakening }),
      crash,
      "everywhere",
    ),
  ]);
}

export const claims: readonly Claim[] = [...ofTheThread, ...beyond];
