/** The baseline: a BL to a function that never changes. The trampoline's name is another name for the target. */
import type { Design } from "../design.js";

export const direct: Design = {
  name: "direct",
  summary: "BL to the function itself; the target can't change",
  states: { BL: "the function is called" },
  state: () => "BL",
  define: ({ name, func }) => `
	.set	__SCT__${name}, ${func}
`,
  site: ({ name }) => `	bl	__SCT__${name}`,
};
