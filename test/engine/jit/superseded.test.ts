/** What a turn of a loop has computed and nobody reads again is there where a later turn faults, whichever way the turns before it took. */
import { defaultWindows, GuestFault } from "cmodx/engine";
import { expect, test } from "vitest";
import { sameState, windowNamed } from "../../support/rig.js";
import { DATA, Guest } from "./guest.js";

const SIZE = windowNamed(defaultWindows, "data").size;

/** x3 to x5 are overwritten turn after turn, at two accesses and behind them; the byte is stored now and then. */
const WALK = `
walk:	mov	x2, #0
1:	ldrb	w3, [x1]
	ldrb	w4, [x1, x6]
	add	w5, w3, w4
	tbz	w5, #1, 2f
	strb	w5, [x1]
	add	x2, x2, #1
2:	add	x1, x1, #1
	subs	x0, x0, #1
	b.ne	1b
	mov	x0, x2
	ret
`;
const MOST = 20;

/** Loads up to the end of the data, at each access's turn to fail. */
function fault(guest: Guest, state: Uint32Array, before: number, index: number): unknown {
  guest.rig.restore(state);
  const { core } = guest.rig.machine;
  for (const [n, value] of [100n, DATA + BigInt(SIZE - before), 0n, 7n, 8n, 9n, BigInt(index)].entries())
    core.setX(n, value);
  core.pc = guest.at("walk");
  try {
    core.run({ maxInstructions: 10_000 });
  } catch (error) {
    return error instanceof GuestFault ? error.code : error;
  }
  return "no fault";
}

test("a loop in which ways meet faults with all that its last turns have computed", async () => {
  const [compiled, interpreted] = [await Guest.create(WALK), await Guest.create(WALK, { jit: false })];
  for (const { rig } of [compiled, interpreted])
    rig.machine.write(
      DATA + BigInt(SIZE - 64),
      Uint8Array.from({ length: 64 }, (_, i) => i * i * 7 + i),
    );
  for (const guest of [compiled, interpreted]) guest.call("walk", 60, DATA + BigInt(SIZE - 64), 0);
  expect(compiled.compile("walk")).toBe(true);
  const state = interpreted.rig.snapshot();
  const differing: [number, number][] = [];
  for (let before = 0; before <= MOST; before++)
    for (const index of [0, 1, 5]) {
      const ends = [compiled, interpreted].map((guest) => fault(guest, state, before, index));
      if (ends[0] !== ends[1] || ends[0] === "no fault" || !sameState(compiled.rig, interpreted.rig))
        differing.push([before, index]);
    }
  expect(differing).toEqual([]);
  expect(compiled.regions.instructions).toBeGreaterThan(MOST * 30);
  compiled.dispose();
  interpreted.rig.dispose();
});
