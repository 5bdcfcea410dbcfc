/** The designs by name. */
import type { Design, DesignName } from "./design.js";
import { direct } from "./designs/direct.js";
import { hybrid } from "./designs/hybrid.js";
import { kcfi } from "./designs/kcfi.js";
import { literal } from "./designs/literal.js";
import { pointer } from "./designs/pointer.js";

export const designs: Readonly<Record<DesignName, Design>> = { hybrid, literal, direct, pointer, kcfi };
