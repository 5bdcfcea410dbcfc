/** What reaches the host when the guest does what it may not: kind, place, word, registers as before. */
import { type Fault, GuestFault, Machine, UnknownSymbolError } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { DATA, engines, guest, MODULES, PATCH, TEXT } from "./guest.js";

const program = `
undef:	bti	c
	.inst	0x00c0ffee
	ret
branch:	bti	c
	br	x0
call:	bti	c
	mov	x16, x30
	blr	x0
	ret	x16
load8:	bti	c
	ldr	x1, [x0]
	ret
load1:	bti	c
	ldrb	w1, [x0]
	ret
store4:	bti	c
	str	w1, [x0]
	ret
pair:	bti	c
	ldp	x1, x2, [x0]
	ret
preindex: bti	c
	str	x1, [x0, #8]!
	ret
exclusive: bti	c
	ldxr	x1, [x0]
	ret
acquire: bti	c
	ldar	w1, [x0]
	ret
swap:	bti	c
	swp	x1, x2, [x0]
	ret
clean:	bti	c
	dc	cvau, x0
	ret
invalidate: bti	c
	ic	ivau, x0
	ret
svc:	bti	c
	mov	x0, #7
	svc	#0x123
	add	x0, x0, #1
	ret
hvc:	bti	c
	hvc	#2
	ret
smc:	bti	c
	smc	#3
	ret
brk:	bti	c
	brk	#0x8228
	ret
hlt:	bti	c
	hlt	#0xf000
	ret
udf:	bti	c
	udf	#0xbeef
	ret
end:	bti	c
	b	.+4
`;

/** Bits 31 to 26 of ESR_EL1. */
const classOf = ({ esr }: Fault): number => esr >>> 26;

