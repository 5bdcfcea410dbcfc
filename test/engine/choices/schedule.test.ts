import {
  type ChoiceLog,
  formatSchedule,
  parseSchedule,
  parseScheduleOf,
  programHash,
  ScheduleError,
  type ScheduleErrorCode,
} from "cmodx/engine";
import fc from "fast-check";
import { describe, expect, test } from "vitest";

const program = programHash("a program");
const log: ChoiceLog = [
  { kind: 0, core: 1, ordinal: 12, value: 1 },
  { kind: 0, core: 1, ordinal: 300, value: 2 },
  { kind: 2, core: 0, ordinal: 0, value: 3 },
];

function codeOf(text: string, of = program): ScheduleErrorCode | string {
  try {
    parseScheduleOf(text, of);
  } catch (error) {
    if (error instanceof ScheduleError) return error.code;
    throw error;
  }
  return "none";
}

test("a log comes back from its string, which a shell takes as one word", () => {
  const text = formatSchedule(program, log);
  expect(text).toMatch(/^cmodx1-[0-9a-f]{8}-[0-9A-Za-z_.]+-[0-9a-f]{6}$/);
  expect(parseSchedule(text)).toEqual({ program, log });
  expect(parseScheduleOf(`  ${text}\n`, program)).toEqual(log);
});

test("any log comes back", () => {
  const choice = fc.record({
    kind: fc.nat(15),
    core: fc.nat(15),
    ordinal: fc.nat(1_000_000),
    value: fc.integer({ min: 1, max: 1000 }),
  });
  const key = ({ kind, core, ordinal }: { kind: number; core: number; ordinal: number }): string =>
    `${kind} ${core} ${ordinal}`;
  fc.assert(
    fc.property(fc.uniqueArray(choice, { selector: key }), (choices) => {
      const found = parseScheduleOf(formatSchedule(program, choices), program);
      expect(new Map(found.map((each) => [key(each), each.value]))).toEqual(
        new Map(choices.map((each) => [key(each), each.value])),
      );
      expect(found.length).toBe(choices.length);
    }),
  );
});

test("the sequential execution has a string too", () => {
  expect(parseScheduleOf(formatSchedule(program, []), program)).toEqual([]);
});

test("ten choices take less than 76 characters", () => {
  const ten = Array.from({ length: 10 }, (_, index) => ({
    kind: index % 3,
    core: index & 1,
    ordinal: 9 * index,
    value: 1,
  }));
  expect(formatSchedule(program, ten).length).toBeLessThan(76);
});

describe("what can't be replayed is refused with its reason", () => {
  const text = formatSchedule(program, log);

  test("a string of another program", () => {
    expect(codeOf(text, programHash("another program"))).toBe("schedule-program");
  });

  test("a string of another version", () => {
    expect(codeOf(text.replace("cmodx1-", "cmodx9-"))).toBe("schedule-version");
  });

  test("any string with a character changed, left out or put in", () => {
    for (let at = 0; at < text.length; at++) {
      for (const character of ["", "a", "7", "-", "_"]) {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        if (changed === text || /^cmodx[02-9a]/.test(changed)) continue;
        expect(["schedule-damaged", "schedule-version"]).toContain(codeOf(changed));
      }
    }
  });

  test("something else altogether", () => {
    for (const other of ["", "cmodx", "cmodx1", "cmodx1---", "hello", "0"])
      expect(codeOf(other)).toBe("schedule-damaged");
  });
});
