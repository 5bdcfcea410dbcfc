/** SCTLR_EL1.SA and SA0 (Arm ARM D1.3, "SP alignment checking"): off after reset, and then in every engine. */
import { assemble, sequential, WeakMachine } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { DATA, engines, type Guest, guest, TEXT, vectorTable } from "./guest.js";

/** Every way to name SP as a base. */
const accesses = [
  "ldr x1, [sp]",
  "str x1, [sp, #8]",
  "ldrsb w1, [sp, x2]",
  "strh w1, [sp, w2, uxtw]",
  "ldur x1, [sp, #8]",
  "ldtr w1, [sp, #8]",
  "str x1, [sp, #8]!",
  "ldr x1, [sp], #8",
  "stp x1, x2, [sp, #8]!",
  "ldp w1, w2, [sp], #8",
  "ldpsw x1, x2, [sp, #16]",
  "ldnp x1, x2, [sp]",
  "ldar w1, [sp]",
  "stlr x1, [sp]",
  "ldlar x1, [sp]",
  "ldapr x1, [sp]",
  "ldapur x1, [sp, #8]",
  "stlur x1, [sp, #8]",
  "ldxr x1, [sp]",
  "stxr w3, x1, [sp]",
  "ldaxp x1, x2, [sp]",
  "stlxp w3, x1, x2, [sp]",
  "cas x1, x2, [sp]",
  "caspal x2, x3, x4, x5, [sp]",
  "ldaddal x1, x2, [sp]",
  "swp w1, w2, [sp]",
] as const;

const others = ["ldr x1, [x9]", "prfm pldl1keep, [sp]", "prfum pldl1keep, [sp, #1]", "add x1, sp, #8", "ldr x1, 1f"];

/** With X9 as SP. */
const around = (name: string, instruction: string): string => `
${name}: mov x10, sp
        mov x2, #0
        mov sp, x9
${name}_at: ${instruction}
        mov sp, x10
        ret
`;

const program = `
enable: mrs x9, sctlr_el1
        orr x9, x9, x0
        msr sctlr_el1, x9
        isb
        mrs x0, sctlr_el1
        ret
write:  msr sctlr_el1, x0
        mrs x0, sctlr_el1
        ret
${accesses.map((instruction, i) => around(`access${i}`, instruction)).join("")}
${others.map((instruction, i) => around(`other${i}`, instruction)).join("")}
        .balign 8
1:      .quad 7
// Pushes and pops X0 times, by frames of X1 bytes.
stack:  mov x10, sp
2:      sub sp, sp, x1
        stp x2, x3, [sp]
        str x0, [sp, #16]
        sub sp, sp, #32
        str x2, [sp, #24]
        add sp, sp, #32
        ldr x4, [sp, #16]
        ldp x2, x3, [sp]
        add sp, sp, x1
        subs x0, x0, #1
        b.ne 2b
        mov sp, x10
        ret
to_el0: msr elr_el1, x0
        msr spsr_el1, xzr
        msr sp_el0, x1
        eret
below:  str x2, [sp]
        svc #0
${vectorTable("mrs x0, esr_el1\n mov sp, x12\n ret x11")}
// Enters EL0 at X0 with X1 as its stack pointer; gives the syndrome of what comes back.
enter:  mov x11, x30
        mov x12, sp
        b to_el0
`;

const SA = 8;
const SA0 = 16;
/** SCTLR_EL1 without them. */
const OTHERS = 0x18_34d5_d984n;
const ESR = 0x9a00_0000;

