/** Takes protections away from designs. */
import type { Design } from "./design.js";
import { StaticCallError } from "./errors.js";
import type { Protection, Weakening } from "./weakening.js";

/** What is said where a design has nothing of that kind. */
const lacking: Readonly<Record<Protection, string>> = {
  maintenance: "no cache maintenance: it patches no instruction",
  stores: "no store larger than a byte",
  order: "no second store that could be the first",
  "near literal": "no literal that a near target could do without",
  barrier: "no two stores that a barrier could stand between",
  "misalign 4": "nothing whose alignment to 4 would be less",
  "misalign 8": "nothing whose alignment to 8 would be less",
  "misalign line": "nothing that could be moved over the end of a line",
  "misalign page": "nothing that could be moved over the end of a page",
};

function taken({ skip = [], stores, order, noNearLiteral, misalign, barrier }: Weakening): Protection[] {
  const found: Protection[] = [];
  if (skip.length > 0) found.push("maintenance");
  if (stores !== undefined) found.push("stores");
  if (order !== undefined) found.push("order");
  if (noNearLiteral === true) found.push("near literal");
  if (misalign !== undefined) found.push(`misalign ${misalign}`);
  if (barrier === true) found.push("barrier");
  return found;
}

/**
 * The design with protections taken away; the design itself if none is. Throws a StaticCallError where it has nothing of
 * that kind.
 */
export function weaken(design: Design, weakening: Weakening): Design {
  const asked = taken(weakening);
  if (asked.length === 0) return design;
  const { weakenable } = design;
  for (const protection of asked) {
    if (weakenable?.protections.includes(protection) === true) continue;
    throw new StaticCallError("no-protection", `a static call of design '${design.name}' has ${lacking[protection]}`);
  }
  return { ...design, ...weakenable?.weakened(weakening), weakening };
}
