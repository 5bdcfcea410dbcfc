/** The design whose call sites are patched: tables of sites, what stands at each, and what is refused. */
import { linkSites, RET0, StaticCall, type Target } from "cmodx";
import { assemble, disassemble, type Machine, type MachineOptions, type Program } from "cmodx/engine";
import { afterEach, describe, expect, test } from "vitest";
import { codeOf, machineWithTargets, symbolOf } from "../support/static-calls.js";

const machines: Machine[] = [];

afterEach(() => {
  for (const machine of machines.splice(0)) machine.dispose();
});

async function newMachine(options: MachineOptions = { jit: false }): Promise<Machine> {
  const machine = await machineWithTargets(options);
  machines.push(machine);
  return machine;
}

/** A function that calls at each of some sites, x0 passed on. */
function callerText(label: string, sites: readonly string[]): string {
  const lines = sites.map((site, index) => `${site}\n${label}.after${index}:\n`);
  return `${label}:\n\tbti c\n\tstp x29, x30, [sp, #-16]!\n${lines.join("")}\tldp x29, x30, [sp], #16\n\tret\n`;
}

/** Assembles text at an offset of the window "text" and loads it. */
function load(machine: Machine, offset: bigint, text: string): Program {
  const base = machine.window("text").address + offset;
  const program = assemble(`${text}\t.balign 8\n`, { base, symbols: machine.symbols });
  machine.load(program);
  return program;
}

/** What stands at a caller's site. */
function siteOf(machine: Machine, label: string, index: number): string {
  const pc = symbolOf(machine, `${label}.after${index}`) - 4n;
  const text = disassemble(machine.readU32(pc), pc) ?? "?";
  const [, target] = /^bl 0x([0-9a-f]+)$/.exec(text) ?? [];
  if (target === undefined) return text;
  const symbol = [...machine.symbols].find(
    ([name, address]) => address === BigInt(`0x${target}`) && !name.includes("after"),
  );
  return `bl ${symbol?.[0]}`;
}

const states: readonly (readonly [Target, string, bigint])[] = [
  ["near1", "bl near1", 1n],
  ["far", "bl __SCT__key", 3n],
  [null, "nop", 0n],
  [RET0, "bl __static_call_return0", 0n],
  ["near2", "bl near2", 2n],
];

describe.each([
  ["interpreter", false],
  ["JIT", true],
])("in the %s", (_name, compiles) => {
  test("every linked site of a key is patched, those of another key are left alone", async () => {
    const machine = await newMachine({ jit: compiles ? { background: false } : false });
    const key = StaticCall.define(machine, { name: "key", design: "inline", target: "far" });
    const other = StaticCall.define(machine, { name: "other", design: "inline", target: "near1" });
    const first = load(machine, 0x1000n, callerText("first", [key.site, key.site, other.site]));
    expect(linkSites(machine, first)).toBe(3);
    const second = load(machine, 0x2000n, callerText("second", [key.site]));
    expect([0, 1, 2].map((index) => siteOf(machine, "first", index))).toEqual([
      "bl __SCT__key",
      "bl __SCT__key",
      "bl near1",
    ]);
    for (const [target, text, adds] of states) {
      key.update(target);
      expect([0, 1, 2].map((index) => siteOf(machine, "first", index))).toEqual([text, text, "bl near1"]);
      // It is not linked yet: the trampoline knows the target too.
      expect(siteOf(machine, "second", 0)).toBe("bl __SCT__key");
      const isRet0 = target === RET0;
      expect(machine.core.call("first", 10)).toBe((isRet0 ? 0n : 10n + 2n * adds) + 1n);
      expect(machine.core.call("second", 10)).toBe(isRet0 ? 0n : 10n + adds);
      if (compiles) expect(machine.core.forceCompile("first")).toBe(true);
      expect(machine.core.call("first", 10)).toBe((isRet0 ? 0n : 10n + 2n * adds) + 1n);
    }
    // Linked late, it gets what the key has.
    expect([linkSites(machine, second), linkSites(machine, second)]).toEqual([1, 1]);
    expect(siteOf(machine, "second", 0)).toBe("bl near2");
    key.update(null);
    expect([siteOf(machine, "first", 0), siteOf(machine, "second", 0), machine.core.call("second", 7)]).toEqual([
      "nop",
      "nop",
      7n,
    ]);
  });
});

test("a site without IC stays what it was; the trampoline is what it should be", async () => {
  const machine = await newMachine();
  const key = StaticCall.define(machine, { name: "key", design: "inline", target: "near1", faults: { skip: ["ic"] } });
  const linked = load(machine, 0x1000n, callerText("linked", [key.site]));
  linkSites(machine, linked);
  load(machine, 0x2000n, callerText("unlinked", [key.site]));
  expect([machine.core.call("linked", 0), machine.core.call("unlinked", 0)]).toEqual([1n, 1n]);
  key.update("near2");
  expect([siteOf(machine, "linked", 0), machine.core.call("linked", 0)]).toEqual(["bl near2", 1n]);
  expect(machine.core.call("unlinked", 0)).toBe(2n);
});

test("the text of a site stands in a loop that has numeric labels of its own", async () => {
  const machine = await newMachine({ jit: { background: false } });
  const key = StaticCall.define(machine, { name: "key", design: "inline", target: "near1" });
  const text = `caller:\n\tbti c\n\tstp x29, x30, [sp, #-32]!\n\tstr x19, [sp, #16]\n\tmov x19, #100\n1:\n${key.site}
2:\n${key.site}\n\tsubs x19, x19, #1\n\tb.ne 1b\n\tldr x19, [sp, #16]\n\tldp x29, x30, [sp], #32\n\tret\n`;
  expect(linkSites(machine, load(machine, 0x1000n, text))).toBe(2);
  expect(machine.core.call("caller", 0)).toBe(200n);
  key.update("far");
  expect(machine.core.call("caller", 0)).toBe(600n);
});

describe("what is refused", () => {
  test("an entry of no key, or of one whose sites are not patched; code that is not there", async () => {
    const machine = await newMachine();
    StaticCall.define(machine, { name: "hybrid", design: "hybrid" });
    const inline = StaticCall.define(machine, { name: "inline", design: "inline" });
    const wrong = load(machine, 0x1000n, callerText("wrong", [inline.site.replace("__SCK__inline", "__SCK__hybrid")]));
    expect(codeOf(() => linkSites(machine, wrong))).toBe("unknown-site");
    const absent = assemble(callerText("absent", [inline.site]), {
      base: machine.window("text").address + 0x3000n,
      symbols: machine.symbols,
    });
    expect(codeOf(() => linkSites(machine, absent))).toBe("unknown-site");
    expect(linkSites(machine, load(machine, 0x2000n, callerText("plain", ["\tnop"])))).toBe(0);
  });
});
