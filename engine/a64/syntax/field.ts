/** The place of an operand's value in the instruction word: one field, or several joined (`h.l`). */
import type { FieldLayout, Pattern } from "../pattern.js";

interface Run {
  readonly lsb: number;
  readonly width: number;
}

export class FieldReference {
  readonly width: number;
  /** The word's bits that belong to the field. */
  readonly mask: number;
  /** Most significant run first. */
  private readonly runs: readonly Run[];

  constructor(fields: readonly FieldLayout[]) {
    this.runs = fields.flatMap((field) => field.runs);
    let width = 0;
    let mask = 0;
    for (const run of this.runs) {
      width += run.width;
      mask |= (2 ** run.width - 1) << run.lsb;
    }
    this.width = width;
    this.mask = mask >>> 0;
  }

  /** The field of a word, zero-extended. */
  read(word: number): number {
    let value = 0;
    for (const run of this.runs) value = value * 2 ** run.width + ((word >>> run.lsb) & (2 ** run.width - 1));
    return value;
  }

  /** The word's bits for a value, of which only the field's width is taken. */
  place(value: number): number {
    let bits = 0;
    let rest = value;
    for (let index = this.runs.length - 1; index >= 0; index--) {
      const run = this.runs[index] as Run;
      bits |= (rest & (2 ** run.width - 1)) << run.lsb;
      rest = Math.floor(rest / 2 ** run.width);
    }
    return bits >>> 0;
  }
}

/** `f` or `h.l` of a template. Throws a RangeError if the pattern has no such field. */
export function fieldReference(pattern: Pattern, letters: string): FieldReference {
  const fields = letters.split(".").map((letter) => {
    const field = pattern.fields.get(letter);
    if (field === undefined) throw new RangeError(`the pattern ${pattern.text} has no field '${letter}'`);
    return field;
  });
  return new FieldReference(fields);
}
