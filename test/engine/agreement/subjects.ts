/**
 * Programs whose compiled code is to be left everywhere: hot loops with calls, loads and stores of every kind, exclusives,
 * atomics, system instructions, predicted branches and branches that are hardly ever taken. Each access has a base of its
 * own, or a place of its own in memory that its base comes from, so that it can be made to fail alone.
 */
import type { WindowSpec } from "cmodx/engine";
import { calls } from "./calls.js";
import { indexed } from "./indexed.js";
import { byGoto, byTable } from "./interpreters.js";

export const TEXT = 0xffff_8000_1000_0000n;
export const DATA = 0xffff_8000_2000_0000n;
export const TABLE = 0xffff_8000_2001_0000n;
/** Goes on where TABLE ends: there loads go on, and stores fail. */
export const CONSTANTS = 0xffff_8000_2001_1000n;
export const STACK = 0xffff_8000_f000_0000n;
export const SIZE = 4096n;

/** Most have nothing mapped beside them. */
export const subjectWindows: readonly WindowSpec[] = [
  { name: "text", address: TEXT, size: 4096, access: "rx", guarded: true },
  { name: "data", address: DATA, size: 4096, access: "rw" },
  { name: "table", address: TABLE, size: 4096, access: "rw" },
  { name: "constants", address: CONSTANTS, size: 4096, access: "r" },
  { name: "stack", address: STACK, size: 4096, access: "rw" },
];

export interface Subject {
  readonly name: string;
  /** Begins at the symbol `start` and returns by X30. */
  readonly text: string;
  /** X registers by number; symbols stand for their addresses. */
  readonly registers: Readonly<Record<number, bigint | string>>;
  /** Doublewords of memory. */
  readonly memory: readonly (readonly [bigint, bigint | string])[];
  /** A register and its value with which the program goes on for longer, several hundred instructions at least. */
  readonly longer: readonly [register: number, value: bigint];
  /** Symbols that branches may be made to go to. */
  readonly landings: readonly string[];
  /** Whether exceptions go to `vectors`, in the program. */
  readonly vectors?: boolean;
}

const NODES = 6;
/** Behind the list stands a longer one. */
const LONG = 40;
const node = (i: number): bigint => DATA + BigInt(64 * i);
const LONG_LIST = node(NODES);

/** A linked list: every node has a place for each of its accesses to go to. */
const list: Subject = {
  name: "a list is walked, with a call for each node",
  longer: [0, LONG_LIST],
  text: `
// x0: first node: next, from where, to where, key, of 8 bytes each
start:	stp	x29, x30, [sp, #-48]!
	mov	x29, sp
	str	x19, [sp, #16]
	stur	x20, [x29, #24]
	mov	x19, x0
	mov	x20, #0
1:	ldr	x3, [x19, #8]
	ldr	x4, [x19, #16]
	ldr	w5, [x19, #24]
	bl	move
	add	x20, x20, x0
	ldr	x19, [x19]
	cbnz	x19, 1b
	mov	x0, x20
	ldur	x20, [x29, #24]
	ldr	x19, [sp, #16]
	ldp	x29, x30, [sp], #48
	ret
// moves 16 bytes from x3 to x4 and makes a sum of parts of them
move:	ldp	x6, x7, [x3]
	ldrsb	x8, [x3, #7]
	ldrsw	x9, [x3, #12]
	ldrh	w10, [x3, w5, uxtw #1]
	stp	x7, x6, [x4]
	strb	w8, [x4, #16]
	strh	w9, [x4, #18]
	add	x0, x6, x7
	tbz	w5, #1, 2f
	sub	x0, x0, x8
	tst	x0, x9
	b.mi	3f
2:	add	x0, x0, x9, asr #3
	ret
3:	csneg	x0, x0, x10, vs
	ret
`,
  registers: { 0: node(0) },
  landings: ["move"],
  memory: Array.from({ length: NODES + LONG }, (_, i) => i).flatMap((i) => [
    [node(i), i === NODES - 1 || i === NODES + LONG - 1 ? 0n : node(i + 1)] as const,
    [node(i) + 8n, CONSTANTS + BigInt(256 + 48 * (i % NODES))] as const,
    [node(i) + 16n, TABLE + BigInt(512 + 80 * (i % NODES))] as const,
    [node(i) + 24n, BigInt(i % 4)] as const,
  ]),
};

