/** Several cores: what they share, how they run, how one patches what another executes. */
import {
  ArgumentError,
  assemble,
  GuestFault,
  Machine,
  MachineDisposedError,
  type MachineOptions,
  OutOfFuelError,
  StoppedError,
  TimeLimitError,
} from "cmodx/engine";
import { afterEach, describe, expect, test } from "vitest";
import { DATA, PATCH, TEXT } from "./guest.js";

const made: Machine[] = [];

afterEach(async () => {
  await Promise.all(made.splice(0).map((machine) => machine.dispose()));
});

async function machineWith(text: string, options: MachineOptions): Promise<Machine> {
  const machine = await Machine.create(options);
  made.push(machine);
  machine.load(assemble(text, { base: TEXT }));
  return machine;
}

const COUNTING = `
add: // x0 counter, x1 times
1:  mov   x2, #1
    ldadd x2, x3, [x0]
    subs  x1, x1, #1
    b.ne  1b
    ret
exclusive: // the same
1:  ldxr  x2, [x0]
    add   x2, x2, #1
    stxr  w3, x2, [x0]
    cbnz  w3, 1b
    subs  x1, x1, #1
    b.ne  1b
    ret
whoami:
    mrs   x0, mpidr_el1
    and   x0, x0, #0xff
    mov   x1, sp
    str   x1, [sp, #-16]!
    add   sp, sp, #16
    ret
forever:
    b     forever
undefined:
    udf   #7
waiting: // until [x0] is not zero
    sevl
1:  wfe
    ldaxr x1, [x0]
    cbz   x1, 1b
    mov   x0, x1
    ret
telling: // x1 to [x0]
    stlr  x1, [x0]
    sev
    ret
hypervisor:
    hvc   #3
    ret
pairs: // 16 bytes at x0, whose halves are equal: both x2, x3 times by CASP and as often by LDXP and STXP; how often they were not
    mov   x9, #0
1:  ldxp  x4, x5, [x0]
    cmp   x4, x5
    cinc  x9, x9, ne
    stxp  w6, x2, x2, [x0]
    cbnz  w6, 1b
    mov   x4, x2
    mov   x5, x2
    mov   x6, x3
    mov   x7, x3
    caspal x4, x5, x6, x7, [x0]
    cmp   x4, x5
    cinc  x9, x9, ne
    subs  x3, x3, #1
    b.ne  1b
    mov   x0, x9
    ret
`;

describe("several cores", () => {
  test.each([
    ["LDADD", "add", 1],
    ["LDADD", "add", 2],
    ["LDXR and STXR", "exclusive", 2],
  ])("%s: no update is lost (%s, %i threads)", async (_, target, threads) => {
    const machine = await machineWith(COUNTING, { cores: 4, threads });
    await Promise.all(machine.cores.map((core) => core.callAsync(target, DATA, 50_000)));
    expect(machine.readU64(DATA)).toBe(200_000n);
    // One of them here, the others in their threads.
    const others = machine.cores.slice(1).map((core) => core.callAsync(target, DATA, 20_000));
    machine.core.call(target, DATA, 20_000);
    await Promise.all(others);
    expect(machine.readU64(DATA)).toBe(280_000n);
  });

  test("accesses of 16 bytes are atomic among themselves", async () => {
    const machine = await machineWith(COUNTING, { cores: 3, threads: 2 });
    const torn = await Promise.all(
      machine.cores.map((core) => core.callAsync("pairs", DATA, 0, core.index + 1, 30_000)),
    );
    expect(torn).toEqual([0n, 0n, 0n]);
  });

  test("each knows its number and has a stack of its own", async () => {
    const machine = await machineWith(COUNTING, { cores: 16, threads: 3 });
    const ids = await Promise.all(machine.cores.map((core) => core.callAsync("whoami")));
    expect(ids).toEqual(machine.cores.map((_, index) => BigInt(index)));
    expect(new Set(machine.cores.map((core) => core.sp)).size).toBe(16);
    expect(machine.cores.every((core) => !core.isRunning)).toBe(true);
  });

  test("WFE waits for SEV, and for a store without one", async () => {
    const machine = await machineWith(COUNTING, { cores: 3, threads: 2 });
    const waits = [machine.cores[0], machine.cores[1]].map((core) => core?.callAsync("waiting", DATA));
    await machine.cores[2]?.callAsync("telling", DATA, 5);
    expect(await Promise.all(waits)).toEqual([5n, 5n]);
    const waiting = machine.cores[0]?.callAsync("waiting", DATA + 8n);
    machine.writeU64(DATA + 8n, 6n);
    expect(await waiting).toBe(6n);
  });

  test("limits, faults, stop and dispose end what runs", async () => {
    const machine = await machineWith(COUNTING, { cores: 4, threads: 2 });
    const [a, b, c, d] = machine.cores as [Machine["core"], Machine["core"], Machine["core"], Machine["core"]];
    a.limits.maxInstructions = 100_000;
    b.limits.timeLimitMs = 20;
    const ended = [a, b].map((core) => core.callAsync("forever"));
    const errors = Promise.allSettled(ended);
    const stopped = expect(c.callAsync("forever")).rejects.toThrow(StoppedError);
    expect((await errors).map((end) => end.status === "rejected" && end.reason.constructor)).toEqual([
      OutOfFuelError,
      TimeLimitError,
    ]);
    await expect(d.callAsync("undefined")).rejects.toThrow(GuestFault);
    expect(() => c.call("whoami")).toThrow(ArgumentError);
    await expect(c.callAsync("whoami")).rejects.toThrow(ArgumentError);
    c.stop();
    await stopped;
    expect(await c.runAsync({ maxInstructions: 1000 })).toEqual({ reason: "fuel", instructions: 1000 });
    const last = expect(c.callAsync("forever")).rejects.toThrow(MachineDisposedError);
    await machine.dispose();
    await last;
  });

  test("the host answers what a core asks from its thread", async () => {
    const calls: number[] = [];
    const machine = await machineWith(COUNTING, {
      cores: 2,
      firmware: (core, { immediate }) => {
        calls.push(core.index, immediate);
        core.setX(0, 77);
      },
    });
    expect(await machine.cores[1]?.callAsync("hypervisor")).toBe(77n);
    expect(calls).toEqual([1, 3]);
  });

  test("a machine with a counter of its own stays in this thread", async () => {
    const machine = await machineWith(COUNTING, { cores: 2, counter: () => 1 });
    await expect(machine.core.callAsync("whoami")).rejects.toThrow(ArgumentError);
    expect(machine.cores[1]?.call("whoami")).toBe(1n);
  });
});

