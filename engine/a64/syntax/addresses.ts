/** PC-relative labels and the index register of a load or store. */
import type { FieldReference } from "./field.js";
import { refusedOperator } from "./immediates.js";
import type { OperandInput } from "./input.js";
import { argumentField, noDefaults, type Operand, type OperandSpec } from "./operand.js";
import { expectRegister, registerText, takeRegister } from "./registers.js";

/**
 * A PC-relative target: a label, an address, or `#offset` in bytes from this instruction. GNU as takes
 * a bare number for an offset too; here it is an address, as the disassembler prints it.
 */
class LabelOperand implements Operand {
  readonly defaults = noDefaults;
  /** `page`: ADRP, in units of 4 KiB from this instruction's page. */
  constructor(
    private readonly field: FieldReference,
    private readonly scale: number,
    private readonly page: boolean,
  ) {}

  parse(input: OperandInput): boolean {
    const relative = input.take("#");
    input.skipSpace();
    const start = input.position;
    const operator = input.relocation();
    if (operator !== undefined && !(this.page && /^pg_hi21(_nc)?$/.test(operator))) {
      return input.fail(start, refusedOperator(operator));
    }
    const register = takeRegister(input);
    if (register !== undefined) {
      input.position = start;
      return input.expected(start, "a label or an address");
    }
    const expression = input.expression();
    if (expression === undefined) return false;
    if (expression.value === undefined || input.address === undefined) return input.defer();
    const offset = relative ? expression.value : this.offset(expression.value, input.address);
    return this.accept(input, offset, start, relative);
  }

  private offset(target: bigint, address: bigint): bigint {
    const from = this.page ? address & ~0xfffn : address;
    return BigInt.asIntN(64, (this.page ? target & ~0xfffn : target) - from);
  }

  private accept(input: OperandInput, offset: bigint, start: number, relative: boolean): boolean {
    const unit = BigInt(this.page ? 4096 : this.scale);
    const limit = 2n ** BigInt(this.field.width - 1);
    if (offset % unit !== 0n) {
      return input.reject(start, `the offset ${offset} is not a multiple of ${unit} bytes`);
    }
    const steps = offset / unit;
    if (steps < -limit || steps >= limit) {
      const range = `${-limit * unit} to ${(limit - 1n) * unit} bytes`;
      const hint = relative ? "" : "; a number without # is an address, write #n for an offset";
      return input.reject(
        start,
        `the target is ${offset} bytes away, out of range: ${range}${this.far(input, start) ? hint : ""}`,
      );
    }
    return input.assign(this.field, Number(BigInt.asUintN(this.field.width, steps)), start, "");
  }

  /** Whether the target was written as a bare number, so that a mix-up of offset and address is likely. */
  private far(input: OperandInput, start: number): boolean {
    return /^-?\d/.test(input.text.slice(start));
  }

  print(word: number, address: bigint): string {
    const bits = this.field.read(word);
    const steps = bits >= 2 ** (this.field.width - 1) ? bits - 2 ** this.field.width : bits;
    const from = this.page ? address & ~0xfffn : address;
    const target = from + BigInt(steps) * BigInt(this.page ? 4096 : this.scale);
    return `0x${BigInt.asUintN(64, target).toString(16)}`;
  }
}

/** `x2`, `x2, lsl #3`, `w2, uxtw`, `w2, sxtw #3`, `x2, sxtx` inside a load's or store's brackets. */
class IndexOperand implements Operand {
  readonly defaults = noDefaults;
  constructor(
    private readonly m: FieldReference,
    /** Sign-extended, 64 bits wide, shifted. */
    private readonly signed: FieldReference,
    private readonly wide: FieldReference,
    private readonly shifted: FieldReference,
    /** log2 of the bytes accessed. */
    private readonly scale: number,
  ) {}

  parse(input: OperandInput): boolean {
    const register = expectRegister(input, "an index register");
    if (register === undefined) return false;
    const { start } = register;
    const extension = this.parseExtension(input, register.wide);
    if (extension === undefined) return false;
    return (
      input.assign(this.m, register.number, start, "") &&
      input.assign(this.wide, register.wide ? 1 : 0, start, "") &&
      input.assign(this.signed, extension.signed ? 1 : 0, start, "") &&
      input.assign(this.shifted, extension.shifted ? 1 : 0, start, "")
    );
  }

  private parseExtension(input: OperandInput, wide: boolean): { signed: boolean; shifted: boolean } | undefined {
    const before = input.position;
    const missing = (position: number): undefined => {
      input.fail(position, wide ? "expected lsl or sxtx" : "a 32-bit index register needs uxtw or sxtw");
      return undefined;
    };
    if (!input.take(",")) return wide ? { signed: false, shifted: false } : missing(before);
    const name = input.peekWord();
    const known = wide ? name === "lsl" || name === "sxtx" : name === "uxtw" || name === "sxtw";
    if (!known) return missing(input.position);
    input.position += name.length;
    const shifted = this.parseAmount(input, name === "lsl");
    return shifted === undefined ? undefined : { signed: name.startsWith("s"), shifted };
  }

  /** Whether the index is scaled; undefined if the amount is missing or wrong. */
  private parseAmount(input: OperandInput, needed: boolean): boolean | undefined {
    input.skipSpace();
    const start = input.position;
    const next = input.text[start];
    if (!needed && (next === "]" || next === undefined)) return false;
    const expression = input.immediate();
    if (expression === undefined) return undefined;
    if (expression.value === undefined) return input.defer();
    if (expression.value === BigInt(this.scale)) return true;
    if (expression.value === 0n) return false;
    const allowed = this.scale === 0 ? "0" : `0 or ${this.scale}`;
    input.fail(start, `shift amount ${expression.value} is not possible here: ${allowed}`);
    return undefined;
  }

  print(word: number): string {
    const wide = this.wide.read(word) === 1;
    const signed = this.signed.read(word) === 1;
    const shifted = this.shifted.read(word) === 1;
    const register = registerText(this.m.read(word), wide, false);
    const extension = wide ? (signed ? "sxtx" : "lsl") : signed ? "sxtw" : "uxtw";
    if (shifted) return `${register}, ${extension} #${this.scale}`;
    return extension === "lsl" ? register : `${register}, ${extension}`;
  }
}

/** `label:h.l` or `label:i*4`. */
function labelOperand(spec: OperandSpec): Operand {
  const [letters, scale] = (spec.arguments[0] ?? "").split("*");
  const field = argumentField({ ...spec, arguments: [letters as string] }, 0);
  return new LabelOperand(field, Number(scale ?? 1), false);
}

/** The operands of this file by kind. */
export const addressOperands: Readonly<Record<string, (spec: OperandSpec) => Operand>> = {
  label: labelOperand,
  page: (spec) => new LabelOperand(argumentField(spec, 0), 1, true),
  index: (spec) =>
    new IndexOperand(
      argumentField(spec, 0),
      argumentField(spec, 1),
      argumentField(spec, 2),
      argumentField(spec, 3),
      Number(spec.arguments[4]),
    ),
};
