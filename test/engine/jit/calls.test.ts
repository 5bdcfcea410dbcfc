/** Regions call one another. */
import { defaultWindows } from "cmodx/engine";
import { expect, test } from "vitest";
import { Guest, STACK } from "./guest.js";

/** Calls itself by a pointer for ever: the call is the last instruction that its region has fuel for. */
const BY_POINTER = `
f:	bti	c
	add	x1, x1, #1
	eor	x2, x2, x1
	blr	x3
	udf	#0
`;

test("a callee that there is no fuel for is still to be landed on", async () => {
  const jit = { threshold: 1, background: false, maxInlined: 0 };
  const guests = [await Guest.create(BY_POINTER, { jit }), await Guest.create(BY_POINTER, { jit: false })] as const;
  const stops = guests.map((guest) => {
    const { core } = guest.rig.machine;
    const stop = (maxInstructions: number): unknown[] => {
      core.setX(1, 0);
      core.setX(3, guest.at("f"));
      expect(core.run({ pc: "f", maxInstructions }).reason).toBe("fuel");
      return [core.pc, core.btype, core.x(1)];
    };
    stop(1000);
    return Array.from({ length: 8 }, (_, more) => stop(100 + more));
  });
  expect(stops[0]).toEqual(stops[1]);
  expect(stops[1]?.filter(([, btype]) => btype === 2)).toHaveLength(2);
  expect(guests[0].regions.instructions).toBeGreaterThan(900);
  guests[0].dispose();
  guests[1].rig.dispose();
});

const stack = { name: "stack", address: STACK, size: 2 ** 20, access: "rw" } as const;

test("calls may nest deeper than the thread's stack has room for", async () => {
  const guest = await Guest.create(
    `sum:	cbz	x0, 1f
	stp	x0, x30, [sp, #-16]!
	sub	x0, x0, #1
	bl	sum
	ldp	x1, x30, [sp], #16
	add	x0, x0, x1
1:	ret
`,
    { machine: { windows: [...defaultWindows.filter(({ name }) => name !== "stack"), stack] } },
  );
  for (const n of [10n, 100n, 1000n, 40_000n, 3n]) expect(guest.call("sum", n)).toBe((n * (n + 1n)) / 2n);
  expect(guest.isCompiled("sum")).toBe(true);
  guest.check();
  guest.dispose();
});
