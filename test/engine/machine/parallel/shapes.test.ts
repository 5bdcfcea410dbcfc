/** Litmus shapes for a moment: that they are what the memory model says, and that nothing else shows. shapes.long.test.ts insists. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runLitmus } from "#src/litmus/index.js";
import { observe, shownByHost } from "./campaigns.js";
import { Cores } from "./cores.js";
import { litmusText, shapes } from "./shapes.js";

const TURNS = 50;

/** `1:X4=0; 1:X5=1;` -> "0 1". */
const outcome = (state: string): string => [...state.matchAll(/=(\d+);/g)].map(([, value]) => value).join(" ");

let cores: Cores;
beforeAll(async () => {
  cores = await Cores.create(4, { threads: 1 });
});
afterAll(() => cores.dispose());

describe.each(shapes)("$name", (shape) => {
  test("what these tests say of the architecture is what the memory model says", () => {
    const { states, complete } = runLitmus(litmusText(shape), "shape.litmus");
    expect(complete).toBe(true);
    expect(states.map(outcome).sort()).toEqual([...shape.sequential, ...shape.relaxed].sort());
  });

  test("nothing is seen that this machine can't do", async () => {
    const possible = shownByHost(shape);
    const seen = await observe(cores, shape, 1, TURNS);
    expect([...seen.keys()].filter((each) => !possible.includes(each))).toEqual([]);
  });
});
