/** Calls from the host: arguments, results, limits, going on after an error, calls within calls, counters. */
import {
  ArgumentError,
  assemble,
  Machine,
  type MachineOptions,
  OutOfFuelError,
  StoppedError,
  statsBetween,
  TimeLimitError,
} from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { DATA, engines, guest, TEXT } from "./guest.js";

const program = `
identity: bti	c
	ret
sum:	bti	c
	add	x0, x0, x1
	add	x0, x0, x2
	add	x0, x0, x3
	add	x0, x0, x4
	add	x0, x0, x5
	add	x0, x0, x6
	add	x0, x0, x7
	ret
count:	bti	c
	mov	x1, #0
1:	add	x1, x1, #1
	cmp	x1, x0
	b.ne	1b
	mov	x0, x1
	ret
forever: bti	c
	mov	x0, #0
1:	add	x0, x0, #1
	b	1b
waits:	bti	c
	wfi
	wfe
	sevl
	wfe
	mov	x0, #3
	ret
copy:	bti	c
	ldp	x3, x4, [x0]
	stp	x3, x4, [x1]
	ldr	x5, [x0]
	ldadd	x5, x6, [x1]
	cbz	xzr, 1f
	nop
1:	adr	x2, 2f
	mov	x16, x2
	br	x16
2:	bti	j
	mov	x17, x30
	bl	identity
	blr	x17
	ret
`;

/** Code that the guest may write, and that takes effect at once: the host hears of it. */
const coherent: MachineOptions = {
  ctr: { dic: true, idc: true },
  windows: [
    { name: "text", address: TEXT, size: 4096, access: "rwx" },
    { name: "stack", address: DATA, size: 4096, access: "rw" },
  ],
};

