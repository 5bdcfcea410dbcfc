/** Plain numbers, and the immediates of ADD, SUB and the move-wide instructions. */
import { type FieldReference, fieldReference } from "./field.js";
import type { OperandInput } from "./input.js";
import {
  argumentField,
  is64Bit,
  noDefaults,
  type Operand,
  type OperandSpec,
  registerImmediate,
  zeroDefault,
} from "./operand.js";

/** What a relocation operator takes of an address: its halfword, and what it says of the instruction. */
const halfwordOperators: Readonly<
  Record<string, { readonly halfword: number; readonly signed: boolean; readonly checked: boolean }>
> = {
  abs_g0: { halfword: 0, signed: false, checked: true },
  abs_g0_nc: { halfword: 0, signed: false, checked: false },
  abs_g0_s: { halfword: 0, signed: true, checked: true },
  abs_g1: { halfword: 1, signed: false, checked: true },
  abs_g1_nc: { halfword: 1, signed: false, checked: false },
  abs_g1_s: { halfword: 1, signed: true, checked: true },
  abs_g2: { halfword: 2, signed: false, checked: true },
  abs_g2_nc: { halfword: 2, signed: false, checked: false },
  abs_g2_s: { halfword: 2, signed: true, checked: true },
  abs_g3: { halfword: 3, signed: false, checked: false },
};

const dynamicOperators = /^(got|tls|dtprel|gottprel|tprel|plt|pg_hi21|prel)/;

/** Why an operator cannot stand here. */
export function refusedOperator(operator: string): string {
  if (operator === "lo12" || operator in halfwordOperators || operator.startsWith("pg_hi21")) {
    return `the relocation operator :${operator}: does not fit this operand`;
  }
  if (dynamicOperators.test(operator)) {
    return `the relocation operator :${operator}: needs a dynamic linker, which is not there; use :lo12: or :abs_g0: to :abs_g3:`;
  }
  return `unknown relocation operator :${operator}:; known are lo12, pg_hi21 and abs_g0 to abs_g3 (with _nc, _s)`;
}

interface NumberOptions {
  readonly signed: boolean;
  readonly hexadecimal: boolean;
  readonly scale: number;
  /** The field that says which halfword, in MOVZ, MOVN and MOVK. */
  readonly halfword: FieldReference | undefined;
}

class NumberOperand implements Operand {
  readonly defaults;
  private readonly least: number;
  private readonly most: number;

  constructor(
    private readonly field: FieldReference,
    private readonly options: NumberOptions,
  ) {
    const size = 2 ** field.width;
    this.least = options.signed ? -size / 2 : 0;
    this.most = options.signed ? size / 2 - 1 : size - 1;
    this.defaults = zeroDefault(field);
  }

  parse(input: OperandInput): boolean {
    const immediate = input.relocatedImmediate();
    if (immediate === undefined) return false;
    const { operator, value, start } = immediate;
    if (operator !== undefined && operator !== "lo12") return this.parseHalfword(input, operator, value, start);
    if (value === undefined) return input.defer();
    if (operator === "lo12") {
      if (this.options.signed || this.field.width !== 12) return input.fail(start, refusedOperator(operator));
      return this.accept(input, value & 0xfffn, start);
    }
    return this.accept(input, value, start);
  }

  private accept(input: OperandInput, value: bigint, start: number): boolean {
    const { scale } = this.options;
    const most = this.most * scale;
    const least = this.least * scale;
    if (value < least || value > most || value % BigInt(scale) !== 0n) {
      const step = scale === 1 ? "" : ` in steps of ${scale}`;
      return input.reject(start, `immediate ${value} is out of range: `, `${least} to ${most}${step}`);
    }
    const number = Number(value);
    const size = 2 ** this.field.width;
    const encoded = (number / scale + size) % size;
    return input.assign(this.field, encoded, start, `immediate ${number} does not suit the operands before it`);
  }

  /** `:abs_g1:symbol`: sets the halfword too; the signed ones choose between MOVZ and MOVN as a linker does. */
  private parseHalfword(input: OperandInput, operator: string, value: bigint | undefined, start: number): boolean {
    const found = halfwordOperators[operator];
    const { halfword } = this.options;
    if (found === undefined || halfword === undefined) return input.fail(start, refusedOperator(operator));
    if (!is64Bit(input.word) && found.halfword > 1) {
      return input.fail(start, `:${operator}: needs a 64-bit register`);
    }
    if (!input.assign(halfword, found.halfword, start, "the halfword is given twice")) return false;
    if (value === undefined) return input.defer();
    const inverted = found.signed && value < 0n;
    const bits = found.signed ? (inverted ? ~value : value) : BigInt.asUintN(64, value);
    const shifted = bits >> BigInt(16 * found.halfword);
    if (found.checked && shifted > 0xffffn) {
      return input.reject(start, `the value 0x${bits.toString(16)} does not fit :${operator}:`);
    }
    // opc<1> is 1 in MOVZ and 0 in MOVN.
    if (found.signed) input.word = ((input.word & ~(1 << 30)) | (inverted ? 0 : 1 << 30)) >>> 0;
    return input.assign(this.field, Number(shifted & 0xffffn), start, "");
  }

  print(word: number): string {
    const { signed, hexadecimal, scale } = this.options;
    const bits = this.field.read(word);
    const value = (signed && bits >= 2 ** (this.field.width - 1) ? bits - 2 ** this.field.width : bits) * scale;
    return hexadecimal ? `0x${value.toString(16)}` : String(value);
  }
}

const numberPattern = /^([A-Za-z](?:\.[A-Za-z])*)(?::(x|s))?(?:\*(\d+))?$/;

