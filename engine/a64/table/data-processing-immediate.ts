/** Arm ARM C4.1: "Data Processing -- Immediate". */
import { widthOf } from "../ops.js";
import { alias, row } from "../row.js";

export const dataProcessingImmediate = [
  // ---- PC-relative addressing
  row("ADR", "0ll10000 hhhhhhhhhhhhhhhhhhh ddddd", "adr <Xd>, <label:h.l>", (o, { h, l, d }) =>
    o.setX(d, 64, o.add(64, o.PC(), o.SInt(o.concat(h, l)))),
  ),
  row("ADRP", "1ll10000 hhhhhhhhhhhhhhhhhhh ddddd", "adrp <Xd>, <page:h.l>", (o, { h, l, d }) => {
    const page = o.and(64, o.PC(), o.constant(~0xfffn));
    o.setX(d, 64, o.add(64, page, o.lsl(64, o.SInt(o.concat(h, l)), o.constant(12))));
  }),

  // ---- Add/subtract (immediate)
  row("ADD (immediate)", "Z0010001 0S iiiiiiiiiiii nnnnn ddddd", "add <Rd|sp>, <Rn|sp>, #<i>{, lsl #<S*12>}",
    (o, { Z, S, i, n, d }) => {
      const width = widthOf(Z);
      const immediate = o.lsl(width, o.UInt(i), o.constant(S * 12));
      o.setXSP(d, width, o.add(width, o.XSP(n, width), immediate));
    }),
  alias("MOV (to/from SP)", "Z0010001 00 000000000000 nnnnn 11111", "mov <sp|Z>, <Rn|sp>"),
];
