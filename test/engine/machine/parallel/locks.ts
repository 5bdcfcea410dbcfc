/**
 * Locks in the ways that kernels write them, and a function in which cores contend for one. A lock is two pieces of text:
 * X0 is the lock, X13 the core's own line, zero at first; they may change X1 to X7, and nothing else.
 */
import { LINE } from "./cores.js";

export interface Lock {
  readonly name: string;
  readonly acquire: string;
  readonly release: string;
  /** What else must hold between the two, with the number of turns before this one in X6: a mistake is counted in X9. */
  readonly holds?: string;
}

/** Waits for the ticket in the upper half of W2 to be the one that is served, in the lower half. */
const waitForTicket = `
	eor	w3, w2, w2, ror #16
	cbz	w3, 3f			// served at once
	sevl				// so that the first WFE falls through
2:	wfe
	ldaxrh	w4, [x0]		// marks the lock: the store that releases it is an event
	eor	w3, w4, w2, lsr #16
	cbnz	w3, 2b
3:
`;

/** First come, first served: the turn's number is the ticket's. */
const servedInOrder = `
	eor	w7, w6, w2, lsr #16
	tst	w7, #0xffff
	cinc	x9, x9, ne
`;

const ticketExclusive: Lock = {
  name: "ticket lock, LDAXR and STXR",
  acquire: `
1:	ldaxr	w2, [x0]
	add	w3, w2, #0x10, lsl #12	// the next ticket, in the upper half
	stxr	w4, w3, [x0]
	cbnz	w4, 1b
${waitForTicket}`,
  release: `
	ldrh	w3, [x0]
	add	w3, w3, #1
	stlrh	w3, [x0]
`,
  holds: servedInOrder,
};

const ticketLse: Lock = {
  name: "ticket lock, LDADDA",
  acquire: `
	mov	w3, #0x10000
	ldadda	w3, w2, [x0]
${waitForTicket}`,
  release: `
	mov	w3, #1
	staddlh	w3, [x0]
`,
  holds: servedInOrder,
};

/** Looks at the lock with plain loads until it is free, then tries again. */
const spinLse = (name: string, attempt: string): Lock => ({
  name,
  acquire: `
1:${attempt}
	cbz	w2, 3f
2:	yield
	ldr	w2, [x0]
	cbnz	w2, 2b
	b	1b
3:
`,
  release: "	stlr	wzr, [x0]\n",
});

const casSpinlock = spinLse("spinlock, CASA", "	mov	w2, #0\n	mov	w3, #1\n	casa	w2, w3, [x0]");
const swpSpinlock = spinLse("spinlock, SWPA", "	mov	w3, #1\n	swpa	w3, w2, [x0]");

/** As the C library's: nothing but exclusives, and WFE where another holds it. */
const exclusiveSpinlock: Lock = {
  name: "spinlock, LDAXR, STXR and WFE",
  acquire: `
	mov	w3, #1
	sevl
1:	wfe
2:	ldaxr	w2, [x0]
	cbnz	w2, 1b
	stxr	w2, w3, [x0]
	cbnz	w2, 2b
`,
  release: "	stlr	wzr, [x0]\n",
};

/** A queue of those who wait, each at a line of its own: +0 the next in the queue, +8 whether to wait. */
const mcs: Lock = {
  name: "MCS lock, SWPAL and CASL",
  acquire: `
	str	xzr, [x13]
	mov	x3, #1
	str	x3, [x13, #8]
	swpal	x13, x2, [x0]		// the last in the queue is this core
	cbz	x2, 3f
	stlr	x13, [x2]
	add	x4, x13, #8
	sevl
2:	wfe
	ldaxr	x3, [x4]		// its own line: only who gives it the lock writes there
	cbnz	x3, 2b
3:
`,
  release: `
	ldar	x2, [x13]
	cbnz	x2, 3f
	mov	x3, x13
	casl	x3, xzr, [x0]		// nobody behind: the queue is empty
	cmp	x3, x13
	b.eq	4f
2:	yield				// somebody is about to say who
	ldar	x2, [x13]
	cbz	x2, 2b
3:	add	x2, x2, #8
	stlr	xzr, [x2]
4:
`,
};

export const locks: readonly Lock[] = [ticketExclusive, ticketLse, casSpinlock, swpSpinlock, exclusiveSpinlock, mcs];

/** The text of the lock that others are built with. */
export const plainLock = casSpinlock;

/**
 * contend(X0 = core, X1 = turns, X2 = cores): takes and gives back the lock that often. X0: how often somebody else was within, or the lock was not
 * taken in its order. `count` is the number of turns that all cores have had, if none was lost.
 */
export const contention = ({ acquire, release, holds = "" }: Lock): string => `
	.data
	.balign	${LINE}
lock:	.skip	${LINE}
holder:	.skip	8
count:	.skip	${LINE - 8}
lines:	.skip	16 * ${LINE}
arrived: .skip	${LINE}

	.text
contend:
	ldr	x14, =arrived		// nobody begins alone
	mov	x3, #1
	staddl	x3, [x14]
	sevl
1:	wfe
	ldaxr	x3, [x14]
	cmp	x3, x2
	b.lo	1b
	ldr	x14, =lock
	ldr	x11, =holder
	ldr	x13, =lines
	add	x13, x13, x0, lsl #6
	mov	x9, #0
	mov	x10, x1
	add	x12, x0, #1
turn:
	mov	x0, x14
${acquire}
	ldr	x5, [x11]
	cmp	x5, #0			// nobody else within
	cinc	x9, x9, ne
	str	x12, [x11]
	ldr	x6, [x11, #8]
${holds}
	add	x6, x6, #1
	str	x6, [x11, #8]
	ldr	x5, [x11]
	cmp	x5, x12			// nor has come since
	cinc	x9, x9, ne
	str	xzr, [x11]
	mov	x0, x14
${release}
	subs	x10, x10, #1
	b.ne	turn
	mov	x0, x9
	ret
`;
