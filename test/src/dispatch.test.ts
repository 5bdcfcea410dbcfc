/** The dispatch measurement: what is counted exactly, and that every case is there. */
import { describe, expect, test } from "vitest";
import { type DispatchProgress, type DispatchRow, measureDispatch } from "#src/dispatch/measure.js";
import { cases } from "#src/dispatch/program.js";
import { dispatchJson, dispatchTable } from "#src/report/dispatch.js";

const measurement = await measureDispatch({ calls: 20_000 });
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
    ["inline", "NOP", 3, 0, 1],
    ["inline", "BL", 6, 0, 3],
    ["inline", "BL trampoline", 10, 1, 4],
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

  test("progress goes from 0 to 1 in every row", async () => {
    const seen: string[] = [];
    const result = await measureDispatch({
      calls: 500_000,
      progress: ({ row: number, rows: total, share }) => seen.push(`${number}/${total} ${share}`),
    });
    expect(result.complete).toBe(true);
    // Two samples in the interpreter and two in the JIT.
    const shares = [0, 0.25, 0.5, 0.75, 1];
    expect(seen).toEqual(cases.flatMap((_, index) => shares.map((share) => `${index + 1}/${cases.length} ${share}`)));
  });

  test("a measurement that is aborted has the rows that were finished; what else fails is thrown", async () => {
    const controller = new AbortController();
    const progress = ({ row: number }: DispatchProgress): void => {
      if (number === 2) controller.abort();
    };
    const result = await measureDispatch({ calls: 20_000, progress, signal: controller.signal });
    expect(result).toMatchObject({ complete: false, cases: cases.length });
    expect(result.rows.map(({ state }) => state)).toEqual(["BL"]);
    expect(dispatchTable(result)).toContain("Incomplete: stopped after 1 of 11 rows.");
    expect(dispatchTable(measurement)).not.toContain("Incomplete");
    const failing = (): never => {
      throw new RangeError("of the listener's own");
    };
    await expect(measureDispatch({ calls: 20_000, progress: failing })).rejects.toThrow(RangeError);
  });

  test("table and JSON have a line and an object a row", () => {
    const table = dispatchTable(measurement).split("\n");
    for (const each of rows)
      expect(table.some((line) => line.startsWith(each.design) && line.includes(each.state))).toBe(true);
    expect(JSON.parse(dispatchJson(measurement)).rows).toHaveLength(rows.length);
  });
});
