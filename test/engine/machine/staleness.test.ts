/** A patched instruction stays as it was until the maintenance that the architecture asks for, and is new after it. */
import type { CacheType } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { engines, type Guest, guest, PATCH, TEXT } from "./guest.js";

/** The whole sequence: x0 the address to write, x1 where it executes, w2 the instruction. */
const steps = {
  store: "str w2, [x0]",
  dc: "dc cvau, x0",
  dsb1: "dsb ish",
  ic: "ic ivau, x1",
  dsb2: "dsb ish",
  isb: "isb",
} as const;
type Step = keyof typeof steps;
const allSteps = Object.keys(steps) as Step[];

const MOV_1 = 0xd2800020;
const MOV_2 = 0xd2800040;

const procedure = (name: string, body: readonly string[]): string =>
  `\t.balign 64\n${name}: bti c\n${body.map((line) => `\t${line}\n`).join("")}\tret\n`;

const program = (procedures: string): string => `
target:	bti	c
patched: mov	x0, #1
	ret
	.balign 64
caller:	bti	c
	stp	x29, x30, [sp, #-32]!
	str	x19, [sp, #16]
	mov	x19, #0
	mov	x20, #60
1:	bl	target
	add	x19, x19, x0
	subs	x20, x20, #1
	b.ne	1b
	mov	x0, x19
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
${procedures}${procedure("complete", Object.values(steps))}`;

const needed: readonly { readonly name: string; readonly ctr: CacheType; readonly steps: readonly Step[] }[] = [
  { name: "DIC=0 IDC=0", ctr: {}, steps: ["store", "dc", "dsb1", "ic", "dsb2", "isb"] },
  // With IDC the store is at the point of unification when it is done; only the second DSB completes the IC.
  { name: "DIC=0 IDC=1", ctr: { idc: true }, steps: ["store", "ic", "dsb2", "isb"] },
  { name: "DIC=1 IDC=1", ctr: { dic: true, idc: true }, steps: ["store"] },
];

async function patchable(
  body: readonly string[],
  jit: (typeof engines)[number]["jit"],
  ctr: CacheType,
): Promise<Guest> {
  const made = await guest(program(procedure("patch", body)), { jit, ctr });
  expect(made.call("caller")).toBe(60n);
  expect(made.call("target")).toBe(1n);
  if (jit !== false) expect(made.machine.stats().regions.entries).toBeGreaterThan(0);
  return made;
}

function patch(made: Guest, name: string, word: number): void {
  const address = made.address("patched");
  made.machine.core.call(name, address - TEXT + PATCH, address, word);
}

function expectResult(made: Guest, result: number): void {
  expect(made.call("target")).toBe(BigInt(result));
  expect(made.call("caller")).toBe(BigInt(60 * result));
  made.machine.internals.regions?.assertConsistent();
}

