/** The model against herd: the observation, the exact set of final states and the flags of every catalogue test. */
import { describe, expect, test } from "vitest";
import { layOut, parseLitmus, verdictOf } from "#src/litmus/index.js";
import { check } from "#src/model/check.js";
import { catalogues, catalogueTests, skipped } from "../litmus/catalogues.js";

describe("the model against herd", () => {
  if (!catalogues) test.skip(skipped);
  test.each(catalogueTests())("$file", ({ text, file, states, observation, flags }) => {
    const litmus = parseLitmus(text, file);
    const laidOut = layOut(litmus);
    const verdict = verdictOf(litmus, laidOut, check(laidOut.problem));
    expect([...verdict.states].sort()).toEqual([...states].sort());
    expect(verdict.observation).toBe(observation);
    expect([...new Set(verdict.flags.map(({ name }) => name))].sort()).toEqual([...flags].sort());
    expect(verdict.complete).toBe(true);
  });
});
