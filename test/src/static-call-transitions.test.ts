/** From every state of a key to every other one: what is asked, what memory says, and what a call does. */
import { type DesignName, RET0, StaticCall, type Target } from "cmodx";
import { AssemblyError, assemble, GuestFault, type Machine, type MachineOptions, type WindowSpec } from "cmodx/engine";
import { afterEach, describe, expect, test } from "vitest";
import { callLoop } from "#src/dispatch/program.js";
import { adder, CALLERS, loadCaller, machineWithTargets, symbolOf, TYPE } from "../support/static-calls.js";

const machines: Machine[] = [];

afterEach(() => {
  for (const machine of machines.splice(0)) machine.dispose();
});

async function newMachine(options: MachineOptions): Promise<Machine> {
  const machine = await machineWithTargets(options);
  machines.push(machine);
  return machine;
}

const targets: readonly Target[] = [null, RET0, "near1", "far"];

/** A key's state with each of the targets. */
const states: Readonly<Record<Exclude<DesignName, "direct">, readonly string[]>> = {
  hybrid: ["RET", "B", "B", "NOP+literal"],
  "hybrid-nocbz": ["RET", "B", "B", "NOP+literal"],
  "hybrid-ret": ["RET", "B", "B", "NOP+literal"],
  "hybrid-b": ["B to its RET", "B", "B", "NOP+literal"],
  literal: ["NULL", "literal", "literal", "literal"],
  inline: ["NOP", "BL", "BL", "BL trampoline"],
  pointer: ["NULL", "BLR", "BLR", "BLR"],
  kcfi: ["NULL", "BLR checked", "BLR checked", "BLR checked"],
};
const designNames = Object.keys(states) as (keyof typeof states)[];

/** What a call with 10 gives. */
const sums = new Map<Target, bigint>([
  [RET0, 0n],
  ["near1", 11n],
  ["far", 13n],
]);

const hasTrampoline = (design: DesignName): boolean => design !== "pointer" && design !== "kcfi";

function expectedQuery(machine: Machine, design: DesignName, target: Target): bigint | null {
  if (target === null) return null;
  if (target !== RET0) return symbolOf(machine, target as string);
  return symbolOf(machine, hasTrampoline(design) ? "__static_call_return0" : "__static_call_return0.key");
}

/** A call from guest code: "faults", or x0. */
function callFromGuest(machine: Machine): bigint | "faults" {
  try {
    return machine.core.call("caller", 10);
  } catch (error) {
    if (error instanceof GuestFault) return "faults";
    throw error;
  }
}

const CALLER = (site: string): string => `
caller:
	bti	c
	stp	x29, x30, [sp, #-16]!
	mov	x29, sp
${site}
	ldp	x29, x30, [sp], #16
	ret
`;

const pairs = targets.flatMap((from) => targets.map((to) => [from ?? "null", to ?? "null", from, to] as const));

describe.each([
  ["interpreter", false],
  ["JIT", true],
])("in the %s", (_name, compiles) => {
  describe.each(designNames)("%s", (design) => {
    test.each(pairs)("from %s to %s", async (...pair) => {
      const [, , from, to] = pair;
      const machine = await newMachine({ jit: compiles ? { background: false } : false });
      const key = StaticCall.define(machine, { name: "key", design, target: from, type: TYPE });
      loadCaller(machine, CALLER(key.site));
      const check = (target: Target): void => {
        const withoutTarget = hasTrampoline(design) ? 10n : "faults";
        const expected = target === null ? withoutTarget : sums.get(target);
        expect(key.query()).toBe(expectedQuery(machine, design, target));
        expect(key.state).toBe(states[design][targets.indexOf(target)]);
        expect(callFromGuest(machine)).toBe(expected);
        if (!compiles) return;
        expect(machine.core.forceCompile("caller")).toBe(true);
        expect(callFromGuest(machine)).toBe(expected);
      };
      check(from);
      key.update(to);
      check(to);
      key.update(from);
      check(from);
      if (compiles) expect(machine.stats().regions.entries).toBeGreaterThan(0);
    });
  });
});

