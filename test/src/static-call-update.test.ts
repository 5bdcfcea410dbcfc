/** What the patch procedures do, instruction by instruction, and what kCFI's check does. */
import { StaticCall, type Target } from "cmodx";
import { assemble, disassemble, GuestFault, type Machine } from "cmodx/engine";
import { afterEach, describe, expect, test } from "vitest";
import { machineWithTargets, OTHER_TYPE, symbolOf, TYPE } from "../support/static-calls.js";

let machine: Machine;

afterEach(() => machine.dispose());

interface Step {
  /** The instruction, as it is disassembled. */
  readonly text: string;
  /** What was different after it. */
  readonly changed: readonly string[];
}

/** What an observer can see: in memory the key's func, literal and instructions, and what the core would execute. */
function observe(trampoline: bigint): Readonly<Record<"func" | "literal" | "instructions" | "executed", bigint>> {
  return {
    func: machine.readU64(symbolOf(machine, "__SCK__key")),
    literal: machine.readU64(trampoline - 8n),
    instructions: machine.readU64(trampoline),
    executed: BigInt(machine.core.cachedWord(trampoline + 4n) ?? -1),
  };
}

const MAX_STEPS = 100;

/** Runs a patch procedure by single instructions. */
function stepUpdate(target: bigint): Step[] {
  const trampoline = symbolOf(machine, "__SCT__key");
  const writable = trampoline - machine.window("text").address + machine.window("patch").address;
  const { core } = machine;
  const end = symbolOf(machine, "near1");
  [trampoline, writable, target, symbolOf(machine, "__SCK__key")].forEach((value, index) => core.setX(index, value));
  core.setX(30, end);
  core.pc = symbolOf(machine, "__static_call_update.hybrid");
  const steps: Step[] = [];
  for (let before = observe(trampoline); core.pc !== end; ) {
    if (steps.length === MAX_STEPS) throw new Error(`no end after ${MAX_STEPS} instructions`);
    const text = disassemble(machine.readU32(core.pc), core.pc) ?? "?";
    expect(core.run({ maxInstructions: 1 })).toEqual({ reason: "fuel", instructions: 1 });
    const after = observe(trampoline);
    const names = Object.keys(after) as (keyof typeof after)[];
    steps.push({ text, changed: names.filter((name) => after[name] !== before[name]) });
    before = after;
  }
  return steps;
}

const transitions: readonly (readonly [Target, Target])[] = [
  [null, "near1"],
  [null, "far"],
  ["near1", "near2"],
  ["near1", "far"],
  ["near1", null],
  ["far", "near2"],
  ["far", null],
];

describe("hybrid's patch procedure", () => {
  test.each(transitions)("from %s to %s: func, literal, both instructions, then the maintenance", async (from, to) => {
    machine = await machineWithTargets({ jit: false });
    const key = StaticCall.define(machine, { name: "key", design: "hybrid" });
    if (from !== null) key.update(from);
    key.call(0);
    const target = to === null ? 0n : symbolOf(machine, to as string);
    const steps = stepUpdate(target);
    const visible = steps.filter(({ text, changed }) => changed.length > 0 || /^(stu?r|dc|ic|dsb|isb)\b/.test(text));
    expect(visible).toEqual([
      { text: "str x2, [x3]", changed: ["func"] },
      { text: "stur x2, [x1, #-8]", changed: ["literal"] },
      { text: "str x4, [x1]", changed: ["instructions"] },
      { text: "dc cvau, x0", changed: [] },
      { text: "dsb ish", changed: [] },
      { text: "ic ivau, x0", changed: [] },
      { text: "dsb ish", changed: [] },
      { text: "isb", changed: ["executed"] },
    ]);
    expect(steps.at(-1)?.text).toBe("ret");
    expect(key.query()).toBe(to === null ? null : target);
  });

  test("an update to the same target stores the same bytes, and the core goes on with what it has", async () => {
    machine = await machineWithTargets({ jit: false });
    const key = StaticCall.define(machine, { name: "key", design: "hybrid" });
    key.update("far");
    key.call(0);
    expect(stepUpdate(symbolOf(machine, "far")).flatMap(({ changed }) => changed)).toEqual([]);
  });
});

describe("kCFI", () => {
  test("the call site is clang's", async () => {
    machine = await machineWithTargets({ jit: false });
    const key = StaticCall.define(machine, { name: "key", design: "kcfi", target: "near1" });
    const { sections } = assemble(key.site, { base: machine.window("text").address, symbols: machine.symbols });
    const bytes = sections[0]?.bytes ?? new Uint8Array();
    const words = Array.from({ length: bytes.length / 4 }, (_, i) => Buffer.from(bytes).readUInt32LE(4 * i));
    // Behind ADRP and LDR x8: ldur w16, [x8, #-4]; movk w17, #0x5678; movk w17, #0x1234, lsl #16; cmp w16, w17; b.eq; brk; blr x8
    expect(words.slice(2)).toEqual([
      0xb85fc110, 0x728acf11, 0x72a24691, 0x6b11021f, 0x54000040, 0xd4304500, 0xd63f0100,
    ]);
  });

  test("a mismatch traps: the immediate names the registers of target and type, and one may go on behind it", async () => {
    machine = await machineWithTargets({ jit: false });
    const { core } = machine;
    const key = StaticCall.define(machine, { name: "key", design: "kcfi", target: "near1" });
    key.update("wrong");
    let fault: GuestFault | undefined;
    try {
      key.call(1);
    } catch (error) {
      if (error instanceof GuestFault) fault = error;
    }
    if (fault?.fault.kind !== "brk") throw new Error(`no BRK but ${fault}`);
    const { immediate, pc } = fault.fault;
    expect(immediate & ~0x3ff).toBe(0x8000);
    expect(core.x(immediate & 0x1f)).toBe(symbolOf(machine, "wrong"));
    expect(BigInt.asUintN(32, core.x((immediate >> 5) & 0x1f))).toBe(BigInt(TYPE));
    expect(core.x(16)).toBe(BigInt(OTHER_TYPE));
    expect(core.pc).toBe(pc);
    // As a kernel that only warns does.
    expect(core.run({ pc: pc + 4n }).reason).toBe("returned");
    expect(core.x(0)).toBe(10n);
  });
});
