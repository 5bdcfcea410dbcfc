/** The interpreter alone on a loop that touches registers only. Requirement: 80 million instructions a second. */
import { assemble, Machine } from "cmodx/engine";
import { flags, Verdict } from "./support.js";

const REQUIRED_MILLIONS = 80;
/** Runs of less than a millisecond: other processes are in the way of most longer ones. */
const TURNS = 10_000;
const RUNS = flags.short ? 500 : 2000;

const LOOP = `
loop:
	mov	x1, #0
	mov	x2, #0x1234
1:	add	x1, x1, x0
	eor	x2, x2, x1, lsl #3
	lsr	x3, x2, #7
	and	x4, x3, #0xff
	madd	x5, x4, x1, x2
	sub	x6, x5, #12
	csel	x1, x6, x1, eq
	ubfx	x7, x6, #4, #20
	orr	x2, x2, x7
	subs	x0, x0, #1
	b.ne	1b
	ret
`;

const machine = await Machine.create({ jit: false });
machine.load(assemble(LOOP, { base: machine.windows[0]?.address ?? 0n }));
const instructions = (): number => machine.stats().instructions;
let best = 0;
for (let run = 0; run < RUNS; run++) {
  const before = instructions();
  const start = process.hrtime.bigint();
  machine.core.call("loop", TURNS);
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  best = Math.max(best, (instructions() - before) / seconds / 1e6);
}
machine.dispose();
const verdict = new Verdict();
verdict.require("interpreter, register-only loop", best, "at least", REQUIRED_MILLIONS, " million instructions/s");
verdict.end();
