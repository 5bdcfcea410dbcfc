/**
 * The weak machine's speed with the uniform chooser. Requirements: 5 million guest instructions a second over a loop that computes,
 * loads and stores on two cores, and 100,000 executions a second of message passing on two cores, as a litmus test has it. The
 * best of several turns counts: other processes are in the way of most.
 */
import { assemble, explore, WeakMachine } from "cmodx/engine";
import { flags, Verdict } from "./support.js";

const MILLIONS_OF_INSTRUCTIONS = 5;
const EXECUTIONS = 100_000;
const TURNS = flags.short ? 3 : 10;

const TEXT = 0xffff_8000_1000_0000n;
const DATA = 0xffff_8000_2000_0000n;
const STACKS = 0xffff_8000_f000_0000n;

/** One word that both cores read, and words and a stack of each core's own. */
const LOOP = `
loop:	sub	sp, sp, #32
	stp	x29, x30, [sp]
	mov	x5, #0
	mov	x6, #10000
1:	ldr	x7, [x0]
	add	x7, x7, x5
	eor	x8, x7, x5, lsl #3
	str	x8, [x0, #8]
	ldr	w9, [x1]
	cmp	w9, #3
	csel	x9, x7, x8, eq
	add	x5, x5, #1
	str	x9, [sp, #16]
	cmp	x5, x6
	b.ne	1b
	ldp	x29, x30, [sp]
	add	sp, sp, #32
	ret
`;

const MESSAGE = `
send:	mov	w2, #1
	str	w2, [x0]
	str	w2, [x1]
	ret
receive: ldr	w2, [x1]
	ldr	w3, [x0]
	ret
`;

function machineOf(text: string): { machine: WeakMachine; at: (label: string) => bigint } {
  const machine = WeakMachine.create({ cores: 2 });
  machine.load(assemble(text, { base: TEXT }));
  return { machine, at: (label) => machine.symbols.get(label) ?? 0n };
}

/** The best rate of several explorations. */
function best(rateOf: (turn: number) => number): number {
  return Math.max(...Array.from({ length: TURNS }, (_, turn) => rateOf(turn)));
}

function secondsOf(body: () => void): number {
  const start = performance.now();
  body();
  return (performance.now() - start) / 1000;
}

const loop = machineOf(LOOP);
for (const [index, core] of loop.machine.cores.entries()) {
  core.start(loop.at("loop"), DATA + BigInt(64 * index), DATA + 256n);
  core.sp = STACKS + BigInt(4096 * (index + 1));
}
const instructions = best((seed) => {
  let executed = 0;
  const seconds = secondsOf(() => {
    executed = explore(loop.machine, { runs: 1, seed, maxInstructions: 1e9, maxChoices: 1e9 }).instructions;
  });
  return executed / seconds / 1e6;
});

const message = machineOf(MESSAGE);
message.machine.cores[0]?.start(message.at("send"), DATA, DATA + 64n);
message.machine.cores[1]?.start(message.at("receive"), DATA, DATA + 64n);
const runs = flags.short ? 50_000 : 200_000;
const executions = best((seed) => runs / secondsOf(() => explore(message.machine, { runs, seed })));

const verdict = new Verdict();
verdict.require("loop on two cores", instructions, "at least", MILLIONS_OF_INSTRUCTIONS, " million instructions/s");
verdict.require("message passing on two cores", executions, "at least", EXECUTIONS, " executions/s");
verdict.end();
