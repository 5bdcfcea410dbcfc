/**
 * A function pointer as clang calls it under -fsanitize=kcfi: the type's hash stands in the word before the
 * function, and a call traps when it is another one. The immediate of the BRK says which registers held hash
 * and target: 0x8000 | 17 << 5 | 8.
 */
import type { Design, KeyText } from "../design.js";
import { alignDoubleword, type Weakening } from "../weakening.js";
import { doublewordDesign, loadText, storeFunc } from "./doubleword.js";

const load = ({ name }: KeyText, weakening: Weakening): string => loadText("x8", `__SCK__${name}`, weakening);

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
  patched: (name) => `__SCK__${name}`,
  ...doublewordDesign((weakening) => ({
    define: () => "",
    alignKey: alignDoubleword(weakening),
    site: (key) => `${load(key, weakening)}${checkedCall(key)}`,
    conditionalSite: (key) => `${load(key, weakening)}
	cbz	x8, . + 32${checkedCall(key)}`,
    patch: storeFunc(weakening),
  })),
};
