/** The system registers: what the core has behind each number of the table, and that ID registers tell the truth. */
import { disassemble } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { systemRegisters } from "#engine/a64/system-registers.js";
import { type Guest, guest } from "./guest.js";

const start = (text: string): Promise<Guest> => guest(text, { jit: false });

/** A function `r_<name>` that reads and, where it can be written, `w_<name>` that writes each register. */
async function accessors(): Promise<Guest> {
  return start(
    systemRegisters
      .map(({ name, rights }) => {
        const read = rights === "w" ? "" : `r_${name}: mrs x0, ${name.toLowerCase()}\n ret\n`;
        return rights === "r" ? read : `${read}w_${name}: msr ${name.toLowerCase()}, x0\n ret\n`;
      })
      .join(""),
  );
}

test("the numbers of the core are places in the table", () => {
  const constants: Readonly<Record<string, number>> = { ...layout };
  const numbers = Object.entries(constants).filter(([name]) => /^SYSREG_(?!FIRST|LAST)/.test(name));
  expect(numbers.length).toBeGreaterThan(30);
  for (const [name, index] of numbers) expect(`SYSREG_${systemRegisters[index]?.name}`).toBe(name);
  expect(systemRegisters[layout.SYSREG_FIRST_FIELD]?.name).toBe("CONTEXTIDR_EL1");
  expect(systemRegisters[layout.SYSREG_LAST_FIELD]?.name).toBe("CNTV_CVAL_EL0");
  expect(systemRegisters[layout.SYSREG_FIRST_ZERO]?.name).toBe("ACTLR_EL1");
  const place = (register: number): number => layout.SYSTEM_FIELDS + 8 * (register - layout.SYSREG_FIRST_FIELD);
  for (const name of [
    "PAR_EL1",
    "CNTKCTL_EL1",
    "CNTP_CTL_EL0",
    "CNTP_CVAL_EL0",
    "CNTV_CTL_EL0",
    "CNTV_CVAL_EL0",
  ] as const) {
    expect(constants[name]).toBe(place(systemRegisters.findIndex((register) => register.name === name)));
  }
});

test("every register can be read at EL1, and holds what its writable bits were given", async () => {
  const made = await accessors();
  const written = new Map<string, bigint>();
  const pattern = 0x5a5a_5a5a_5a5a_5a5an;
  for (const { name, rights } of systemRegisters) {
    // SP_EL0 is the stack pointer itself while SPSel is 0.
    if (name === "SPSel" || name === "DAIF" || name === "CNTP_CTL_EL0" || name === "CNTV_CTL_EL0") continue;
    if (rights !== "r") made.call(`w_${name}`, pattern);
    if (rights !== "w") written.set(name, made.call(`r_${name}`));
  }
  made.machine.core.vbar = undefined;
  const whole = [
    ...[
      "CONTEXTIDR_EL1",
      "AFSR0_EL1",
      "AFSR1_EL1",
      "PAR_EL1",
      "TTBR0_EL1",
      "TTBR1_EL1",
      "TCR_EL1",
      "MAIR_EL1",
      "AMAIR_EL1",
    ],
    ...["TPIDR_EL0", "TPIDRRO_EL0", "TPIDR_EL1", "CNTP_CVAL_EL0", "CNTV_CVAL_EL0", "SP_EL0", "ELR_EL1"],
  ];
  for (const name of whole) if (!name.endsWith("CVAL_EL0")) expect([name, written.get(name)]).toEqual([name, pattern]);
  expect(written.get("CSSELR_EL1")).toBe(0xan);
  expect(written.get("CNTKCTL_EL1")).toBe(0x202n);
  expect(written.get("CPACR_EL1")).toBe(0n);
  expect(written.get("SCTLR_EL1")).toBe(0x18_34d5_d99cn);
  for (const { name, rights } of systemRegisters.slice(layout.SYSREG_FIRST_ZERO))
    if (rights !== "w") expect([name, written.get(name)]).toEqual([name, 0n]);
});

