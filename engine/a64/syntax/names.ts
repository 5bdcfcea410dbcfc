/** Operands written as one of a list of names: conditions, shifts, extensions, barrier options, prefetch operations. */
import type { FieldReference } from "./field.js";
import type { OperandInput } from "./input.js";
import { argumentField, is64Bit, type Operand, type OperandSpec, zeroDefault } from "./operand.js";

/** By value; the first spelling is the one printed. */
export const conditionNames: readonly (readonly string[])[] = [
  ["eq"],
  ["ne"],
  ["cs", "hs"],
  ["cc", "lo"],
  ["mi"],
  ["pl"],
  ["vs"],
  ["vc"],
  ["hi"],
  ["ls"],
  ["ge"],
  ["lt"],
  ["gt"],
  ["le"],
  ["al"],
  ["nv"],
];

const shiftNames = [["lsl"], ["lsr"], ["asr"], ["ror"]];
const extendNames = ["uxtb", "uxth", "uxtw", "uxtx", "sxtb", "sxth", "sxtw", "sxtx"].map((name) => [name]);

const barrierNames: readonly (readonly string[])[] = [
  [],
  ["oshld"],
  ["oshst"],
  ["osh"],
  [],
  ["nshld"],
  ["nshst"],
  ["nsh"],
  [],
  ["ishld"],
  ["ishst"],
  ["ish"],
  [],
  ["ld"],
  ["st"],
  ["sy"],
];

const prefetchNames: readonly (readonly string[])[] = Array.from({ length: 32 }, (_, value) => {
  const type = ["pld", "pli", "pst"][value >> 3];
  const level = ["l1", "l2", "l3"][(value >> 1) & 3];
  return type === undefined || level === undefined ? [] : [`${type}${level}${(value & 1) === 1 ? "strm" : "keep"}`];
});

function valuesByName(lists: readonly (readonly string[])[]): ReadonlyMap<string, number> {
  return new Map(lists.flatMap((list, value) => list.map((name) => [name, value] as const)));
}

interface NameOptions {
  /** What the list is called in messages. */
  readonly what: string;
  /** The field holds the value with its lowest bit inverted, and the last two names have no inverse. */
  readonly inverted?: boolean;
  /** A value without a name is written as a number. */
  readonly numeric?: boolean;
}

class NamedOperand implements Operand {
  readonly defaults;
  private readonly values: ReadonlyMap<string, number>;

  constructor(
    protected readonly field: FieldReference,
    private readonly lists: readonly (readonly string[])[],
    private readonly options: NameOptions,
  ) {
    this.defaults = zeroDefault(field);
    this.values = valuesByName(lists);
  }

  parse(input: OperandInput): boolean {
    const { what, inverted, numeric } = this.options;
    const word = input.peekWord();
    const start = input.position;
    const value = this.values.get(word);
    if (value === undefined) {
      if (numeric === true && (input.text[start] === "#" || /^[0-9]/.test(word))) return this.parseNumber(input);
      return input.expected(start, what);
    }
    if (inverted === true && value >= 14) return input.fail(start, `the condition '${word}' has no inverse`);
    input.position += word.length;
    return input.assign(this.field, inverted === true ? value ^ 1 : value, start, `'${word}' does not fit here`);
  }

  private parseNumber(input: OperandInput): boolean {
    const start = input.position;
    const immediate = input.immediate();
    if (immediate === undefined) return false;
    const limit = 2 ** this.field.width;
    if (immediate.value === undefined) return input.defer();
    if (immediate.value < 0n || immediate.value >= BigInt(limit)) {
      return input.reject(start, `immediate ${immediate.value} is out of range: `, `0 to ${limit - 1}`);
    }
    return input.assign(this.field, Number(immediate.value), start, "this value does not fit here");
  }

  print(word: number): string | undefined {
    const { inverted, numeric } = this.options;
    const value = this.field.read(word);
    if (inverted === true) return value >= 14 ? undefined : this.lists[value ^ 1]?.[0];
    const name = this.lists[value]?.[0];
    return name === undefined && numeric === true ? `#0x${value.toString(16).padStart(2, "0")}` : name;
  }
}

/** The extension of an arithmetic operand: it must suit the register before it (`<Em:O>`). */
class ExtensionOperand extends NamedOperand {
  override parse(input: OperandInput): boolean {
    const start = input.position;
    if (!super.parse(input)) return false;
    const wide = is64Bit(input.word) && (this.field.read(input.word) & 3) === 3;
    if (input.extendedWide === undefined || input.extendedWide === wide) return true;
    return input.fail(start, `this extension needs a ${wide ? 64 : 32}-bit register before it`);
  }
}

/** The operands of this file by kind. */
export const nameOperands: Readonly<Record<string, (spec: OperandSpec) => Operand>> = {
  cond: (spec) => new NamedOperand(argumentField(spec, 0), conditionNames, { what: "a condition (eq, ne, cs, ...)" }),
  ncond: (spec) =>
    new NamedOperand(argumentField(spec, 0), conditionNames, { what: "a condition (eq, ne, cs, ...)", inverted: true }),
  shift: (spec) => new NamedOperand(argumentField(spec, 0), shiftNames, { what: "a shift (lsl, lsr, asr, ror)" }),
  extend: (spec) => new ExtensionOperand(argumentField(spec, 0), extendNames, { what: "an extension (uxtb ... sxtx)" }),
  barrier: (spec) =>
    new NamedOperand(argumentField(spec, 0), barrierNames, {
      what: "a barrier option (sy, ish, ishst, ...)",
      numeric: true,
    }),
  prfop: (spec) =>
    new NamedOperand(argumentField(spec, 0), prefetchNames, {
      what: "a prefetch operation (pldl1keep, ...)",
      numeric: true,
    }),
};