describe.each(engines)("$engine", ({ jit }) => {
  const made = (): Promise<Guest> => guest(program, { jit });

  /** X9 is what the accesses take as SP. */
  function at(guest: Guest, name: string, sp: bigint): bigint {
    guest.machine.core.setX(9, sp);
    return guest.call(name);
  }

  test("of SCTLR_EL1 these two bits can be written; nothing is checked before", async () => {
    const guest = await made();
    expect(at(guest, "access0", DATA + 8n)).toBeDefined();
    expect(guest.call("write", 0)).toBe(OTHERS);
    expect(guest.call("write", -1)).toBe(OTHERS | BigInt(SA | SA0));
    expect(guest.call("write", SA0)).toBe(OTHERS | BigInt(SA0));
    // At EL1 that does not count.
    expect(at(guest, "access1", DATA + 8n)).toBeDefined();
    guest.machine.dispose();
  });

  test("every access is checked, before anything of it is done", async () => {
    const guest = await made();
    guest.call("enable", SA);
    const { core } = guest.machine;
    const { sp } = core;
    const done = (): number => guest.machine.stats().dataReads + guest.machine.stats().dataWrites;
    for (const [i, instruction] of accesses.entries()) {
      core.sp = sp;
      expect(at(guest, `access${i}`, DATA)).toBeDefined();
      core.setX(9, DATA + 8n);
      const before = done();
      const pc = guest.address(`access${i}_at`);
      expect(guest.fault(`access${i}`), instruction).toMatchObject({
        kind: "sp-alignment",
        pc,
        sp: DATA + 8n,
        esr: ESR,
      });
      expect([instruction, core.sp, done()]).toEqual([instruction, DATA + 8n, before]);
    }
    guest.machine.dispose();
  });

  test("the fault's text says what to do", async () => {
    const guest = await made();
    guest.call("enable", SA);
    guest.machine.core.setX(9, DATA + 24n);
    expect(() => guest.call("access0")).toThrow(
      /SP = 0xffff800020000018, which is not a multiple of 16, at access0_at .*ldr x1, \[sp\]; move SP by multiples of 16/,
    );
    guest.machine.dispose();
  });

  test("what has another base, or is no access, is not concerned", async () => {
    const guest = await made();
    guest.call("enable", SA);
    for (let i = 0; i < others.length; i++) expect(at(guest, `other${i}`, DATA + 8n)).toBeDefined();
    guest.machine.dispose();
  });

  test("code that was hot before is checked after, and compiled again", async () => {
    const guest = await made();
    expect(guest.call("stack", 1000, 24)).toBe(0n);
    guest.call("enable", SA);
    expect(guest.call("stack", 1000, 48)).toBe(0n);
    const exits = (): number => guest.machine.stats().regions.exits["memory"] ?? 0;
    const before = exits();
    expect(guest.call("stack", 1000, 48)).toBe(0n);
    expect(exits()).toBe(before);
    const { sp } = guest.machine.core;
    expect(guest.fault("stack", 1000, 24)).toMatchObject({ pc: guest.address("stack") + 8n, sp: sp - 24n });
    expect(guest.call("write", 0)).toBe(OTHERS);
    guest.machine.core.sp = sp;
    expect(guest.call("stack", 1000, 24)).toBe(0n);
    guest.machine.dispose();
  });

  test("EL0 has a bit of its own, and the guest's vectors take the exception", async () => {
    const guest = await made();
    guest.call("setup");
    const syndrome = (sp: bigint): bigint => guest.call("enter", guest.address("below"), sp);
    const [svc, misaligned] = [0x5600_0000n, BigInt(ESR)];
    guest.call("enable", SA);
    expect(syndrome(DATA + 8n)).toBe(svc);
    guest.call("enable", SA0);
    expect(syndrome(DATA + 8n)).toBe(misaligned);
    expect(guest.machine.core.x(10)).toBe(0x400n);
    expect(syndrome(DATA + 16n)).toBe(svc);
    guest.machine.dispose();
  });
});

test("the weak machine checks too", () => {
  const machine = WeakMachine.create({ cores: 1 });
  machine.load(assemble("f: msr sctlr_el1, x0\n mov sp, x1\n str x0, [sp]\n ret\n", { base: TEXT }));
  const run = (control: number, sp: bigint): string | undefined => {
    machine.cores[0]?.start(TEXT, control, sp);
    machine.run(sequential);
    return machine.cores[0]?.end;
  };
  expect([run(0, DATA + 8n), run(SA, DATA + 16n), run(SA, DATA + 8n)]).toEqual(["returned", "returned", "fault"]);
});