describe.each(engines)("$engine", ({ jit }) => {
  describe.each(needed)("$name", ({ ctr, steps: necessary }) => {
    test("the whole sequence makes the new instruction visible, and the old one again", async () => {
      const made = await patchable(Object.values(steps), jit, ctr);
      patch(made, "patch", MOV_2);
      expectResult(made, 2);
      patch(made, "patch", MOV_1);
      expectResult(made, 1);
    });

    test.each(allSteps)("without %s", async (left) => {
      const made = await patchable(
        allSteps.filter((step) => step !== left).map((step) => steps[step]),
        jit,
        ctr,
      );
      patch(made, "patch", MOV_2);
      expectResult(made, necessary.includes(left) ? 1 : 2);
      patch(made, "complete", MOV_2);
      expectResult(made, 2);
    });

    test("exactly the necessary steps", async () => {
      const made = await patchable(
        necessary.map((step) => steps[step]),
        jit,
        ctr,
      );
      patch(made, "patch", MOV_2);
      expectResult(made, 2);
    });
  });

  test.each([
    ["IC before DC", ["str w2, [x0]", "ic ivau, x1", "dsb ish", "dc cvau, x0", "dsb ish", "isb"], 1],
    ["one DSB for both", ["str w2, [x0]", "dc cvau, x0", "ic ivau, x1", "dsb ish", "isb"], 1],
    ["ISB before the last DSB", ["str w2, [x0]", "dc cvau, x0", "dsb ish", "ic ivau, x1", "isb", "dsb ish"], 1],
    ["DC before the store", ["dc cvau, x0", "dsb ish", "str w2, [x0]", "ic ivau, x1", "dsb ish", "isb"], 1],
    ["DSB of stores only", ["str w2, [x0]", "dc cvau, x0", "dsb ishst", "ic ivau, x1", "dsb ish", "isb"], 1],
    ["DSB of loads only", ["str w2, [x0]", "dc cvau, x0", "dsb ish", "ic ivau, x1", "dsb ishld", "isb"], 1],
    ["DMB in place of DSB", ["str w2, [x0]", "dc cvau, x0", "dmb ish", "ic ivau, x1", "dsb ish", "isb"], 1],
    ["DC IVAC in place of CVAU", ["str w2, [x0]", "dc ivac, x0", "dsb ish", "ic ivau, x1", "dsb ish", "isb"], 1],
    [
      "IC of another line",
      ["str w2, [x0]", "dc cvau, x0", "dsb ish", "add x1, x1, #64", "ic ivau, x1", "dsb ish", "isb"],
      1,
    ],
    ["IC IALLU in place of IVAU", ["str w2, [x0]", "dc cvau, x0", "dsb ish", "ic iallu", "dsb ish", "isb"], 2],
    ["IC IALLUIS in place of IVAU", ["str w2, [x0]", "dc civac, x0", "dsb sy", "ic ialluis", "dsb nsh", "isb"], 2],
    ["IC IALLU without DSB", ["str w2, [x0]", "dc cvau, x0", "dsb ish", "ic iallu", "isb"], 1],
    ["IC by the alias", ["str w2, [x0]", "dc cvau, x1", "dsb ish", "ic ivau, x0", "dsb ish", "isb"], 2],
    [
      "a DSB more in between",
      ["str w2, [x0]", "dc cvau, x0", "dsb ish", "dsb ish", "ic ivau, x1", "dsb ish", "dsb ish", "isb"],
      2,
    ],
  ])("%s", async (_, body, result) => {
    const made = await patchable(body, jit, {});
    patch(made, "patch", MOV_2);
    expectResult(made, result);
  });

  test("an IC that was completed takes what the point of unification had then, not what came later", async () => {
    const body = ["dsb ish", "ic ivau, x1", "dsb ish", "str w2, [x0]", "dc cvau, x0", "dsb ish", "isb"];
    const made = await patchable(body, jit, {});
    patch(made, "patch", MOV_2);
    expectResult(made, 1);
  });

  test("an exception and its return synchronise as ISB does", async () => {
    const text = `
	.balign 2048
vectors: .rept 4
	.balign 128
	b	.
	.endr
	.balign 128
	eret
	.balign 2048
target:	bti c
patched: mov x0, #1
	ret
	.balign 64
patch:	bti	c
	adr	x3, vectors
	msr	vbar_el1, x3
	str	w2, [x0]
	dc	cvau, x0
	dsb	ish
	ic	ivau, x1
	dsb	ish
	svc	#0
	ret
`;
    const made = await guest(text, { jit });
    expect(made.call("target")).toBe(1n);
    patch(made, "patch", MOV_2);
    expect(made.call("target")).toBe(2n);
  });

  test("stores alone never change what is executed", async () => {
    const made = await patchable(["str w2, [x0]"], jit, {});
    for (let i = 0; i < 50; i++) patch(made, "patch", i % 2 === 0 ? MOV_2 : MOV_1);
    patch(made, "patch", MOV_2);
    expectResult(made, 1);
    made.machine.writeU32(made.address("patched"), MOV_2);
    expectResult(made, 1);
    expect(made.machine.readU32(made.address("patched"))).toBe(MOV_2);
    expect(made.machine.core.cachedWord("patched")).toBe(MOV_1);
  });

  test("the host's cleanAndInvalidate does all of it", async () => {
    const made = await patchable([], jit, {});
    made.machine.writeU32(made.address("patched"), MOV_2);
    made.machine.cleanAndInvalidate(made.address("patched"), 4);
    expectResult(made, 2);
  });

  test("cleanAndInvalidate overrides an IC that waits for its ISB", async () => {
    const made = await patchable(["ic ivau, x1", "dsb ish"], jit, {});
    patch(made, "patch", MOV_2);
    made.machine.writeU32(made.address("patched"), MOV_2);
    made.machine.cleanAndInvalidate(made.address("patched"), 4);
    expectResult(made, 2);
    patch(made, "complete", MOV_2);
    expectResult(made, 2);
  });

  test("a host write is seen at once with DIC and IDC", async () => {
    const made = await patchable([], jit, { dic: true, idc: true });
    made.machine.writeU32(made.address("patched"), MOV_2);
    expectResult(made, 2);
  });

  test("with DIC=1 IDC=0 instruction caches follow the point of unification", async () => {
    const made = await patchable(["str w2, [x0]"], jit, { dic: true });
    patch(made, "patch", MOV_2);
    expectResult(made, 1);
    const cleaned = await patchable(["str w2, [x0]", "dc cvau, x0", "dsb ish"], jit, { dic: true });
    patch(cleaned, "patch", MOV_2);
    expectResult(cleaned, 2);
  });

  test("more lines than the lists hold", async () => {
    const text = `
	.rept 1000
	add	x0, x0, #1
	.rept 15
	nop
	.endr
	.endr
	ret
	.balign 64
patch:	bti	c
	mov	x4, x0
	mov	x5, #1000
1:	str	w2, [x4]
	dc	cvau, x4
	add	x4, x4, #64
	subs	x5, x5, #1
	b.ne	1b
	dsb	ish
	mov	x5, #1000
2:	ic	ivau, x1
	add	x1, x1, #64
	subs	x5, x5, #1
	b.ne	2b
	dsb	ish
	isb
	ret
`;
    const made = await guest(text, { jit });
    expect(made.machine.core.call(TEXT, 0)).toBe(1000n);
    made.machine.core.call("patch", PATCH, TEXT, 0x91000800);
    expect(made.machine.core.call(TEXT, 0)).toBe(2000n);
  });
});
