/** What an operand kind is, and what its maker is told. */
import type { Pattern } from "../pattern.js";
import { type FieldReference, fieldReference } from "./field.js";
import type { OperandInput } from "./input.js";

export interface Operand {
  /** Reads the operand's text into the word; false, with the failure noted, if it is something else. */
  parse(input: OperandInput): boolean;
  /** Its text, or undefined if this syntax cannot express the word. */
  print(word: number, address: bigint): string | undefined;
  /** The bits that decide whether the operand is at its default (left out), and their value then. */
  readonly defaults: { readonly mask: number; readonly value: number };
}

/** The pieces of `<kind:arguments>`, for the maker of an operand. */
export interface OperandSpec {
  readonly text: string;
  readonly pattern: Pattern;
  /** Field letters or options after the colon. */
  readonly arguments: readonly string[];
}

/** The n-th argument of an operand as a field. */
export function argumentField(spec: OperandSpec, index: number): FieldReference {
  const letters = spec.arguments[index];
  if (letters === undefined) throw new RangeError(`<${spec.text}> needs ${index + 1} arguments`);
  return fieldReference(spec.pattern, letters);
}

export const noDefaults = { mask: 0, value: 0 } as const;

export function zeroDefault(...fields: readonly FieldReference[]): { mask: number; value: number } {
  return { mask: fields.reduce((mask, field) => mask | field.mask, 0) >>> 0, value: 0 };
}

/**
 * Reads a value that fills a register; in 32 bits it may be as low as `least32`. Where there is none that can be used, what
 * the operand's `parse` is to return.
 */
export function registerImmediate(
  input: OperandInput,
  least32: bigint,
): { readonly value: bigint; readonly width: 32 | 64; readonly start: number } | boolean {
  const immediate = input.immediate();
  if (immediate === undefined) return false;
  const { value, start } = immediate;
  if (value === undefined) return input.defer();
  const width = is64Bit(input.word) ? 64 : 32;
  if (width === 32 && (value < least32 || value > 0xffff_ffffn)) {
    return input.reject(start, `immediate ${value} does not fit in 32 bits`);
  }
  return { value, width, start };
}

/** Whether the instruction works on 64-bit registers: `sf` of all data-processing instructions is bit 31. */
export function is64Bit(word: number): boolean {
  return word >>> 31 === 1;
}
