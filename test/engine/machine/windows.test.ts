/** Windows: what is mapped where, aliases, accesses over their ends, host accesses, options that cannot be. */
import {
  assemble,
  type Invalidation,
  Machine,
  MachineOptionsError,
  UnknownWindowError,
  UnmappedRangeError,
  type WindowSpec,
} from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { DATA, engines, guest, MODULES, PATCH, TEXT } from "./guest.js";

const A = 0x10_0000n;

describe.each(engines)("$engine", ({ jit }) => {
  const loads = "f: bti c\n ldr x0, [x0]\n ret\ng: bti c\n str x1, [x0]\n ret\n";

  test("an access over two windows that are adjacent in guest and host memory", async () => {
    const windows: WindowSpec[] = [
      { name: "text", address: TEXT, size: 4096, access: "rx" },
      { name: "low", address: A, size: 4096, access: "rw" },
      { name: "high", address: A + 4096n, size: 4096, access: "rw" },
      { name: "far", address: A + 8192n, size: 4096, access: "r", alias: "low" },
    ];
    const made = await guest(loads, { jit, windows });
    const { machine } = made;
    expect(made.call("g", A + 4092n, 0x1122334455667788n)).toBeTypeOf("bigint");
    expect(machine.readU32(A + 4092n)).toBe(0x55667788);
    expect(machine.readU32(A + 4096n)).toBe(0x11223344);
    expect(made.call("f", A + 4092n)).toBe(0x1122334455667788n);
    expect(made.fault("f", A + 8188n)).toMatchObject({
      kind: "data-abort",
      reason: "straddle",
      access: "read",
      address: A + 8192n,
      size: 8,
    });
    expect(made.fault("g", A + 8188n)).toMatchObject({
      kind: "data-abort",
      reason: "permission",
      access: "write",
      address: A + 8192n,
    });
    expect(() => made.call("f", A + 8188n)).toThrow(/window whose memory is elsewhere/);
  });

  test("aliases show one memory; permissions are the window's", async () => {
    const made = await guest(loads, { jit });
    const { machine } = made;
    made.call("g", PATCH + 0x1000n, 42n);
    expect(made.call("f", PATCH + 0x1000n)).toBe(42n);
    expect(made.call("f", TEXT + 0x1000n)).toBe(42n);
    expect(machine.readU64(TEXT + 0x1000n)).toBe(42n);
    expect(made.fault("g", TEXT + 0x1000n, 1n)).toMatchObject({ reason: "permission" });
    // One instruction that goes from window to window.
    for (const address of [DATA, TEXT, MODULES, PATCH, DATA, TEXT]) {
      machine.writeU64(address + 0x2000n, address);
      expect(made.call("f", address + 0x2000n)).toBe(address);
    }
  });

  test("code that two windows show has two sets of slots", async () => {
    const windows: WindowSpec[] = [
      { name: "text", address: TEXT, size: 4096, access: "rwx" },
      { name: "again", address: MODULES, size: 4096, access: "rx", alias: "text" },
    ];
    const made = await guest(
      "one: bti c\nin: mov x0, #1\n ret\npatch: bti c\n str w1, [x0]\n dc cvau, x0\n dsb ish\n ic ivau, x0\n dsb ish\n isb\n ret\n",
      { jit, windows },
    );
    const events: Invalidation[] = [];
    made.machine.onInvalidate((event) => events.push(event));
    expect(made.machine.core.call(MODULES)).toBe(1n);
    expect(made.call("one")).toBe(1n);
    made.call("patch", TEXT + 4n, 0xd2800040);
    expect(made.machine.core.call(MODULES)).toBe(2n);
    expect(made.call("one")).toBe(2n);
    expect(events.map(({ address, length, core }) => ({ address, length, core }))).toEqual([
      { core: 0, address: TEXT + 4n, length: 4 },
      { core: 0, address: MODULES + 4n, length: 4 },
    ]);
  });
});

