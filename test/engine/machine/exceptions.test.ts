/** Exceptions taken by the guest's own vectors, returns from them, EL0, and the system registers around them. */
import { describe, expect, test } from "vitest";
import { DATA, engines, type Guest, guest, noteRegisters, TEXT, vectorTable } from "./guest.js";

/** Sixteen vectors; each notes its offset and what the registers of the exception hold, and returns behind the instruction. */
const vectors = vectorTable(
  `ldr	x9, =${DATA}
	str	x10, [x9]
${noteRegisters(["elr_el1", "spsr_el1", "esr_el1", "far_el1", "daif", "currentel", "spsel"], 8)}
	ldr	x10, [x9, #64]
	cbz	x10, 1f
	msr	elr_el1, x10
1:	ldp	x9, x10, [sp], #16`,
  "stp	x9, x10, [sp, #-16]!",
);

interface Noted {
  readonly vector: number;
  readonly elr: bigint;
  readonly spsr: number;
  readonly esr: number;
  readonly far: bigint;
  readonly daif: number;
  readonly el: number;
  readonly spsel: number;
}

function noted({ machine }: Guest): Noted {
  const [vector, elr, spsr, esr, far, daif, el, spsel] = Array.from({ length: 8 }, (_, i) =>
    machine.readU64(DATA + BigInt(8 * i)),
  );
  return {
    vector: Number(vector),
    elr: elr ?? 0n,
    spsr: Number(spsr),
    esr: Number(esr),
    far: far ?? 0n,
    daif: Number(daif),
    el: Number(el),
    spsel: Number(spsel),
  };
}

/** Where the handler returns to; 0: where the exception says. */
const returnTo = ({ machine }: Guest, address: bigint): void => machine.writeU64(DATA + 64n, address);

const N_Z = 0xc000_0000;
const EL1H_MASKED = 0x3c5;

