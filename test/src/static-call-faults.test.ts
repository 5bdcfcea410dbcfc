/** Designs with protections taken away: the texts, where things stand, and what one core alone makes of them. */
import { type DesignName, type PatchFaults, StaticCall, staticCallSupport } from "cmodx";
import { disassemble, type Machine } from "cmodx/engine";
import { afterEach, describe, expect, test } from "vitest";
import { codeOf, machineWithTargets, symbolOf, TYPE } from "../support/static-calls.js";

let machine: Machine;

afterEach(() => machine.dispose());

/** The stores and the maintenance of a patch procedure, as it stands in memory. */
function procedure(design: DesignName, faults: PatchFaults): string[] {
  const names = [...staticCallSupport(machine, design, faults).keys()];
  const start = symbolOf(machine, names.find((name) => name.startsWith("__static_call_update.")) as string);
  const lines: string[] = [];
  for (let pc = start; ; pc += 4n) {
    const text = disassemble(machine.readU32(pc), pc) ?? "?";
    if (text === "ret") return lines;
    if (/^(stu?rb?|dc|ic|dsb|isb)\b/.test(text)) lines.push(text);
  }
}

describe("the patch procedure of hybrid", () => {
  const maintenance = ["dc cvau, x0", "dsb ish", "ic ivau, x0", "dsb ish", "isb"];
  test.each([
    [{}, ["stur x2, [x1, #-8]", "str x4, [x1]", ...maintenance]],
    [{ skip: ["dsb1", "ic"] }, ["stur x2, [x1, #-8]", "str x4, [x1]", "dc cvau, x0", "dsb ish", "isb"]],
    [{ skip: ["isb", "dc", "dsb1", "ic", "dsb2"] }, ["stur x2, [x1, #-8]", "str x4, [x1]"]],
    [{ order: "insn-first" }, ["str x4, [x1]", "stur x2, [x1, #-8]", ...maintenance]],
    [
      { stores: "words" },
      ["stur w2, [x1, #-8]", "stur w9, [x1, #-4]", "str w4, [x1]", "str w9, [x1, #4]", ...maintenance],
    ],
    [
      { misalign: "4", skip: ["dc", "ic"] },
      ["stur w2, [x1, #-8]", "stur w9, [x1, #-4]", "str w4, [x1]", "str w9, [x1, #4]", "dsb ish", "dsb ish", "isb"],
    ],
    [
      { misalign: "line" },
      ["stur x2, [x1, #-8]", "str x4, [x1]", "dc cvau, x11", "dsb ish", "ic ivau, x11", "dsb ish", "isb"],
    ],
  ] as const)("%j", async (faults, expected) => {
    machine = await machineWithTargets({ jit: false });
    expect(procedure("hybrid", faults)).toEqual(["str x2, [x3]", ...expected]);
    // Beside it stands the one that has everything.
    expect(procedure("hybrid", {})).toHaveLength(8);
  });

  test("in bytes", async () => {
    machine = await machineWithTargets({ jit: false });
    const bytes = procedure("hybrid", { stores: "bytes", skip: ["dc", "dsb1", "ic", "dsb2", "isb"] }).slice(1);
    expect(bytes.map((text) => text.replace(/^(\w+) w\d, /, "$1 "))).toEqual([
      ...[8, 7, 6, 5, 4, 3, 2, 1].map((at) => `sturb [x1, #-${at}]`),
      ...["[x1]", ...[1, 2, 3, 4, 5, 6, 7].map((at) => `[x1, #${at}]`)].map((at) => `strb ${at}`),
    ]);
  });
});

const misaligned = [
  ["4", 16n, 4n, 4n],
  ["8", 16n, 8n, undefined],
  ["line", 64n, 56n, 60n],
  ["page", 4096n, 4088n, 4092n],
] as const;

test.each(misaligned)("misaligned by %s", async (misalign, boundary, window, doubleword) => {
  machine = await machineWithTargets({ jit: false });
  const faults = { misalign };
  for (const design of ["hybrid", "hybrid-nocbz", "hybrid-ret", "hybrid-b"] as const) {
    StaticCall.define(machine, { name: design.replace("-", "_"), design, faults });
    expect((symbolOf(machine, `__SCT__${design.replace("-", "_")}`) - 8n) % boundary).toBe(window);
  }
  if (doubleword === undefined) {
    expect(codeOf(() => StaticCall.define(machine, { name: "key", design: "literal", faults }))).toBe("no-protection");
    return;
  }
  for (const [design, patched] of [
    ["literal", "__SCL__"],
    ["pointer", "__SCK__"],
    ["kcfi", "__SCK__"],
  ] as const) {
    StaticCall.define(machine, { name: design, design, faults, type: TYPE });
    expect(symbolOf(machine, `${patched}${design}`) % boundary).toBe(doubleword);
  }
});

const harmlessAlone: readonly (readonly [DesignName, PatchFaults])[] = [
  ...(["hybrid", "hybrid-nocbz", "hybrid-ret", "hybrid-b"] as const).flatMap((design) =>
    (
      [{ stores: "bytes" }, { stores: "words", order: "insn-first" }, { misalign: "4" }, { misalign: "8" }] as const
    ).map((faults) => [design, faults] as const),
  ),
  ...(["literal", "pointer", "kcfi"] as const).flatMap((design) =>
    ([{ stores: "bytes" }, { misalign: "page" }, { misalign: "4", stores: "words" }] as const).map(
      (faults) => [design, faults] as const,
    ),
  ),
];

test.each(harmlessAlone)("one core alone sees nothing of it: %s, %j", async (design, faults) => {
  machine = await machineWithTargets({ jit: false });
  const key = StaticCall.define(machine, { name: "key", design, faults, target: "near1", type: TYPE });
  for (const [target, sum] of [
    ["far", 13n],
    ["near2", 12n],
    ["near1", 11n],
    ["far", 13n],
  ] as const) {
    key.update(target);
    expect([key.query(), key.call(10)]).toEqual([symbolOf(machine, target), sum]);
  }
});

describe("what one core sees too", () => {
  test.each([
    [{ skip: ["ic"] }],
    [{ skip: ["dc"] }],
    [{ skip: ["dsb2"] }],
    [{ skip: ["dsb1"] }],
    [{ misalign: "line" }],
  ] as const)("the instructions stay as they were: %j", async (faults) => {
    machine = await machineWithTargets({ jit: false });
    const key = StaticCall.define(machine, { name: "key", design: "hybrid", faults, target: "near1" });
    expect(key.call(10)).toBe(11n);
    key.update("near2");
    expect([key.state, key.query(), key.call(10)]).toEqual(["B", symbolOf(machine, "near2"), 11n]);
  });

  test("a literal that is not written for near targets is the one before", async () => {
    machine = await machineWithTargets({ jit: false });
    const key = StaticCall.define(machine, {
      name: "key",
      design: "hybrid",
      faults: { noNearLiteral: true },
      target: "far",
    });
    key.update("near1");
    expect(machine.readU64(symbolOf(machine, "__SCT__key") - 8n)).toBe(symbolOf(machine, "far"));
    key.update(null);
    expect([machine.readU64(symbolOf(machine, "__SCT__key") - 8n), key.call(10)]).toEqual([0n, 10n]);
  });
});
