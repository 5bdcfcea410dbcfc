/** General-purpose registers. */
import { type FieldReference, fieldReference } from "./field.js";
import type { OperandInput } from "./input.js";
import { is64Bit, noDefaults, type Operand, type OperandSpec } from "./operand.js";

/** What a register's name says: its number, its width and whether 31 is the stack pointer. */
export interface RegisterName {
  readonly number: number;
  readonly wide: boolean;
  readonly stackPointer: boolean;
}

function names(letter: string, last: string): readonly string[] {
  return Array.from({ length: 32 }, (_, number) => (number === 31 ? last : `${letter}${number}`));
}

const xNames = names("x", "xzr");
const wNames = names("w", "wzr");
const xspNames = names("x", "sp");
const wspNames = names("w", "wsp");

export function registerText(number: number, wide: boolean, stackPointer: boolean): string {
  const list = wide ? (stackPointer ? xspNames : xNames) : stackPointer ? wspNames : wNames;
  return list[number] as string;
}

const byName: ReadonlyMap<string, RegisterName> = new Map<string, RegisterName>([
  ...xNames.map((name, number) => [name, { number, wide: true, stackPointer: false }] as const),
  ...wNames.map((name, number) => [name, { number, wide: false, stackPointer: false }] as const),
  ["sp", { number: 31, wide: true, stackPointer: true }],
  ["wsp", { number: 31, wide: false, stackPointer: true }],
  ["fp", { number: 29, wide: true, stackPointer: false }],
  ["lr", { number: 30, wide: true, stackPointer: false }],
  ["ip0", { number: 16, wide: true, stackPointer: false }],
  ["ip1", { number: 17, wide: true, stackPointer: false }],
]);

/** The register of a name in lower case. */
export function registerOfName(name: string): RegisterName | undefined {
  return byName.get(name);
}

/** Takes a register's name if one comes next. */
export function takeRegister(input: OperandInput): RegisterName | undefined {
  const word = input.peekWord();
  const found = byName.get(word) ?? byName.get(input.registerNamed(word) ?? "");
  if (found !== undefined) input.position += word.length;
  return found;
}

/** Takes X0 to X30, XZR or one of their W, and says where it stands; undefined, with the failure noted, if something else comes. */
export function expectRegister(
  input: OperandInput,
  wanted: string,
): (RegisterName & { readonly start: number }) | undefined {
  input.skipSpace();
  const start = input.position;
  const register = takeRegister(input);
  if (register !== undefined && !register.stackPointer) return { ...register, start };
  input.position = start;
  input.expected(start, wanted);
  return undefined;
}

/** A register's width: fixed (true is 64 bits), or by a selector (1 is 64 bits). */
type WidthRule = boolean | FieldReference;

function isWide(rule: WidthRule, word: number): boolean {
  return typeof rule === "boolean" ? rule : rule.read(word) === 1;
}

class RegisterOperand implements Operand {
  readonly defaults = noDefaults;

  /** Several fields hold the same register. */
  constructor(
    private readonly fields: readonly FieldReference[],
    private readonly width: WidthRule,
    private readonly stackPointer: boolean,
  ) {}

  parse(input: OperandInput): boolean {
    const { width } = this;
    input.skipSpace();
    const start = input.position;
    const register = takeRegister(input);
    if (register === undefined || (register.number === 31 && register.stackPointer !== this.stackPointer)) {
      return this.wrong(input, start);
    }
    const settled = typeof width === "boolean" || input.isKnown(width);
    if (settled && register.wide !== isWide(width, input.word)) return this.wrong(input, start);
    if (typeof width !== "boolean") input.assign(width, register.wide ? 1 : 0, start, "");
    return this.fields.every((field) => input.assign(field, register.number, start, "another register is needed here"));
  }

