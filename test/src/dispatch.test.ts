/** The dispatch measurement: what is counted exactly, and that every case is there. */
import { describe, expect, test } from "vitest";
import { type DispatchRow, measureDispatch } from "#src/dispatch/measure.js";
import { dispatchJson, dispatchTable } from "#src/report/dispatch.js";

const measurement = await measureDispatch({ calls: 20_000, repetitions: 1 });
const { rows } = measurement;

const row = (design: string, state: string): DispatchRow | undefined =>
  rows.find((each) => each.design === design && each.state === state);

describe("dispatch", () => {
  // By hand from the assembly: { call; subs; b.ne } around { bti c; add; ret }.
  test.each([
    ["direct", "BL", 6, 0, 3],
    ["hybrid", "RET", 5, 0, 3],
    ["hybrid", "B", 8, 0, 4],
    ["hybrid", "NOP+literal", 11, 1, 4],
    ["pointer", "BLR", 8, 1, 3],
    ["kcfi", "BLR checked", 13, 2, 4],
    ["literal", "literal", 11, 1, 4],
    ["literal", "NULL", 8, 1, 4],
  ])(
    "%s in state %s executes %i instructions, %i reads, %i taken branches a turn",
    (design, state, instructions, reads, branches) => {
      expect(row(design, state)).toMatchObject({ instructions, dataReads: reads, takenBranches: branches });
    },
  );

  test("every time is a time, and ratios are to the direct call", () => {
    const direct = row("direct", "BL");
    for (const each of rows) {
      expect(each.interpreterNanoseconds).toBeGreaterThan(0);
      expect(each.jitNanoseconds).toBeGreaterThan(0);
      expect(each.jitRatio).toBeCloseTo(each.jitNanoseconds / (direct?.jitNanoseconds ?? 0), 9);
    }
  });

  test("table and JSON have a line and an object a row", () => {
    const table = dispatchTable(measurement).split("\n");
    for (const each of rows)
      expect(table.some((line) => line.startsWith(each.design) && line.includes(each.state))).toBe(true);
    expect(JSON.parse(dispatchJson(measurement)).rows).toHaveLength(rows.length);
  });
});
