/** Interpreters, as compilers make them: by a switch, whose table is of distances, and by gotos, whose table is of addresses. */
import type { Subject } from "./subjects.js";

/** Operations that end the program, after those that it consists of. */
const END = 4;

function bytes(values: readonly number[]): (readonly [bigint, bigint])[] {
  return Array.from({ length: Math.ceil(values.length / 8) }, (_, i) => {
    const eight = values.slice(8 * i, 8 * i + 8);
    return [BigInt(8 * i), eight.reduce((sum, value, place) => sum + (BigInt(value) << BigInt(8 * place)), 0n)];
  });
}

const at = (base: bigint, parts: readonly (readonly [bigint, bigint])[]): (readonly [bigint, bigint])[] =>
  parts.map(([offset, value]) => [base + offset, value]);

const short = [0, 1, 2, 7, 3, 0, 0, 9, 1, 1, 3, 2, END];
const long = [...Array.from({ length: 60 }, (_, i) => (i * i + (i >> 2)) % 4), END];

/** Where programs, what they work on and tables stand. */
interface Places {
  readonly data: bigint;
  readonly table: bigint;
  readonly constants: bigint;
}

const programsAt = (data: bigint) => [...at(data, bytes(short)), ...at(data + 512n, bytes(long))];

const cases = `
zero:	bti	j
	ldr	x6, [x1, #8]
	add	x10, x10, x6
	b	1b
one:	bti	j
	str	x10, [x1, #16]
	cmp	x10, x6
	b.lo	skip
	b	1b
two:	bti	j
	ldrb	w6, [x7]
	eor	x10, x10, x6, lsl #4
skip:	add	x8, x8, #1
	b	1b
three:	bti	j
	subs	x8, x8, #2
	adc	x10, x10, x8
	b	2b
four:	bti	j
	mov	x0, x10
	ret
`;

export const byTable = ({ data, table, constants }: Places): Subject => ({
  name: "a switch in a loop",
  longer: [0, data + 512n],
  text: `
// x0: program, x1: memory, x2: distances of its operations from the first one, in words
start:	mov	x7, x0
	mov	x8, #0
	mov	x10, #1
1:	add	x8, x8, #1
2:	ldrb	w3, [x7], #1
	cmp	w3, #${END}
	b.hi	1b
	ldrb	w4, [x2, w3, uxtw]
	adr	x5, zero
	add	x4, x5, w4, sxtb #2
	br	x4
${cases}`,
  landings: ["zero", "two", "skip"],
  registers: { 0: data, 1: table + 64n, 2: constants },
  memory: [...programsAt(data), ...at(constants, bytes([0, 4, 9, 14, 18])), [table + 72n, 0x1234_5678_9abc_def0n]],
});

const NEXT = `ldrb	w3, [x7], #1
	ldr	x4, [x2, x3, lsl #3]
	br	x4`;

export const byGoto = ({ data, table, constants }: Places): Subject => ({
  name: "gotos to computed places",
  longer: [0, data + 512n],
  text: `
// x0: program, x1: memory, x2: addresses of its operations
start:	mov	x7, x0
	mov	x8, #0
	mov	x10, #1
	${NEXT}
${cases.replace(/b\t[12]b/g, NEXT)}`,
  landings: ["zero", "two", "skip"],
  registers: { 0: data, 1: table + 64n, 2: constants },
  memory: [
    ...programsAt(data),
    ...["zero", "one", "two", "three", "four", "two", "two", "one", "two", "zero"].map(
      (name, i) => [constants + BigInt(8 * i), name] as const,
    ),
    [table + 72n, 0x1234_5678_9abc_def0n],
  ],
});