/** The operand of `i`, `i:x`, `i:s*8`, `h.l`; undefined if the text is none of these. */
export function numberOperand(spec: OperandSpec): Operand | undefined {
  const match = numberPattern.exec(spec.text);
  if (match === null) return undefined;
  const [, letters, style, scale] = match;
  const field = fieldReference(spec.pattern, letters as string);
  const moveWide = field.width === 16 && spec.pattern.fields.has("H");
  return new NumberOperand(field, {
    signed: style === "s",
    hexadecimal: style === "x",
    scale: Number(scale ?? 1),
    halfword: moveWide ? fieldReference(spec.pattern, "H") : undefined,
  });
}

/** `#imm12` or `#imm12, lsl #12` of ADD and SUB. The assembler finds the shift itself. */
class AddSubtractImmediate implements Operand {
  readonly defaults = noDefaults;
  constructor(
    private readonly shift: FieldReference,
    private readonly immediate: FieldReference,
    private readonly negated: boolean,
  ) {}

  parse(input: OperandInput): boolean {
    const immediate = input.relocatedImmediate();
    if (immediate === undefined) return false;
    const { operator, value, start } = immediate;
    const shift = this.parseShift(input);
    if (shift === undefined) return false;
    if (operator !== undefined && operator !== "lo12" && operator !== "hi12")
      return input.fail(start, refusedOperator(operator));
    if (value === undefined) return input.defer();
    if (operator === undefined) return this.accept(input, this.negated ? -value : value, shift, start);
    if (this.negated) return false;
    const part = operator === "lo12" ? value & 0xfffn : (value >> 12n) & 0xfffn;
    return this.accept(input, part, operator === "hi12" ? 12 : shift, start);
  }

  /** `, lsl #0` or `, lsl #12`: the amount, -1 if it is not there, undefined if it is wrong. */
  private parseShift(input: OperandInput): number | undefined {
    const before = input.position;
    if (!input.take(",")) return -1;
    if (input.peekWord() !== "lsl") {
      input.expected(input.position, "lsl");
      input.position = before;
      return -1;
    }
    input.position += 3;
    input.skipSpace();
    const start = input.position;
    const amount = input.immediate()?.value;
    if (amount === 0n || amount === 12n) return Number(amount);
    input.fail(start, "the shift of this immediate is 0 or 12");
    return undefined;
  }

  private accept(input: OperandInput, value: bigint, shift: number, start: number): boolean {
    const least = this.negated ? 1n : 0n;
    // The instruction itself says what is wrong with a positive value.
    if (this.negated && value <= 0n) return false;
    const written = this.negated ? -value : value;
    const byItself = shift === -1 && value > 0xfffn && (value & 0xfffn) === 0n && value >> 12n <= 0xfffn;
    if (!byItself && (value < least || value > 0xfffn)) {
      const range = this.negated
        ? "-4095 to -1, or multiples of 4096 down to -16773120"
        : "0 to 4095, or multiples of 4096 up to 16773120";
      return input.reject(start, `immediate ${written} is out of range: `, range);
    }
    const shifted = byItself || shift === 12;
    return (
      input.assign(this.shift, shifted ? 1 : 0, start, "") &&
      input.assign(this.immediate, Number(byItself ? value >> 12n : value), start, "")
    );
  }

  print(word: number): string {
    const value = `#${this.negated ? "-" : ""}0x${this.immediate.read(word).toString(16)}`;
    return this.shift.read(word) === 1 ? `${value}, lsl #12` : value;
  }
}

/** The value of `mov` for MOVZ, or MOVN (`inverted`). */
class MoveWideImmediate implements Operand {
  readonly defaults;
  constructor(
    private readonly immediate: FieldReference,
    private readonly halfword: FieldReference,
    private readonly inverted: boolean,
  ) {
    this.defaults = zeroDefault(immediate, halfword);
  }

  parse(input: OperandInput): boolean {
    const immediate = registerImmediate(input, -0x8000_0000n);
    if (typeof immediate === "boolean") return immediate;
    const { value, width, start } = immediate;
    const bits = BigInt.asUintN(width, this.inverted ? ~value : value);
    for (let halfword = 0; halfword < width / 16; halfword++) {
      if ((bits & ~(0xffffn << BigInt(16 * halfword))) !== 0n) continue;
      return (
        input.assign(this.halfword, halfword, start, "") &&
        input.assign(this.immediate, Number(bits >> BigInt(16 * halfword)), start, "")
      );
    }
    return input.reject(
      start,
      `0x${BigInt.asUintN(width, value).toString(16)} takes more than one instruction; use ldr ${width === 64 ? "x" : "w"}<n>, =value, or movz and movk`,
    );
  }

  print(word: number): string | undefined {
    const immediate = this.immediate.read(word);
    const halfword = this.halfword.read(word);
    const width = is64Bit(word) ? 64 : 32;
    if (immediate === 0 && halfword !== 0) return undefined;
    if (this.inverted && width === 32 && immediate === 0xffff) return undefined;
    const value = BigInt(immediate) << BigInt(16 * halfword);
    return `0x${BigInt.asUintN(width, this.inverted ? ~value : value).toString(16)}`;
  }
}

/** The operands of this file by kind. */
export const immediateOperands: Readonly<Record<string, (spec: OperandSpec) => Operand>> = {
  addsubimm: (spec) => new AddSubtractImmediate(argumentField(spec, 0), argumentField(spec, 1), false),
  negaddsubimm: (spec) => new AddSubtractImmediate(argumentField(spec, 0), argumentField(spec, 1), true),
  movwide: (spec) => new MoveWideImmediate(argumentField(spec, 0), argumentField(spec, 1), false),
  movinverted: (spec) => new MoveWideImmediate(argumentField(spec, 0), argumentField(spec, 1), true),
};
