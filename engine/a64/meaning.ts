/** An instruction word's meaning for backends that know the word: its fields are numbers. */
import { Decoder } from "./decode.js";
import type { Ops } from "./ops.js";
import { extractField, type FieldLayout } from "./pattern.js";
import type { AnyFields, Row } from "./row.js";
import { executedRows } from "./table.js";

/** An operand field with its value. */
export interface KnownField {
  readonly width: number;
  readonly value: number;
}

/** A decoded word. */
export interface Instruction {
  readonly word: number;
  /** The heading of the Arm ARM's page. */
  readonly name: string;
  /** Bit b: a branch with PSTATE.BTYPE = b may land on it in a guarded page. */
  readonly lands: number;
  /** Performs its meaning on a backend. */
  execute<V, A>(o: Ops<V, KnownField, A>): void;
}

function fieldOf(layout: FieldLayout, word: number): KnownField | number {
  const value = extractField(layout, word);
  return layout.selector ? value : { width: layout.width, value };
}

function instruction(row: Row, word: number): Instruction {
  const fields: Record<string, KnownField | number> = {};
  for (const layout of row.pattern.fields.values()) fields[layout.letter] = fieldOf(layout, word);
  return {
    word,
    name: row.name,
    lands: row.lands,
    execute: <V, A>(o: Ops<V, KnownField, A>) => row.meaning<V, KnownField, A>(o, fields as AnyFields<KnownField>),
  };
}

/** Decodes words and keeps what it has decoded. Words that only trap (floating point) are instructions here too. */
export class InstructionDecoder {
  readonly #decoder = new Decoder(executedRows);
  readonly #known = new Map<number, Instruction | undefined>();

  /** Undefined if the word is not allocated. */
  decode(word: number): Instruction | undefined {
    if (this.#known.has(word)) return this.#known.get(word);
    const row = this.#decoder.decode(word);
    const decoded = row === undefined ? undefined : instruction(row, word);
    this.#known.set(word, decoded);
    return decoded;
  }
}