describe("with coherent caches", () => {
  test.each([
    { idc: true, dic: false },
    { idc: true, dic: true },
  ])("hybrid goes through its states, %j", async (ctr) => {
    const machine = await newMachine({ ctr, jit: { background: false } });
    const key = StaticCall.define(machine, { name: "key", design: "hybrid" });
    loadCaller(machine, callLoop("caller", key.site));
    for (const [target, sum] of [
      ["near1", 1000n],
      ["far", 3000n],
      [null, 0n],
      ["near2", 2000n],
      [RET0, 0n],
      ["far", 3000n],
    ] as const) {
      key.update(target);
      expect(machine.core.call("caller", 1000)).toBe(sum);
    }
  });
});

/** B's reach, from the instruction itself. */
const REACH = 1n << 27n;
const EDGES = [
  [REACH - 4n, "B"],
  [REACH, "NOP+literal"],
  [-REACH, "B"],
  [-REACH - 4n, "NOP+literal"],
] as const;

describe.each([
  ["interpreter", false],
  ["JIT", true],
])("at the edges of B's reach, in the %s", (_name, compiles) => {
  /** A machine with memory around both edges of the first key's branch, and that branch's address. */
  async function machineWithEdges(): Promise<{ machine: Machine; branch: bigint }> {
    const first = await newMachine({ jit: false });
    StaticCall.define(first, { name: "key", design: "hybrid" });
    const branch = symbolOf(first, "__SCT__key") + 4n;
    const around = (name: string, address: bigint): WindowSpec => ({
      name,
      address: (address & -0x10000n) - 0x10000n,
      size: 0x30000,
      access: "rx",
      guarded: true,
    });
    const edges = [around("low", branch - REACH), around("high", branch + REACH)];
    const windows = [...first.windows, ...edges];
    return { machine: await newMachine({ windows, jit: compiles ? { background: false } : false }), branch };
  }

  test.each(EDGES)("a target %i bytes away: %s", async (offset, state) => {
    const { machine, branch } = await machineWithEdges();
    const target = branch + offset;
    const text = adder("edge", 7);
    const place = (base: bigint): void => machine.load(assemble(text.replace(".balign	8", ""), { base: base - 4n }));
    place(target);
    expect(symbolOf(machine, "edge")).toBe(target);
    const key = StaticCall.define(machine, { name: "key", design: "hybrid", target: "edge" });
    expect(symbolOf(machine, "__SCT__key") + 4n).toBe(branch);
    loadCaller(machine, callLoop("caller", key.site));
    const check = (): void => {
      expect(key.state).toBe(state);
      expect(key.query()).toBe(target);
      expect(machine.core.call("caller", 500)).toBe(3500n);
      if (compiles) expect(machine.core.forceCompile("caller")).toBe(true);
      expect(machine.core.call("caller", 500)).toBe(3500n);
    };
    check();
    key.update("near1");
    expect(machine.core.call("caller", 500)).toBe(500n);
    key.update(target);
    check();
  });
});

describe("callers in the modules window", () => {
  test("call through a pointer, checked or not", async () => {
    for (const design of ["pointer", "kcfi"] as const) {
      const machine = await newMachine({ jit: false });
      const key = StaticCall.define(machine, { name: "key", design, target: "near1", type: TYPE });
      const base = machine.window("modules").address + CALLERS;
      machine.load(assemble(CALLER(key.site), { base, symbols: machine.symbols }));
      expect(callFromGuest(machine)).toBe(11n);
      key.update("far");
      expect(callFromGuest(machine)).toBe(13n);
    }
  });

  test("do not reach a trampoline in text by BL: the assembler says so", async () => {
    const machine = await newMachine({ jit: false });
    const key = StaticCall.define(machine, { name: "key", design: "hybrid" });
    const base = machine.window("modules").address + CALLERS;
    expect(() => assemble(CALLER(key.site), { base, symbols: machine.symbols })).toThrow(AssemblyError);
  });
});
