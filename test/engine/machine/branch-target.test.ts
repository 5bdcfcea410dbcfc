/** PSTATE.BTYPE and guarded pages: which branch may land on which instruction (Arm ARM D8.4.5 and the pages of BTI, PACIASP). */
import { assemble, Machine } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { engines, TEXT } from "./guest.js";

const UNGUARDED = 0x4000_0000n;

const branches = `
br_x0:	bti	c
	br	x0
br_x16:	bti	c
	mov	x16, x0
	br	x16
br_x17:	bti	c
	mov	x17, x0
	br	x17
blr_x0:	bti	c
	mov	x9, x30
	blr	x0
	ret	x9
ret_x0:	bti	c
	ret	x0
`;

/** Landing places; each returns through x30. */
const pads = {
  bti: "bti",
  "bti c": "bti c",
  "bti j": "bti j",
  "bti jc": "bti jc",
  paciasp: "paciasp",
  pacibsp: "pacibsp",
  nop: "nop",
  mov: "mov x0, #1",
} as const;
type Pad = keyof typeof pads;
const padNames = Object.keys(pads) as Pad[];

/** What accepts each BTYPE. SCTLR_EL1.BT0 and BT1 are as 1, which Linux sets: PACIASP does not accept BTYPE 3. */
const accepted: Record<0 | 1 | 2 | 3, readonly Pad[]> = {
  0: padNames,
  1: ["bti c", "bti j", "bti jc", "paciasp", "pacibsp"],
  2: ["bti c", "bti jc", "paciasp", "pacibsp"],
  3: ["bti j", "bti jc"],
};

const label = (pad: Pad): string => `pad_${pad.replaceAll(" ", "_")}`;

async function machineWith(jit: (typeof engines)[number]["jit"], guarded: boolean): Promise<Machine> {
  const machine = await Machine.create({
    jit,
    windows: [
      { name: "text", address: TEXT, size: 1 << 16, access: "rx", guarded },
      { name: "open", address: UNGUARDED, size: 1 << 16, access: "rx" },
      { name: "stack", address: 0x5000_0000n, size: 1 << 16, access: "rw" },
    ],
  });
  const landing = padNames.map((pad) => `${label(pad)}: ${pads[pad]}\n\tret\n`).join("");
  machine.load(assemble(branches + landing, { base: TEXT }));
  machine.load(assemble(branches.replaceAll(/^(\w+):/gm, "open_$1:"), { base: UNGUARDED }));
  return machine;
}

describe.each(engines)("$engine", ({ jit }) => {
  test.each([
    ["br_x0", 3],
    ["br_x16", 1],
    ["br_x17", 1],
    ["blr_x0", 2],
    ["ret_x0", 0],
    // From a page that is not guarded a BR by any register counts as one by X16.
    ["open_br_x0", 1],
    ["open_br_x16", 1],
    ["open_blr_x0", 2],
  ] as const)("%s has BTYPE %i", async (name, btype) => {
    const machine = await machineWith(jit, true);
    for (const pad of padNames) {
      const target = machine.symbols.get(label(pad)) ?? 0n;
      for (let round = 0; round < 3; round++) {
        const call = (): bigint => machine.core.call(name, target);
        if (accepted[btype].includes(pad)) {
          // RET goes by x0: no way back but by x30, which the pad takes.
          call();
        } else {
          expect(call, pad).toThrow(
            expect.objectContaining({
              code: "branch-target",
              fault: expect.objectContaining({
                kind: "branch-target",
                pc: target,
                btype,
                esr: ((0x0d << 26) | (1 << 25) | btype) >>> 0,
              }),
            }),
          );
          expect(machine.core.pc).toBe(target);
          expect(machine.core.btype).toBe(btype);
        }
        if (jit !== false && round === 0) {
          machine.core.forceCompile(name);
          machine.core.forceCompile(target);
        }
      }
    }
  });

  test("pages that are not guarded take every branch everywhere", async () => {
    const machine = await machineWith(jit, false);
    for (const name of ["br_x0", "br_x16", "blr_x0"]) {
      for (const pad of padNames) machine.core.call(name, machine.symbols.get(label(pad)) ?? 0n);
    }
    expect(machine.stats().exceptions).toBe(0);
  });

  test("BRK and HLT are met before the branch is judged", async () => {
    const machine = await machineWith(jit, true);
    machine.load(assemble("at_brk: brk #5\nat_hlt: hlt #6\n", { base: TEXT + 0x1000n }));
    expect(() => machine.core.call("br_x0", machine.symbols.get("at_brk") ?? 0n)).toThrow(
      expect.objectContaining({ code: "brk" }),
    );
    expect(machine.core.btype).toBe(3);
    expect(() => machine.core.call("br_x0", machine.symbols.get("at_hlt") ?? 0n)).toThrow(
      expect.objectContaining({ code: "hlt" }),
    );
  });

  test("a branch to the next instruction is judged as well", async () => {
    const machine = await machineWith(jit, true);
    machine.load(assemble("next: bti c\n adr x0, 1f\n br x0\n1: nop\n ret\n", { base: TEXT + 0x1000n }));
    for (let i = 0; i < 3; i++) {
      expect(() => machine.core.call("next")).toThrow(expect.objectContaining({ code: "branch-target" }));
      machine.core.forceCompile("next");
    }
  });

  test("one instruction is judged, not the one after it", async () => {
    const machine = await machineWith(jit, true);
    machine.load(assemble("pad2: bti j\n mov x0, #3\n ret\n", { base: TEXT + 0x1000n }));
    for (let i = 0; i < 3; i++) expect(machine.core.call("br_x0", machine.symbols.get("pad2") ?? 0n)).toBe(3n);
    expect(machine.core.btype).toBe(0);
  });
});
