/** Static calls that the host has not defined: found by their symbols, recognised by their trampolines. */
import { StaticCall, staticCallSupport, staticCallsOf } from "cmodx";
import {
  assemble,
  type Machine,
  type MachineOptions,
  type Program,
  UnknownSymbolError,
  type WindowSpec,
} from "cmodx/engine";
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

interface Trampoline {
  readonly name: string;
  readonly insn?: string;
  readonly tail?: string;
  readonly before?: string;
}

/** A program with a key and a trampoline, the hybrid's own if nothing else is said. */
function keyText({
  name,
  insn = "ret",
  tail = "ldr x16, 0b\n cbz x16, 1f\n br x16",
  before = ".balign 16",
}: Trampoline): string {
  return `
	.data
__SCK__${name}:	.quad	0
	.section .static_call.text, "ax"
	${before}
0:	.quad	0
__SCT__${name}:
	bti	c
	${insn}
	${tail}
1:	ret
`;
}

/** Assembles text behind the targets and loads it. */
function load(machine: Machine, text: string): Program {
  const [code, data] = [machine.window("text").address + 0x2000n, machine.window("data").address];
  const sections = { ".static_call.text": code, ".data": data };
  const program = assemble(text, { base: code + 0x1000n, sections, symbols: machine.symbols });
  machine.load(program);
  return program;
}

test("every key with a trampoline is found, and goes through its states", async () => {
  const machine = await newMachine();
  const text = keyText({ name: "first" }) + keyText({ name: "second", insn: "b near1" });
  const program = load(machine, `${text}\n.data\n__SCK__alone: .quad 0\n`);
  const calls = staticCallsOf(machine, program);
  expect([...calls].map(([name, call]) => [name, call.name, call.design, call.state])).toEqual([
    ["first", "first", "hybrid", "RET"],
    ["second", "second", "hybrid", "B"],
  ]);
  const first = calls.get("first") as StaticCall;
  for (const [target, state, sum] of [
    ["near2", "B", 12n],
    ["far", "NOP+literal", 13n],
    ["RET0", "B", 0n],
    [null, "RET", 10n],
  ] as const) {
    first.update(target);
    expect([first.state, first.call(10), calls.get("second")?.call(10)]).toEqual([state, sum, 11n]);
  }
});

test("an image's own symbols count, whatever has been loaded since", async () => {
  const machine = await newMachine();
  const program = load(machine, keyText({ name: "twice" }));
  const other = StaticCall.define(await newMachine(), { name: "twice", design: "hybrid" });
  const call = StaticCall.adopt(machine, program, "twice");
  machine.load(
    assemble(keyText({ name: "twice" }), {
      base: machine.window("text").address + 0x8000n,
      sections: {
        ".static_call.text": machine.window("text").address + 0x9000n,
        ".data": machine.window("data").address + 64n,
      },
    }),
  );
  call.update("near1");
  expect([call.state, call.call(1), other.state]).toEqual(["B", 2n, "RET"]);
  expect(machine.readU64(program.symbols.get("__SCK__twice") ?? 0n)).toBe(symbolOf(machine, "near1"));
  expect(machine.readU64(symbolOf(machine, "__SCK__twice"))).toBe(0n);
});

test.each(["hybrid", "hybrid-nocbz", "hybrid-ret", "hybrid-b"] as const)(
  "%s is recognised in every state",
  async (design) => {
    const machine = await newMachine();
    for (const target of ["near1", "far", null]) {
      const defined = StaticCall.define(machine, { name: `to_${target}`, design, target });
      const adopted = StaticCall.adopt(machine, machine, defined.name, { design });
      expect([adopted.design, adopted.state, adopted.query()]).toEqual([design, defined.state, defined.query()]);
      adopted.update("near2");
      expect([defined.state, defined.query(), defined.call(1)]).toEqual(["B", symbolOf(machine, "near2"), 3n]);
      // Its bytes do not say which of the two it is.
      const found = design === "hybrid-b" ? "hybrid" : design;
      expect(StaticCall.adopt(machine, machine, defined.name).design).toBe(found);
    }
    const wrong = design === "hybrid-ret" ? "hybrid" : "hybrid-ret";
    const refused = (): unknown => StaticCall.adopt(machine, machine, "to_far", { design: wrong });
    expect(codeOf(refused)).toBe("unknown-trampoline");
  },
);

