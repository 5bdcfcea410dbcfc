/**
 * Forms: a row of the instruction table for one value of each of its selectors. A form is what the
 * interpreter has one handler for, and what an instruction-cache slot names once its word is decoded.
 */
import { FIRST_FORM, TABLE_NZCV } from "../../assembly/layout.js";
import { contains, type FieldLayout, insertField, overlaps, type Pattern } from "./pattern.js";
import type { Row } from "./row.js";

export interface Form {
  readonly row: Row;
  /** Index of its handler in the function table. */
  readonly handler: number;
  readonly selectors: Readonly<Record<string, number>>;
  /** Fixed bits, selectors included. */
  readonly mask: number;
  readonly value: number;
  /** The row's exclusions that still share words with this form. */
  readonly unallocated: readonly Pattern[];
}

/** The handler of words that are not allocated. */
export const UNDEFINED_HANDLER = FIRST_FORM;

/** All forms of the rows, numbered from FIRST_FORM + 1 in table order. Throws a RangeError if the function table has no room for them. */
export function formsOf(rows: readonly Row[]): readonly Form[] {
  const forms: Form[] = [];
  for (const row of rows) forms.push(...formsOfRow(row, FIRST_FORM + 1 + forms.length));
  if (FIRST_FORM + 1 + forms.length > TABLE_NZCV) {
    throw new RangeError(`${forms.length} forms do not fit below the function table's fixed entries`);
  }
  return forms;
}

/** The forms of the rows by their handlers. A row's are made when one of them is first asked for: a program meets few. */
export class FormIndex {
  /** The handler of each row's first form. */
  private readonly first: Int32Array;
  private readonly made: (readonly Form[] | undefined)[];
  /** Those that have been asked for. */
  private readonly byNumber: Form[] = [];

  constructor(private readonly rows: readonly Row[]) {
    this.first = new Int32Array(rows.length);
    this.made = new Array(rows.length);
    let handler = FIRST_FORM + 1;
    for (let i = 0; i < rows.length; i++) {
      this.first[i] = handler;
      handler += this.count(i);
    }
  }

  /** Undefined for a handler of no form. */
  byHandler(handler: number): Form | undefined {
    const known = this.byNumber[handler];
    if (known !== undefined) return known;
    let row = 0;
    let end = this.rows.length;
    if (end === 0 || handler < (this.first[0] as number)) return undefined;
    while (end - row > 1) {
      const middle = (row + end) >> 1;
      if ((this.first[middle] as number) <= handler) row = middle;
      else end = middle;
    }
    const found = this.formsOf(row)[handler - (this.first[row] as number)];
    if (found !== undefined) this.byNumber[handler] = found;
    return found;
  }

  private formsOf(index: number): readonly Form[] {
    this.made[index] ??= formsOfRow(this.rows[index] as Row, this.first[index] as number);
    return this.made[index];
  }

  /** How many forms a row has. Selectors' values can be unallocated only in rows with exclusions. */
  private count(index: number): number {
    const { selectorBits, unallocated } = this.rows[index] as Row;
    if (selectorBits === 0) return 1;
    return unallocated.length === 0 ? 2 ** selectorBits : this.formsOf(index).length;
  }
}

/** A row's forms, numbered from `first`. */
function formsOfRow(row: Row, first: number): readonly Form[] {
  if (row.selectorBits === 0) return [new WholeRow(row, first)];
  const forms: Form[] = [];
  for (const selectors of selectorValues(row.pattern)) {
    const form = formOf(row, selectors, first + forms.length);
    if (form !== undefined) forms.push(form);
  }
  return forms;
}

/** The form of a row without selectors. Most of a program's are never met, so the row's patterns are left alone until they are asked for. */
class WholeRow implements Form {
  readonly selectors = {};

  constructor(
    readonly row: Row,
    readonly handler: number,
  ) {}

  get mask(): number {
    return this.row.pattern.mask;
  }

  get value(): number {
    return this.row.pattern.value;
  }

  get unallocated(): readonly Pattern[] {
    return this.row.unallocated;
  }
}

function* selectorValues(pattern: Pattern): Generator<Record<string, number>> {
  const selectors = [...pattern.fields.values()].filter((field) => field.selector);
  const combinations = 2 ** selectors.reduce((sum, field) => sum + field.width, 0);
  for (let index = 0; index < combinations; index++) {
    let rest = index;
    const values: Record<string, number> = {};
    for (const field of selectors) {
      values[field.letter] = rest % 2 ** field.width;
      rest = Math.floor(rest / 2 ** field.width);
    }
    yield values;
  }
}

/** Undefined if the selectors' values leave no allocated word. */
function formOf(row: Row, selectors: Record<string, number>, handler: number): Form | undefined {
  let { mask, value } = row.pattern;
  for (const field of row.pattern.fields.values()) {
    if (!field.selector) continue;
    mask |= insertField(field, 2 ** field.width - 1);
    value |= insertField(field, selectors[field.letter] ?? 0);
  }
  const narrowed: Pattern = { ...row.pattern, mask: mask >>> 0, value: value >>> 0 };
  if (row.unallocated.some((exclusion) => contains(exclusion, narrowed))) return undefined;
  const unallocated = row.unallocated.filter((exclusion) => overlaps(exclusion, narrowed));
  return { row, handler, selectors, mask: narrowed.mask, value: narrowed.value, unallocated };
}

/** The fields that are not selectors. */
export function operandFieldLayouts(row: Row): readonly FieldLayout[] {
  return row.pattern.operands;
}
