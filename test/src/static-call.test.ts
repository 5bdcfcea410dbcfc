/** The static_call API over every design, in interpreter and JIT. */

import { type DesignName, designs, RET0, StaticCall } from "cmodx";
import { GuestFault, Machine, UnknownSymbolError, UnknownWindowError } from "cmodx/engine";
import { afterEach, describe, expect, test } from "vitest";
import { codeOf, machineWithTargets, symbolOf, TYPE } from "../support/static-calls.js";

const machines: Machine[] = [];

afterEach(() => {
  for (const machine of machines.splice(0)) machine.dispose();
});

async function machineWith(jit: boolean): Promise<Machine> {
  const machine = await machineWithTargets({ jit });
  machines.push(machine);
  return machine;
}

const faultOf = (body: () => unknown): unknown => {
  try {
    return body();
  } catch (error) {
    if (error instanceof GuestFault) return error.fault;
    throw error;
  }
};

const updatable: DesignName[] = [
  "hybrid",
  "hybrid-nocbz",
  "hybrid-ret",
  "hybrid-b",
  "literal",
  "inline",
  "pointer",
  "kcfi",
];

describe.each([
  ["interpreter", false],
  ["JIT", true],
])("static calls, %s", (_, jit) => {
  test.each(updatable)("%s: define, update, query and call", async (design) => {
    const machine = await machineWith(jit);
    const key = StaticCall.define(machine, { name: "key", design, target: "near1", type: TYPE });
    expect(key.query()).toBe(symbolOf(machine, "near1"));
    expect(key.call(10)).toBe(11n);
    for (const [target, sum] of [
      ["near2", 12n],
      ["far", 13n],
      ["near1", 11n],
      ["far", 13n],
      ["near2", 12n],
    ] as const) {
      key.update(target);
      expect(key.query()).toBe(symbolOf(machine, target));
      expect(key.call(10)).toBe(sum);
      expect(key.callCond(10)).toBe(sum);
      expect(Object.keys(designs[design].states)).toContain(key.state);
    }
    key.update(symbolOf(machine, "near1"));
    expect(key.call(10)).toBe(11n);
  });

  test.each(updatable)("%s: no target, and RET0", async (design) => {
    const machine = await machineWith(jit);
    const key = StaticCall.define(machine, { name: "key", design, type: TYPE });
    expect(key.query()).toBeNull();
    expect(key.callCond(10)).toBeUndefined();
    key.update(RET0);
    expect(key.query()).not.toBeNull();
    expect(key.call(10)).toBe(0n);
    expect(key.callCond(10)).toBe(0n);
    key.update("far");
    expect(key.callCond(10)).toBe(13n);
    key.update(null);
    expect(key.callCond(10)).toBeUndefined();
    const second = StaticCall.define(machine, { name: "second", design, target: RET0, type: TYPE });
    expect(second.call(10)).toBe(0n);
  });

  test.each(["hybrid", "literal", "inline"] as const)("%s: without a target the trampoline returns", async (design) => {
    const machine = await machineWith(jit);
    const key = StaticCall.define(machine, { name: "key", design });
    expect(key.call(10)).toBe(10n);
  });

  test("pointer: without a target a call branches to address 0", async () => {
    const machine = await machineWith(jit);
    const key = StaticCall.define(machine, { name: "key", design: "pointer" });
    expect(faultOf(() => key.call(10))).toMatchObject({ kind: "instruction-abort", reason: "unmapped", pc: 0n });
  });

  test("kcfi: a function of another type is not called", async () => {
    const machine = await machineWith(jit);
    const key = StaticCall.define(machine, { name: "key", design: "kcfi", target: "near1" });
    expect(key.call(1)).toBe(2n);
    key.update("wrong");
    expect(faultOf(() => key.call(1))).toMatchObject({ kind: "brk", immediate: 0x8228 });
  });

  test("keys on one machine do not disturb each other", async () => {
    const machine = await machineWith(jit);
    const keys = Array.from({ length: 40 }, (_each, index) =>
      StaticCall.define(machine, {
        name: `k${index}`,
        design: updatable[index % updatable.length] ?? "hybrid",
        target: "near1",
        type: TYPE,
      }),
    );
    keys.forEach((key, index) => {
      if (index % 3 === 0) key.update("far");
      if (index % 3 === 1) key.update("near2");
    });
    expect(keys.map((key) => key.call(0))).toEqual(keys.map((_key, index) => [3n, 2n, 1n][index % 3]));
  });
});

