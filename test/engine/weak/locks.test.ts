/** Locks as guest code under Arm's memory model: those that order hold in every execution, one that does not is found out. */
import { describe, expect, it } from "vitest";
import { assemble, type Exploration, explore, WeakMachine } from "#engine/index.js";

const TEXT = 0xffff_8000_1000_0000n;
const DATA = 0xffff_8000_2000_0000n;
const TURNS = 4;

/** X0: the lock, and the counter that it guards 64 bytes behind. */
const program = (take: string, leave: string): string => `
work:	mov	w9, #${TURNS}
	add	x1, x0, #64
again:	${take}
	ldr	w2, [x1]
	add	w2, w2, #1
	str	w2, [x1]
	${leave}
	subs	w9, w9, #1
	b.ne	again
	ret`;

const exclusive = (load: string): string => `
1:	${load}	w3, [x0]
	cbnz	w3, 1b
	mov	w4, #1
	stxr	w5, w4, [x0]
	cbnz	w5, 1b`;
const swap = "1: mov w4, #1\n swpa w4, w3, [x0]\n cbnz w3, 1b";
const ticket = `
	mov	w4, #1
	ldadda	w4, w3, [x0]
1:	ldar	w5, [x1, #0]
	cmp	w5, w3
	b.ne	1b`;

interface Explored {
  readonly counts: ReadonlySet<number>;
  readonly exploration: Exploration;
}

function counts(cores: number, take: string, leave: string, runs: number): Explored {
  const machine = WeakMachine.create({ cores });
  machine.load(assemble(program(take, leave), { base: TEXT }));
  for (const core of machine.cores) core.start(TEXT, DATA);
  const found = new Set<number>();
  const exploration = explore(machine, {
    runs,
    maxInstructions: 20_000,
    onRun: ({ reason }) => {
      if (reason === "finished") found.add(machine.readU32(DATA + 64n));
    },
  });
  return { counts: found, exploration };
}

describe("locks on weak cores", () => {
  it.each([
    ["exclusives", exclusive("ldaxr"), "stlr wzr, [x0]", 2],
    ["exclusives of three cores", exclusive("ldaxr"), "stlr wzr, [x0]", 3],
    ["a swap that acquires", swap, "stlr wzr, [x0]", 3],
    ["a swap, and a barrier on each side", `${swap.replace("swpa", "swp")}\n dmb ish`, "dmb ish\n str wzr, [x0]", 2],
    [
      "tickets",
      ticket.replace("ldar	w5, [x1, #0]", "add x6, x0, #128\n ldar w5, [x6]"),
      "add x6, x0, #128\n add w5, w5, #1\n stlr w5, [x6]",
      3,
    ],
  ])("%s lose nothing", (_, take, leave, cores) => {
    const { counts: found, exploration } = counts(cores, take, leave, 300);
    expect([...found]).toEqual([cores * TURNS]);
    expect(exploration.reasons.finished).toBeGreaterThan(250);
  });

  it.each([
    ["without acquiring", exclusive("ldxr"), "stlr wzr, [x0]"],
    ["without releasing", exclusive("ldaxr"), "str wzr, [x0]"],
  ])("exclusives %s lose updates", (_, take, leave) => {
    const { counts: found } = counts(2, take, leave, 1000);
    expect([...found].some((count) => count < 2 * TURNS)).toBe(true);
  });
});
