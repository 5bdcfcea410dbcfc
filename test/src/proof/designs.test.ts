/** What the memory model allows calls to come to while the designs' own procedures patch their trampolines. */
import { describe, expect, test } from "vitest";
import { allTransitions, checkTransition, type Outcome, type TransitionSummary } from "#src/proof/outcomes.js";
import { type SceneOptions, type StateName, stateNames } from "#src/proof/scene-options.js";

function summary(options: Partial<SceneOptions> & Pick<SceneOptions, "states">): TransitionSummary {
  const result = checkTransition({ design: "hybrid", callers: 1, calls: 1, ...options });
  expect(result.complete).toBe(true);
  return result;
}

function outcomes(options: Partial<SceneOptions> & Pick<SceneOptions, "states">): readonly Outcome[] {
  return summary(options).outcomes;
}

const pairs = allTransitions(stateNames).map(([from, to]) => [`${from}:${to}`, from, to] as const);

describe.each(["hybrid", "hybrid-ret", "hybrid-b", "literal", "inline"] as const)("%s", (design) => {
  test.each(pairs)("%s: the old target or the new one", (_, from, to) => {
    expect(outcomes({ design, states: [from, to] })).toEqual(["old", "new"]);
  });
});

describe("what CBZ is for", () => {
  test.each(pairs)("hybrid-nocbz, %s: a crash where NOP and no target can meet", (_, from, to) => {
    const meets = (from === "null" && to === "far") || (from === "far" && to === "null");
    const { outcomes: found, crashes } = summary({ design: "hybrid-nocbz", states: [from, to] });
    expect(found).toEqual(meets ? ["old", "new", "crash"] : ["old", "new"]);
    expect(crashes).toEqual(meets ? ["branch to 0x0, where nothing is mapped"] : []);
  });

  test("a barrier between the stores helps on the way to a target, not on the way back", () => {
    const design = "hybrid-nocbz";
    const barrier = { barrier: true } as const;
    expect(outcomes({ design, states: ["null", "far"], weakening: barrier })).toEqual(["old", "new"]);
    expect(outcomes({ design, states: ["null", "far"], weakening: { ...barrier, order: "insn-first" } })).toContain(
      "crash",
    );
    expect(outcomes({ design, states: ["far", "null"], weakening: barrier })).toContain("crash");
    expect(outcomes({ design, states: ["far", "null"], weakening: { ...barrier, order: "insn-first" } })).toContain(
      "crash",
    );
  });
});

describe("protections taken away", () => {
  test("a literal that is not written for near targets leaves NOP with an old one", () => {
    const weakening = { noNearLiteral: true } as const;
    expect(outcomes({ states: ["near", "far"], weakening })).toEqual(["old", "new", "nothing"]);
    expect(outcomes({ states: ["near", "far"] })).toEqual(["old", "new"]);
  });

  test("a literal in bytes or misaligned is half old, half new", () => {
    expect(outcomes({ states: ["far", "far"], weakening: { stores: "bytes" } })).toContain("crash");
    expect(outcomes({ states: ["far", "far"], weakening: { misalign: "4" } })).toContain("crash");
    expect(outcomes({ states: ["far", "far"], weakening: { misalign: "8" } })).toEqual(["old", "new"]);
  });

  const afterUpdate = (skip: readonly ("dc" | "dsb1" | "ic" | "dsb2" | "isb")[], more: Partial<SceneOptions> = {}) =>
    summary({ states: ["near", "far"], synchronisation: "dsb-isb", weakening: { skip }, ...more }).synchronised;

  test("with all of the maintenance the old target is impossible after a synchronised message", () => {
    expect(afterUpdate([])).toEqual(["new"]);
    // The patcher's own ISB does nothing for other cores.
    expect(afterUpdate(["isb"])).toEqual(["new"]);
  });

  test.each(["dc", "dsb1", "ic", "dsb2"] as const)("without %s it is not", (step) => {
    expect(afterUpdate([step])).toEqual(["old", "new"]);
  });

  test("IDC makes DC unnecessary, DIC both", () => {
    expect(afterUpdate(["dc"], { idc: true })).toEqual(["new"]);
    expect(afterUpdate(["ic"], { idc: true })).toEqual(["old", "new"]);
    expect(afterUpdate(["dc", "ic"], { dic: true })).toEqual(["new"]);
  });
});

test.each([
  ["none", undefined],
  ["acquire", ["old", "new"]],
  ["acquire-isb", ["old", "new"]],
  ["control-isb", ["new"]],
  ["dsb-isb", ["new"]],
  ["interrupt", ["new"]],
] as const)("a caller that waits for the message by %s", (synchronisation, expected) => {
  expect(summary({ states: ["near", "far"], synchronisation }).synchronised).toEqual(expected);
});

test("a load needs no context synchronisation: literal's old target is impossible after an acquire", () => {
  expect(summary({ design: "literal", states: ["near", "far"], synchronisation: "acquire" }).synchronised).toEqual([
    "new",
  ]);
});

test("instructions that may not be exchanged under a running core: RET, and never a branch in its place", () => {
  const violated = (design: SceneOptions["design"], from: StateName, to: StateName): boolean =>
    summary({ design, states: [from, to] }).conflicts.length > 0;
  for (const [from, to] of allTransitions(stateNames)) {
    expect(violated("hybrid", from, to), `${from}:${to}`).toBe(from === "null" || to === "null");
    expect(violated("hybrid-b", from, to), `${from}:${to}`).toBe(false);
    expect(violated("literal", from, to), `${from}:${to}`).toBe(false);
    expect(violated("inline", from, to), `${from}:${to}`).toBe(false);
  }
});

test("fetches may go back in time, loads may not", () => {
  expect(summary({ states: ["near", "near"], calls: 2 }).goesBack).toBe(true);
  expect(summary({ design: "literal", states: ["near", "far"], calls: 2 }).goesBack).toBe(false);
});

test("the whole trampoline with two callers, and one caller through two updates", () => {
  expect(outcomes({ states: ["null", "far"], callers: 2 })).toEqual(["old", "new"]);
  const two = summary({ states: ["near", "far", "near"], calls: 3 });
  expect(two.outcomes).toEqual(["old", "between", "new"]);
});

test("inline: every site of a key is walked, however many", () => {
  expect(outcomes({ design: "inline", states: ["far", "near"], callers: 2 })).toEqual(["old", "new"]);
  const two = summary({ design: "inline", states: ["near", "far", "null"], calls: 3 });
  expect(two.outcomes).toEqual(["old", "between", "new"]);
  expect(two.goesBack).toBe(true);
  // Five sites: a loop with as many stores has an end, since nothing in it is open.
  expect(summary({ design: "inline", states: ["null", "near"], calls: 5 }).outcomes).toEqual(["old", "new"]);
});

test("a function pointer without a target crashes, as it always did", () => {
  expect(outcomes({ design: "pointer", states: ["null", "near"] })).toEqual(["new", "crash"]);
});