describe.each(engines)("$engine", ({ jit }) => {
  const start = async (text: string): Promise<Guest> => {
    const made = await guest(`${text}\n${vectors}`, { jit });
    made.machine.core.call("setup");
    expect(made.machine.core.vbar).toBe(made.address("vectors"));
    return made;
  };

  test("SVC at EL1 and back", async () => {
    const made = await start("f: bti c\n mov x0, #1\n svc #0x42\nafter: add x0, x0, #1\n ret\n");
    for (let i = 0; i < 3; i++) expect(made.call("f")).toBe(2n);
    expect(noted(made)).toEqual({
      vector: 0x200,
      elr: made.address("after"),
      spsr: EL1H_MASKED,
      esr: 0x56000042,
      far: 0n,
      daif: 0x3c0,
      el: 4,
      spsel: 1,
    });
    expect(made.machine.stats().exceptions).toBe(3);
  });

  test("flags and masks are saved and come back", async () => {
    const made = await start(`
f:	bti	c
	mov	x1, #0xc0000000
	msr	nzcv, x1
	msr	daifclr, #0xf
	msr	daifset, #0x2
	brk	#7
	ret
g:	bti	c
	mrs	x0, nzcv
	mrs	x1, daif
	orr	x0, x0, x1
	ret
`);
    returnTo(made, made.address("g") + 4n);
    expect(made.call("f")).toBe(BigInt(N_Z + 0x80));
    expect(noted(made)).toMatchObject({
      vector: 0x200,
      elr: made.address("f") + 20n,
      spsr: (N_Z | 0x80 | 5) >>> 0,
      esr: 0xf2000007,
      daif: 0x3c0,
    });
  });

  test.each([
    ["undefined", ".inst 0x00c0ffee", 0x02000000, undefined],
    ["UDF", "udf #9", 0x02000000, undefined],
    ["HLT", "hlt #9", 0x02000000, undefined],
    ["load", "ldr x1, [x0]", 0x96000007, 0x1000n],
    ["store", "str x1, [x0]", 0x96000047, 0x1000n],
    ["unaligned", "add x0, x0, #1\n ldar x1, [x0]", 0x96000021, 0x1001n],
    ["cache maintenance", "dc civac, x0", 0x96000147, 0x1000n],
  ])("%s", async (_, instruction, esr, far) => {
    const made = await start(`f: bti c\n ${instruction}\n nop\n ret\nback: mov x0, #5\n ret\n`);
    returnTo(made, made.address("back"));
    expect(made.call("f", 0x1000)).toBe(5n);
    expect(noted(made)).toMatchObject({
      vector: 0x200,
      esr,
      elr: made.address("f") + (instruction.includes("\n") ? 8n : 4n),
      ...(far === undefined ? {} : { far }),
    });
  });

  test("fetch aborts and unaligned branches", async () => {
    const made = await start(
      "f: bti c\n mov x17, x0\n mov x18, x30\n blr x17\nback: bti jc\n mov x0, #5\n mov x30, x18\n ret\n",
    );
    returnTo(made, made.address("back"));
    for (const [target, esr, btype] of [
      [0n, 0x86000007, 2],
      [DATA, 0x8600000f, 2],
      [TEXT + 2n, 0x8a000000, 2],
    ] as const) {
      expect(made.call("f", target)).toBe(5n);
      expect(noted(made)).toMatchObject({
        vector: 0x200,
        elr: target,
        far: target,
        esr,
        spsr: EL1H_MASKED | (btype << 10),
      });
    }
  });

  test("a branch target exception keeps BTYPE in SPSR", async () => {
    const made = await start("f: bti c\n adr x1, back\n br x1\nback: mov x0, #5\n ret\n");
    // The handler returns to the same instruction with BTYPE still in SPSR: it would never end.
    expect(() => made.machine.core.run({ pc: "f", maxInstructions: 1000 })).not.toThrow();
    expect(noted(made)).toMatchObject({
      vector: 0x200,
      esr: 0x36000003,
      spsr: EL1H_MASKED | (3 << 10),
      elr: made.address("back"),
    });
  });

  test("EL0 and back by SVC", async () => {
    const made = await start(`
	.set	user_stack, ${DATA + 0x8000n}
f:	bti	c
	mov	x19, x30
	ldr	x1, =user_stack
	msr	sp_el0, x1
	adr	x1, user
	msr	elr_el1, x1
	mov	x1, #0
	msr	spsr_el1, x1
	eret
user:	mov	x0, sp
	mov	x2, #3
	str	x2, [sp, #-16]!
	svc	#1
again:	b	again
	.ltorg
`);
    const { core } = made.machine;
    const { sp } = core;
    core.limits.maxInstructions = 50;
    expect(() => core.call("f")).toThrow(expect.objectContaining({ code: "out-of-fuel", pc: made.address("again") }));
    expect(noted(made)).toMatchObject({
      vector: 0x400,
      elr: made.address("again"),
      spsr: 0,
      esr: 0x56000001,
      el: 4,
      spsel: 1,
      daif: 0x3c0,
    });
    expect(made.machine.readU64(DATA + 0x8000n - 16n)).toBe(3n);
    expect(core.sp).toBe(DATA + 0x8000n - 16n);
    expect(core.el).toBe(0);
    expect(core.pc).toBe(made.address("again"));
    // A call that does not return: the next one starts where it did.
    for (let i = 0; i < 3; i++) {
      expect(() => core.call("f")).toThrow(expect.objectContaining({ code: "out-of-fuel" }));
      expect(core.el).toBe(0);
    }
    core.call("setup");
    expect(core.el).toBe(1);
    expect(core.sp).toBe(sp);
  });

  test.each([
    ["mrs x0, vbar_el1", 0x02000000],
    ["mrs x0, currentel", 0x02000000],
    ["msr tpidr_el1, x0", 0x02000000],
    ["msr tpidrro_el0, x0", 0x02000000],
    ["ic iallu", 0x02000000],
    ["dc ivac, x0", 0x02000000],
    ["eret", 0x02000000],
    ["hvc #0", 0x02000000],
    ["smc #0", 0x02000000],
    ["msr spsel, #1", 0x02000000],
    // op0 3, op1 3, CRn 4, CRm 2, op2 1, Rt 5; MSR (immediate): op0 0, CRm is the immediate, op2 6 or 7, Rt 31.
    ["mrs x5, daif", 0x62000000 | (3 << 20) | (1 << 17) | (3 << 14) | (4 << 10) | (5 << 5) | (2 << 1) | 1],
    ["msr daif, x5", 0x62000000 | (3 << 20) | (1 << 17) | (3 << 14) | (4 << 10) | (5 << 5) | (2 << 1)],
    ["msr daifset, #3", 0x62000000 | (6 << 17) | (3 << 14) | (4 << 10) | (31 << 5) | (3 << 1)],
  ])("at EL0: %s is refused", async (instruction, esr) => {
    const made = await start(`
f:	bti	c
	adr	x1, user
	msr	elr_el1, x1
	msr	spsr_el1, xzr
	eret
user:	${instruction}
	ret
`);
    made.machine.core.vbar = undefined;
    const fault = made.fault("f");
    expect(["trapped-system", "undefined-instruction"]).toContain(fault.kind);
    expect(fault).toMatchObject({ pc: made.address("user"), esr });
    made.machine.core.vbar = made.address("vectors");
    made.machine.core.limits.maxInstructions = 30;
    expect(() => made.machine.core.call("f")).toThrow(expect.objectContaining({ code: "out-of-fuel" }));
    expect(noted(made)).toMatchObject({ vector: 0x400, esr, elr: made.address("user") });
  });

  test("at EL0: what is allowed", async () => {
    const made = await start(`
f:	bti	c
	adr	x1, user
	msr	elr_el1, x1
	msr	spsr_el1, xzr
	eret
user:	mrs	x0, ctr_el0
	mrs	x1, cntvct_el0
	mrs	x2, cntfrq_el0
	mrs	x3, dczid_el0
	msr	tpidr_el0, x2
	mrs	x4, tpidr_el0
	mrs	x5, tpidrro_el0
	mrs	x6, nzcv
	adr	x7, user
	dc	cvau, x7
	dsb	ish
	ic	ivau, x7
	dsb	ish
	isb
	ret
`);
    made.machine.core.vbar = undefined;
    expect(made.call("f")).toBe(0x8444c004n);
    expect(made.machine.core.x(2)).toBe(1_000_000_000n);
    expect(made.machine.core.x(3)).toBe(4n);
    expect(made.machine.core.x(4)).toBe(1_000_000_000n);
  });

  test("faults from EL0 have the codes of a lower level", async () => {
    const made = await start(`
f:	bti	c
	adr	x2, user
	msr	elr_el1, x2
	msr	spsr_el1, xzr
	eret
user:	cbz	x0, 1f
	br	x0
1:	ldr	x1, [x1]
`);
    made.machine.core.vbar = undefined;
    expect(made.fault("f", 0, 0)).toMatchObject({ kind: "data-abort", esr: 0x92000007 });
    expect(made.fault("f", 0x1000)).toMatchObject({ kind: "instruction-abort", esr: 0x82000007 });
  });

  test("SPSel chooses the stack and the vector", async () => {
    const made = await start(`
f:	bti	c
	mov	x3, sp
	msr	sp_el0, x0
	msr	spsel, #0
	mov	x1, sp
	svc	#0
	mrs	x2, spsel
	msr	spsel, #1
	mov	x4, sp
	sub	x4, x4, x3
	ret
`);
    made.call("f", DATA + 0x4000n);
    const { core } = made.machine;
    expect([core.x(1), core.x(2), core.x(4)]).toEqual([DATA + 0x4000n, 0n, 0n]);
    expect(noted(made)).toMatchObject({ vector: 0, spsr: 0x3c4, esr: 0x56000000, spsel: 1 });
  });

  test("SP_EL0 cannot be named while it is SP", async () => {
    const made = await start("f: bti c\n msr spsel, #0\n mrs x0, sp_el0\n ret\n");
    made.machine.core.vbar = undefined;
    expect(made.fault("f")).toMatchObject({ kind: "trapped-system", esr: 0x02000000 });
    expect(made.machine.core.call("setup")).toBeTypeOf("bigint");
  });

  test.each([0x1, 0x6, 0x8, 0x9, 0xd, 0x10, 0x15])("ERET to mode 0x%s is illegal", async (mode) => {
    const made = await start(`
f:	bti	c
	adr	x1, there
	msr	elr_el1, x1
	mov	x2, #0x80000000
	orr	x0, x0, x2
	msr	spsr_el1, x0
	eret
there:	mov	x0, #99
	ret
`);
    made.machine.core.vbar = undefined;
    expect(made.fault("f", mode)).toMatchObject({ kind: "illegal-state", pc: made.address("there"), esr: 0x3a000000 });
    expect(made.machine.core.el).toBe(1);
    made.machine.core.vbar = made.address("vectors");
    made.machine.core.run({ pc: "f", maxInstructions: 14 });
    made.machine.core.setX(0, mode);
    made.machine.core.run({ pc: "f", maxInstructions: 40 });
    // SPSR_EL1.IL, N from the SPSR that was refused, DAIF as there.
    expect(noted(made)).toMatchObject({
      vector: 0x200,
      esr: 0x3a000000,
      elr: made.address("there"),
      spsr: (0x80000000 | (1 << 20) | 5) >>> 0,
    });
  });

  test("HVC and SMC are the host's even with vectors", async () => {
    const made = await start("f: bti c\n hvc #4\n mov x0, #1\n smc #5\n ret\n");
    expect(made.fault("f")).toMatchObject({ kind: "hvc", immediate: 4 });
    expect(() => made.machine.core.run()).toThrow(expect.objectContaining({ code: "smc" }));
    expect(made.machine.core.run()).toMatchObject({ reason: "returned" });
  });

  test("vectors that are not there end with the fuel, not never", async () => {
    const made = await start("f: bti c\n svc #0\n ret\n");
    made.machine.core.vbar = 0x1000n;
    expect(made.machine.core.run({ pc: "f", maxInstructions: 1000 })).toEqual({ reason: "fuel", instructions: 1000 });
  });

  test("an ERET clears the exclusive monitor and registers an event", async () => {
    const made = await start(`
f:	bti	c
	ldxr	x1, [x0]
	svc	#0
	stxr	w2, x1, [x0]
	ldxr	x1, [x0]
	stxr	w3, x1, [x0]
	wfe
	mov	x0, x2
	ret
`);
    made.machine.core.limits.maxInstructions = 1000;
    expect(made.call("f", DATA + 128n)).toBe(1n);
    expect(made.machine.core.x(3)).toBe(0n);
  });
});