describe.each(engines)("$engine", ({ jit }) => {
  const start = (): ReturnType<typeof guest> => guest(program, { jit });

  test.each([
    [0, 0n],
    [1, 1n],
    [-1, 0xffff_ffff_ffff_ffffn],
    [2 ** 32, 0x1_0000_0000n],
    [-(2 ** 32) - 1, 0xffff_fffe_ffff_ffffn],
    [Number.MAX_SAFE_INTEGER, 0x1f_ffff_ffff_ffffn],
    [Number.MIN_SAFE_INTEGER, 0xffe0_0000_0000_0001n],
    [-1n, 0xffff_ffff_ffff_ffffn],
    [1n << 63n, 1n << 63n],
    [(1n << 64n) + 5n, 5n],
    [-0, 0n],
  ])("argument %s", async (argument, result) => {
    const made = await start();
    expect(made.call("identity", argument)).toBe(result);
    expect(made.machine.core.x(0)).toBe(result);
  });

  test("eight arguments, and no more", async () => {
    const made = await start();
    expect(made.call("sum", 1, 2n, 4, 8n, 16, 32n, 64, 128n)).toBe(255n);
    expect(() => made.call("sum", 1, 2, 3, 4, 5, 6, 7, 8, 9)).toThrow(ArgumentError);
    for (const bad of [0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
      expect(() => made.call("identity", bad)).toThrow(ArgumentError);
  });

  test("by address", async () => {
    const made = await start();
    expect(made.machine.core.call(made.address("identity"), 7)).toBe(7n);
    expect(made.machine.core.call(made.address("identity") - (1n << 64n), 8)).toBe(8n);
  });

  test.each([1, 2, 3, 10, 100, 101, 102, 103, 1000, 12345])(
    "out of fuel after exactly %i instructions, and on",
    async (limit) => {
      const made = await start();
      const { core } = made.machine;
      core.forceCompile("count");
      core.limits.maxInstructions = limit;
      const before = core.instructions;
      const pcOf = (n: number): bigint =>
        made.address("count") + (n < 2 ? BigInt(4 * n) : BigInt(8 + 4 * ((n - 2) % 3)));
      try {
        core.call("count", 1_000_000);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(OutOfFuelError);
        expect(error).toMatchObject({ code: "out-of-fuel", pc: pcOf(limit), instructions: limit });
      }
      expect(core.instructions - before).toBe(limit);
      expect(core.pc).toBe(pcOf(limit));
      core.limits.maxInstructions = 10_000_000;
      expect(core.run()).toEqual({ reason: "returned", instructions: 3 * 1_000_000 + 4 - limit });
      expect(core.x(0)).toBe(1_000_000n);
    },
  );

  test("fuel for exactly what a function needs is enough", async () => {
    const made = await start();
    made.machine.core.limits.maxInstructions = 34;
    expect(made.call("count", 10)).toBe(10n);
    made.machine.core.limits.maxInstructions = 33;
    expect(() => made.call("count", 10)).toThrow(OutOfFuelError);
  });

  test("time limit", async () => {
    const made = await start();
    const { core } = made.machine;
    core.limits.maxInstructions = Number.POSITIVE_INFINITY;
    core.limits.timeLimitMs = 5;
    core.forceCompile("forever");
    expect(() => core.call("forever")).toThrow(TimeLimitError);
    expect(() => core.call("forever")).toThrow(/still running after 5 ms, at forever\+0x/);
    const reached = core.x(0);
    expect(reached).toBeGreaterThan(0n);
    expect(core.run({ timeLimitMs: 5 })).toMatchObject({ reason: "time" });
    expect(core.x(0)).toBeGreaterThan(reached);
    expect(core.run({ maxInstructions: 3 })).toMatchObject({ reason: "fuel", instructions: 3 });
  });

  test("waiting", async () => {
    const made = await start();
    expect(made.call("waits")).toBe(3n);
    const { core } = made.machine;
    expect(core.run({ pc: "waits" })).toMatchObject({ reason: "waiting", instructions: 2 });
    expect(core.run()).toMatchObject({ reason: "waiting", instructions: 1 });
    core.setX(30, 0);
    expect(() => core.run()).toThrow(/branch to NULL/);
    expect(core.x(0)).toBe(3n);
  });

  test("single steps", async () => {
    const made = await start();
    const { core } = made.machine;
    core.pc = made.address("count");
    core.setX(0, 2);
    const trace: bigint[] = [];
    for (let i = 0; i < 9; i++) {
      trace.push(core.pc - made.address("count"));
      expect(core.run({ maxInstructions: 1 })).toEqual({ reason: "fuel", instructions: 1 });
    }
    expect(trace).toEqual([0n, 4n, 8n, 12n, 16n, 8n, 12n, 16n, 20n]);
  });

  test("counters are exact", async () => {
    const made = await start();
    made.machine.writeU64(DATA, 5n);
    made.machine.core.call("copy", DATA, DATA + 32n);
    for (let i = 0; i < 3; i++) {
      const before = made.machine.stats();
      made.machine.core.call("copy", DATA, DATA + 32n);
      const { instructions, dataReads, dataWrites, branches, exceptions } = statsBetween(before, made.machine.stats());
      expect({ instructions, dataReads, dataWrites, exceptions }).toEqual({
        instructions: 15,
        dataReads: 3,
        dataWrites: 2,
        exceptions: 0,
      });
      expect(branches).toEqual({ direct: 0, conditional: 1, call: 1, indirect: 1, indirectCall: 1, return: 1 });
      made.machine.core.forceCompile("copy");
      made.machine.core.forceCompile("identity");
    }
    expect(made.machine.readU64(DATA + 32n)).toBe(10n);
  });

  test("an indirect branch by a copy of a register that has changed since", async () => {
    const made = await guest(
      "f: bti c\n mov x17, x30\n bl g\n blr x17\n mov x0, #0\n ret\ng: bti c\n mov x0, #5\n ret\n",
      { jit },
    );
    for (let i = 0; i < 3; i++) expect(made.call("f")).toBe(5n);
  });

  test("a fault counts as an instruction and an exception", async () => {
    const made = await guest("f: bti c\n nop\n udf #0\n", { jit });
    for (let i = 0; i < 3; i++) {
      const before = made.machine.stats();
      made.fault("f");
      expect(statsBetween(before, made.machine.stats())).toMatchObject({ instructions: 3, exceptions: 1 });
    }
  });

  test("a call within a callback of a call", async () => {
    const made = await guest(
      "f: bti c\n mov x3, #4\n subs x4, x3, #4\n str w1, [x0]\n mov x5, x30\n b.eq 1f\n mov x3, #0\n1: add x0, x3, x4\n ret\ninner: bti c\n mov x3, #99\n mov x4, #98\n cmp x3, #0\n add x0, x0, #1\n ret\n",
      { jit, ...coherent },
    );
    const { machine } = made;
    const results: bigint[] = [];
    machine.onInvalidate(() => results.push(machine.core.call("inner", 41)));
    const patched = TEXT + 0x80n;
    machine.writeU32(patched, 0xd65f03c0);
    machine.core.call(patched);
    const before = machine.core.instructions;
    expect(made.call("f", patched, 0xd503201f)).toBe(4n);
    expect(results).toEqual([42n]);
    expect(machine.core.instructions - before).toBe(8 + 6);
    expect(machine.core.x(3)).toBe(4n);
  });

  test("a run with a call within it ends after the instructions that it was given", async () => {
    const made = await guest(
      "f: bti c\n str w1, [x0]\nouter: mov x3, #40000\n1: subs x3, x3, #1\n b.ne 1b\n b outer\ninner: bti c\n mov x1, #1000\n1: subs x1, x1, #1\n b.ne 1b\n ret\n",
      { jit, ...coherent },
    );
    const { core } = made.machine;
    const patched = TEXT + 0x80n;
    made.machine.writeU32(patched, 0xd65f03c0);
    core.call(patched);
    made.machine.onInvalidate(() => core.call("inner"));
    core.forceCompile("outer");
    // So much that the slices of the inner call may end late, which those of the outer one may not.
    core.limits.maxInstructions = 2 ** 30;
    for (let i = 0; i < 3; i++) {
      core.pc = made.machine.symbols.get("f") as bigint;
      core.setX(0, patched);
      core.setX(1, 0xd65f03c0);
      const before = core.instructions;
      expect(core.run({ maxInstructions: 50_000 })).toMatchObject({ reason: "fuel" });
      expect(core.instructions - before).toBe(50_000 + 2003);
      core.call(patched);
    }
  });

  test("stop from a callback", async () => {
    const made = await guest("f: bti c\n str w1, [x0]\n mov x0, #1\n b 1f\n1: mov x0, #2\n ret\n", {
      jit,
      ctr: { dic: true, idc: true },
      windows: [{ name: "text", address: TEXT, size: 4096, access: "rwx" }],
    });
    const { machine } = made;
    const end = machine.onInvalidate(() => machine.core.stop());
    const patched = TEXT + 0x80n;
    machine.writeU32(patched, 0xd65f03c0);
    machine.core.call(patched);
    expect(() => machine.core.call("f", patched, 0xd503201f)).toThrow(StoppedError);
    expect(machine.core.run()).toMatchObject({ reason: "returned" });
    expect(machine.core.x(0)).toBe(2n);
    end();
    machine.writeU32(patched, 0xd65f03c0);
    machine.core.call(patched);
    expect(machine.core.call("f", patched, 0xd503201f)).toBe(2n);
    // A core that is not running has nothing to stop.
    machine.core.stop();
    expect(machine.core.call("f", patched, 0xd503201f)).toBe(2n);
  });
});

test("running in a callback is refused, registers have names", async () => {
  const made = await guest(program, { jit: false });
  const { core } = made.machine;
  expect(() => core.x(31)).toThrow(ArgumentError);
  expect(() => core.setX(-1, 0)).toThrow(ArgumentError);
  core.setX(30, -1);
  expect(core.x(30)).toBe(0xffff_ffff_ffff_ffffn);
  core.nzcv = 0b1010;
  expect(core.nzcv).toBe(0b1010);
  expect(core.index).toBe(0);
  expect(core.daif).toBe(0xf);
  expect(made.machine.cores).toEqual([core]);
});

test("hot code is compiled behind the guest's back and used", async () => {
  const machine = await Machine.create({ jit: { threshold: 20 } });
  machine.load(assemble(program, { base: TEXT }));
  machine.core.limits.timeLimitMs = 20_000;
  let rounds = 0;
  while (machine.stats().regions.entries === 0 && rounds++ < 2000) machine.core.call("count", 100_000);
  const { regions } = machine.stats();
  expect(regions.compiled).toBeGreaterThan(0);
  expect(regions.entries).toBeGreaterThan(0);
  expect(machine.core.call("count", 1234)).toBe(1234n);
  machine.dispose();
});
