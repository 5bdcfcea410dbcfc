/** Semihosting: what each operation answers, and what becomes of a program's exit. */
import {
  assemble,
  GuestExitError,
  Machine,
  type MachineOptions,
  type SemihostingOptions,
  type WindowSpec,
} from "cmodx/engine";
import { beforeEach, describe, expect, test } from "vitest";
import { DATA, engines, guest, TEXT } from "./guest.js";

const ALL_ONES = 0xffff_ffff_ffff_ffffn;
const EBADF = 9n;
const EFAULT = 14n;
const ENOSYS = 38n;
/** An address of no window. */
const NOWHERE = 0x1234_0000n;

const source = `
semihost: bti c
          hlt  #0xf000
          ret
other:    hlt  #0xf001
          ret
`;

/** Windows of which two are adjacent in the guest's addresses, and not in the host's. */
const windows: readonly WindowSpec[] = [
  { name: "text", address: TEXT, size: 1 << 16, access: "rx", guarded: true },
  { name: "low", address: DATA, size: 1 << 17, access: "rw" },
  { name: "stack", address: 0x70_0000n, size: 8192, access: "rw" },
  { name: "heap", address: 0x60_0000n, size: 4096, access: "rw" },
  { name: "high", address: DATA + (1n << 17n), size: 1 << 16, access: "r" },
];
const HIGH = DATA + (1n << 17n);
const BLOCK = DATA + 0x100n;
const BUFFER = DATA + 0x1000n;

interface Written {
  readonly stream: string;
  readonly text: string;
}

let written: Written[] = [];
let pieces: number[] = [];
beforeEach(() => {
  written = [];
  pieces = [];
});

const write: NonNullable<SemihostingOptions["write"]> = (stream, bytes) => {
  const text = Buffer.from(bytes).toString("latin1");
  const last = written.at(-1);
  pieces.push(bytes.length);
  if (last?.stream === stream) written[written.length - 1] = { stream, text: last.text + text };
  else written.push({ stream, text });
};

interface Console {
  readonly machine: Machine;
  /** One operation; gives X0. */
  ask(operation: number, parameter: bigint): bigint;
  /** One operation on a block of doublewords. */
  askBlock(operation: number, ...block: readonly bigint[]): bigint;
  put(address: bigint, text: string): bigint;
}

async function start(options: SemihostingOptions = {}, others: MachineOptions = {}): Promise<Console> {
  const { machine } = await guest(source, { windows, jit: false, semihosting: { write, ...options }, ...others });
  const ask = (operation: number, parameter: bigint): bigint => machine.core.call("semihost", operation, parameter);
  return {
    machine,
    ask,
    askBlock: (operation, ...block) => {
      block.forEach((value, i) => machine.writeU64(BLOCK + 8n * BigInt(i), value));
      return ask(operation, BLOCK);
    },
    put: (address, text) => {
      machine.write(address, Buffer.from(text, "latin1"));
      return address;
    },
  };
}

describe("output", () => {
  test("SYS_WRITEC and SYS_WRITE0 write to the console and leave X0 as it is", async () => {
    const { ask, put } = await start();
    expect(ask(0x03, put(BUFFER, "c"))).toBe(3n);
    expect(ask(0x04, put(BUFFER, "onsole \xe9\0not this"))).toBe(4n);
    expect(ask(0x04, put(BUFFER, "\0"))).toBe(4n);
    expect(written).toEqual([{ stream: "console", text: "console \xe9" }]);
  });

  test("SYS_WRITE writes to the handles 1 and 2, and gives the number of bytes that were not written", async () => {
    const { askBlock, put } = await start();
    put(BUFFER, "out, err");
    expect(askBlock(0x05, 1n, BUFFER, 5n)).toBe(0n);
    expect(askBlock(0x05, 2n, BUFFER + 5n, 3n)).toBe(0n);
    expect(askBlock(0x05, 1n, NOWHERE, 0n)).toBe(0n);
    expect(written).toEqual([
      { stream: "stdout", text: "out, " },
      { stream: "stderr", text: "err" },
    ]);
    expect(askBlock(0x05, 7n, BUFFER, 5n)).toBe(5n);
    expect(askBlock(0x05, 1n, NOWHERE, 6n)).toBe(6n);
  });

  test("long strings go over windows, in few pieces", async () => {
    const { ask, askBlock, put } = await start();
    const long = "0123456789abcdef".repeat(0x2000 - 0x100);
    put(HIGH - BigInt(long.length), long);
    put(HIGH, "end\0");
    ask(0x04, HIGH - BigInt(long.length));
    expect(written).toEqual([{ stream: "console", text: `${long}end` }]);
    expect(pieces.length).toBeLessThan(5);
    written = [];
    expect(askBlock(0x05, 1n, HIGH - 16n, 19n)).toBe(0n);
    expect(written).toEqual([{ stream: "stdout", text: "0123456789abcdefend" }]);
  });

  test("a string without an end, or of no memory, is refused after what there is of it", async () => {
    const { ask, askBlock, machine, put } = await start();
    machine.write(HIGH, new Uint8Array(1 << 16).fill(0x2e));
    expect(ask(0x04, HIGH + 0xfffen)).toBe(ALL_ONES);
    expect(written).toEqual([{ stream: "console", text: ".." }]);
    expect(ask(0x13, 0n)).toBe(EFAULT);
    expect(ask(0x04, NOWHERE)).toBe(ALL_ONES);
    expect(ask(0x03, NOWHERE)).toBe(ALL_ONES);
    put(BUFFER, "x");
    expect(askBlock(0x05, 1n, HIGH + 0xfffen, ALL_ONES)).toBe(ALL_ONES - 2n);
  });
});

