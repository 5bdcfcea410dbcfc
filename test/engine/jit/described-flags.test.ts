/** Flags that nobody reads until a load faults, where ways have met since they were set: whatever set them, and whatever has happened to its operands. */
import { GuestFault } from "cmodx/engine";
import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { DATA, Guest, TEXT } from "./guest.js";

/** x2 and x9 are sums, x5 is what was loaded last, x10 has a value that is the same in all turns. */
const setters = [
  "cmp x2, x5",
  "cmp w2, #7",
  "cmp w2, w5",
  "cmp x2, x5, lsl #1",
  "cmp x10, x2",
  "cmp w5, w2, uxtb",
  "subs x9, x9, #1",
  "subs w9, w9, #1",
  "subs w9, w9, w5",
  "negs x9, x2",
  "cmn x2, #5",
  "adds w9, w2, #9",
  "orr x9, x9, #0xfffffffffffffffc\n adds x9, x9, #1",
  "adds x2, x5, x2",
  "ands x9, x2, #0xff0",
  "ands w9, w9, w5",
  "tst w2, w5",
  "tst x2, x5",
  "tst w10, #0x1e",
  "bics x9, x2, x5",
  "ccmp x2, x5, #5, ne",
  "adcs x9, x9, x2",
  "cmp x2, x5\n cmp x10, #4",
];

/** What happens between them and the next access. */
const between = [
  "",
  "add x2, x2, #1",
  "mov w9, w9",
  "eor x5, x5, x2, lsr #1",
  "udiv x6, x10, x2\n mov x2, x6",
  "mov x10, #4",
];

const at = <T>(of: readonly T[], index: number): T => of[index % of.length] as T;

function textOf(index: number): string {
  return `
f${index}:	mov	x10, #4
	mov	x2, x1
loop${index}:	${at(between, index >> 1)}
	ldr	x5, [x0], #8
	tbz	x5, #2, 2f
	${at(setters, index)}
	b	3f
2:	${at(setters, index * 5 + 3)}
3:	${at(between, index)}
	ldr	x8, [x1], #8
	add	x2, x2, x8
	${at(setters, index * 7 + 5)}
	b	loop${index}
// gives flags
g${index}:	mov	x10, #4
	tbz	x0, #0, 2f
	${at(setters, index)}
	b	3f
2:	${at(setters, index * 5 + 3)}
3:	mov	x3, x0
	ret`;
}

const FUNCTIONS = setters.length * 2;
const SIZE = 4096;

/** Numbers near zero, most of them, so that flags tell small differences. */
function numberAt(i: number): bigint {
  const mixed = Math.imul(i + 1, 0x9e37_79b1);
  return BigInt.asUintN(64, BigInt(mixed & 0x700 ? mixed >> 28 : mixed) << (mixed & 0x800 ? 32n : 0n));
}

/** The core's state where the function has faulted, or returned. */
function ending({ rig: { machine } }: Guest, name: string, ...from: readonly bigint[]): unknown {
  const { core } = machine;
  for (let n = 1; n < 30; n++) core.setX(n, n);
  core.nzcv = 5;
  try {
    core.call(name, ...from);
  } catch (error) {
    if (!(error instanceof GuestFault)) throw error;
  }
  return [core.pc, core.nzcv, ...Array.from({ length: 31 }, (_, n) => core.x(n))];
}

const windows = [
  { name: "text", address: TEXT, size: 65536, access: "rx" },
  { name: "data", address: DATA, size: SIZE, access: "rw" },
] as const;

test("flags are exact at a fault, wherever ways have met since", async () => {
  const text = Array.from({ length: FUNCTIONS }, (_, index) => textOf(index)).join("\n");
  const interpreted = await Guest.create(text, { jit: false, machine: { windows } });
  const jit = { threshold: layout.HEAT_MAX, background: false };
  const compiled = await Guest.create(text, { jit, machine: { windows } });
  for (const { rig } of [interpreted, compiled])
    for (let i = 0; i < SIZE; i += 8) rig.machine.writeU64(DATA + BigInt(i), numberAt(i));
  const end = DATA + BigInt(SIZE);
  for (let index = 0; index < FUNCTIONS; index++) {
    const name = `f${index}`;
    ending(compiled, name, end - 512n, end - 512n);
    for (const x of [2n, 3n]) ending(compiled, `g${index}`, x);
    expect(compiled.compile(name)).toBe(true);
    expect(compiled.compile(`g${index}`)).toBe(true);
    for (const x of [2n, 3n]) {
      const [given, expected] = [compiled, interpreted].map((guest) => ending(guest, `g${index}`, x));
      expect([index, x, given]).toEqual([index, x, expected]);
    }
    for (let i = 1n; i < 10n; i++) {
      const near = end - 8n * i;
      const from = i % 2n === 0n ? ([near, DATA] as const) : ([DATA, near] as const);
      expect([name, i, ending(compiled, name, ...from)]).toEqual([name, i, ending(interpreted, name, ...from)]);
    }
  }
  expect(compiled.regions.exits["memory"]).toBeGreaterThanOrEqual(FUNCTIONS * 8);
  compiled.dispose();
  interpreted.rig.dispose();
});
