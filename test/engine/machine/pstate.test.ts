/** PSTATE.<PAN, UAO, DIT, SSBS>: written in both forms, saved and restored; and AT, with what it says in PAR_EL1. */
import { assemble } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { DATA, engines, type Guest, guest, MODULES, PATCH, TEXT } from "./guest.js";

/** Where SPSR_EL1 and MRS have each of them, and what an exception makes of it. */
const bits = [
  { name: "pan", bit: 1n << 22n, isKept: true, forEl0: false },
  { name: "uao", bit: 1n << 23n, isKept: false, forEl0: false },
  { name: "dit", bit: 1n << 24n, isKept: true, forEl0: true },
  { name: "ssbs", bit: 1n << 12n, isKept: false, forEl0: true },
] as const;

const all = bits.reduce((sum, { bit }) => sum | bit, 0n);

describe.each(engines)("$engine", ({ jit }) => {
  const start = (text: string): Promise<Guest> => guest(text, { jit });

  test.each(bits)("$name: MSR (immediate), MSR (register) and MRS", async ({ name, bit }) => {
    const made = await start(`
get:	mrs	x0, ${name}
	ret
set:	msr	${name}, x0
	mrs	x0, ${name}
	ret
one:	msr	${name}, #1
	mrs	x0, ${name}
	ret
zero:	msr	${name}, #0
	mrs	x0, ${name}
	ret
`);
    expect(made.call("get")).toBe(0n);
    expect([made.call("one"), made.call("zero")]).toEqual([bit, 0n]);
    expect([made.call("set", -1), made.call("get"), made.call("set", ~bit)]).toEqual([bit, bit, 0n]);
  });

  test.each(bits)("$name: of an immediate only the lowest bit counts", async ({ name, bit }) => {
    const one = assemble(`msr ${name}, #1\n`).sections[0]?.bytes ?? new Uint8Array();
    const withOperand = (operand: number): number => (Buffer.from(one).readUInt32LE() & ~0xf00) | (operand << 8);
    const text = [15, 6, 3].map((operand, i) => `f${i}: .inst ${withOperand(operand) >>> 0}\n mrs x0, ${name}\n ret\n`);
    const made = await start(text.join(""));
    expect([0, 1, 2].map((i) => made.call(`f${i}`))).toEqual([bit, 0n, bit]);
  });

  test("each is a bit of its own", async () => {
    const get = bits.map(({ name }, i) => `mrs x${i + 1}, ${name}\n`).join("");
    const sum = "orr x0, x1, x2\n orr x0, x0, x3\n orr x0, x0, x4\n ret\n";
    const made = await start(bits.map(({ name }) => `${name}: msr ${name}, #1\n ${get} ${sum}`).join(""));
    let expected = 0n;
    for (const { name, bit } of bits) {
      expected |= bit;
      expect(made.call(name)).toBe(expected);
    }
  });

  test.each(bits)("$name: saved by an exception, and restored by ERET", async ({ name, bit, isKept }) => {
    const made = await start(`
f:	adr	x1, vectors
	msr	vbar_el1, x1
	msr	${name}, #1
	brk	#1
	mrs	x0, ${name}		// x2, x3: the handler's
	msr	${name}, #0
	orr	x0, x0, x2, lsl #32
	ret
saved:	mov	x0, x3
	ret
	.balign	2048
vectors:	.org	vectors + 0x200
	mrs	x2, ${name}
	mrs	x3, spsr_el1
	msr	${name}, #0
	mrs	x9, elr_el1
	add	x9, x9, #4
	msr	elr_el1, x9
	eret
`);
    const inHandler = isKept ? bit : 0n;
    expect(made.call("f")).toBe(BigInt.asUintN(64, (inHandler << 32n) | bit));
    expect(made.machine.core.x(3) & all).toBe(bit);
  });

  test.each(bits)("$name at EL0", async ({ name, bit, forEl0 }) => {
    const made = await start(`
below:	msr	spsr_el1, xzr
	adr	x1, 1f
	msr	elr_el1, x1
	eret
1:	msr	${name}, #1
	mrs	x0, ${name}
	ret
`);
    if (forEl0) expect(made.call("below")).toBe(bit);
    else expect(made.fault("below")).toMatchObject({ kind: "trapped-system", esr: 0x0200_0000 });
  });

  test("a call from the host within a call leaves them as they are", async () => {
    const text = "f: msr dit, #1\n hvc #0\n mrs x0, dit\n ret\ng: msr dit, #0\n ret\n";
    const firmware = (core: { call(name: string): bigint }): void => void core.call("g");
    const made = await guest(text, { jit, firmware });
    expect(made.call("f")).toBe(1n << 24n);
  });

  describe("AT", () => {
    const operations = ["s1e1r", "s1e1w", "s1e0r", "s1e0w", "s1e1rp", "s1e1wp"] as const;
    const text = operations.map((op) => `${op}: at ${op}, x0\n isb\n mrs x0, par_el1\n ret\n`).join("");
    /** Write-back memory, inner shareable; bit 11 is one. */
    const memory = (page: bigint): bigint => (0xffn << 56n) | (page & 0xffff_ffff_f000n) | (1n << 11n) | (3n << 7n);
    const translationFault = (1n << 11n) | (0b000111n << 1n) | 1n;
    const permissionFault = (1n << 11n) | (0b001111n << 1n) | 1n;

    test.each(operations)("%s", async (op) => {
      const made = await start(text);
      const writes = op[4] === "w";
      expect(made.call(op, DATA + 0x5678n)).toBe(memory(DATA + 0x5000n));
      expect(made.call(op, TEXT + 0x1234n)).toBe(writes ? permissionFault : memory(TEXT + 0x1000n));
      expect(made.call(op, 0)).toBe(translationFault);
      expect(made.call(op, TEXT - 1n)).toBe(translationFault);
    });

    test("an alias translates to the memory that it shows", async () => {
      const made = await start(text);
      expect(made.call("s1e1w", PATCH + 0x3000n)).toBe(made.call("s1e1r", TEXT + 0x3000n));
      expect(made.call("s1e1r", MODULES)).toBe(memory(MODULES));
      expect(made.call("s1e1r", MODULES)).not.toBe(made.call("s1e1r", TEXT));
    });

    test("is undefined at EL0", async () => {
      const made = await start(`${text}below: msr spsr_el1, xzr\n adr x1, s1e0r\n msr elr_el1, x1\n eret\n`);
      expect(made.fault("below")).toMatchObject({ kind: "trapped-system", esr: 0x0200_0000 });
    });
  });
});

test("GNU's other spellings", () => {
  const words = (text: string): string => Buffer.from(assemble(text).sections[0]?.bytes ?? []).toString("hex");
  expect(words("msr s3_0_c4_c2_3, x5\n mrs x6, s3_3_c4_c2_6\n sys #0, c7, c8, #1, x7\n")).toBe(
    words("msr pan, x5\n mrs x6, ssbs\n at s1e1w, x7\n"),
  );
});