describe("files", () => {
  test.each([
    [0n, 3n],
    [3n, 3n],
    [4n, 1n],
    [6n, 1n],
    [8n, 2n],
    [11n, 2n],
  ])("SYS_OPEN of the console with mode %i gives handle %i", async (mode, handle) => {
    const { ask, askBlock, put } = await start();
    expect(askBlock(0x01, put(BUFFER, ":tt\0"), mode, 3n)).toBe(handle);
    expect(askBlock(0x09, handle)).toBe(1n);
    expect(askBlock(0x0c, handle)).toBe(0n);
    expect(askBlock(0x02, handle)).toBe(0n);
    expect(ask(0x13, 0n)).toBe(0n);
  });

  test("there are no others", async () => {
    const { ask, askBlock, put } = await start();
    expect(askBlock(0x01, put(BUFFER, "/etc\0"), 0n, 4n)).toBe(ALL_ONES);
    expect(ask(0x13, 0n)).toBe(2n);
    expect(askBlock(0x01, put(BUFFER, ":tx\0"), 0n, 3n)).toBe(ALL_ONES);
    expect(askBlock(0x01, NOWHERE, 0n, 3n)).toBe(ALL_ONES);
    expect(ask(0x13, 0n)).toBe(EFAULT);
    expect(askBlock(0x01, BUFFER, 12n, 3n)).toBe(ALL_ONES);
    for (const operation of [0x02, 0x09, 0x0c]) {
      expect(askBlock(operation, 4n)).toBe(ALL_ONES);
      expect(ask(0x13, 0n)).toBe(EBADF);
    }
  });

  test("SYS_READ and SYS_READC take the host's input, and end with it", async () => {
    let input = Buffer.from("abcdefgh");
    const { ask, askBlock, machine } = await start({
      read: (length) => {
        const bytes = input.subarray(0, Math.min(length, 3));
        input = input.subarray(bytes.length);
        return bytes;
      },
    });
    expect(ask(0x07, 0n)).toBe(BigInt("a".charCodeAt(0)));
    expect(askBlock(0x06, 3n, BUFFER, 10n)).toBe(7n);
    expect(Buffer.from(machine.read(BUFFER, 4)).toString()).toBe("bcd\0");
    expect(askBlock(0x06, 3n, BUFFER, 2n)).toBe(0n);
    expect(askBlock(0x06, 3n, BUFFER, 2n)).toBe(0n);
    expect(askBlock(0x06, 3n, BUFFER, 2n)).toBe(2n);
    expect(ask(0x07, 0n)).toBe(ALL_ONES);
    expect(askBlock(0x06, 1n, BUFFER, 2n)).toBe(2n);
    expect(askBlock(0x06, 3n, BUFFER, 0n)).toBe(0n);
  });

  test("SYS_READ writes to memory that the guest may write, and no other", async () => {
    const { ask, askBlock } = await start({ read: () => Uint8Array.of(1) });
    expect(askBlock(0x06, 3n, HIGH, 1n)).toBe(1n);
    expect(ask(0x13, 0n)).toBe(EFAULT);
    expect(askBlock(0x06, 3n, TEXT, 1n)).toBe(1n);
  });
});

