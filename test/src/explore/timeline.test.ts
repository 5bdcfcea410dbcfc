/** Executions as lanes, from events that are written down here. */
import { describe, expect, test } from "vitest";
import type { CacheTrace, ExecutionEvent } from "#src/explore/events.js";
import { timelineOf } from "#src/explore/timeline.js";
import type { Problem } from "#src/model/problem.js";
import { storyText, timelineText } from "#src/report/timeline.js";
import { timelineSvg } from "#src/report/timeline-svg.js";

const NOP = 0xd503201f;
const RET = 0xd65f03c0;
const STR_X2_X0 = 0xf9000002;
const STR_W4_X1 = 0xb9000024;
const LDR_X16 = 0xf9400010;
const BR_X16 = 0xd61f0200;
const [CODE, DATA] = [0x1000n, 0x2000n];

const problem: Problem = {
  name: "a crash",
  code: [{ address: CODE, words: [RET, LDR_X16, BR_X16, STR_X2_X0, STR_W4_X1] }],
  data: [{ address: DATA, bytes: new Uint8Array(16) }],
  threads: [
    { name: "caller", entry: CODE, registers: new Map() },
    { name: "patcher", entry: CODE + 12n, registers: new Map() },
  ],
  exits: [],
  observed: [],
  observedFaults: [],
  idc: true,
  dic: true,
  lineBytes: 64,
};

const literal = { address: DATA, bytes: 8, value: 0x5000n };
const patched = { address: CODE, bytes: 4, value: BigInt(NOP) };

function event(
  type: ExecutionEvent["type"],
  core: number,
  pc: bigint,
  more: Partial<ExecutionEvent> = {},
): ExecutionEvent {
  return { type, core, pc, bytes: 0, value: 0n, time: 0, writer: 0, ...more };
}

function execute(core: number, pc: bigint, word: number): ExecutionEvent {
  return event("execute", core, pc, { bytes: 4, value: BigInt(word), address: pc });
}

/** The store of the literal waits, that of the instruction does not, and the caller comes in between. */
const events: readonly ExecutionEvent[] = [
  execute(1, CODE + 12n, STR_X2_X0),
  event("issue", 1, CODE + 12n, literal),
  execute(1, CODE + 16n, STR_W4_X1),
  event("write", 1, CODE + 16n, { ...patched, time: 1 }),
  event("fetch", 0, CODE, { ...patched, writer: 1 }),
  execute(0, CODE, NOP),
  event("write", 1, CODE + 12n, { ...literal, time: 2 }),
  execute(0, CODE + 4n, LDR_X16),
  event("read", 0, CODE + 4n, { address: DATA, bytes: 8 }),
  execute(0, CODE + 8n, BR_X16),
  event("fault", 0, 0n, { fault: { kind: "instruction-abort", pc: 0n, esr: 0, reason: "unmapped" } }),
];

const names: Readonly<Record<string, string>> = { "0x1000": "trampoline", "0x2000": "literal", "0x5000": "far" };
/** The caller may fetch what was there before as long as nobody invalidates it. */
const caches: readonly CacheTrace[] = [
  { core: 0, address: CODE, held: events.map((_, index) => (index < 3 ? [RET] : [NOP, RET])) },
];
const timeline = timelineOf({
  title: "a crash",
  problem,
  events,
  caches,
  named: (text) => text.replace(/0x[0-9a-f]+/g, (digits) => names[digits] ?? digits),
});

test("what one core writes and another looks at is shown, in memory and in the instruction cache", () => {
  expect(timeline.contents.map(({ title, core }) => [title, core])).toEqual([
    ["trampoline", undefined],
    ["trampoline", 0],
    ["literal", undefined],
  ]);
  expect(timeline.initial).toEqual(["ret", "ret", "0"]);
  expect(timeline.rows.map(({ values }) => values)).toEqual([
    ["ret", "ret", "0"],
    ["nop", "ret | nop", "0"],
    ["nop", "ret | nop", "0"],
    ["nop", "ret | nop", "far"],
    ["nop", "ret | nop", "far"],
    ["nop", "ret | nop", "far"],
    ["nop", "ret | nop", "far"],
  ]);
});