/** Strings and arrays: pre- and post-indexed, pairs, several pointers that walk. */
const copy: Subject = {
  name: "arrays are copied, filled and searched",
  longer: [2, 60n],
  text: `
// x0: from, x1: to, x2: elements, x3, x4: two stacks that grow towards each other, x9: what is searched
start:	mov	x10, #0
	mov	x14, x2
1:	ldr	x5, [x0], #8
	ldp	w6, w7, [x4], #8
	str	x5, [x1], #8
	stp	x6, x7, [x3, #-16]!
	ldnp	x12, x13, [x9]
	add	x10, x10, x5
	eor	x10, x10, x7, ror #7
	ccmp	x12, x5, #4, ne
	b.eq	4f
	subs	x2, x2, #1
	b.hi	1b
// what was written, once more and backwards
2:	ldrb	w5, [x1, #-8]!
	ldpsw	x6, x7, [x3], #8
	adds	x10, x10, x6
	adc	x10, x10, x7
	stnp	w5, w6, [x11, #8]
	strb	w5, [x11], #1
	sub	x14, x14, #1
	cbnz	x14, 2b
	mov	x0, x10
	ret
4:	mvn	x0, x10
	ret
`,
  landings: [],
  registers: {
    0: CONSTANTS + 64n,
    1: DATA + 128n,
    2: 5n,
    3: TABLE + 1024n,
    4: CONSTANTS + 2048n,
    9: TABLE + 2048n,
    11: DATA + 2048n,
  },
  memory: [],
};

/** Everything that is aligned by rule. */
const atomics: Subject = {
  name: "locks and counters: exclusives, atomics, ordered accesses",
  longer: [3, 50n],
  text: `
// x0: lock, x1: counter, x2: pair, x3: turns, x4: log, x5: flag, x6: byte, x7: line
start:	mov	w15, #1
1:	ldaxr	w8, [x0]
	cbnz	w8, 5f
	stxr	w9, w15, [x0]
	cbnz	w9, 1b
2:	ldxp	x10, x11, [x2]
	add	x10, x10, #1
	sub	x11, x11, x10
	stlxp	w9, x10, x11, [x2]
	cbnz	w9, 2b
	ldaddal	x10, x12, [x1]
	swpb	w12, w13, [x6]
	casal	x12, x10, [x4]
	ldsmax	w13, w14, [x5]
	mov	x16, x10
	mov	x17, x11
	casp	x16, x17, x10, x11, [x2]
	ldar	x9, [x4]
	ldapr	w14, [x5]
	dc	zva, x7
	stlrh	w9, [x7]
	stlr	wzr, [x0]
	clrex
	subs	x3, x3, #1
	b.ne	1b
	ldumin	x10, x0, [x1]
	ret
5:	clrex
	mov	x0, #-1
	ret
`,
  landings: [],
  registers: {
    0: DATA + 64n,
    1: DATA + 128n,
    2: TABLE + 256n,
    3: 4n,
    4: TABLE + 512n,
    5: DATA + 256n,
    6: TABLE + 1031n,
    7: DATA + 1024n,
  },
  memory: [
    [DATA + 64n, 0n],
    [TABLE + 256n, 7n],
  ],
};

/** Indirect calls, a jump table, a function that returns elsewhere: all predicted. */
const dispatch: Subject = {
  name: "calls through pointers and a jump table",
  longer: [1, 60n],
  text: `
// x0: array of pointers, x1: turns, x2: jump table of offsets
start:	str	x30, [sp, #-16]!
	mov	x9, x0
	mov	x10, #0
	mov	x11, x1
1:	ldr	x16, [x9], #8
	blr	x16
	ldrsw	x12, [x2, w13, uxtw #2]
	adr	x17, 2f
	add	x17, x17, x12
	br	x17
2:	bti	j
	add	x10, x10, #1
	b	4f
3:	bti	j
	eor	x10, x10, x0
	b	4f
4:	mov	x14, x0
	bl	outer
	add	x10, x10, x0
	subs	x11, x11, #1
	b.ne	1b
	mov	x0, x10
	ldr	x30, [sp], #16
	ret
one:	bti	c
	mov	w13, #0
	add	x0, x10, #17
	ret
two:	bti	c
	mov	w13, #1
	rbit	x0, x10
	ret	x30
outer:	stp	x29, x30, [sp, #-32]!
	str	x14, [sp, #16]
	bl	inner
	ldr	x14, [sp, #16]
	ldp	x29, x30, [sp], #32
	add	x0, x0, x14
	ret
inner:	cbz	x14, 5f
	clz	x0, x14
	ret
5:	mov	x0, #64
	ret
bare:	mov	x0, #5
	ret
`,
  landings: ["one", "two", "bare", "outer"],
  registers: { 0: DATA + 256n, 1: 6n, 2: DATA + 1024n },
  memory: [
    ...Array.from({ length: 60 }, (_, i) => [DATA + BigInt(256 + 8 * i), i % 6 === 3 ? "two" : "one"] as const),
    // 3f - 2f is 12.
    [DATA + 1024n, 12n << 32n],
  ],
};

