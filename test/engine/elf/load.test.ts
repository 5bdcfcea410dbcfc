/** Executables in a machine: their functions give what the C says. */
import { assemble, type ElfImage, loadElf, Machine, UnmappedRangeError, windowsFor } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { engines } from "../machine/guest.js";
import { compilers, data } from "./files.js";
import { expectProgram } from "./program.js";

async function machineFor(image: ElfImage, jit: Parameters<typeof Machine.create>[0] = {}): Promise<Machine> {
  const machine = await Machine.create({ windows: windowsFor(image, { heap: 8192 }), ...jit });
  machine.load(image);
  machine.core.limits.maxInstructions = 1_000_000;
  return machine;
}

describe.each(engines)("in the $engine", ({ jit }) => {
  test.each(["static-gcc.elf", "static-clang.elf", "default.elf"])("%s", async (name) => {
    const machine = await machineFor(loadElf(data(name)), { jit });
    expectProgram(machine);
    machine.dispose();
  });
});

describe("a position-independent executable", () => {
  test.each(["pie-rela.elf", "pie-relr.elf"])("%s at several bases", async (name) => {
    for (const base of [undefined, 0x10000n, 0xffff_8000_0000_0000n]) {
      const image = loadElf(data(name), base === undefined ? {} : { base });
      const first = base ?? 0x40_0000n;
      expect(image.symbols.get("_start")).toBe(image.entry);
      expect(image.entry).toBeGreaterThan(first);
      const machine = await machineFor(image);
      expect([machine.core.call("apply", 0, 37), machine.core.call("apply", 1, 37)]).toEqual([47n, 190n]);
      const letters = [
        [0, 0],
        [1, 1],
        [2, 4],
      ].map(([i, j]) => machine.core.call("letter", i ?? 0, j ?? 0));
      expect(String.fromCharCode(...letters.map(Number))).toBe("owe");
      machine.dispose();
    }
  });

  test("leaves the file as it was", () => {
    const bytes = data("pie-rela.elf");
    const before = Uint8Array.from(bytes);
    loadElf(bytes, { base: 0x100_0000n });
    expect(Buffer.compare(bytes, before)).toBe(0);
  });

  test.each(["pie-rela.elf", "pie-relr.elf"])("%s describes its thread-local variables", (name) => {
    const image = loadElf(data(name));
    const values = image.tls?.bytes ?? new Uint8Array();
    expect([...new BigInt64Array(Uint8Array.from(values).buffer)].sort()).toEqual([10n, 9n]);
    const local = image.symbolTable.find((symbol) => symbol.name === "first_local");
    expect(local?.type).toBe("tls");
    expect(new DataView(values.buffer, values.byteOffset).getBigInt64(Number(local?.address), true)).toBe(9n);
    expect(image.symbols.has("first_local")).toBe(false);
  });
});

describe("relocations that name symbols", () => {
  const outside = 0x50_0000n;
  const symbols = { outside, far_away: 0x1234_5678_9abcn };

  test("resolve in the file, to what is handed in, and to 0 if they are weak", async () => {
    const image = loadElf(data("dynamic.elf"), { base: 0x10_0000n, symbols });
    const windows = [...windowsFor(image), { name: "outside", address: outside, size: 4096, access: "rx" } as const];
    const machine = await Machine.create({ windows });
    machine.load(image);
    machine.load(assemble("outside: bti c\n add x0, x0, x0\n ret", { base: outside }));
    expect(machine.core.call("call_outside", 20)).toBe(43n);
    expect(machine.core.call("has_absent")).toBe(0n);
    expect(machine.core.call("through_pointers")).toBe(4n);
    // The thread's block stands behind a control block of 16 bytes.
    const threadPointer = windows.find(({ name }) => name === "stack")?.address ?? 0n;
    machine.write(threadPointer + 16n, image.tls?.bytes ?? new Uint8Array());
    expect(machine.core.call("read_local", threadPointer)).toBe(40n);
  });

  test("are refused if nothing defines them", () => {
    expect(() => loadElf(data("dynamic.elf"), { symbols: { outside } })).toThrow(
      /undefined symbol 'far_away': define it, or pass/,
    );
  });

  test("can be left to the program", () => {
    const bytes = data("pie-relr.elf");
    const [untouched, moved] = [false, true].map(
      (relocate) => loadElf(bytes, { relocate }).segments.at(-1)?.bytes ?? new Uint8Array(),
    );
    expect(Buffer.compare(untouched ?? bytes, moved ?? bytes)).not.toBe(0);
    expect(Buffer.from(bytes).includes(Buffer.from(untouched ?? []))).toBe(true);
  });
});

test("a machine without windows for it refuses an image", async () => {
  const machine = await Machine.create();
  expect(() => machine.load(loadElf(data("default.elf"), { name: "default.elf" }))).toThrow(UnmappedRangeError);
  expect(machine.symbols.size).toBe(0);
});

describe("windows", () => {
  test("say what the segments say", () => {
    const image = loadElf(data("pie-relr.elf"), { base: 0x10000n });
    const windows = windowsFor(image, { heap: 5000, stack: 4097 });
    expect(windows.map(({ name, address, size, access, guarded }) => [name, address, size, access, guarded])).toEqual([
      ["rodata", 0x10000n, 0x1000, "r", false],
      ["text", 0x11000n, 0x1000, "rx", true],
      ["data", 0x12000n, 0x1000, "rw", false],
      ["heap", 0x13000n, 0x2000, "rw", false],
      ["stack", 0x25000n, 0x2000, "rw", false],
    ]);
  });

  test("segments that share a page get one window with the rights of both", () => {
    const image = loadElf(data("default.elf"));
    const [text, written] = image.segments;
    if (text === undefined || written === undefined) throw new Error("two segments are expected");
    const behind = { ...written, address: text.address + BigInt(text.memorySize) };
    expect(windowsFor({ ...image, segments: [text, behind] }, { stack: 0 })).toMatchObject([
      { name: "memory", access: "rwx", guarded: text.guarded },
    ]);
  });

  test("zero bytes behind a segment are zero in memory that was used before", async () => {
    const image = loadElf(data("static-gcc.elf"));
    const machine = await machineFor(image);
    machine.core.call("bump", 5);
    const buffer = image.symbolTable.find(({ name }) => name === "buffer");
    const last = (buffer?.address ?? 0n) + 4092n;
    expect(machine.readU32(last)).not.toBe(0);
    machine.load(image);
    expect(machine.readU32(last)).toBe(0);
    expectProgram(machine);
  });
});

test.each(compilers)("sections and symbols are shown (%s)", (compiler) => {
  const image = loadElf(data(`static-${compiler}.elf`));
  expect(image.sections.find(({ name }) => name === ".text")).toMatchObject({ address: 0x40_0000n, flags: "ax" });
  expect(image.sections.find(({ name }) => name === ".bss")).toMatchObject({ flags: "aw", bytes: new Uint8Array() });
  expect(image.symbolTable.find(({ name }) => name === "hash")).toMatchObject({
    type: "function",
    binding: "global",
    section: ".text",
  });
  expect([...image.symbols.keys()].some((name) => name.startsWith("$") || name === "")).toBe(false);
});