  private wrong(input: OperandInput, start: number): false {
    const { width, stackPointer } = this;
    input.position = start;
    const x = stackPointer ? "x0-x30 or sp" : "x0-x30 or xzr";
    const w = stackPointer ? "w0-w30 or wsp" : "w0-w30 or wzr";
    const settled = typeof width === "boolean" || input.isKnown(width);
    const wanted = !settled
      ? `a register (${x}, ${w})`
      : isWide(width, input.word)
        ? `a 64-bit register (${x})`
        : `a 32-bit register (${w})`;
    return input.expected(start, wanted);
  }

  print(word: number): string | undefined {
    const [first, ...others] = this.fields as [FieldReference, ...FieldReference[]];
    const number = first.read(word);
    if (others.some((field) => field.read(word) !== number)) return undefined;
    return registerText(number, isWide(this.width, word), this.stackPointer);
  }
}

/** `<Em:O>`: X where the extension O is uxtx or sxtx of a 64-bit operation, else W. The extension comes behind it. */
class ExtendedRegisterOperand implements Operand {
  readonly defaults = noDefaults;
  constructor(
    private readonly field: FieldReference,
    private readonly option: FieldReference,
  ) {}

  parse(input: OperandInput): boolean {
    const register = expectRegister(input, "a register");
    if (register === undefined) return false;
    input.extendedWide = register.wide;
    return input.assign(this.field, register.number, register.start, "");
  }

  print(word: number): string {
    const wide = is64Bit(word) && (this.option.read(word) & 3) === 3;
    return registerText(this.field.read(word), wide, false);
  }
}

/** `<pair:X,s>`: two registers in a row, the first an even one; the field holds half of its number. */
class RegisterPairOperand implements Operand {
  readonly defaults = noDefaults;
  constructor(
    private readonly wide: boolean,
    private readonly field: FieldReference,
  ) {}

  parse(input: OperandInput): boolean {
    input.skipSpace();
    const start = input.position;
    const first = this.take(input);
    if (first === undefined || first % 2 !== 0) {
      input.position = start;
      return input.expected(start, `an even ${this.wide ? 64 : 32}-bit register and the one behind it`);
    }
    if (!input.expect(",")) return false;
    input.skipSpace();
    const behind = input.position;
    if (this.take(input) !== first + 1) {
      input.position = behind;
      return input.expected(behind, registerText(first + 1, this.wide, false));
    }
    return input.assign(this.field, first / 2, start, "");
  }

  private take(input: OperandInput): number | undefined {
    const register = takeRegister(input);
    return register === undefined || register.wide !== this.wide || register.stackPointer ? undefined : register.number;
  }

  print(word: number): string {
    const first = 2 * this.field.read(word);
    return `${registerText(first, this.wide, false)}, ${registerText(first + 1, this.wide, false)}`;
  }
}

const registerPattern = /^([XWR])([a-z])(?:=([a-z]))?(\|sp)?$/;

/** The operand of `Xd`, `Rn|sp`, `Rn=m`, `Em:O`; undefined if the text is none of these. */
export function registerOperand(spec: OperandSpec): Operand | undefined {
  const { text, pattern } = spec;
  const extended = /^E([a-z]):([A-Za-z])$/.exec(text);
  if (extended !== null) {
    return new ExtendedRegisterOperand(
      fieldReference(pattern, extended[1] as string),
      fieldReference(pattern, extended[2] as string),
    );
  }
  const pair = /^pair:([XW]),([a-z])$/.exec(text);
  if (pair !== null) return new RegisterPairOperand(pair[1] === "X", fieldReference(pattern, pair[2] as string));
  const match = registerPattern.exec(text);
  if (match === null) return undefined;
  const [, letter, field, equal, sp] = match;
  const fields = [field, equal].filter((name) => name !== undefined).map((name) => fieldReference(pattern, name));
  const selector = letter === "R" ? fieldReference(pattern, "Z") : undefined;
  return new RegisterOperand(fields, selector ?? letter === "X", sp !== undefined);
}
