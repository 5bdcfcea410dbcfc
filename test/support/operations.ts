/** Random instructions for programs: x16 to x28 keep what is put there. */
import { type Form, formsOf, operandFieldLayouts } from "#engine/a64/forms.js";
import type { FieldLayout } from "#engine/a64/pattern.js";
import { dataProcessingImmediate } from "#engine/a64/table/data-processing-immediate.js";
import { dataProcessingRegister } from "#engine/a64/table/data-processing-register.js";
import { rows } from "#engine/a64/table.js";
import { flowOf } from "#engine/jit/flow.js";
import { wordFor } from "./encode.js";
import type { Random } from "./random.js";
import { isWordOf, wordOf } from "./words.js";

/** Kept for addresses: only written by instructions that are meant to. */
const isKept = (register: number): boolean => register >= 16 && register <= 28;
/** Letters of operand fields that name a register which the instruction may write. */
const DESTINATIONS = new Set(["d", "t", "u", "s"]);

/** Letters that name registers in data processing. */
const REGISTERS = new Set(["d", "n", "m", "a"]);

const dataProcessing = formsOf(
  [...dataProcessingImmediate, ...dataProcessingRegister].filter((entry) => "meaning" in entry),
);
const accesses = formsOf(rows).filter(
  (form) => form.row.pattern.fields.has("n") && flowOf(form, form.value, 0n).access,
);

function randomField(random: Random, layout: FieldLayout): number {
  const limit = 2 ** layout.width;
  if (random.oneIn(4)) return random.pick([0, 1, limit - 1, limit - 2]) & (limit - 1);
  return random.below(limit);
}

/** A random word of one of the forms whose operands `choose` may fix. */
function word(random: Random, forms: readonly Form[], choose: (layout: FieldLayout) => number | undefined): number {
  for (;;) {
    const form = random.pick(forms);
    const values = new Map(
      operandFieldLayouts(form.row).map((layout) => [layout, choose(layout) ?? randomField(random, layout)]),
    );
    const keepsAddresses = [...values].every(([layout, value]) => !DESTINATIONS.has(layout.letter) || !isKept(value));
    const candidate = wordOf(form, values);
    if (keepsAddresses && isWordOf(form, candidate)) return candidate;
  }
}

/** Registers that most operations take, so that they depend on each other. */
const FEW = 6;

/** An instruction that computes: now and then a mere move, and mostly on the first registers. */
export function randomOperation(random: Random): number {
  if (random.oneIn(8)) return wordFor(`mov x${random.below(FEW)}, x${random.below(FEW)}`);
  return word(random, dataProcessing, ({ letter, width }) =>
    REGISTERS.has(letter) && width === 5 && !random.oneIn(3) ? random.below(FEW) : undefined,
  );
}

/** A load, a store or an atomic access near x19, x20, x28 or SP, with x21 as index. */
export function randomAccess(random: Random): number {
  return word(random, accesses, ({ letter, width }) => {
    if (letter === "n") return random.pick([19, 19, 20, 28, 31]);
    if (letter === "m") return 21;
    if (letter !== "i") return undefined;
    return width > 9
      ? random.below(32)
      : random.pick([0, 1, 2, 3, 4, 2 ** width - 1, 2 ** width - 2, random.below(32)]);
  });
}
