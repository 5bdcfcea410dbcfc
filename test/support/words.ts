/** Random words of an instruction form, and what the address of their memory access is. */
import { decode } from "#engine/a64/decode.js";
import { type Form, formsOf, operandFieldLayouts } from "#engine/a64/forms.js";
import { extractField, type FieldLayout, insertField } from "#engine/a64/pattern.js";
import type { Row } from "#engine/a64/row.js";
import { rows } from "#engine/a64/table.js";
import type { Random } from "./random.js";

/** A form's name for people: the row's and its selectors' values. */
export function formName(form: Form): string {
  const selectors = Object.entries(form.selectors).map(([letter, value]) => `${letter}=${value}`);
  return [form.row.name, ...selectors].join(" ");
}

/** A field's value: the edges and, for what may be a register, another field's value come more often than by chance. */
function fieldValue(random: Random, width: number, others: readonly number[]): number {
  const limit = 2 ** width;
  switch (random.below(8)) {
    case 0:
      return 0;
    case 1:
      return limit - 1;
    case 2:
      return Math.min(1, limit - 1);
    case 3: {
      const other = others.length > 0 ? random.pick(others) : 0;
      return other < limit ? other : random.below(limit);
    }
    // Short offsets stay near what is mapped.
    case 4:
      return random.below(Math.min(limit, 16));
    default:
      return random.below(limit);
  }
}

/** The word of a form with these operand fields. */
export function wordOf(form: Form, values: ReadonlyMap<FieldLayout, number>): number {
  let word = form.value;
  for (const [layout, value] of values) word |= insertField(layout, value);
  return word >>> 0;
}

/** Whether the word decodes to this form: it may be unallocated, or belong to a row that is a special case. */
export function isWordOf(form: Form, word: number): boolean {
  return decode(word) === form.row && ((word ^ form.value) & form.mask) === 0;
}

/** A random word of the form. Throws an Error if none is found, which would be a form without words. */
export function randomWord(form: Form, random: Random): number {
  for (let attempt = 0; attempt < 10_000; attempt++) {
    const values = new Map<FieldLayout, number>();
    for (const layout of operandFieldLayouts(form.row)) {
      const registers = [...values].filter(([other]) => other.width === layout.width).map(([, value]) => value);
      values.set(layout, fieldValue(random, layout.width, registers));
    }
    const word = wordOf(form, values);
    if (isWordOf(form, word)) return word;
  }
  throw new Error(`${formName(form)}: no allocated word found`);
}

/** An operand field of a word by its letter; undefined if the form has none. */
export function operandOf(form: Form, word: number, letter: string): number | undefined {
  const layout = form.row.pattern.fields.get(letter);
  return layout === undefined ? undefined : extractField(layout, word);
}

const formsByRow = new Map<Row, Form[]>();
for (const form of formsOf(rows)) formsByRow.set(form.row, [...(formsByRow.get(form.row) ?? []), form]);

/** The form of a word; undefined if it is not allocated. */
export function formOf(word: number): Form | undefined {
  const row = decode(word);
  if (row === undefined) return undefined;
  return formsByRow.get(row)?.find((form) => ((word ^ form.value) & form.mask) === 0);
}
