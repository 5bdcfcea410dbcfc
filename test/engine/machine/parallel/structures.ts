/** What kernels share between cores without, or beside, a lock: a seqlock and a queue of many producers and one consumer. */
import { LINE } from "./cores.js";
import { plainLock } from "./locks.js";

/**
 * Two writers, who exclude each other by a lock, write four doublewords that are always the same number, which counts their turns.
 * write(X0 = core, X1 = turns), read(X0 = core, X1 = turns): X0 is the number of turns in which a reader saw four numbers that
 * were not one, or an older one than before, or not the one of the sequence; `retries` has a line for each core.
 */
export const seqlock = `
	.data
	.balign	${LINE}
lock:	.skip	${LINE}
sequence: .skip	8
values:	.skip	${LINE - 8}
retries: .skip	16 * ${LINE}

	.text
write:
	ldr	x14, =lock
	ldr	x11, =sequence
	mov	x10, x1
turn:
	mov	x0, x14
${plainLock.acquire}
	ldr	x3, [x11]
	add	x3, x3, #1		// odd: being written
	str	x3, [x11]
	dmb	ishst
	ldr	x6, [x11, #8]
	add	x6, x6, #1
	str	x6, [x11, #8]
	str	x6, [x11, #32]
	stp	x6, x6, [x11, #16]
	dmb	ishst
	add	x3, x3, #1
	str	x3, [x11]
	mov	x0, x14
${plainLock.release}
	subs	x10, x10, #1
	b.ne	turn
	mov	x0, #0
	ret

read:
	ldr	x11, =sequence
	ldr	x13, =retries
	add	x13, x13, x0, lsl #6
	mov	x0, #0
	mov	x10, x1
	mov	x9, #0			// the newest seen
	mov	x12, #0
	b	2f
1:	add	x12, x12, #1
	yield
2:	ldr	x3, [x11]
	tbnz	x3, #0, 1b
	dmb	ishld
	ldp	x4, x5, [x11, #8]
	ldp	x6, x7, [x11, #24]
	dmb	ishld
	ldr	x8, [x11]
	cmp	x3, x8
	b.ne	1b
	lsr	x2, x3, #1
	cmp	x4, x5
	ccmp	x4, x6, #0, eq
	ccmp	x4, x7, #0, eq
	ccmp	x4, x2, #0, eq
	cinc	x0, x0, ne
	cmp	x4, x9
	cinc	x0, x0, lo
	mov	x9, x4
	subs	x10, x10, #1
	b.ne	2b
	str	x12, [x13]
	ret
	.ltorg
`;

/** Nodes of a producer, a power of two: how far it can be ahead of the consumer. */
const NODES = 64;

/** How a producer puts its node, X5, in place of the last one, which comes back in X6; may change X7. */
export const exchanges = {
  SWPAL: "	swpal	x5, x6, [x14]\n",
  "LDAXR and STLXR": "2:	ldaxr	x6, [x14]\n	stlxr	w7, x5, [x14]\n	cbnz	w7, 2b\n",
} as const;

/**
 * A queue of linked nodes (+0 next, +8 value, +16 whether in use), whose last node producers exchange and then link to. The value
 * is the producer's core above 32 bits of its turn.
 * produce(X0 = core, X1 = turns); consume(X0 = 0, X1 = turns of each producer, X2 = producers, from core 1 on): X0 is the number of
 * values that were not their producer's next.
 */
export const queue = (exchange: string): string => `
	.data
	.balign	${LINE}
last:	.quad	stub
	.skip	${LINE - 8}
stub:	.skip	${LINE}
expected: .skip	16 * 8
	.balign	${LINE}
nodes:	.skip	16 * ${NODES} * 32

	.text
produce:
	ldr	x14, =last
	ldr	x11, =nodes
	add	x11, x11, x0, lsl #${Math.log2(NODES * 32)}
	lsl	x9, x0, #32
	add	x10, x9, x1
put:
	and	x5, x9, #${NODES - 1}
	add	x5, x11, x5, lsl #5
	add	x6, x5, #16
	sevl
1:	wfe
	ldaxr	x7, [x6]		// until the consumer has done with it
	cbnz	x7, 1b
	mov	x7, #1
	str	x7, [x6]
	str	x9, [x5, #8]
	str	xzr, [x5]
${exchange}
	stlr	x5, [x6]
	add	x9, x9, #1
	cmp	x9, x10
	b.ne	put
	mov	x0, #0
	ret

consume:
	ldr	x11, =stub
	ldr	x12, =expected
	mov	x0, #0
	mul	x10, x1, x2
	b	2f
1:	wfe
2:	ldaxr	x3, [x11]
	cbz	x3, 1b
	ldr	x4, [x3, #8]
	add	x5, x11, #16
	stlr	xzr, [x5]
	mov	x11, x3
	lsr	x5, x4, #32
	ldr	x6, [x12, x5, lsl #3]
	cmp	w4, w6
	cinc	x0, x0, ne
	add	x6, x6, #1
	str	x6, [x12, x5, lsl #3]
	subs	x10, x10, #1
	b.ne	2b
	ret
	.ltorg
`;