describe("what is refused", () => {
  test.each([
    ["no trampoline of a design", { tail: "ldr x17, 0b\n cbz x17, 1f\n br x17" }],
    ["another instruction where the patched one stands", { insn: "bl ." }],
    ["two windows of 16 bytes", { before: ".balign 16\n .quad 0" }],
  ])("%s", async (_why, trampoline) => {
    const machine = await newMachine();
    const program = load(machine, keyText({ name: "key", ...trampoline }));
    expect(codeOf(() => staticCallsOf(machine, program))).toBe("unknown-trampoline");
  });

  test("an image that was not loaded, and a name that it does not have", async () => {
    const machine = await newMachine();
    const other = await newMachine();
    const program = load(other, keyText({ name: "key" }));
    expect(codeOf(() => StaticCall.adopt(machine, program, "key"))).toBe("unknown-trampoline");
    expect(() => StaticCall.adopt(other, program, "kye")).toThrow(UnknownSymbolError);
  });

  test("something else where static calls are kept", async () => {
    const machine = await newMachine();
    const { address, size } = machine.window("text");
    machine.writeU32(address + BigInt((size / 8) * 7) + 16n, 0xd503201f);
    expect(codeOf(() => staticCallSupport(machine))).toBe("occupied");
  });

  test("a design whose target can't change", async () => {
    const machine = await newMachine();
    expect(codeOf(() => staticCallSupport(machine, "direct"))).toBe("fixed-target");
  });
});

describe("support", () => {
  test("is loaded once, and names what linkElf is to be given", async () => {
    const machine = await newMachine();
    const symbols = staticCallSupport(machine);
    expect([...symbols.keys()]).toEqual(["__static_call_return0", "__static_call_update.hybrid", "__patch_map"]);
    expect(staticCallSupport(machine)).toEqual(symbols);
    expect(staticCallSupport(machine, "literal").get("__patch_map")).toBe(symbols.get("__patch_map"));
  });

  test("the table has every window that can be written somewhere, as far as it can", async () => {
    const windows: WindowSpec[] = [
      { name: "text", address: 0x10_0000n, size: 0x4000, access: "rx" },
      { name: "data", address: 0x20_0000n, size: 0x4000, access: "rw" },
      { name: "patch", address: 0x30_0000n, size: 0x2000, access: "rw", alias: "text" },
      { name: "modules", address: 0x40_0000n, size: 0x1000, access: "rx" },
      { name: "shown", address: 0x50_0000n, size: 0x1000, access: "rx", alias: "data" },
    ];
    const machine = await newMachine({ windows, jit: false });
    const table = staticCallSupport(machine).get("__patch_map") ?? 0n;
    const entry = (index: number): bigint[] => [0, 8, 16].map((at) => machine.readU64(table + BigInt(24 * index + at)));
    expect([0, 1, 2, 3, 4].map(entry)).toEqual([
      [0x10_0000n, 0x10_2000n, 0x30_0000n],
      [0x20_0000n, 0x20_4000n, 0x20_0000n],
      [0x30_0000n, 0x30_2000n, 0x30_0000n],
      [0x50_0000n, 0x50_1000n, 0x20_0000n],
      [0n, 0n, 0n],
    ]);
    // The reserved part of the text is beyond what can be written: an update could not be done.
    expect(codeOf(() => StaticCall.define(machine, { name: "key", design: "hybrid" }))).toBe("not-writable");
  });
});
