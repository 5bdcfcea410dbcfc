/** Executions that fail, from the first to the string that does them again. */
import {
  assemble,
  explore,
  programOf,
  replay,
  ScheduleError,
  WeakMachine,
  type WeakMachineOptions,
} from "cmodx/engine";
import { describe, expect, test } from "vitest";

const BASE = 0x1_0000n;
const NOP = 0xd503201f;

/** A trampoline without CBZ, and a core that puts a NOP in place of its RET. */
function trampoline(options: Partial<WeakMachineOptions> = {}, word = NOP): WeakMachine {
  const machine = WeakMachine.create({
    cores: 2,
    windows: [{ name: "text", address: BASE, size: 4096, access: "rwx" }],
    ...options,
  });
  const program = assemble(
    `
literal: .quad 0
call:    ret
         ldr x16, literal
         br x16
patch:   stur x2, [x1, #-8]
         str w0, [x1]
         dc cvau, x1
         dsb ish
         ic ivau, x1
         dsb ish
         isb
target:  ret`,
    { base: BASE },
  );
  machine.load(program);
  const [call = 0n, patch = 0n, target = 0n] = ["call", "patch", "target"].map((name) => machine.symbols.get(name));
  machine.cores[0]?.start(call);
  machine.cores[1]?.start(patch, word, call, target);
  return machine;
}

const crashes = (machine: WeakMachine) => (): boolean => machine.cores[0]?.end === "fault";

describe("an execution that fails", () => {
  const machine = trampoline();
  const { failure, runs } = explore(machine, { runs: 10_000, fails: crashes(machine) });

  test("ends the exploration, and is left in the machine with the choices that it takes", () => {
    expect(failure?.run).toBe(runs - 1);
    expect(failure?.log.length).toBeLessThanOrEqual(3);
    expect(failure?.log.length).toBeLessThanOrEqual(failure?.found ?? 0);
    expect([machine.cores[0]?.end, machine.cores[0]?.pc]).toEqual(["fault", 0n]);
    expect(machine.faults().map(({ core, fault }) => [core, fault.kind, fault.pc])).toEqual([
      [0, "instruction-abort", 0n],
    ]);
  });

  test("comes again on another machine", () => {
    const other = trampoline();
    expect(replay(other, failure?.schedule ?? "")).toMatchObject({ reason: "finished", faults: 1 });
    expect(crashes(other)()).toBe(true);
  });

  test.each([
    ["another word to write", trampoline({}, NOP + 32)],
    ["CTR_EL0.DIC", trampoline({ ctr: { dic: true } })],
    ["other cache lines", trampoline({ lineBytes: 4 })],
    ["another core", trampoline({ cores: 3 })],
  ])("is of a machine with all that it began with: not with %s", (_, other) => {
    expect(() => replay(other, failure?.schedule ?? "")).toThrow(ScheduleError);
  });
});

test("what an execution has left does not count for the program, and what the host writes does", () => {
  const machine = trampoline();
  const program = programOf(machine);
  explore(machine, { runs: 10 });
  expect(programOf(machine)).toBe(program);
  machine.cores[1]?.setX(5, 1);
  expect(programOf(machine)).not.toBe(program);
  machine.cores[1]?.setX(5, 0);
  machine.writeU32(BASE + 0x100n, 1);
  expect(programOf(machine)).not.toBe(program);
  machine.writeU32(BASE + 0x100n, 0);
  expect(programOf(machine)).toBe(program);
});

test("an exploration in which nothing fails says so", () => {
  const machine = trampoline();
  const { failure, runs } = explore(machine, { runs: 100, fails: () => false });
  expect([failure, runs]).toEqual([undefined, 100]);
});

test("what a core may fetch: the old word too, until maintenance is done and its context synchronised", () => {
  const machine = WeakMachine.create({
    cores: 2,
    windows: [{ name: "text", address: BASE, size: 4096, access: "rwx" }],
  });
  const program = assemble(
    `
patch:   str w0, [x1]
         dc cvau, x1
         dsb ish
         ic ivau, x1
         dsb ish
         stlr w0, [x2]
         ret
wait:    ldar w3, [x2]
         cbnz w3, 1f
1:       isb
word:    ret`,
    { base: BASE },
  );
  machine.load(program);
  const address = (name: string): bigint => machine.symbols.get(name) ?? 0n;
  const flag = BASE + 0x800n;
  machine.cores[0]?.start(address("patch"), NOP, address("word"), flag);
  machine.cores[1]?.start(address("wait"), 0, 0, flag);
  const RET = 0xd65f03c0;
  const held: (readonly number[] | undefined)[] = [];
  // One core after the other.
  const observer = (): void => {
    const now = machine.fetchable(1, address("word"));
    if (JSON.stringify(now) !== JSON.stringify(held.at(-1))) held.push(now);
  };
  expect(machine.run({ begin: () => undefined, choose: () => 0 }, { observer }).reason).not.toBe("instructions");
  expect(held).toEqual([[RET], [NOP, RET], [NOP]]);
});
