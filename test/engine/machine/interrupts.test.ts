/** Interrupts from the host and the timers, waiting for them, and calls of the firmware. */
import { GuestFault, type MachineOptions } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { DATA, engines, type Guest, guest, noteRegisters, vectorTable } from "./guest.js";

/** Each vector logs its offset; the common handler notes ELR, SPSR and ISR, counts, and stops the timers as a driver does. */
const vectors = `${vectorTable(`
	ldr	x9, =${DATA}
	ldr	x11, [x9]
	add	x12, x9, x11, lsl #3
	str	x10, [x12, #64]
	add	x11, x11, #1
	str	x11, [x9]
${noteRegisters(["elr_el1", "spsr_el1", "isr_el1"], 8)}
	msr	cntv_ctl_el0, xzr
	msr	cntp_ctl_el0, xzr`)}
unmask:	bti	c
	msr	daifclr, #3
	b	1f
1:	ret
status:	bti	c
	mrs	x0, isr_el1
	ret
`;

const count = ({ machine }: Guest): number => Number(machine.readU64(DATA));
const taken = (made: Guest): number[] =>
  Array.from({ length: count(made) }, (_, i) => Number(made.machine.readU64(DATA + 64n + BigInt(8 * i))));
const elr = ({ machine }: Guest): bigint => machine.readU64(DATA + 8n);
const spsr = ({ machine }: Guest): number => Number(machine.readU64(DATA + 16n));

describe.each(engines)("$engine", ({ jit }) => {
  const start = async (text: string, options: MachineOptions = {}): Promise<Guest> => {
    const made = await guest(text + vectors, { jit, ...options });
    made.call("setup");
    return made;
  };

  test("an interrupt waits while it is masked, and is taken once when it is not", async () => {
    const made = await start("");
    made.machine.core.interrupt("irq");
    expect(made.call("status")).toBe(0x80n);
    expect(taken(made)).toEqual([]);
    made.call("unmask");
    expect(taken(made)).toEqual([0x280]);
    expect(made.call("status")).toBe(0n);
    made.call("status");
    expect(taken(made)).toEqual([0x280]);
  });

  test("it is taken before the next instruction of a core that is not running; the vector's registers say where", async () => {
    const made = await start("");
    made.call("unmask");
    made.machine.core.nzcv = 0b1010;
    made.machine.core.interrupt("irq");
    made.call("status");
    expect(elr(made)).toBe(made.address("status"));
    // EL1h, D and A masked, flags as they were.
    expect(spsr(made)).toBe(0xa000_0305);
    expect(made.machine.core.daif).toBe(0b1100);
  });

  test("a FIQ is taken before an IRQ, and each has its own mask", async () => {
    const made = await start(`
fiqs:	bti	c
	msr	daifset, #2
	msr	daifclr, #1
	b	1f
1:	ret
`);
    made.machine.core.interrupt("irq");
    made.machine.core.interrupt("fiq");
    expect(made.call("status")).toBe(0xc0n);
    made.call("fiqs");
    expect(taken(made)).toEqual([0x300]);
    made.machine.core.interrupt("fiq");
    made.call("unmask");
    expect(taken(made)).toEqual([0x300, 0x300, 0x280]);
  });

  test("MSR DAIF and ERET unmask as well; with SP_EL0 and from EL0 the other vectors are used", async () => {
    const made = await start(`
direct:	bti	c
	msr	spsel, #0
	msr	daif, xzr
	b	1f
1:	msr	daifset, #3
	msr	spsel, #1
	ret
user:	bti	c
	adr	x1, below
	msr	elr_el1, x1
	msr	spsr_el1, xzr
	eret
below:	b	1f
1:	ret
`);
    made.machine.core.interrupt("irq");
    made.call("direct");
    expect(taken(made)).toEqual([0x80]);
    made.machine.core.interrupt("fiq");
    made.call("user");
    expect(taken(made)).toEqual([0x80, 0x500]);
    expect(spsr(made)).toBe(0);
    expect([made.address("below"), made.address("below") + 4n]).toContain(elr(made));
  });

  test("without vectors in the guest an interrupt goes on waiting", async () => {
    const made = await guest(vectors, { jit });
    made.machine.core.interrupt("irq");
    made.call("unmask");
    expect(made.call("status")).toBe(0x80n);
    made.call("setup");
    expect(made.call("status")).toBe(0n);
    expect(taken(made)).toEqual([0x280]);
  });

  test("WFI does not wait when an interrupt is pending, masked or not; WFE only if it can be taken", async () => {
    const made = await start(`
wfi:	wfi
	svc	#1
wfe:	wfe
	svc	#2
`);
    const { core } = made.machine;
    expect(core.run({ pc: "wfi" }).reason).toBe("waiting");
    core.interrupt("irq");
    core.vbar = undefined;
    expect(() => core.run({ pc: "wfi" })).toThrow(GuestFault);
    expect(core.run({ pc: "wfe" }).reason).toBe("waiting");
  });

  test("a timer that is due interrupts a loop that waits for it", async () => {
    let ticks = 0;
    const made = await start(
      `
wait:	bti	c
	msr	cntv_tval_el0, x0
	mov	x1, #1
	msr	cntv_ctl_el0, x1
	msr	daifclr, #2
	ldr	x2, =${DATA}
1:	ldr	x0, [x2]
	cbz	x0, 1b
	ret
	.ltorg
`,
      { counter: () => (ticks += 100) },
    );
    // The clock goes on by a look at it, of which there is one each slice of up to 2^23 instructions.
    made.machine.core.limits.maxInstructions = 200_000_000;
    expect(made.call("wait", 1000)).toBe(1n);
    expect(taken(made)).toEqual([0x280]);
    // Not masked by what it raises itself, and quiet after the handler has turned it off.
    expect(made.call("status")).toBe(0n);
  });

  test.each(["p", "v"])(
    "CNT%s: TVAL counts down, CTL says when the time has come, IMASK holds the interrupt back",
    async (name) => {
      let ticks = 1000;
      const made = await start(
        `
set:	bti	c
	msr	cnt${name}_tval_el0, x0
	msr	cnt${name}_ctl_el0, x1
	ret
get:	bti	c
	mrs	x1, cnt${name}_cval_el0
	mrs	x2, cnt${name}_tval_el0
	mrs	x3, cnt${name}ct_el0
	mrs	x0, cnt${name}_ctl_el0
	ret
compare: bti	c
	msr	cnt${name}_cval_el0, x0
	ret
`,
        { counter: () => ticks },
      );
      const registers = (): bigint[] => [made.call("get"), ...[1, 2, 3].map((n) => made.machine.core.x(n))];
      made.call("set", 50, 0xff);
      expect(registers()).toEqual([3n, 1050n, 50n, 1000n]);
      ticks = 1060;
      expect(registers()).toEqual([7n, 1050n, 0xffff_fff6n, 1060n]);
      expect(made.call("status")).toBe(0n);
      made.call("set", -10, 1);
      expect(made.call("status")).toBe(0x80n);
      expect(registers()).toEqual([5n, 1050n, 0xffff_fff6n, 1060n]);
      made.call("compare", 2000);
      expect(made.call("status")).toBe(0n);
      made.call("set", 0, 0);
      expect(registers()[0]).toBe(0n);
    },
  );

  test("CNTKCTL_EL1 says what EL0 may reach of the timers", async () => {
    const made = await start(`
f:	bti	c
	msr	cntkctl_el1, x0
	adr	x1, user
	msr	elr_el1, x1
	msr	spsr_el1, xzr
	eret
user:	mrs	x2, cntvct_el0
	mrs	x3, cntfrq_el0
	mrs	x4, cntv_ctl_el0
	mrs	x5, cntp_cval_el0
	ret
g:	bti	c
	mrs	x0, cntkctl_el1
	ret
`);
    made.machine.core.vbar = undefined;
    expect(made.call("g")).toBe(3n);
    const refused = (rights: number): unknown => {
      const fault = made.fault("f", rights);
      // The core is left at EL0.
      expect(made.machine.core.el).toBe(0);
      return { kind: fault.kind, at: Number(fault.pc - made.address("user")) / 4, ec: fault.esr >>> 26 };
    };
    expect(refused(0)).toEqual({ kind: "trapped-system", at: 0, ec: 0x18 });
    expect(refused(1)).toEqual({ kind: "trapped-system", at: 0, ec: 0x18 });
    expect(refused(3)).toEqual({ kind: "trapped-system", at: 2, ec: 0x18 });
    expect(refused(0x102)).toEqual({ kind: "trapped-system", at: 3, ec: 0x18 });
    made.call("f", 0x302);
  });

  test("HVC and SMC are the host's to answer; what it throws is thrown by the call", async () => {
    const calls: string[] = [];
    const made = await guest(
      `
f:	bti	c
	stp	x29, x30, [sp, #-16]!
	hvc	#7
	add	x0, x0, #1
	smc	#0xffff
	ldp	x29, x30, [sp], #16
	ret
g:	bti	c
	mov	x0, #40
	ret
bad:	bti	c
	hvc	#1
	ret
`,
      {
        jit,
        firmware: (core, { kind, immediate }) => {
          calls.push(`${kind} ${immediate} ${core.x(0)}`);
          if (immediate === 1) throw new RangeError("not this one");
          core.setX(0, kind === "hvc" ? core.call("g") : core.x(0) * 2n);
        },
      },
    );
    expect(made.call("f", 5)).toBe(82n);
    expect(calls).toEqual(["hvc 7 5", "smc 65535 41"]);
    expect(() => made.call("bad")).toThrow(RangeError);
    expect(made.call("f", 6)).toBe(82n);
  });

  test("the firmware may interrupt the core: the interrupt is taken behind the call", async () => {
    const made = await start(
      `
f:	bti	c
	msr	daifclr, #3
	hvc	#0
behind:	ret
`,
      { firmware: (core) => core.interrupt("fiq") },
    );
    made.call("f");
    expect(taken(made)).toEqual([0x300]);
    expect(elr(made)).toBe(made.address("behind"));
  });
});

test("what a compiled loop calls may unmask an interrupt: it is taken there, though the loop goes on and masks it again", async () => {
  const made = await guest(
    `
f:	bti	c
	stp	x29, x30, [sp, #-16]!
	mov	x20, #20000
	adr	x21, close
	adr	x22, open
again:	cmp	x20, #100
	csel	x23, x22, x21, eq
	blr	x23
behind:	bl	close
	subs	x20, x20, #1
	b.ne	again
	ldp	x29, x30, [sp], #16
	ret
open:	bti	c
	msr	daifclr, #2
	ret
close:	bti	c
	msr	daifset, #2
	ret
${vectors}`,
    { jit: { threshold: 40, background: false, maxInlined: 0 } },
  );
  made.call("setup");
  made.machine.core.interrupt("irq");
  made.call("f");
  expect(made.machine.stats().regions.instructions).toBeGreaterThan(100_000);
  expect(taken(made)).toEqual([0x280]);
  expect([made.address("open") + 8n, made.address("behind")]).toContain(elr(made));
});
