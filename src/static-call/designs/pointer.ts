/** What a static call replaces: a call through a function pointer in memory. */
import type { Design, KeyText } from "../design.js";
import { alignDoubleword, type Weakening } from "../weakening.js";
import { doublewordDesign, loadText, storeFunc } from "./doubleword.js";

const load = ({ name }: KeyText, weakening: Weakening): string => loadText("x8", `__SCK__${name}`, weakening);

export const pointer: Design = {
  name: "pointer",
  summary: "a function pointer is loaded and called",
  states: {
    NULL: "no target: a call branches to address 0 and faults",
    BLR: "the pointer's function is called",
  },
  state: (memory, name) => (memory.u64(`__SCK__${name}`, 0) === 0n ? "NULL" : "BLR"),
  patched: (name) => `__SCK__${name}`,
  ...doublewordDesign((weakening) => ({
    define: () => "",
    alignKey: alignDoubleword(weakening),
    site: (key) => `${load(key, weakening)}
	blr	x8`,
    conditionalSite: (key) => `${load(key, weakening)}
	cbz	x8, . + 8
	blr	x8`,
    patch: storeFunc(weakening),
  })),
};
