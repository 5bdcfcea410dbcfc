/** Software-generated interrupts, and what kernels do with them: have every core synchronise its context. */
import { assemble, Machine } from "cmodx/engine";
import { afterEach, expect, test } from "vitest";
import { DATA, PATCH, TEXT } from "./guest.js";

const made: Machine[] = [];

afterEach(async () => {
  await Promise.all(made.splice(0).map((machine) => machine.dispose()));
});

async function machineWith(text: string, cores: number): Promise<Machine> {
  // Late: nothing but a core's own context synchronisation lets it see new instructions.
  const machine = await Machine.create({ cores, instructionCache: "late" });
  made.push(machine);
  machine.load(assemble(text, { base: TEXT, symbols: { counter: DATA, kicked: DATA + 64n } }));
  return machine;
}

/** Vectors at 2 KiB: an IRQ acknowledges, counts, ends, and returns. */
const KERNEL = `
.macro interrupts_on
    adr  x16, vectors
    msr  vbar_el1, x16
    mov  x16, #0xf0
    msr  icc_pmr_el1, x16
    mov  x16, #1
    msr  icc_igrpen1_el1, x16
    msr  daifclr, #2
.endm
.align 11
vectors:
.space 0x280
    stp  x16, x17, [sp, #-16]!
    mrs  x16, icc_iar1_el1
    ldr  x17, =counter
    stp  x18, x19, [sp, #-16]!
    mov  x18, #1
    lsl  x19, x18, x16
    ldaddal x18, x19, [x17]
    msr  icc_eoir1_el1, x16
    ldp  x18, x19, [sp], #16
    ldp  x16, x17, [sp], #16
    eret
.align 11
f:  bti  c
word: mov x0, #1
    ret
caller: // until f gives x0
    stp  x29, x30, [sp, #-16]!
    interrupts_on
    mov  x9, x0
1:  bl   f
    cmp  x0, x9
    b.ne 1b
    ldp  x29, x30, [sp], #16
    ret
patch_and_kick: // x0 where to write, x1 what, x2 where it is executed, x3 the others; waits until they all have been interrupted
    str  w1, [x0]
    dc   cvau, x2
    dsb  ish
    ic   ivau, x2
    dsb  ish
    isb
    mov  x4, #1
    lsl  x4, x4, #40
    msr  icc_sgi1r_el1, x4
    isb
    ldr  x5, =counter
1:  ldar x6, [x5]
    cmp  x6, x3
    b.lo 1b
    ret
sleeper: // until it has been interrupted
    interrupts_on
    ldr  x5, =counter
1:  wfi
    ldar x0, [x5]
    cbz  x0, 1b
    ret
send: // x0 to ICC_SGI1R_EL1
    msr  icc_sgi1r_el1, x0
    ret
acknowledged: // INTIDs as they are acknowledged, a byte each
    mov  x1, #0xf0
    msr  icc_pmr_el1, x1
    mov  x1, #1
    msr  icc_igrpen1_el1, x1
    mov  x0, #0
1:  mrs  x2, icc_iar1_el1
    cmp  x2, #1023
    b.eq 2f
    orr  x0, x2, x0, lsl #8
    mrs  x3, icc_rpr_el1
    cmp  x3, #0xa0
    b.ne 3f
    mrs  x3, icc_iar1_el1
    cmp  x3, #1023
    b.ne 3f
    msr  icc_eoir1_el1, x2
    b    1b
2:  mrs  x3, icc_rpr_el1
    cmp  x3, #0xff
    b.ne 3f
    ret
3:  mov  x0, #-1
    ret
.ltorg
`;

const MOV_2 = 0xd2800040;

test("after kick_all_cpus_sync every core has synchronised its context, whatever it was doing", async () => {
  const machine = await machineWith(KERNEL, 4);
  const others = machine.cores.slice(1).map((core) => core.callAsync("caller", 2));
  const word = machine.symbols.get("word") as bigint;
  await new Promise((resolve) => setTimeout(resolve, 20));
  await machine.core.callAsync("patch_and_kick", PATCH + (word - TEXT), MOV_2, word, others.length);
  await Promise.all(others);
  expect(machine.readU64(DATA)).toBe(3n);
});

test("an SGI ends a WFI in another core", async () => {
  const machine = await machineWith(KERNEL, 2);
  const sleeper = machine.cores[1]?.callAsync("sleeper");
  await new Promise((resolve) => setTimeout(resolve, 5));
  await machine.core.callAsync("send", 1n << 1n);
  expect(await sleeper).toBe(1n);
});

test("targets, INTIDs and priorities of ICC_SGI1R_EL1", async () => {
  const machine = await machineWith(KERNEL, 3);
  const [a, b, c] = machine.cores as [Machine["core"], Machine["core"], Machine["core"]];
  // INTID 5 to cores 0 and 2, 3 to core 2, 9 to nobody here (Aff1 = 1), 7 to all but the sender.
  for (const value of [0x500_0005n, 0x300_0004n, 0x901_0007n, (1n << 40n) | 0x700_0000n]) b.call("send", value);
  expect([a, b, c].map((core) => core.call("acknowledged"))).toEqual([0x0507n, 0n, 0x03_0507n]);
  expect([a, b, c].map((core) => core.call("acknowledged"))).toEqual([0n, 0n, 0n]);
});
