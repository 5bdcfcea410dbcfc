/** What each fault that can be injected comes to: whether it is wrong, and whether a host that keeps accesses in order can show it. */
import { type DesignName, designs, type PatchFaults } from "cmodx";
import { describe, expect, test } from "vitest";
import { isWrong, judge } from "#src/proof/judge.js";
import { codeOf } from "../../support/static-calls.js";

/** Allowed by the architecture; not allowed, which any host can show; not allowed, and an x86 host can't show it. */
type Verdict = "allowed" | "shown" | "hidden";

function verdict(design: DesignName, faults: PatchFaults): Verdict {
  const { wrong, shownInOrder, complete } = judge(design, faults, { states: ["near", "far"] });
  expect(complete).toBe(true);
  return wrong ? (shownInOrder ? "shown" : "hidden") : "allowed";
}

const ofHybrid: readonly (readonly [PatchFaults, Verdict])[] = [
  [{}, "allowed"],
  [{ skip: ["dc"] }, "shown"],
  [{ skip: ["dsb1"] }, "shown"],
  [{ skip: ["ic"] }, "shown"],
  [{ skip: ["dsb2"] }, "shown"],
  [{ skip: ["isb"] }, "allowed"],
  [{ stores: "words" }, "shown"],
  [{ stores: "bytes" }, "shown"],
  [{ order: "insn-first" }, "allowed"],
  [{ noNearLiteral: true }, "hidden"],
  [{ misalign: "4" }, "shown"],
  [{ misalign: "8" }, "allowed"],
  [{ misalign: "line" }, "shown"],
  [{ misalign: "page" }, "shown"],
];

test.each(ofHybrid)("hybrid, %j: %s", (faults, expected) => {
  expect(verdict("hybrid", faults)).toBe(expected);
});

test.each([
  [{ stores: "words" }, "shown"],
  [{ misalign: "4" }, "hidden"],
  [{ misalign: "line" }, "shown"],
] as const)("literal and pointer, %j: %s", (faults, expected) => {
  for (const design of ["literal", "pointer"] as const) expect(verdict(design, faults)).toBe(expected);
});

test.each([
  [{}, "allowed"],
  [{ skip: ["ic"] }, "shown"],
  [{ stores: "bytes" }, "shown"],
  [{ order: "insn-first" }, "allowed"],
  [{ noNearLiteral: true }, "hidden"],
  [{ misalign: "4" }, "hidden"],
  [{ misalign: "page" }, "shown"],
] as const)("inline, %j: %s", (faults, expected) => {
  expect(verdict("inline", faults)).toBe(expected);
});

test("without CBZ an in-order host shows the crash on the way back only, unless the instructions are written first", () => {
  const wrongIn = (faults: PatchFaults): string[] =>
    judge("hybrid-nocbz", faults, { states: ["null", "far"] })
      .transitions.filter(({ inOrder }) => isWrong(inOrder))
      .map((transition) => transition.states.join(":"));
  expect(wrongIn({})).toEqual(["far:null"]);
  expect(wrongIn({ order: "insn-first" })).toEqual(["null:far", "far:null"]);
});

describe("what a design does not have can't be taken away", () => {
  const cases: readonly (readonly [DesignName, PatchFaults])[] = [
    ["literal", { skip: ["ic"] }],
    ["literal", { order: "insn-first" }],
    ["pointer", { noNearLiteral: true }],
    ["kcfi", { misalign: "8" }],
    ["inline", { misalign: "8" }],
    ["direct", { stores: "bytes" }],
  ];
  test.each(cases)("%s, %j", (design, faults) => {
    expect(codeOf(() => judge(design, faults))).toBe("no-protection");
  });

  test("and each design says of itself what it has", () => {
    const has = Object.values(designs).map(({ name, weakenable }) => [name, weakenable?.protections.length ?? 0]);
    expect(Object.fromEntries(has)).toMatchObject({ hybrid: 9, inline: 8, literal: 4, pointer: 4, kcfi: 4, direct: 0 });
  });
});
