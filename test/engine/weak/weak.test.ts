import { describe, expect, it } from "vitest";
import {
  assemble,
  explore,
  Machine,
  Recorder,
  Replay,
  sequential,
  Uniform,
  WeakMachine,
  weakKinds,
} from "#engine/index.js";

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

  it("goes on where more operations wait than there is room for, and where histories get long", () => {
    const stores = Array.from({ length: 60 }, (_, n) => `mov w2, #${n + 1}\n str w2, [x0, #${4 * n}]`).join("\n");
    const machine = twoCores(`first: ${stores}\n ret\nsecond: ldr w2, [x1]\n ldr w3, [x1]\n ret`);
    const delaying = {
      begin: () => undefined,
      choose: (kind: number, alternatives: number) => (kind === weakKinds.DELAY ? alternatives - 1 : 0),
    };
    expect(machine.run(delaying).reason).toBe("finished");
    const words = Array.from({ length: 60 }, (_, n) => machine.readU32(DATA + BigInt(4 * n)));
    expect(words).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
    const counting = twoCores(`
first:  mov w2, #200
1:      str w2, [x1]
        subs w2, w2, #1
        b.ne 1b
        ret
second: ldr w2, [x1]
        ldr w3, [x1]
        ret`);
    const reader = counting.cores[1];
    const seen = new Set<bigint | undefined>();
    explore(counting, {
      runs: 300,
      onRun: () => {
        const [early, late] = [reader?.x(2) ?? 0n, reader?.x(3) ?? 0n];
        expect(late === 0n ? 201n : late, "the second load is not older").toBeLessThanOrEqual(
          early === 0n ? 201n : early,
        );
        seen.add(late);
      },
    });
    expect(seen.size).toBeGreaterThan(5);
    expect(counting.readU32(DATA + 64n)).toBe(1);
  });

  it("ends executions at bounds on choices and on histories", () => {
    const text = "first: mov w2, #5\n1: str w2, [x0], #8\n b 1b\nsecond: ret";
    expect(twoCores(text).run(sequential, { maxChoices: 50 }).reason).toBe("choices");
    const small = WeakMachine.create({ cores: 1, historyBytes: 16384 });
    small.load(assemble(text, { base: TEXT }));
    small.cores[0]?.start(TEXT, DATA);
    expect(small.run(sequential).reason).toBe("memory");
    small.reset();
    expect(small.read(DATA, 64).every((byte) => byte === 0)).toBe(true);
    expect(() => WeakMachine.create({ cores: 17 })).toThrow("1 to 16 are possible");
    expect(() => WeakMachine.create({ cores: 1, lineBytes: 128 })).toThrow("cache lines of 128 bytes");
  });

  it("takes over what a plain machine has been prepared to do, aliases of code included", async () => {
    const plain = await Machine.create({ jit: false });
    const alias = plain.window("patch").address - plain.window("text").address;
    plain.load(
      assemble(
        `
call:   mov x9, x30
        bl target
        ret x9
target: bti c
site:   mov w0, #1
        ret
patch:  str w1, [x0]
        dc cvau, x0
        dsb ish
        ic ivau, x0
        dsb ish
        ret`,
        { base: TEXT },
      ),
    );
    plain.writeU64(DATA, 7n);
    const machine = WeakMachine.from(plain, { cores: 2 });
    await plain.dispose();
    expect([machine.readU64(DATA), machine.describe(machine.symbols.get("site") ?? 0n)]).toEqual([
      7n,
      "site (0xffff800010000010)",
    ]);
    const [caller, patcher] = machine.cores;
    caller?.start(machine.symbols.get("call") ?? 0n);
    patcher?.start(machine.symbols.get("patch") ?? 0n, (machine.symbols.get("site") ?? 0n) + alias, 0x5280_0040n);
    const found = new Set<bigint | undefined>();
    explore(machine, { runs: 300, onRun: () => found.add(caller?.x(0)) });
    expect([...found].sort()).toEqual([1n, 2n]);
  });
});
