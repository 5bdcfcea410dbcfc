/** What instructions outside of the everyday ones do, by values from the manual or from the standards they implement. */
import { AssemblyError, assemble, disassemble, type MachineOptions } from "cmodx/engine";
import { describe, expect, test } from "vitest";
import { DATA, engines, type Guest, guest, openWindows, TEXT } from "./guest.js";

describe.each(engines)("$engine", ({ jit }) => {
  const start = (text: string, options: MachineOptions = {}): Promise<Guest> => guest(text, { jit, ...options });

  test("CRC32 and CRC32C have the check values of their standards, in steps of any size", async () => {
    const steps = (c: string): string => `
crc32${c}: bti	c
	mov	w0, #-1
	ldr	x1, =0x3837363534333231
	mov	w2, #0x39
	crc32${c}x	w0, w0, x1
	crc32${c}b	w0, w0, w2
	mvn	w0, w0
	ret
split${c}: bti	c
	mov	w0, #-1
	ldr	x1, =${DATA}
	ldr	w2, [x1]
	crc32${c}w	w0, w0, w2
	ldrh	w2, [x1, #4]
	crc32${c}h	w0, w0, w2
	ldrh	w2, [x1, #6]
	crc32${c}h	w0, w0, w2
	ldrb	w2, [x1, #8]
	crc32${c}b	w0, w0, w2
	mvn	w0, w0
	ret
	.ltorg
`;
    const made = await start(steps("") + steps("c"));
    made.machine.write(DATA, new TextEncoder().encode("123456789"));
    expect(made.call("crc32")).toBe(0xcbf4_3926n);
    expect(made.call("split")).toBe(0xcbf4_3926n);
    expect(made.call("crc32c")).toBe(0xe306_9283n);
    expect(made.call("splitc")).toBe(0xe306_9283n);
  });

  test("a CRC of known values, which compiled code does not compute any more", async () => {
    const made = await start(`
f:	bti	c
	mov	w0, #-1
	mov	x1, #0x1234
	movk	x1, #0xabcd, lsl #16
	movk	x1, #0xffff, lsl #48
	crc32x	w0, w0, x1
	mvn	w0, w0
	mov	w1, #-1
	mov	w2, #0x61
	crc32cb	w1, w1, w2
	mvn	w1, w1
	ret
`);
    expect(made.call("f")).toBe(0x8043_be1bn);
    expect(made.machine.core.x(1)).toBe(0xc1d0_4330n);
  });

  const flagsAfter = async (instruction: string, setup = ""): Promise<(nzcv: number, x1?: bigint) => number> => {
    const made = await start(`
f:	bti	c
	msr	nzcv, x0
	${setup}
	${instruction}
	mrs	x0, nzcv
	ret
`);
    return (nzcv, x1 = 0n) => Number(made.call("f", BigInt(nzcv) << 28n, x1)) / 2 ** 28;
  };

  test("CFINV inverts C alone", async () => {
    const cfinv = await flagsAfter("cfinv");
    for (let nzcv = 0; nzcv < 16; nzcv++) expect(cfinv(nzcv)).toBe(nzcv ^ 2);
  });

  // Arm ARM, "Condition flags and related instructions": less, equal, greater, unordered in the two formats.
  test("AXFLAG and XAFLAG translate the results of comparisons, and back", async () => {
    const arm = [0b1000, 0b0110, 0b0010, 0b0011];
    const external = [0b0000, 0b0110, 0b0010, 0b0100];
    const axflag = await flagsAfter("axflag");
    const xaflag = await flagsAfter("xaflag");
    expect(arm.map((nzcv) => axflag(nzcv))).toEqual(external);
    expect(external.map((nzcv) => xaflag(nzcv))).toEqual(arm);
  });

  test.each([
    ["setf8", 0x80n, 0b1001],
    ["setf8", 0x180n, 0b1000],
    ["setf8", 0x100n, 0b0101],
    ["setf8", 0x7fn, 0b0000],
    ["setf16", 0x8000n, 0b1001],
    ["setf16", 0x18000n, 0b1000],
    ["setf16", 0xffff_0000n, 0b0101],
    ["setf16", 0xffn, 0b0000],
  ])("%s of %x: flags %i, C kept", async (name, value, expected) => {
    const setf = await flagsAfter(`${name} w1`);
    expect([setf(0b0000, value), setf(0b1111, value)]).toEqual([expected, expected | 2]);
  });

  test("RMIF rotates into the flags that its mask names", async () => {
    const made = await flagsAfter("rmif x1, #61, #0b1010");
    // Rotated right by 61: bits 61 to 63 and 0, from the lowest.
    expect(made(0b0101, 0b1n)).toBe(0b1101);
    expect(made(0b1111, 1n << 62n)).toBe(0b0111);
    expect(made(0b1111, 0n)).toBe(0b0101);
  });

  test.each([
    ["w", 8],
    ["x", 16],
  ])("LDXP and STXP of %s registers: one location of %i bytes", async (r, bytes) => {
    const made = await start(`
swap:	bti	c
	ldaxp	${r}3, ${r}4, [x0]
	stlxp	w5, ${r}1, ${r}2, [x0]
	mov	x0, x5
	ret
disturbed: bti	c
	ldxp	${r}3, ${r}4, [x0]
	str	${r}2, [x0, #${bytes / 2}]
	stxp	w5, ${r}1, ${r}2, [x0]
	mov	x0, x5
	ret
other:	bti	c
	ldxp	${r}3, ${r}4, [x0]
	add	x0, x0, #${bytes}
	stxp	w5, ${r}1, ${r}2, [x0]
	mov	x0, x5
	ret
smaller: bti	c
	ldxr	${r}3, [x0]
	stxp	w5, ${r}1, ${r}2, [x0]
	mov	x0, x5
	ret
`);
    const half = bytes / 2;
    const read = (at: number): bigint =>
      half === 4 ? BigInt(made.machine.readU32(DATA + BigInt(at))) : made.machine.readU64(DATA + BigInt(at));
    made.machine.write(
      DATA,
      Uint8Array.from({ length: 2 * bytes }, (_, i) => i + 1),
    );
    const [low, high] = [read(0), read(half)];
    expect(made.call("swap", DATA, 111, 222)).toBe(0n);
    expect([made.machine.core.x(3), made.machine.core.x(4), read(0), read(half)]).toEqual([low, high, 111n, 222n]);
    expect(made.call("disturbed", DATA, 1, 2)).toBe(1n);
    expect([read(0), read(half)]).toEqual([111n, 2n]);
    const behind = read(bytes);
    expect(made.call("other", DATA, 1, 2)).toBe(1n);
    expect(made.call("smaller", DATA, 1, 2)).toBe(1n);
    expect([read(0), read(bytes)]).toEqual([111n, behind]);
    expect(made.fault("swap", DATA + BigInt(half), 1, 2)).toMatchObject({ kind: "data-abort", reason: "alignment" });
  });

  test.each([
    ["w", 0xffff_ffffn],
    ["x", 0xffff_ffff_ffff_ffffn],
  ])("CASP of %s registers swaps both or none", async (r, mask) => {
    const made = await start(`
f:	bti	c
	caspal	${r}0, ${r}1, ${r}2, ${r}3, [x4]
	ret
`);
    const both = (): bigint[] => [made.machine.core.x(0), made.machine.core.x(1)];
    const held = (): bigint[] =>
      r === "x"
        ? [made.machine.readU64(DATA), made.machine.readU64(DATA + 8n)]
        : [0n, 4n].map((at) => BigInt(made.machine.readU32(DATA + at)));
    const first = [0x0123_4567_89ab_cdefn & mask, 0xfedc_ba98_7654_3210n & mask];
    expect(made.call("f", 0, 0, ...first, DATA)).toBe(0n);
    expect(held()).toEqual(first);
    made.call("f", first[0] as bigint, 0, 1, 2, DATA);
    expect([both(), held()]).toEqual([first, first]);
    made.call("f", 0, first[1] as bigint, 1, 2, DATA);
    expect([both(), held()]).toEqual([first, first]);
    made.call("f", ...first, 1, 2, DATA);
    expect([both(), held()]).toEqual([first, [1n, 2n]]);
  });

  test("DC ZVA clears the line of an address, of the size that DCZID_EL0 says", async () => {
    const made = await start(`
f:	bti	c
	dc	zva, x0
	mrs	x0, dczid_el0
	ret
`);
    made.machine.write(DATA, new Uint8Array(256).fill(0xff));
    const bytes = 4 << Number(made.call("f", DATA + 100n));
    const expected = Array.from({ length: 256 }, (_, i) =>
      Math.floor(i / bytes) === Math.floor(100 / bytes) ? 0 : 0xff,
    );
    expect([...made.machine.read(DATA, 256)]).toEqual(expected);
    const writes = made.machine.stats().dataWrites;
    made.call("f", DATA);
    expect(made.machine.stats().dataWrites - writes).toBe(1);
    expect(made.fault("f", 0x1234n)).toMatchObject({
      kind: "data-abort",
      reason: "unmapped",
      access: "write",
      size: 64,
      address: 0x1234n,
      esr: 0x9600_0047,
    });
    expect(made.fault("f", TEXT + 4n)).toMatchObject({ reason: "permission", access: "write", address: TEXT + 4n });
  });

  test("DC ZVA over code: with CTR_EL0.DIC the next fetch sees it", async () => {
    const made = await start("f: dc zva, x0\n ret\n .balign 64\ng: mov x0, #1\n ret\n", {
      windows: openWindows,
      ctr: { idc: true, dic: true },
    });
    expect(made.call("g")).toBe(1n);
    made.call("f", made.address("g"));
    expect(made.fault("g")).toMatchObject({ kind: "udf", immediate: 0 });
  });

  test("DC CSW cleans what can be executed; CVAP and CVADP clean their line", async () => {
    const made = await start(
      `${["csw", "cisw", "cvap", "cvadp"]
        .map((op) => `${op}: str w1, [x0]\n dc ${op}, x0\n dsb ish\n ic ivau, x0\n dsb ish\n isb\n ret\n`)
        .join("")}.balign 64\ng: mov x0, #0\n ret\n`,
      { windows: openWindows },
    );
    expect(made.call("g")).toBe(0n);
    ["csw", "cisw", "cvap", "cvadp"].forEach((op, i) => {
      // movz x0, #i + 1
      made.call(op, made.address("g"), 0xd280_0000 | (((i + 1) << 5) >>> 0));
      expect(made.call("g")).toBe(BigInt(i + 1));
    });
  });

  test.each([
    ["fadd d0, d1, d2", 0x1e62_2820],
    ["fmov x0, d0", 0x9e66_0000],
    ["movi v0.2d, #0", 0x6f00_e400],
    ["aese v0.16b, v1.16b", 0x4e28_4820],
    ["ldr q0, [x0]", 0x3dc0_0000],
    ["str d0, [sp, #-16]!", 0xfc1f_0fe0],
    ["ldur b3, [x1, #1]", 0x3c40_1023],
    ["ldr h3, [x1, x2]", 0x7c62_6823],
    ["ldr s0, literal", 0x1c00_0000],
    ["stp q0, q1, [sp]", 0xad00_07e0],
    ["ld1 {v0.16b}, [x0]", 0x4c40_7000],
    ["ld4 {v0.b-v3.b}[1], [x0], x5", 0x0de5_2400],
    ["mrs x0, fpcr", 0xd53b_4400],
    ["msr fpsr, x0", 0xd51b_4420],
  ])("floating point and SIMD trap: %s", async (_, word) => {
    const made = await start(`f: bti c\n .inst ${word}\n ret\n`);
    expect(made.fault("f")).toEqual({ kind: "floating-point-access", pc: TEXT + 4n, esr: 0x1fe0_0000, word });
    expect(() => made.call("f")).toThrow(/-mgeneral-regs-only/);
  });

  test.each([
    ["pacia x0, x1", 0xdac1_0020, "FEAT_PAuth"],
    ["xpaci x0", 0xdac1_43e0, "FEAT_PAuth"],
    ["pacga x0, x1, x2", 0x9ac2_3020, "FEAT_PAuth"],
    ["braa x0, x1", 0xd71f_0801, "FEAT_PAuth"],
    ["blraaz x0", 0xd63f_081f, "FEAT_PAuth"],
    ["retaa", 0xd65f_0bff, "FEAT_PAuth"],
    ["eretaa", 0xd69f_0bff, "FEAT_PAuth"],
    ["ldraa x0, [x1]", 0xf820_0420, "FEAT_PAuth"],
    ["casp with an odd register", 0x4821_7c42, undefined],
    ["a 128-bit access of size 1", 0x7dc0_0000, undefined],
    ["add z0.b, z0.b, z1.b", 0x0421_0000, "FEAT_SVE"],
    ["ldr z0, [x0]", 0x8580_4000, "FEAT_SVE"],
    ["fmopa za0.s, p0/m, p1/m, z0.s, z1.s", 0x8081_2000, "FEAT_SME"],
    ["irg x0, x1", 0x9adf_1020, "FEAT_MTE"],
    ["addg x0, x1, #16, #1", 0x9181_0420, "FEAT_MTE"],
    ["subps x0, x1, x2", 0xbac2_0020, "FEAT_MTE"],
    ["stg x0, [x1]", 0xd920_0820, "FEAT_MTE"],
    ["msr tco, #1", 0xd503_419f, "FEAT_MTE"],
    ["mrs x0, tco", 0xd53b_42e0, "FEAT_MTE"],
    ["mrs x0, rndr", 0xd53b_2400, "FEAT_RNG"],
    ["mrs x0, rndrrs", 0xd53b_2420, "FEAT_RNG"],
    ["cpyfp [x0]!, [x1]!, x2!", 0x1901_0440, "FEAT_MOPS"],
    ["sete [x0]!, x1!, x2", 0x19c2_8420, "FEAT_MOPS"],
    ["stgp x9, x2, [x23, #-576]", 0x692e_0ae9, "FEAT_MTE"],
    ["dc gva, x0", 0xd50b_7460, "FEAT_MTE"],
    ["bc.ne", 0x54de_13d1, "FEAT_HBC"],
    ["wfit x11", 0xd503_102b, "FEAT_WFxT"],
    ["ld64b x10, [x8]", 0xf83f_d10a, "FEAT_LS64"],
    ["st64bv0 x14, x0, [x11]", 0xf82e_a160, "FEAT_LS64"],
    ["tcancel #1", 0xd460_0020, "FEAT_TME"],
    ["tstart x9", 0xd523_3069, "FEAT_TME"],
    ["cnt x17, x11", 0xdac0_1d71, "FEAT_CSSC"],
    ["ctz x0, x1", 0xdac0_1820, "FEAT_CSSC"],
    ["abs x0, x1", 0xdac0_2020, "FEAT_CSSC"],
    ["umax x0, x1, x2", 0x9ac2_6420, "FEAT_CSSC"],
    ["smax x0, x1, #1", 0x91c0_0420, "FEAT_CSSC"],
  ])("not there, so undefined: %s", async (_, word, extension) => {
    const made = await start(`f: bti c\n .inst ${word}\n ret\n`);
    expect(disassemble(word, TEXT)).toBeUndefined();
    expect(made.fault("f")).toMatchObject({ kind: "undefined-instruction", esr: 0x0200_0000, word, extension });
    if (extension !== undefined) expect(() => made.call("f")).toThrow(`of ${extension}, which`);
  });
});

test("the assembler and the disassembler refuse floating point", () => {
  expect(() => assemble("fadd d0, d1, d2\n")).toThrow(AssemblyError);
  expect(disassemble(0x1e62_2820, TEXT)).toBeUndefined();
  expect(disassemble(0x3dc0_0000, TEXT)).toBeUndefined();
});
