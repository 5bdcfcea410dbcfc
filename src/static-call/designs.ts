/** The designs by name. */
import type { Design, DesignName } from "./design.js";
import { direct } from "./designs/direct.js";
import { hybrid, hybridB, hybridNoCbz, hybridRet } from "./designs/hybrid.js";
import { inline } from "./designs/inline.js";
import { kcfi } from "./designs/kcfi.js";
import { literal } from "./designs/literal.js";
import { pointer } from "./designs/pointer.js";

export const designs: Readonly<Record<DesignName, Design>> = {
  hybrid,
  "hybrid-nocbz": hybridNoCbz,
  "hybrid-ret": hybridRet,
  "hybrid-b": hybridB,
  literal,
  inline,
  direct,
  pointer,
  kcfi,
};
