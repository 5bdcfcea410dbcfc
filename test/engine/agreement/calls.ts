/** A program of calls: of functions by themselves and by each other, and returns that are not what one would expect. */
import type { Subject } from "./subjects.js";

export const calls: Subject = {
  name: "functions call themselves and each other, and return in odd ways",
  longer: [0, 12n],
  text: `
// x0: turns
start:	stp	x29, x30, [sp, #-32]!
	mov	x29, sp
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	mov	x20, #0
1:	mov	x0, x19
	bl	even
	add	x20, x20, x0
	mov	x0, x19
	bl	compare
	b.hi	2f
	add	x20, x20, #1
2:	cinc	x20, x20, eq
	mov	x0, x20
	bl	keeps
	eor	x20, x20, x30
	mov	x0, x19
	bl	deep
	add	x20, x20, x0
	subs	x19, x19, #1
	b.ne	1b
	mov	x0, x20
	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret
even:	cbz	x0, 3f
	stp	x29, x30, [sp, #-16]!
	sub	x0, x0, #1
	bl	odd
	add	x0, x0, #3
	ldp	x29, x30, [sp], #16
3:	ret
// calls, or goes on elsewhere, which returns for it
odd:	cbz	x0, 4f
	sub	x0, x0, #1
	tbz	x0, #1, even
	str	x30, [sp, #-16]!
	bl	even
	bl	odd
	ldr	x30, [sp], #16
	ret
4:	mov	x0, #7
	ret
// gives flags
compare: cmp	x0, #2
	ret
// leaves another X30
keeps:	mov	x9, x30
	mov	x30, #5
	add	x10, x0, x30
	ret	x9
deep:	stp	x29, x30, [sp, #-16]!
	bl	shallow
	add	x0, x0, #100
	ldp	x29, x30, [sp], #16
	ret
// returns for its caller too
shallow: tbnz	x0, #0, 5f
	ldp	x29, x30, [sp], #16
5:	add	x0, x0, #1
	ret
`,
  landings: ["even"],
  registers: { 0: 3n },
  memory: [],
};
