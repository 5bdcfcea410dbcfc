import { describe, expect, test } from "vitest";
import { type Claim, claims } from "#src/proof/claims.js";
import { settle } from "#src/proof/settle.js";

describe("the claims", () => {
  test.each(claims.map((claim) => [claim.title, claim] as const))("%s", (_, claim) => {
    const { holds, complete, experiments } = settle(claim);
    expect(complete).toBe(true);
    expect(experiments.filter(({ asClaimed }) => !asClaimed).map(({ what }) => what)).toEqual([]);
    expect(holds).toBe(true);
  });
});

const scene = { design: "hybrid-nocbz", states: ["null", "far"], callers: 1, calls: 1 } as const;
const crash = { kind: "outcome", outcome: "crash" } as const;

test("a claim that is wrong does not hold, and has its witness", () => {
  const wrong: Claim = {
    title: "CBZ is for nothing",
    experiments: [{ what: "without CBZ", scenes: [scene], question: crash, claimed: "nowhere" }],
  };
  const { holds, experiments } = settle(wrong);
  expect(holds).toBe(false);
  const [first] = experiments;
  expect(first).toMatchObject({
    possible: true,
    asClaimed: false,
    where: ["null:far"],
    asked: 1,
    inOrder: false,
  });
  expect(first?.witness?.lines.at(-1)).toMatch(/caller0 .* takes a fault: translation$/);
});

test("what is said of all scenes has to be possible in each", () => {
  const near = { ...scene, states: ["near", "near"] } as const;
  const { holds, experiments } = settle({
    title: "every transition crashes",
    experiments: [{ what: "both", scenes: [scene, near], question: crash, claimed: "everywhere" }],
  });
  expect(holds).toBe(false);
  expect(experiments[0]?.where).toEqual(["null:far"]);
});

test("a search that was cut off settles nothing", () => {
  const claim: Claim = {
    title: "no crash",
    experiments: [{ what: "hybrid", scenes: [{ ...scene, design: "hybrid" }], question: crash, claimed: "nowhere" }],
  };
  expect(settle(claim)).toMatchObject({ holds: true, complete: true });
  expect(settle(claim, { maxInstructions: 10 })).toMatchObject({ holds: false, complete: false });
});
