/** Arrays by base and index, turn after turn: what one turn has checked to be in a window stands for others too. */
import type { Subject } from "./subjects.js";

const mixed = (i: number): bigint => BigInt.asUintN(64, 0x0123_4567_89ab_cdefn * BigInt(i * i));

export function indexed({ data, table }: { readonly data: bigint; readonly table: bigint }): Subject {
  return {
    name: "arrays by base and index",
    longer: [0, 60n],
    text: `
// x0: turns, x1, x2: read, x6, x7: written, x8: read by a structure's place, x3: index
start:	mov	x4, #0
	mov	x3, #0
1:	ldrb	w9, [x1, x3]
	eor	x4, x4, x9, ror #9
	ldr	x10, [x2, x3, lsl #3]
	add	x11, x3, #1
	ldr	x12, [x2, x11, lsl #3]
	eor	x10, x10, x12, lsl #3
	strb	w10, [x6, x3]
	str	x4, [x7, x3, lsl #3]
	add	x13, x8, x3, lsl #4
	ldp	x14, x15, [x13]
	add	x4, x4, x14
	stur	w15, [x13, #12]
	add	x4, x4, x10
	mov	x3, x11
	cmp	x11, x0
	b.ne	1b
	mov	x0, x4
	ret
`,
    landings: [],
    registers: { 0: 6n, 1: data + 3n, 2: data + 512n, 6: table + 8n, 7: table + 512n, 8: data + 2048n },
    memory: Array.from({ length: 200 }, (_, i) => [data + BigInt(8 * i), mixed(i)] as const),
  };
}