describe.each(engines)("$engine", ({ jit }) => {
  const start = (): ReturnType<typeof guest> => guest(program, { jit });

  test("undefined instruction", async () => {
    const made = await start();
    const fault = made.fault("undef");
    expect(fault).toMatchObject({
      kind: "undefined-instruction",
      pc: made.address("undef") + 4n,
      word: 0x00c0ffee,
      esr: 0x02000000,
    });
    expect(fault.kind === "undefined-instruction" && fault.nearest).toMatch(/\w/);
    expect(() => made.call("undef")).toThrow(
      /undefined instruction, nearest to .*undef\+0x4 \(0xffff800010000004\): 00c0ffee/,
    );
  });

  test.each([
    ["NULL", 0n],
    ["an address of no window", 0x1234_5678_9abcn],
    ["the end of the address space", 0xffff_ffff_ffff_fffcn],
    ["behind the text", TEXT + (4n << 20n)],
  ])("branch to %s", async (_, target) => {
    const made = await start();
    for (const name of ["branch", "call"]) {
      expect(made.fault(name, target)).toEqual({
        kind: "instruction-abort",
        reason: "unmapped",
        pc: target,
        esr: 0x86000007,
      });
      expect(made.machine.core.pc).toBe(target);
    }
  });

  test("a branch to NULL is called that", async () => {
    const made = await start();
    expect(() => made.call("branch", 0)).toThrow(/branch to NULL, at 0x0/);
  });

  test("branch to data", async () => {
    const made = await start();
    expect(made.fault("branch", DATA + 8n)).toEqual({
      kind: "instruction-abort",
      reason: "permission",
      pc: DATA + 8n,
      esr: 0x8600000f,
    });
    expect(made.fault("branch", PATCH)).toMatchObject({ kind: "instruction-abort", reason: "permission" });
  });

  test.each([1n, 2n, 3n])("branch to an address of 4n + %s", async (low) => {
    const made = await start();
    for (const base of [TEXT, 0n, DATA]) {
      expect(made.fault("branch", base + low)).toEqual({ kind: "pc-alignment", pc: base + low, esr: 0x8a000000 });
    }
  });

  test.each([
    ["load8", "read", 8],
    ["load1", "read", 1],
    ["store4", "write", 4],
    ["pair", "read", 16],
    ["acquire", "read", 4],
    // A read-modify-write is reported as a read where reading would have failed too.
    ["exclusive", "read", 8],
    ["swap", "read", 8],
  ] as const)("%s at an unmapped address", async (name, access, size) => {
    const made = await start();
    made.machine.core.setX(1, 77n);
    const fault = made.fault(name, 0x1000n, 77n);
    expect(fault).toMatchObject({
      kind: "data-abort",
      reason: "unmapped",
      access,
      size,
      address: 0x1000n,
      pc: made.address(name) + 4n,
    });
    expect(classOf(fault)).toBe(0x25);
    expect(fault.esr & 0x7f).toBe(access === "write" ? 0x47 : 0x07);
    expect(made.machine.core.x(1)).toBe(77n);
    expect(made.machine.core.pc).toBe(made.address(name) + 4n);
  });

  test("NULL is named in the message", async () => {
    const made = await start();
    expect(() => made.call("load8", 8)).toThrow(
      /8-byte read at 0x8: NULL page, at load8\+0x4 .*: f9400001 {2}ldr x1, \[x0\]/,
    );
  });

  test.each(["store4", "swap"])("%s to read-only text", async (name) => {
    const made = await start();
    const before = made.machine.readU32(made.address("svc"));
    const fault = made.fault(name, made.address("svc") & ~7n, 0);
    expect(fault).toMatchObject({
      kind: "data-abort",
      reason: "permission",
      access: "write",
      address: made.address("svc") & ~7n,
    });
    expect(fault.esr & 0x7f).toBe(0x4f);
    expect(made.machine.readU32(made.address("svc"))).toBe(before);
    expect(() => made.call(name, made.address("svc") & ~7n)).toThrow(/not writable.*alias/);
  });

  test("a failing access writes nothing back", async () => {
    const made = await start();
    expect(made.fault("preindex", 0x1000n)).toMatchObject({ kind: "data-abort", address: 0x1008n });
    expect(made.machine.core.x(0)).toBe(0x1000n);
  });

  test.each([
    ["exclusive", 8, 4n],
    ["acquire", 4, 2n],
    ["swap", 8, 1n],
  ] as const)("%s at an unaligned address", async (name, size, off) => {
    const made = await start();
    const fault = made.fault(name, DATA + off);
    expect(fault).toMatchObject({ kind: "data-abort", reason: "alignment", size, address: DATA + off });
    expect(fault.esr & 0x3f).toBe(0x21);
    // Plain accesses need no alignment.
    made.call("load8", DATA + off);
  });

  test("an access over the end of a window", async () => {
    const made = await start();
    const end = DATA + (4n << 20n);
    expect(made.fault("load8", end - 4n)).toMatchObject({
      kind: "data-abort",
      reason: "unmapped",
      address: end,
      size: 8,
    });
    expect(made.fault("pair", end - 8n)).toMatchObject({
      kind: "data-abort",
      reason: "unmapped",
      address: end,
      size: 16,
    });
    made.call("load8", end - 8n);
    expect(made.fault("load8", DATA - 4n)).toMatchObject({ reason: "unmapped", address: DATA - 4n });
  });

  test.each(["clean", "invalidate"])("%s of an unmapped address", async (name) => {
    const made = await start();
    const fault = made.fault(name, 0x40n);
    expect(fault).toMatchObject({ kind: "data-abort", reason: "unmapped", access: "write", size: 0, address: 0x40n });
    expect(fault.esr & 0x1ff).toBe(0x147);
    expect(() => made.call(name, 0x40n)).toThrow(/cache maintenance at 0x40/);
    made.call(name, DATA);
  });

  test.each([
    ["svc", 0x123, 0x15, 8n],
    ["hvc", 2, 0x16, 4n],
    ["smc", 3, 0x17, 4n],
    ["brk", 0x8228, 0x3c, 4n],
    ["hlt", 0xf000, 0, 4n],
    ["udf", 0xbeef, 0, 4n],
  ] as const)("%s", async (name, immediate, exceptionClass, offset) => {
    const made = await start();
    const fault = made.fault(name);
    const pc = made.address(name) + offset;
    expect(fault).toMatchObject({ kind: name, immediate, pc });
    expect(classOf(fault)).toBe(exceptionClass);
    if (exceptionClass !== 0) expect(fault.esr & 0xffff).toBe(immediate);
    const returnsBehind = ["svc", "hvc", "smc"].includes(name);
    expect(made.machine.core.pc).toBe(returnsBehind ? pc + 4n : pc);
  });

  test("a handled SVC goes on behind it", async () => {
    const made = await start();
    expect(made.fault("svc")).toMatchObject({ kind: "svc" });
    expect(made.machine.core.x(0)).toBe(7n);
    made.machine.core.setX(0, 41);
    expect(made.machine.core.run()).toMatchObject({ reason: "returned", instructions: 2 });
    expect(made.machine.core.x(0)).toBe(42n);
  });

  test("running off the end of a window", async () => {
    const machine = await Machine.create({ jit });
    const last = MODULES + (1n << 20n) - 4n;
    machine.writeU32(last, 0xd503201f);
    machine.cleanAndInvalidate(last, 4);
    expect(() => machine.core.call(last)).toThrow(GuestFault);
    expect(machine.core.pc).toBe(last + 4n);
  });

  test("the stack is as the failed call found it", async () => {
    const made = await guest("f: bti c\n sub sp, sp, #64\n udf #1\n", { jit });
    const { sp } = made.machine.core;
    for (let i = 0; i < 3; i++) {
      expect(made.fault("f")).toMatchObject({ kind: "udf" });
      expect(made.machine.core.sp).toBe(sp - 64n);
    }
  });
});

test("unknown symbols", async () => {
  const machine = await Machine.create({ jit: false });
  expect(() => machine.core.call("nowhere")).toThrow(UnknownSymbolError);
  expect(() => machine.core.call("nowhere")).toThrow(/unknown symbol 'nowhere'/);
  expect(() => machine.core.run({ pc: "nowhere" })).toThrow(UnknownSymbolError);
});
