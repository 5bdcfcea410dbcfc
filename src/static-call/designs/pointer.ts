/** What a static call replaces: a call through a function pointer in memory. */
import { type Design, type KeyText, storeTarget } from "../design.js";

const load = ({ name }: KeyText): string => `
	adrp	x8, __SCK__${name}
	ldr	x8, [x8, :lo12:__SCK__${name}]`;

export const pointer: Design = {
  name: "pointer",
  summary: "a function pointer is loaded and called",
  states: {
    NULL: "no target: a call branches to address 0 and faults",
    BLR: "the pointer's function is called",
  },
  state: (memory, name) => (memory.u64(`__SCK__${name}`, 0) === 0n ? "NULL" : "BLR"),
  define: () => "",
  site: (key) => `${load(key)}
	blr	x8`,
  conditionalSite: (key) => `${load(key)}
	cbz	x8, . + 8
	blr	x8`,
  patched: (name) => `__SCK__${name}`,
  patch: storeTarget,
};