describe("system registers", () => {
  test.each([
    [{}, 0x8444c004n],
    [{ idc: true }, 0x9444c004n],
    [{ dic: true, idc: true }, 0xb444c004n],
    [{ dic: true }, 0xa444c004n],
  ])("CTR_EL0 of %o", async (ctr, value) => {
    const made = await guest("f: bti c\n mrs x0, ctr_el0\n ret\n", { jit: false, ctr });
    expect(made.call("f")).toBe(value);
  });

  test("the counter is the host's", async () => {
    let now = 1000;
    const made = await guest("f: bti c\n mrs x0, cntvct_el0\n mrs x1, cntfrq_el0\n ret\n", {
      jit: false,
      counter: () => now,
    });
    expect(made.call("f")).toBe(1000n);
    now = 2 ** 52;
    expect(made.call("f")).toBe(2n ** 52n);
    expect(made.machine.core.x(1)).toBe(1_000_000_000n);
  });

  test("the default counter runs at its frequency", async () => {
    const made = await guest("f: bti c\n mrs x0, cntvct_el0\n ret\n", { jit: false });
    const first = made.call("f");
    const before = performance.now();
    while (performance.now() - before < 20) {
      /* wait */
    }
    const ticks = Number(made.call("f") - first);
    const elapsed = performance.now() - before;
    expect(ticks).toBeGreaterThanOrEqual(20e6);
    // Both clocks were read inside of each other, whatever the machine does in between.
    expect(ticks).toBeLessThanOrEqual((elapsed + 1000) * 1e6);
  });

  test("registers that can be written hold what was written", async () => {
    const names = ["tpidr_el0", "tpidrro_el0", "tpidr_el1", "elr_el1", "spsr_el1", "esr_el1", "far_el1"];
    for (const name of names) {
      const made = await guest(`f: bti c\n msr ${name}, x0\n mrs x0, ${name}\n ret\n`, { jit: false });
      expect(made.call("f", 0x0123456789abcdefn), name).toBe(0x0123456789abcdefn);
    }
    const made = await guest(
      "f: bti c\n msr vbar_el1, x0\n mrs x0, vbar_el1\n mrs x1, mpidr_el1\n mrs x2, midr_el1\n ret\n",
      { jit: false },
    );
    expect(made.call("f", 0xffff_8000_1000_0fffn)).toBe(0xffff_8000_1000_0800n);
    expect(made.machine.core.x(1)).toBe(0x80000000n);
    expect(made.machine.core.x(2)).toBe(0x000fc0d0n);
  });
});