describe("the program's surroundings", () => {
  test("times come from the machine's counter, the date from the host", async () => {
    let ticks = 5_000_000_000;
    const { ask, machine } = await start({ time: () => 1_700_000_000.9 }, { counter: () => ticks });
    expect(ask(0x31, 0n)).toBe(1_000_000_000n);
    expect(ask(0x10, 0n)).toBe(0n);
    ticks += 1_239_999_999;
    expect(ask(0x10, 0n)).toBe(123n);
    expect(ask(0x30, BUFFER)).toBe(0n);
    expect(machine.readU64(BUFFER)).toBe(1_239_999_999n);
    expect(ask(0x30, HIGH)).toBe(ALL_ONES);
    expect(ask(0x11, 0n)).toBe(1_700_000_000n);
  });

  test("SYS_GET_CMDLINE stores the command line and its length where there is room", async () => {
    const { askBlock, machine } = await start({ commandLine: "prog -x" });
    expect(askBlock(0x15, BUFFER, 8n)).toBe(0n);
    expect(Buffer.from(machine.read(BUFFER, 8)).toString()).toBe("prog -x\0");
    expect(machine.readU64(BLOCK + 8n)).toBe(7n);
    expect(askBlock(0x15, BUFFER, 7n)).toBe(ALL_ONES);
    expect(askBlock(0x15, HIGH, 8n)).toBe(ALL_ONES);
  });

  test("SYS_HEAPINFO gives the windows heap and stack", async () => {
    const { askBlock, machine } = await start();
    expect(askBlock(0x16, BUFFER)).toBe(0n);
    const info = [0n, 8n, 16n, 24n].map((offset) => machine.readU64(BUFFER + offset));
    expect(info).toEqual([0x60_0000n, 0x60_1000n, 0x70_2000n, 0x70_0000n]);
  });

  test("SYS_ISERROR tells negative numbers", async () => {
    const { askBlock } = await start();
    expect(askBlock(0x08, ALL_ONES)).toBe(1n);
    expect(askBlock(0x08, 5n)).toBe(0n);
  });

  test("only the low word of the operation counts; unknown ones and blocks of no memory give -1", async () => {
    const { ask, askBlock } = await start();
    for (const operation of [0, 0x0a, 0x0e, 0x12, 0x32, 0xff, 0x7fff_ffff]) {
      expect(ask(operation, BLOCK)).toBe(ALL_ONES);
      expect(ask(0x13, 0n)).toBe(ENOSYS);
    }
    for (const operation of [0x01, 0x02, 0x05, 0x06, 0x08, 0x09, 0x0c, 0x15, 0x16, 0x18, 0x20, 0x30]) {
      expect(ask(operation, NOWHERE)).toBe(ALL_ONES);
      expect(ask(operation, ALL_ONES - 3n)).toBe(ALL_ONES);
    }
    expect(askBlock(0x31 + 2 ** 40, 0n)).toBe(1_000_000_000n);
  });
});

const program = `
_start:   mov  x19, #0
          adr  x0, end
again:    add  x19, x19, #1
          cmp  x19, #1000
          b.ne again
          mov  w0, #0x18
          ldr  x1, =block
          hlt  #0xf000
end:      add  x19, x19, #1
          ret
          .data
          .balign 8
block:    .quad 0x20026, -3
`;

describe.each(engines)("exit, with $engine", ({ jit }) => {
  const load = async (): Promise<Machine> => {
    const machine = await Machine.create({ jit, semihosting: { write } });
    machine.load(assemble(program, { base: TEXT, sections: { ".data": DATA } }));
    machine.core.limits.maxInstructions = 1_000_000;
    return machine;
  };

  test("run gives the program's status, and can go on behind it", async () => {
    const { core, symbols } = await load();
    const result = core.run({ pc: "_start" });
    expect(result).toEqual({ reason: "exited", exit: { reason: 0x20026, code: -3 }, instructions: 3005 });
    expect(core.pc).toBe(symbols.get("end"));
    expect(core.run({ maxInstructions: 1 })).toEqual({ reason: "fuel", instructions: 1 });
    expect(core.x(19)).toBe(1001n);
  });

  test("call throws it", async () => {
    const { core } = await load();
    let thrown: unknown;
    try {
      core.call("_start");
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(GuestExitError);
    expect(thrown).toMatchObject({ code: "guest-exit", exitCode: -3, reason: 0x20026 });
    expect((thrown as Error).message).toContain("the guest has exited with status -3");
  });

  test("another reason than an ordinary exit is status 1", async () => {
    const machine = await load();
    machine.writeU64(DATA, 0x20024n);
    expect(machine.core.run({ pc: "_start" })).toMatchObject({ exit: { reason: 0x20024, code: 1 } });
  });
});

test("what the host's functions throw ends the call, and the core can be used again", async () => {
  const { ask, machine, put } = await start({
    write: () => {
      throw new RangeError("no paper");
    },
  });
  expect(() => ask(0x04, put(BUFFER, "x"))).toThrow(RangeError);
  expect(ask(0x31, 0n)).toBe(1_000_000_000n);
  expect(machine.stats().exceptions).toBe(0);
});

describe("which instruction it is", () => {
  test("HLT with another immediate, and any HLT of a machine without semihosting, is a fault", async () => {
    const with_ = await guest(source, { windows, jit: false, semihosting: {} });
    expect(with_.fault("other")).toMatchObject({ kind: "hlt", immediate: 0xf001 });
    const without = await guest(source, { windows, jit: false });
    expect(without.fault("semihost")).toMatchObject({ kind: "hlt", immediate: 0xf000, pc: TEXT + 4n });
  });

  test("it is the host's at EL0 too, and where the guest has vectors", async () => {
    const { ask, machine, put } = await start();
    machine.core.vbar = TEXT + 0x800n;
    machine.core.el = 0;
    machine.core.sp = DATA + 0x1_0000n;
    ask(0x04, put(BUFFER, "still here"));
    expect(written).toEqual([{ stream: "console", text: "still here" }]);
    expect(machine.core.el).toBe(0);
  });
});