test("a load that missed a store says so, and a fetch that saw one says which", () => {
  expect(timeline.rows.map(({ tone }) => tone)).toEqual(["store", "store", "read", "store", "stale", "plain", "fault"]);
  expect(timeline.rows[2]).toMatchObject({ core: 0, saw: 1 });
  expect(timeline.rows[4]).toMatchObject({ core: 0, missed: 3 });
  expect(storyText(timeline)).toContain("loads 0 from literal, though memory has far since step 4");
});

test("a load that waits is told twice", () => {
  const load = { address: DATA, bytes: 8, value: 0x5000n, writer: 1 };
  const { rows } = timelineOf({
    title: "",
    problem,
    events: [
      execute(0, CODE + 4n, LDR_X16),
      execute(0, CODE, NOP),
      execute(1, CODE + 12n, STR_X2_X0),
      event("write", 1, CODE + 12n, { ...literal, time: 1 }),
      event("read", 0, CODE + 4n, load),
    ],
    caches: [],
    named: (text) => text,
  });
  expect(rows.map(({ core, instruction, text }) => [core, instruction, text])).toEqual([
    [0, "ldr x16, [x0]", "its load waits"],
    [0, "nop", ""],
    [1, "str x2, [x0]", "stores 0x5000 to 0x2000"],
    [0, "ldr x16, [x0]", "its load of 0x2000 finds 0x5000"],
  ]);
  expect(rows[3]).toMatchObject({ saw: 2 });
});

test("plain instructions of one core are one row", () => {
  const plain = [0n, 4n, 8n].map((offset) => execute(0, CODE + offset, NOP));
  const { rows } = timelineOf({ title: "", problem, events: plain, caches: [], named: (text) => text });
  expect(rows.map(({ instruction }) => instruction)).toEqual(["nop ... nop"]);
});

describe("on a terminal", () => {
  const lines = timelineText(timeline).split("\n");

  test("each core has its lane, and contents stand where they change", () => {
    expect(lines[0]).toMatch(/^step +caller +patcher +memory trampoline +I\$ caller trampoline +memory literal$/);
    expect(lines[2]).toMatch(/^ +ret +ret +0$/);
    expect(lines[4]).toMatch(/^ +2 +\| +str w4, \[x1\] +nop +ret \| nop$/);
    expect(lines[7]).toMatch(/^ +5 +ldr x16, \[x0\] \(stale\) +\|$/);
    expect(lines[6]).toMatch(/^ +4 +\| +str x2, \[x0\] \(takes effect\) +far$/);
    expect(lines[9]).toMatch(/at 0x0 FAULT/);
  });
});

describe("as a picture", () => {
  const svg = timelineSvg(timeline);

  test("every element is closed, and what texts hold is escaped", () => {
    const open: string[] = [];
    for (const [, close, name = "", rest = ""] of svg.matchAll(/<(\/?)([a-z]+)([^<>]*)>/g)) {
      if (close === "/") expect(open.pop()).toBe(name);
      else if (!rest.endsWith("/")) open.push(name);
    }
    expect(open).toEqual([]);
    const odd = timelineSvg({ ...timeline, title: `a < b & "c"` });
    expect(odd).toContain("a &lt; b &amp; &quot;c&quot;");
  });

  test("an arrow leads from the store to who saw it, and a broken one to who did not", () => {
    expect(svg.match(/marker-end="url\(#saw\)"/g)).toHaveLength(1);
    expect(svg.match(/stroke-dasharray="5 4" marker-end="url\(#missed\)"/g)).toHaveLength(1);
  });

  test("nothing lies outside of it", () => {
    const [, width = 0, height = 0] = /width="([0-9]+)" height="([0-9]+)"/.exec(svg) ?? [];
    for (const [, x, y] of svg.matchAll(/<text x="([0-9.]+)" y="([0-9.]+)"/g)) {
      expect(Number(x)).toBeLessThan(Number(width));
      expect(Number(y)).toBeLessThan(Number(height));
    }
    expect(svg.match(/<rect x=/g)?.length).toBeGreaterThan(timeline.rows.length);
  });
});