describe("hybrid", () => {
  test("the trampoline is the thread's, and the literal is always written", async () => {
    const machine = await machineWith(false);
    const key = StaticCall.define(machine, { name: "key", design: "hybrid" });
    const trampoline = symbolOf(machine, "__SCT__key");
    const literal = (): bigint => machine.readU64(trampoline - 8n);
    expect((trampoline - 8n) % 16n).toBe(0n);
    const tail = [0x58ffff90, 0xb4000050, 0xd61f0200, 0xd65f03c0]; // ldr x16, .-16; cbz x16, .+8; br x16; ret
    const words = (): number[] =>
      Array.from({ length: 6 }, (_, index) => machine.readU32(trampoline + BigInt(index * 4)));
    expect(words()).toEqual([0xd503245f, 0xd65f03c0, ...tail]);
    expect(literal()).toBe(0n);
    expect(key.state).toBe("RET");
    key.update("near1");
    const offset = symbolOf(machine, "near1") - (trampoline + 4n);
    expect(words()).toEqual([0xd503245f, 0x14000000 | Number(BigInt.asUintN(26, offset >> 2n)), ...tail]);
    expect(literal()).toBe(symbolOf(machine, "near1"));
    expect(key.state).toBe("B");
    key.update("far");
    expect(words()).toEqual([0xd503245f, 0xd503201f, ...tail]);
    expect(literal()).toBe(symbolOf(machine, "far"));
    expect(key.state).toBe("NOP+literal");
    key.update(null);
    expect(words()).toEqual([0xd503245f, 0xd65f03c0, ...tail]);
    expect(literal()).toBe(0n);
  });

  test("a key defined with a near target branches, and its literal is not written yet", async () => {
    const machine = await machineWith(false);
    const key = StaticCall.define(machine, { name: "key", design: "hybrid", target: "near2" });
    expect(key.state).toBe("B");
    expect(machine.readU64(symbolOf(machine, "__SCT__key") - 8n)).toBe(0n);
    expect(StaticCall.define(machine, { name: "other", design: "hybrid", target: "far" }).state).toBe("NOP+literal");
  });
});

describe("what static calls refuse", () => {
  test("typed errors", async () => {
    const machine = await machineWith(false);
    StaticCall.define(machine, { name: "taken", design: "hybrid" });
    expect(codeOf(() => StaticCall.define(machine, { name: "taken", design: "literal" }))).toBe("duplicate");
    expect(codeOf(() => StaticCall.define(machine, { name: "no good", design: "literal" }))).toBe("bad-name");
    expect(codeOf(() => StaticCall.define(machine, { name: "d", design: "direct" }))).toBe("fixed-target");
    expect(codeOf(() => StaticCall.define(machine, { name: "k", design: "kcfi" }))).toBe("no-type");
    const direct = StaticCall.define(machine, { name: "direct", design: "direct", target: "near1" });
    expect(direct.call(1)).toBe(2n);
    expect(codeOf(() => direct.update("near2"))).toBe("fixed-target");
    const unaligned = symbolOf(machine, "near1") + 2n;
    expect(codeOf(() => StaticCall.define(machine, { name: "k", design: "hybrid", target: unaligned }))).toBe(
      "bad-target",
    );
    const key = StaticCall.define(machine, { name: "k", design: "hybrid", target: "near2" });
    expect(codeOf(() => key.update(unaligned))).toBe("bad-target");
    expect([key.call(1), key.query()]).toEqual([3n, symbolOf(machine, "near2")]);
    expect(() => StaticCall.define(machine, { name: "u", design: "hybrid", target: "nowhere" })).toThrow(
      UnknownSymbolError,
    );
  });

  test("a machine without the windows that static calls need", async () => {
    const machine = await Machine.create({
      windows: [{ name: "code", address: 0x10000n, size: 65536, access: "rx" }],
      jit: false,
    });
    machines.push(machine);
    expect(() => StaticCall.define(machine, { name: "k", design: "hybrid" })).toThrow(UnknownWindowError);
  });
});