/** System instructions between the rest, and exceptions whose handler goes on behind them. */
const system: Subject = {
  name: "system instructions and exceptions",
  longer: [2, 40n],
  text: `
start:	mov	x9, #0
1:	mrs	x10, nzcv
	ldr	x11, [x0], #8
	msr	tpidr_el0, x11
	adds	x9, x9, x11
	dmb	ish
	cinc	x9, x9, cs
	mrs	x12, cntvct_el0
	str	x12, [x1], #8
	svc	#3
	subs	x14, x9, x12
	msr	nzcv, x14
	b.vs	2f
3:	mrs	x13, tpidr_el0
	dsb	ish
	msr	daifset, #2
	isb
	mrs	x15, esr_el1
	msr	contextidr_el1, x15
	tbnz	x13, #5, 4f
	sub	x2, x2, #1
	tbz	x2, #63, 1b
	mov	x0, x9
	ret
2:	hint	#20
	brk	#9
	mvn	x9, x9
	b	3b
4:	stur	x9, [x3, #-8]
out:	mov	x0, #3
	ret
	.balign	2048
// behind the instruction, but behind one that could not be fetched (ESR_EL1.EC 0x20 to 0x22) at the place that x23 points to
vectors:	.rept	16
	.balign	128
	add	x20, x20, #1
	mrs	x21, elr_el1
	mrs	x22, esr_el1
	lsr	x22, x22, #26
	cmp	x22, #0x15
	b.eq	6f
	sub	x22, x22, #0x20
	cmp	x22, #2
	b.ls	5f
	add	x21, x21, #4
	msr	elr_el1, x21
	eret
5:	ldr	x21, [x23]
	msr	elr_el1, x21
6:	eret
	.endr
`,
  landings: ["vectors"],
  registers: { 0: CONSTANTS + 512n, 1: DATA + 512n, 2: 4n, 3: DATA + 1024n, 20: 0n, 23: DATA + 3072n },
  memory: [
    [DATA + 3072n, "out"],
    ...Array.from({ length: 8 }, (_, i) => [CONSTANTS + BigInt(512 + 8 * i), BigInt(3 * i)] as const),
  ],
  vectors: true,
};

/** Conditions of every kind, most of which go one way: flags live across blocks, loops within loops. */
const conditions: Subject = {
  name: "nested loops and branches that are seldom taken",
  longer: [0, 40n],
  text: `
// x0: rows, x1: columns, x2: array, x3: limits
start:	mov	x10, #0
	mov	x11, x0
1:	mov	x12, x1
	mov	x13, x2
2:	ldrsh	w4, [x13], #2
	ldr	w5, [x3]
	cmp	w4, w5
	b.gt	3f
	b.eq	4f
	adds	w10, w10, w4
	b.cs	5f
	b.vs	6f
	tbnz	w10, #31, 7f
8:	cbz	w4, 9f
	sbcs	x14, x10, x12
	b.ls	11f
	str	x14, [x6, x12, lsl #3]
10:	subs	x12, x12, #1
	b.ne	2b
	add	x2, x2, #16
	subs	x11, x11, #1
	b.pl	1b
	mov	x0, x10
	ret
3:	ccmn	w4, w5, #8, lt
	cset	w10, mi
	b	10b
4:	mov	w10, #1
	b	8b
5:	cfinv
	cinc	w10, w10, cc
	b	8b
6:	udf	#3
7:	and	w10, w10, #0xffff
	cbnz	w10, 8b
	b	10b
9:	ldr	x10, [x7]
	b	10b
11:	cbz	x14, 10b
	ror	x14, x14, #5
	tbz	x14, #0, 10b
	rmif	x14, #3, #15
	b.cc	10b
	eor	x10, x10, x14
	b	10b
`,
  landings: [],
  registers: { 0: 2n, 1: 3n, 2: TABLE + 128n, 3: CONSTANTS + 128n, 6: DATA + 1024n, 7: DATA + 64n },
  memory: Array.from({ length: 8 }, (_, i) => [TABLE + BigInt(128 + 8 * i), 0x0001_0002_0003_0001n] as const),
};

const placed = [indexed, byTable, byGoto].map((subject) => subject({ data: DATA, table: TABLE, constants: CONSTANTS }));

export const subjects: readonly Subject[] = [list, copy, atomics, dispatch, system, conditions, calls, ...placed];