describe("invalidations", () => {
  test("say which words, and how many regions went", async () => {
    const text = "one: bti c\n mov x0, #1\n ret\n .rept 29\n nop\n .endr\ntwo: bti c\n mov x0, #2\n ret\n";
    const made = await guest(text, { jit: { background: false } });
    const { machine } = made;
    const events: Invalidation[] = [];
    const end = machine.onInvalidate((event) => events.push(event));
    machine.cleanAndInvalidate(TEXT, 4096);
    expect(events).toEqual([]);
    made.call("one");
    made.call("two");
    machine.cleanAndInvalidate(TEXT, 4096);
    expect(events).toEqual([]);
    machine.writeU32(TEXT + 4n, 0xd2800060);
    machine.writeU32(TEXT + 8n + 16n, 0xd65f03c0);
    machine.cleanAndInvalidate(TEXT, 4);
    expect(events).toEqual([{ core: 0, address: TEXT + 4n, length: 24, regionsUnlinked: 1 }]);
    expect(made.call("one")).toBe(3n);
    expect(made.call("two")).toBe(2n);
    expect(machine.stats().dropped).toBe(2);
    end();
    machine.writeU32(TEXT + 4n, 0xd2800020);
    machine.cleanAndInvalidate(TEXT, 4);
    expect(events).toHaveLength(1);
    expect(made.call("one")).toBe(1n);
    machine.internals.regions?.assertConsistent();
  });

  test("what a listener throws comes out of the call, and the core can go on", async () => {
    const made = await guest("f: bti c\n ic ivau, x1\n dsb ish\n isb\n mov x0, #6\n b 1f\n1: ret\n", {
      jit: false,
      ctr: { idc: true },
    });
    const { machine } = made;
    const spare = TEXT + 0x100n;
    machine.writeU32(spare, 0xd65f03c0);
    machine.core.call(spare);
    const end = machine.onInvalidate(() => {
      throw new Error("from the listener");
    });
    machine.writeU32(spare, 0xd503201f);
    expect(() => machine.core.call("f", 0, spare)).toThrow("from the listener");
    expect(machine.core.run()).toMatchObject({ reason: "returned" });
    expect(machine.core.x(0)).toBe(6n);
    machine.writeU32(spare, 0xd65f03c0);
    expect(() => machine.cleanAndInvalidate(spare, 4)).toThrow("from the listener");
    end();
    expect(machine.core.call("f", 0, spare)).toBe(6n);
  });
});

test("windows by their names", async () => {
  const machine = await Machine.create({ jit: false });
  expect(machine.window("modules")).toEqual({
    name: "modules",
    address: MODULES,
    size: 1 << 20,
    access: "rx",
    guarded: true,
  });
  expect(() => machine.window("module")).toThrow(UnknownWindowError);
  expect(() => machine.window("module")).toThrow(/the machine has text, data, stack, modules, patch, patch-modules/);
});

