/**
 * Encoding patterns: 32 characters, most significant bit first, as the Arm ARM draws an encoding.
 *
 *   0, 1        the bit has this value
 *   lower case  an operand field: read from the word when the instruction is met
 *   upper case  a selector: the row stands for one *form* for each value of its selectors, so that its
 *               meaning may branch on them in plain TypeScript (register width, shift type, access size)
 *   space       ignored: groups the bits as the manual does
 *
 * A letter may stand in several places: its bits are concatenated from the most significant down
 * (TBZ's b5:b40 is one field that way).
 */

type Letter =
  | "a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l" | "m"
  | "n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x" | "y" | "z";

/** The letters that stand in a pattern. */
export type Letters<P extends string, Found extends string = never> =
  P extends `${infer C}${infer Rest}` ? Letters<Rest, C extends "0" | "1" | " " ? Found : Found | C> : Found;

/** What a row's meaning is handed: selectors as numbers, operand fields as the backend's field type. */
export type Fields<P extends string, F> = {
  readonly [L in Letters<P>]: L extends Letter ? F : number;
};

/** One field's place in the word: runs of bits, most significant run first. */
export interface FieldLayout {
  readonly letter: string;
  /** Whether the letter is upper case: its value is fixed for a form. */
  readonly selector: boolean;
  /** Width in bits. */
  readonly width: number;
  readonly runs: readonly { readonly lsb: number; readonly width: number }[];
}

export interface Pattern {
  readonly text: string;
  /** Bits that are fixed, and their values (unsigned 32-bit). */
  readonly mask: number;
  readonly value: number;
  readonly fields: ReadonlyMap<string, FieldLayout>;
  /** Those of the fields that are no selectors. */
  readonly operands: readonly FieldLayout[];
}

/**
 * Parses a pattern; its fields when they are first asked for, since most decoding needs the fixed bits alone.
 * Throws a RangeError if it is not 32 bits of the characters above.
 */
export function parsePattern(source: string): Pattern {
  const text = source.replaceAll(" ", "");
  if (text.length !== 32 || /[^01A-Za-z]/.test(text)) {
    throw new RangeError(`instruction pattern '${source}' is ${text.length} characters of [01A-Za-z], expected 32`);
  }
  let mask = 0;
  let value = 0;
  for (let position = 0; position < 32; position++) {
    const character = text.charCodeAt(position);
    const isOne = character === 0x31;
    mask = (mask << 1) | (isOne || character === 0x30 ? 1 : 0);
    value = (value << 1) | (isOne ? 1 : 0);
  }
  let fields: ReadonlyMap<string, FieldLayout> | undefined;
  let operands: readonly FieldLayout[] | undefined;
  return {
    text,
    mask: mask >>> 0,
    value: value >>> 0,
    get fields() {
      fields ??= parseFields(text);
      return fields;
    },
    get operands() {
      operands ??= [...this.fields.values()].filter((field) => !field.selector);
      return operands;
    },
  };
}

function parseFields(text: string): ReadonlyMap<string, FieldLayout> {
  const runs = new Map<string, { lsb: number; width: number }[]>();
  for (let position = 0; position < 32; position++) {
    const character = text.charAt(position);
    if (character === "0" || character === "1") continue;
    const lsb = 31 - position;
    const list = runs.get(character) ?? [];
    if (list.length > 0 && text.charAt(position - 1) === character) {
      const last = list[list.length - 1] as { lsb: number; width: number };
      last.lsb = lsb;
      last.width++;
    } else {
      list.push({ lsb, width: 1 });
    }
    runs.set(character, list);
  }
  const fields = new Map<string, FieldLayout>();
  for (const [letter, list] of runs) {
    const width = list.reduce((sum, run) => sum + run.width, 0);
    fields.set(letter, { letter, selector: letter < "a", width, runs: list });
  }
  return fields;
}

/** The value of a field in a word, zero-extended. */
export function extractField(field: FieldLayout, word: number): number {
  let value = 0;
  for (const run of field.runs) value = (value << run.width) | ((word >>> run.lsb) & ((1 << run.width) - 1));
  return value;
}

/** The word's bits for a field's value. Throws a RangeError if the value does not fit. */
export function insertField(field: FieldLayout, value: number): number {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** field.width) {
    throw new RangeError(`field '${field.letter}' is ${field.width} bits, ${value} does not fit`);
  }
  let bits = 0;
  let rest = value;
  for (const run of [...field.runs].reverse()) {
    bits |= (rest % 2 ** run.width) << run.lsb;
    rest = Math.floor(rest / 2 ** run.width);
  }
  return bits >>> 0;
}

/** Whether every word that `narrow` matches is matched by `wide` too. */
export function contains(wide: Pattern, narrow: Pattern): boolean {
  return (wide.mask & ~narrow.mask) === 0 && ((wide.value ^ narrow.value) & wide.mask) === 0;
}

/** Whether some word is matched by both patterns. */
export function overlaps(a: Pattern, b: Pattern): boolean {
  return ((a.value ^ b.value) & a.mask & b.mask) === 0;
}
