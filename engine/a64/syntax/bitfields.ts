/** Logical immediates, and the positions and widths of the bitfield aliases. */
import { decodeBitMasks, encodeBitMask } from "../bitmask-immediate.js";
import type { FieldReference } from "./field.js";
import type { OperandInput } from "./input.js";
import { argumentField, is64Bit, noDefaults, type Operand, type OperandSpec, registerImmediate } from "./operand.js";

/** How a logical immediate is written. */
interface BitmaskOptions {
  /** The text is the complement of what is encoded (BIC for AND). */
  readonly complement?: boolean;
  /** Print only what MOV prefers this encoding for (MoveWidePreferred is false). */
  readonly move?: boolean;
}

/**
 * A logical immediate, N:immr:imms. Where immr has bits beyond the element's size, which do not count,
 * `immr #n` stands behind the value, so that the text gives the same word again: GNU as has no way to say it.
 */
class BitmaskOperand implements Operand {
  readonly defaults = noDefaults;
  constructor(
    private readonly field: FieldReference,
    private readonly options: BitmaskOptions,
  ) {}

  parse(input: OperandInput): boolean {
    const immediate = registerImmediate(input, -0x1_0000_0000n);
    if (typeof immediate === "boolean") return immediate;
    const { value: written, width, start } = immediate;
    const value = BigInt.asUintN(width, this.options.complement === true ? ~written : written);
    const encoded = encodeBitMask(value, width);
    if (encoded === undefined) {
      return input.reject(
        start,
        `0x${BigInt.asUintN(width, written).toString(16)} is no logical immediate: a rotated run of ones, repeated in elements of 2 to ${width} bits`,
      );
    }
    const rotation = this.parseRotation(input, encoded);
    return rotation !== undefined && input.assign(this.field, rotation, start, "");
  }

  /** `, immr #n`: the field with that immr; undefined if it stands for another value. */
  private parseRotation(input: OperandInput, encoded: number): number | undefined {
    const before = input.position;
    if (!input.take(",") || input.peekWord() !== "immr") {
      input.position = before;
      return encoded;
    }
    input.position += 4;
    input.skipSpace();
    const start = input.position;
    const immr = input.immediate()?.value;
    const width = is64Bit(input.word) ? 64 : 32;
    if (immr !== undefined && immr >= 0n && immr < 64n) {
      const other = (encoded & ~0xfc0) | (Number(immr) << 6);
      if (decodeBitMasks(other, width) === decodeBitMasks(encoded, width)) return other;
    }
    input.fail(start, "this immr gives another immediate");
    return undefined;
  }

  print(word: number): string | undefined {
    const width = is64Bit(word) ? 64 : 32;
    const encoded = this.field.read(word);
    const value = decodeBitMasks(encoded, width);
    if (value === undefined) return undefined;
    const canonical = encodeBitMask(value, width) === encoded;
    if (this.options.move === true && isMoveWide(value, width)) return undefined;
    const written = this.options.complement === true ? BigInt.asUintN(width, ~value) : value;
    const text = `0x${written.toString(16)}`;
    return canonical ? text : `${text}, immr #${(encoded >>> 6) & 63}`;
  }
}

/** The manual's MoveWidePreferred: one MOVZ or MOVN gives the value. */
function isMoveWide(value: bigint, width: 32 | 64): boolean {
  for (const bits of [value, BigInt.asUintN(width, ~value)]) {
    for (let shift = 0n; shift < width; shift += 16n) if ((bits & ~(0xffffn << shift)) === 0n) return true;
  }
  return false;
}

/** A bit position or count with its range; undefined if it is not known yet, false if it is wrong. */
function position(input: OperandInput, what: string, least: number, most: number): number | undefined | false {
  const immediate = input.immediate();
  if (immediate === undefined) return false;
  const { value, start } = immediate;
  if (value === undefined) {
    input.defer();
    return undefined;
  }
  if (value >= BigInt(least) && value <= BigInt(most)) return Number(value);
  input.reject(start, `${what} ${value} is out of range: `, `${least} to ${most}`);
  return undefined;
}

/** immr and imms of the bitfield instructions; both have as many bits as a position in the register. */
abstract class BitfieldOperand implements Operand {
  readonly defaults = noDefaults;
  protected readonly width: number;

  constructor(
    protected readonly r: FieldReference,
    protected readonly s: FieldReference,
  ) {
    this.width = 2 ** r.width;
  }

  abstract parse(input: OperandInput): boolean;
  abstract print(word: number): string | undefined;

  protected set(input: OperandInput, immr: number, imms: number): boolean {
    return input.assign(this.r, immr, input.position, "") && input.assign(this.s, imms, input.position, "");
  }

  /** `#lsb, #width`. */
  protected parsePair(input: OperandInput): readonly [lsb: number, width: number] | undefined | false {
    const lsb = position(input, "bit position", 0, this.width - 1);
    if (lsb === false || !input.expect(",")) return false;
    const width = position(input, "field width", 1, this.width - (lsb ?? 0));
    if (width === false) return false;
    return lsb === undefined || width === undefined ? undefined : [lsb, width];
  }
}

/** LSL (immediate): the amount. */
class ShiftLeftAmount extends BitfieldOperand {
  parse(input: OperandInput): boolean {
    const amount = position(input, "shift amount", 0, this.width - 1);
    if (amount === false) return false;
    if (amount === undefined) return true;
    return this.set(input, (this.width - amount) % this.width, this.width - 1 - amount);
  }

  print(word: number): string | undefined {
    const imms = this.s.read(word);
    if (imms === this.width - 1 || imms + 1 !== this.r.read(word)) return undefined;
    return String(this.width - 1 - imms);
  }
}

/** UBFIZ, SBFIZ, BFI, BFC: the low `width` bits go to `lsb`. */
class InsertedField extends BitfieldOperand {
  parse(input: OperandInput): boolean {
    const pair = this.parsePair(input);
    if (pair === false) return false;
    if (pair === undefined) return true;
    const [lsb, width] = pair;
    return this.set(input, (this.width - lsb) % this.width, width - 1);
  }

  print(word: number): string | undefined {
    const immr = this.r.read(word);
    const imms = this.s.read(word);
    return imms < immr ? `#${this.width - immr}, #${imms + 1}` : undefined;
  }
}

/** UBFX, SBFX, BFXIL: `width` bits from `lsb` on. */
class ExtractedField extends BitfieldOperand {
  parse(input: OperandInput): boolean {
    const pair = this.parsePair(input);
    if (pair === false) return false;
    if (pair === undefined) return true;
    const [lsb, width] = pair;
    return this.set(input, lsb, lsb + width - 1);
  }

  print(word: number): string | undefined {
    const immr = this.r.read(word);
    const imms = this.s.read(word);
    return imms >= immr ? `#${immr}, #${imms - immr + 1}` : undefined;
  }
}

/** The operands of this file by kind. */
export const bitfieldOperands: Readonly<Record<string, (spec: OperandSpec) => Operand>> = {
  bitmask: (spec) => new BitmaskOperand(argumentField(spec, 0), {}),
  notbitmask: (spec) => new BitmaskOperand(argumentField(spec, 0), { complement: true }),
  movbitmask: (spec) => new BitmaskOperand(argumentField(spec, 0), { move: true }),
  lslamount: (spec) => new ShiftLeftAmount(argumentField(spec, 0), argumentField(spec, 1)),
  insert: (spec) => new InsertedField(argumentField(spec, 0), argumentField(spec, 1)),
  extract: (spec) => new ExtractedField(argumentField(spec, 0), argumentField(spec, 1)),
};