/** Fields of ID registers with the words that must be allocated when they are not zero, and must not when they are. */
const features = [
  { feature: "AtomicS", register: "ID_AA64ISAR0_EL1", lsb: 20, value: 2n, words: [0xf820_0020] },
  { feature: "CRC32", register: "ID_AA64ISAR0_EL1", lsb: 16, value: 1n, words: [0x1ac2_4020, 0x9ac2_5c20] },
  { feature: "FlagM2", register: "ID_AA64ISAR0_EL1", lsb: 52, value: 2n, words: [0xd500_401f, 0xd500_405f] },
  { feature: "LRCPC2", register: "ID_AA64ISAR1_EL1", lsb: 20, value: 2n, words: [0xf8bf_c020, 0xd940_0020] },
  { feature: "DPB2", register: "ID_AA64ISAR1_EL1", lsb: 0, value: 2n, words: [0xd50b_7c20, 0xd50b_7d20] },
  { feature: "SB", register: "ID_AA64ISAR1_EL1", lsb: 36, value: 1n, words: [0xd503_30ff] },
  { feature: "LOR", register: "ID_AA64MMFR1_EL1", lsb: 16, value: 1n, words: [0xc8df_7c20] },
  { feature: "PAuth", register: "ID_AA64ISAR1_EL1", lsb: 4, value: 0n, words: [0xdac1_0020] },
  { feature: "PAuth, implementation defined", register: "ID_AA64ISAR1_EL1", lsb: 8, value: 0n, words: [0xdac1_0020] },
  { feature: "SPECRES", register: "ID_AA64ISAR1_EL1", lsb: 40, value: 1n, words: [0xd50b_7380] },
  { feature: "TLBIRANGE", register: "ID_AA64ISAR0_EL1", lsb: 56, value: 2n, words: [0xd508_8620, 0xd508_811f] },
  { feature: "RNG", register: "ID_AA64ISAR0_EL1", lsb: 60, value: 0n, words: [0xd53b_2400] },
  { feature: "PAN2", register: "ID_AA64MMFR1_EL1", lsb: 20, value: 2n, words: [0xd500_419f, 0xd508_7900, 0xd508_7920] },
  { feature: "UAO", register: "ID_AA64MMFR2_EL1", lsb: 4, value: 1n, words: [0xd500_417f] },
  { feature: "LSE2", register: "ID_AA64MMFR2_EL1", lsb: 32, value: 0n, words: [] },
  { feature: "DIT", register: "ID_AA64PFR0_EL1", lsb: 48, value: 1n, words: [0xd503_415f] },
  { feature: "SSBS2", register: "ID_AA64PFR1_EL1", lsb: 4, value: 2n, words: [0xd503_413f] },
  { feature: "MTE", register: "ID_AA64PFR1_EL1", lsb: 8, value: 0n, words: [0x9adf_1020] },
  { feature: "BTI", register: "ID_AA64PFR1_EL1", lsb: 0, value: 1n, words: [0xd503_245f] },
  { feature: "FP absent", register: "ID_AA64PFR0_EL1", lsb: 16, value: 15n, words: [] },
  { feature: "Advanced SIMD absent", register: "ID_AA64PFR0_EL1", lsb: 20, value: 15n, words: [] },
  { feature: "SVE", register: "ID_AA64PFR0_EL1", lsb: 32, value: 0n, words: [0x0420_0000] },
  { feature: "AArch64 only at EL0", register: "ID_AA64PFR0_EL1", lsb: 0, value: 1n, words: [] },
] as const;

describe("ID registers", () => {
  test.each(features)("$feature", async ({ register, lsb, value, words }) => {
    const made = await start(`f: mrs x0, ${register.toLowerCase()}\n ret\n`);
    expect((made.call("f") >> BigInt(lsb)) & 15n).toBe(value);
    for (const word of words) expect([word, disassemble(word, 0n) !== undefined]).toEqual([word, value !== 0n]);
  });

  test("there is no hole in their space", () => {
    for (let place = 8; place < 64; place++) {
      const word = 0xd538_0000 | (place << 5);
      expect([place, disassemble(word >>> 0, 0n)]).toEqual([place, expect.stringMatching(/^mrs x0, /)]);
    }
  });

  test("caches: one level, lines of 64 bytes", async () => {
    const made = await start("f: mrs x0, clidr_el1\n ret\ng: mrs x0, ccsidr_el1\n ret\n");
    expect(made.call("f") & 63n).toBe(3n);
    expect(made.call("g") & 7n).toBe(2n);
  });

  test("TLBI and CFP do nothing at EL1, and are refused at EL0, each in its own way", async () => {
    const operations = { tlbi: "tlbi vae1is, x0", all: "tlbi vmalle1", cfp: "cfp rctx, x0" };
    const made = await start(
      `${Object.entries(operations)
        .map(([name, text]) => `${name}: ${text}\n ret\n`)
        .join("")}below: msr elr_el1, x0\n msr spsr_el1, xzr\n eret\n`,
    );
    for (const name of Object.keys(operations)) expect(made.call(name, 5)).toBe(5n);
    expect(made.fault("below", made.address("tlbi")).esr).toBe(0x0200_0000);
    expect(made.fault("below", made.address("all")).esr).toBe(0x0200_0000);
    expect(made.fault("below", made.address("cfp"))).toMatchObject({ kind: "trapped-system", esr: 0x6218_dc06 });
  });

  test("they are undefined at EL0", async () => {
    const made = await start(
      "f: adr x1, 1f\n msr elr_el1, x1\n msr spsr_el1, xzr\n eret\n1: mrs x0, id_aa64pfr0_el1\n ret\n",
    );
    expect(made.fault("f").esr).toBe(0x0200_0000);
  });
});
