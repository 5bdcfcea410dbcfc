import { describe, expect, it } from "vitest";
import { assemble, explore, Recorder, Replay, sequential, Uniform, WeakMachine } from "#engine/index.js";

const TEXT = 0xffff_8000_1000_0000n;
const DATA = 0xffff_8000_2000_0000n;

/** Two cores at the labels `first` and `second`, with X0 and X1 the addresses of two words in lines of their own. */
function twoCores(text: string): WeakMachine {
  const machine = WeakMachine.create({ cores: 2 });
  machine.load(assemble(text, { base: TEXT }));
  for (const [index, label] of ["first", "second"].entries()) {
    machine.cores[index]?.start(machine.symbols.get(label) ?? 0n, DATA, DATA + 64n);
  }
  return machine;
}

/** What X2 and X3 of the second core are at the end of executions, each pair once. */
function pairs(machine: WeakMachine, runs: number): string[] {
  const found = new Set<string>();
  const reader = machine.cores[1];
  const { reasons } = explore(machine, { runs, seed: 1, onRun: () => found.add(`${reader?.x(2)},${reader?.x(3)}`) });
  expect(reasons.finished).toBe(runs);
  return [...found].sort();
}

const messagePassing = (writer: string, reader: string): string => `
first:  mov w2, #1
        str w2, [x0]
        ${writer}
        str w2, [x1]
        ret
second: ldr w2, [x1]
        ${reader}
        ldr w3, [x0]
        ret`;

describe("the weak machine", () => {
  it("passes messages out of order unless barriers on both sides forbid it", () => {
    const all = ["0,0", "0,1", "1,0", "1,1"];
    expect(pairs(twoCores(messagePassing("", "")), 2000)).toEqual(all);
    expect(pairs(twoCores(messagePassing("dmb ishst", "")), 2000)).toEqual(all);
    expect(pairs(twoCores(messagePassing("", "dmb ishld")), 2000)).toEqual(all);
    expect(pairs(twoCores(messagePassing("dmb ishst", "dmb ishld")), 2000)).toEqual(["0,0", "0,1", "1,1"]);
  });

  it("is a sequential machine, one core after the other, where every choice is the first alternative", () => {
    const machine = twoCores(messagePassing("", ""));
    expect(machine.run(sequential)).toMatchObject({ reason: "finished", instructions: 7, faults: 0 });
    expect([machine.cores[1]?.x(2), machine.cores[1]?.x(3)]).toEqual([1n, 1n]);
    expect([machine.readU32(DATA), machine.cores[0]?.end]).toEqual([1, "returned"]);
    machine.reset();
    expect(machine.readU32(DATA)).toBe(0);
  });

  it("does again what a log of its choices says", () => {
    const machine = twoCores(messagePassing("", ""));
    const outcomes = (run: number): unknown => {
      const recorder = new Recorder(new Uniform(5));
      recorder.begin(run);
      const outcome = machine.run(recorder);
      const left = [outcome, machine.cores[1]?.x(2), machine.cores[1]?.x(3)];
      const replay = new Replay(recorder.log());
      expect([machine.run(replay), machine.cores[1]?.x(2), machine.cores[1]?.x(3)]).toEqual(left);
      expect(replay.fits).toBe(true);
      return left;
    };
    const once = Array.from({ length: 50 }, (_, run) => outcomes(run));
    expect(Array.from({ length: 50 }, (_, run) => outcomes(run))).toEqual(once);
  });

  it("fetches what was there before until maintenance and context synchronisation end that", () => {
    const patched = (maintenance: string): string => `
first:  adr x3, target
        ldr w4, =0x52800042 // mov w2, #2
        str w4, [x3]
        ${maintenance}
        dsb ish
        isb
target: mov w2, #1
        mov w3, #0
        ret
second: ret`;
    const results = (maintenance: string): string[] => {
      const machine = WeakMachine.create({
        cores: 1,
        windows: [{ name: "code", address: TEXT, size: 4096, access: "rwx" }],
      });
      machine.load(assemble(patched(maintenance), { base: TEXT }));
      machine.cores[0]?.start(machine.symbols.get("first") ?? 0n);
      const found = new Set<string>();
      explore(machine, { runs: 300, onRun: () => found.add(String(machine.cores[0]?.x(2))) });
      return [...found].sort();
    };
    expect(results("dc cvau, x3; dsb ish; ic ivau, x3")).toEqual(["2"]);
    expect(results("dc cvau, x3; ic ivau, x3")).toEqual(["1", "2"]);
    expect(results("ic ivau, x3")).toEqual(["1", "2"]);
  });

  it("ends executions at bounds, and at faults with what is needed to tell of them", () => {
    const machine = twoCores("first: b first\nsecond: mov x4, #0\n br x4");
    expect(machine.run(sequential, { maxInstructions: 100 }).reason).toBe("instructions");
    const last = { begin: () => undefined, choose: (_: number, alternatives: number) => alternatives - 1 };
    expect(machine.run(last, { maxInstructions: 100, stopAtFault: true }).reason).toBe("fault");
    expect(machine.faults()).toMatchObject([{ core: 1, fault: { kind: "instruction-abort", pc: 0n } }]);
  });
});