const PATCHING = `
f:    bti  c
word: mov  x0, #1
      ret
caller: // until f gives x0; how often it gave something else
      stp  x29, x30, [sp, #-16]!
      mov  x9, x0
      mov  x10, #0
1:    bl   f
      cmp  x0, x9
      b.eq 2f
      add  x10, x10, #1
      b    1b
2:    mov  x0, x10
      ldp  x29, x30, [sp], #16
      ret
patch: // x0 where to write, x1 what, x2 where it is executed
      str  w1, [x0]
      dc   cvau, x2
      dsb  ish
      ic   ivau, x2
      dsb  ish
      isb
      ret
forget: // the same without the IC
      str  w1, [x0]
      dc   cvau, x2
      dsb  ish
      isb
      ret
`;

/** MOV X0, #2. */
const MOV_2 = 0xd2800040;
const SOON = 200_000;

describe("patching what another core executes", () => {
  const word = (machine: Machine): bigint => machine.symbols.get("word") as bigint;

  test.each([
    ["prompt", true],
    ["prompt", false],
    [{ kind: "adversarial", seed: 3 }, true],
  ] as const)("reaches it, and goes through compiled code (%j, jit %s)", async (instructionCache, jit) => {
    const machine = await machineWith(PATCHING, {
      cores: 2,
      threads: 2,
      instructionCache,
      jit: jit && { threshold: 20 },
    });
    const caller = machine.cores[1]?.callAsync("caller", 2);
    const offset = word(machine) - TEXT;
    await machine.core.callAsync("patch", PATCH + offset, MOV_2, word(machine));
    expect(await caller).toBeGreaterThanOrEqual(0n);
    expect(machine.maintenanceLog().map(({ core, operation }) => `${core} ${operation}`)).toEqual([
      "0 dc",
      "0 dsb",
      "0 ic ivau",
      "0 dsb",
    ]);
  });

  test("does not without the IC, and late not without the other core's ISB", async () => {
    for (const [instructionCache, procedure] of [
      ["prompt", "forget"],
      ["late", "patch"],
    ] as const) {
      const machine = await machineWith(PATCHING, { cores: 2, instructionCache });
      const other = machine.cores[1] as Machine["core"];
      expect(other.call("f")).toBe(1n);
      const offset = word(machine) - TEXT;
      await machine.core.callAsync(procedure, PATCH + offset, MOV_2, word(machine));
      other.limits.maxInstructions = SOON;
      await expect(other.callAsync("caller", 2)).rejects.toThrow(OutOfFuelError);
      expect(other.call("f")).toBe(1n);
    }
  });

  test("reaches cores that are idle, and those that have not begun", async () => {
    const machine = await machineWith(PATCHING, { cores: 3, threads: 2 });
    expect(machine.cores[1]?.call("f")).toBe(1n);
    expect(await machine.cores[2]?.callAsync("f")).toBe(1n);
    await machine.core.callAsync("patch", PATCH + (word(machine) - TEXT), MOV_2, word(machine));
    expect(machine.cores[1]?.call("f")).toBe(2n);
    expect(await machine.cores[2]?.callAsync("f")).toBe(2n);
  });

  test("the host's maintenance reaches cores that run", async () => {
    const machine = await machineWith(PATCHING, { cores: 3, threads: 2 });
    const callers = [1, 2].map((index) => machine.cores[index]?.callAsync("caller", 2));
    machine.writeU32(word(machine), MOV_2);
    machine.cleanAndInvalidate(word(machine), 4);
    await Promise.all(callers);
    expect(machine.core.call("f")).toBe(2n);
  });

  test("with CTR_EL0.DIC a store and a DSB are enough", async () => {
    const machine = await machineWith(`${PATCHING}\nstore: str w1, [x0]\n dsb ish\n isb\n ret\n`, {
      cores: 2,
      threads: 2,
      ctr: { dic: true, idc: true },
    });
    const caller = machine.cores[1]?.callAsync("caller", 2);
    await machine.core.callAsync("store", PATCH + (word(machine) - TEXT), MOV_2);
    await caller;
    expect(machine.core.call("f")).toBe(2n);
  });

  test("invalidations in other threads are heard of", async () => {
    const machine = await machineWith(PATCHING, { cores: 2, threads: 2 });
    const seen: number[] = [];
    const end = machine.onInvalidate(({ core, length }) => seen.push(core, length));
    expect(machine.cores[1]?.call("f")).toBe(1n);
    const caller = machine.cores[1]?.callAsync("caller", 2);
    await machine.core.callAsync("patch", PATCH + (word(machine) - TEXT), MOV_2, word(machine));
    await caller;
    end();
    expect(seen.filter((_, i) => i % 2 === 0)).toContain(1);
  });
});
