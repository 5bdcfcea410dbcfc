/**
 * A function pointer as clang calls it under -fsanitize=kcfi: the type's hash stands in the word before the
 * function, and a call traps when it is another one. The immediate of the BRK says which registers held hash
 * and target: 0x8000 | 17 << 5 | 8.
 */
import { type Design, type KeyText, storeTarget } from "../design.js";

const load = ({ name }: KeyText): string => `
	adrp	x8, __SCK__${name}
	ldr	x8, [x8, :lo12:__SCK__${name}]`;

const checkedCall = ({ type }: KeyText): string => `
	ldur	w16, [x8, #-4]
	movk	w17, #0x${(type & 0xffff).toString(16)}
	movk	w17, #0x${(type >>> 16).toString(16)}, lsl #16
	cmp	w16, w17
	b.eq	. + 8
	brk	#0x8228
	blr	x8`;

export const kcfi: Design = {
  name: "kcfi",
  summary: "a function pointer is loaded, its type hash compared, and called",
  states: {
    NULL: "no target: the load of the hash faults",
    "BLR checked": "the pointer's function is called if its type hash is the expected one, otherwise BRK #0x8228",
  },
  state: (memory, name) => (memory.u64(`__SCK__${name}`, 0) === 0n ? "NULL" : "BLR checked"),
  define: () => "",
  site: (key) => `${load(key)}${checkedCall(key)}`,
  conditionalSite: (key) => `${load(key)}
	cbz	x8, . + 32${checkedCall(key)}`,
  patched: (name) => `__SCK__${name}`,
  patch: storeTarget,
};
