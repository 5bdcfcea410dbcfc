/** Divisions by constants as compilers write them, which compiled code makes divisions again; and products that only look like it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { Guest } from "./guest.js";

const ALL = (1n << 64n) - 1n;

/** Text that sets a register to any 64 bits. */
function setting(register: string, value: bigint): string {
  const parts = [0n, 16n, 32n, 48n].map((shift) => `${register}, #${(value >> shift) & 0xffffn}, lsl #${shift}`);
  return parts.map((part, index) => `${index === 0 ? "movz" : "movk"}	${part}`).join("\n\t");
}

interface Case {
  readonly factor: bigint;
  readonly shift: number;
  /** Of these low bits of X0 alone. */
  readonly bits: number;
}

/** The reciprocal of a divisor that compilers multiply with, which may be one too many for all numerators. */
function reciprocal(divisor: bigint, bits: number): Case {
  const shift = Math.max(divisor.toString(2).length - 1, 0);
  const factor = (1n << BigInt(64 + shift)) / divisor + 1n;
  return { factor: factor & ALL, shift, bits };
}

const divisors = fc.oneof(
  fc.constantFrom(2n, 3n, 5n, 6n, 7n, 10n, 25n, 60n, 100n, 641n, 1000n, 1_000_000_000n, 0xffff_ffffn, (1n << 63n) + 1n),
  fc.bigInt(2n, ALL),
  fc.bigInt(2n, 1n << 20n),
);
const cases = fc
  .tuple(
    divisors,
    fc.constantFrom(64, 64, 63, 40, 32, 13),
    fc.constantFrom(0n, 0n, 0n, 1n, -1n),
    fc.constantFrom(0, 0, 0, 1, -1),
  )
  .map(([divisor, bits, off, further]): Case => {
    const { factor, shift } = reciprocal(divisor, bits);
    return { factor: (factor + off) & ALL, shift: Math.min(Math.max(shift + further, 0), 63), bits };
  });

function textOf({ factor, shift, bits }: Case, index: number): string {
  return `
f${index}:	${setting("x1", factor)}
	ubfx	x0, x0, #0, #${bits}
	umulh	x2, x0, x1
	${shift === 0 ? "mov	x0, x2" : `lsr	x0, x2, #${shift}`}
	ret`;
}

/** Numerators at which a wrong quotient would be one: around multiples, and the largest. */
function numerators({ factor, shift, bits }: Case): readonly bigint[] {
  const most = (1n << BigInt(bits)) - 1n;
  const divisor = factor === 0n ? 1n : (1n << BigInt(64 + shift)) / factor + 1n;
  const last = most - (most % divisor);
  const near = [0n, divisor, 2n * divisor, last, last - divisor, most].flatMap((x) => [x - 1n, x, x + 1n]);
  return near.map((x) => BigInt.asUintN(64, x) & most);
}

test("the upper half of a product with a constant, shifted", async () => {
  const property = async (all: readonly Case[]): Promise<void> => {
    const guest = await Guest.create(all.map(textOf).join("\n"), {
      jit: { threshold: layout.HEAT_MAX, background: false },
    });
    try {
      all.forEach((each, index) => {
        const name = `f${index}`;
        guest.call(name, 1n);
        expect(guest.compile(name)).toBe(true);
        for (const x of numerators(each)) {
          const expected = (x * each.factor) >> BigInt(64 + each.shift);
          expect([each, x, guest.call(name, x)]).toEqual([each, x, expected]);
        }
      });
    } finally {
      guest.dispose();
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(cases, { minLength: 40, maxLength: 40 }), property), {
    numRuns: 3,
    endOnFailure: true,
  });
});

const dividing = `
mix:	mov	x4, #0
1:	udiv	x3, x0, x2
	sdiv	w5, w0, w2
	sdiv	x6, x0, x2
	add	x4, x4, x3
	eor	x4, x4, x5
	eor	x4, x4, x6, ror #7
	add	x0, x0, x4
	subs	x1, x1, #1
	b.ne	1b
	mov	x0, x4
	ret`;

test("what is divided by 0 or -1 all the time is divided in compiled code in the end", async () => {
  const interpreted = await Guest.create(dividing, { jit: false });
  const guest = await Guest.create(dividing);
  const exits = ({ regions }: Guest): number => Number(regions.exits["system"]);
  try {
    for (const divisor of [3n, 0n, ALL, 0xffff_ffffn, 3n]) {
      for (const x of [0n, 1n << 63n, 1n << 31n, 12_345n])
        expect(guest.call("mix", x, 500n, divisor)).toBe(interpreted.call("mix", x, 500n, divisor));
    }
    for (const divisor of [0n, ALL]) {
      const turns = 1_000_000n;
      for (let i = 0; i < 4; i++) guest.call("mix", 1n << 63n, turns, divisor);
      const before = exits(guest);
      guest.call("mix", 1n << 63n, turns, divisor);
      expect(exits(guest) - before).toBeLessThan(100);
    }
  } finally {
    guest.dispose();
    interpreted.rig.dispose();
  }
});