describe("host accesses", () => {
  test("read and write in any window", async () => {
    const machine = await Machine.create({ jit: false });
    for (const address of [TEXT, PATCH, DATA, MODULES, TEXT + (4n << 20n) - 16n]) {
      machine.write(address, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
      expect(machine.readU64(address)).toBe(0x0807060504030201n);
      expect(machine.readU32(address + 2n)).toBe(0x06050403);
      machine.writeU64(address + 1n, 0xffff_ffff_ffff_ffffn);
      machine.writeU32(address + 3n, 0);
      expect([...machine.read(address, 9)]).toEqual([1, 255, 255, 0, 0, 0, 0, 255, 255]);
    }
    const copy = machine.read(DATA, 1);
    copy[0] = 99;
    expect(machine.read(DATA, 1)[0]).toBe(1);
  });

  test.each([
    [0n, 8],
    [TEXT - 1n, 1],
    [TEXT + (4n << 20n) - 4n, 8],
    [-8n, 8],
    [1n << 64n, 1],
  ])("not at %s for %i bytes", async (address, length) => {
    const machine = await Machine.create({ jit: false });
    expect(() => machine.read(address, length)).toThrow(UnmappedRangeError);
    expect(() => machine.write(address, new Uint8Array(length))).toThrow(UnmappedRangeError);
    expect(() => machine.cleanAndInvalidate(address, length)).toThrow(UnmappedRangeError);
    expect(() => machine.read(address, length)).toThrow(/the windows are text 0xffff800010000000\+0x400000, /);
  });

  test("a program outside the windows is refused as a whole", async () => {
    const machine = await Machine.create({ jit: false });
    const program = assemble("a: ret\n.data\nb: .quad 1\n", { base: TEXT, sections: { ".data": 0x1000n } });
    expect(() => machine.load(program)).toThrow(/section \.data of the program: 8 bytes at 0x1000/);
    expect(machine.readU32(TEXT)).toBe(0);
    expect(machine.symbols.size).toBe(0);
  });
});

describe("options that describe no machine", () => {
  const window = (changes: Partial<WindowSpec>): WindowSpec => ({
    name: "w",
    address: A,
    size: 4096,
    access: "rw",
    ...changes,
  });
  test.each([
    ["no windows", [], /at least one window/],
    ["unaligned", [window({ address: A + 1n })], /'w' at 0x100001: its address is not a multiple of 4096/],
    ["empty", [window({ size: 0 })], /size 0 is not/],
    ["odd size", [window({ size: 4095 })], /size 4095 is not/],
    ["page zero", [window({ address: 0n })], /branch to NULL/],
    ["past the end", [window({ address: (1n << 64n) - 4096n, size: 8192 })], /past the end/],
    ["the return address", [window({ address: (1n << 64n) - 4096n })], /where calls return to/],
    ["overlap", [window({}), window({ name: "v" })], /'v' at 0x100000: it overlaps window 'w'/],
    ["twice", [window({}), window({ address: 2n * A })], /another window has this name/],
    ["no such alias", [window({ alias: "v" })], /no earlier window/],
    [
      "alias of an alias",
      [
        window({}),
        window({ name: "v", address: 2n * A, alias: "w" }),
        window({ name: "u", address: 3n * A, alias: "v" }),
      ],
      /name 'w'/,
    ],
    [
      "alias too large",
      [window({}), window({ name: "v", address: 2n * A, size: 8192, alias: "w" })],
      /larger than window 'w'/,
    ],
    [
      "too large",
      [window({ size: 3 * 2 ** 30 }), window({ name: "v", address: 1n << 40n, size: 1 << 30 })],
      /4 GiB is the limit/,
    ],
    [
      "too many",
      Array.from({ length: 65 }, (_, i) => window({ name: `w${i}`, address: A * BigInt(i + 1) })),
      /65 windows, at most 64/,
    ],
    ["access", [window({ access: "wx" as "rw" })], /'wx' is none of/],
  ] as const)("%s", async (_, windows, message) => {
    await expect(Machine.create({ windows })).rejects.toThrow(MachineOptionsError);
    await expect(Machine.create({ windows })).rejects.toThrow(message);
  });

  test.each([0, 17, 1.5])("%s cores", async (cores) => {
    await expect(Machine.create({ cores })).rejects.toThrow(MachineOptionsError);
  });

  test("a machine without a stack window, and with windows at the edges", async () => {
    const machine = await Machine.create({
      jit: false,
      windows: [window({ address: 4096n, access: "rx" }), window({ name: "top", address: (1n << 64n) - 8192n })],
    });
    expect(machine.core.sp).toBe(0n);
    machine.load(assemble("f: ldr x0, [x0]\n ret\n", { base: 4096n }));
    machine.writeU64((1n << 64n) - 4096n - 8n, 77n);
    expect(machine.core.call("f", (1n << 64n) - 4096n - 8n)).toBe(77n);
  });
});
