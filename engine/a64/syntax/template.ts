/**
 * Syntax templates: how an instruction is written in GNU as syntax. A row or alias of the table has one.
 *
 *   text        stands for itself; case and spaces do not count when read, nor does `#`
 *   {...}       may be left out; printed only if something in it is not at its default
 *   <Z:a|b>     the text chosen by a field's value; `-` marks a value that cannot be written
 *   <Xd> <Wd>   a register; <Rd>: its width by selector Z; <Rn|sp>: 31 is the stack pointer;
 *               <pair:X,s>: an even register and the next one;
 *               <Rn=m>: one register for two fields; <Em:O>: width by the extension O
 *   <i>         an unsigned number; <i:x> hexadecimal, <i:s> signed, <i*8> scaled
 *   <kind:f,g>  an operand kind of this folder, with its fields; `h.l` joins two fields
 *
 * The mnemonic, up to the first space, may hold alternations and <cond:c>.
 */
import type { Pattern } from "../pattern.js";
import { addressOperands } from "./addresses.js";
import { bitfieldOperands } from "./bitfields.js";
import { type FieldReference, fieldReference } from "./field.js";
import { immediateOperands, numberOperand } from "./immediates.js";
import type { OperandInput } from "./input.js";
import { conditionNames, nameOperands } from "./names.js";
import type { Operand, OperandSpec } from "./operand.js";
import { registerOperand } from "./registers.js";

const kinds: Readonly<Record<string, (spec: OperandSpec) => Operand>> = {
  ...nameOperands,
  ...immediateOperands,
  ...bitfieldOperands,
  ...addressOperands,
};

/** `<...>` as an operand. Throws a RangeError for an unknown kind: a mistake in the table. */
function makeOperand(text: string, pattern: Pattern): Operand {
  const colon = text.indexOf(":");
  const kind = colon < 0 ? "" : text.slice(0, colon);
  const spec: OperandSpec = { text, pattern, arguments: text.slice(colon + 1).split(",") };
  const maker = Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  const operand = maker?.(spec) ?? registerOperand(spec) ?? numberOperand(spec);
  if (operand === undefined) throw new RangeError(`unknown operand kind <${text}>`);
  return operand;
}

/** Literal text: printed as it stands, read word by word. */
class Literal implements Operand {
  readonly defaults = { mask: 0, value: 0 };
  private readonly tokens: readonly string[];

  constructor(private readonly text: string) {
    // A `#` before an operand is that operand's to read.
    this.tokens = text.replace(/#$/, "").match(/[A-Za-z0-9_.]+|[^\sA-Za-z0-9_.]/g) ?? [];
  }

  parse(input: OperandInput): boolean {
    for (const token of this.tokens) {
      if (token === "#") input.take("#");
      else if (/^\w/.test(token)) {
        if (input.peekWord() !== token) return input.expected(input.position, token);
        input.position += token.length;
      } else if (!input.expect(token)) return false;
    }
    return true;
  }

  print(): string {
    return this.text;
  }
}

/** `<Z:a|b>`. */
class Choice implements Operand {
  readonly defaults;
  constructor(
    readonly field: FieldReference,
    readonly texts: readonly string[],
  ) {
    this.defaults = { mask: field.mask, value: 0 };
  }

  parse(input: OperandInput): boolean {
    const word = input.peekWord();
    const start = input.position;
    const value = this.texts.indexOf(word);
    if (value < 0 || word === "-") {
      const names = this.texts.filter((text) => text !== "" && text !== "-");
      return input.expected(start, names.join(", or "));
    }
    input.position += word.length;
    return input.assign(this.field, value, start, `'${word}' does not suit the operands before it`);
  }

  print(word: number): string | undefined {
    const text = this.texts[this.field.read(word)];
    return text === "-" ? undefined : text;
  }
}

/** A sequence of parts; `optional` for `{...}`. */
class Sequence implements Operand {
  readonly defaults: { readonly mask: number; readonly value: number };

  constructor(
    private readonly parts: readonly Operand[],
    private readonly optional: boolean,
  ) {
    let mask = 0;
    let value = 0;
    for (const part of parts) {
      mask |= part.defaults.mask;
      value |= part.defaults.value;
    }
    this.defaults = { mask: mask >>> 0, value: value >>> 0 };
  }

  parse(input: OperandInput): boolean {
    if (!this.optional) return this.parseParts(input);
    const { position, word, known, deferred, rejected } = input;
    if (this.parseParts(input)) return true;
    const missing = this.defaults.mask & ~known;
    input.position = position;
    input.word = (word | (this.defaults.value & missing)) >>> 0;
    input.known = known | missing;
    input.deferred = deferred;
    input.rejected = rejected;
    return true;
  }

  private parseParts(input: OperandInput): boolean {
    for (const part of this.parts) if (!part.parse(input)) return false;
    return true;
  }

  print(word: number, address: bigint): string | undefined {
    if (this.optional && ((word ^ this.defaults.value) & this.defaults.mask) === 0) return "";
    let text = "";
    for (const part of this.parts) {
      const piece = part.print(word, address);
      if (piece === undefined) return undefined;
      text += piece;
    }
    return text;
  }
}

const choicePattern = /^([A-Za-z]):(.*\|.*)$/;

function compileParts(text: string, pattern: Pattern): Operand[] {
  const parts: Operand[] = [];
  let position = 0;
  while (position < text.length) {
    const next = text.slice(position).search(/[<{]/);
    const end = next < 0 ? text.length : position + next;
    if (end > position) {
      parts.push(new Literal(text.slice(position, end)));
      position = end;
      continue;
    }
    const closing = text.indexOf(text[position] === "<" ? ">" : "}", position);
    if (closing < 0) throw new RangeError(`unterminated '${text[position]}' in the template '${text}'`);
    const inner = text.slice(position + 1, closing);
    if (text[position] === "{") parts.push(new Sequence(compileParts(inner, pattern), true));
    else parts.push(compileAngle(inner, pattern));
    position = closing + 1;
  }
  return parts;
}

function compileAngle(inner: string, pattern: Pattern): Operand {
  const choice = choicePattern.exec(inner);
  if (choice === null) return makeOperand(inner, pattern);
  return new Choice(fieldReference(pattern, choice[1] as string), (choice[2] as string).split("|"));
}

/** One spelling of a mnemonic, and the alternatives that it chose. */
export interface Spelling {
  readonly text: string;
  readonly choices: readonly { readonly letter: string; readonly value: number }[];
}

/** What a syntax belongs to: a row or an alias, whose pattern is parsed when asked for. */
export interface SyntaxOwner {
  readonly pattern: Pattern;
  readonly syntax: string;
}

/** The syntax of one row or alias; its operands are compiled when first needed. */
export class Syntax {
  private readonly mnemonic: string;
  private readonly operands: string;
  private compiledMnemonic: Sequence | undefined;
  private compiledOperands: Sequence | undefined;

  constructor(private readonly owner: SyntaxOwner) {
    const template = owner.syntax;
    const space = template.indexOf(" ");
    this.mnemonic = space < 0 ? template : template.slice(0, space);
    this.operands = space < 0 ? "" : template.slice(space + 1);
  }

  get pattern(): Pattern {
    return this.owner.pattern;
  }

  /** Every spelling of the mnemonic. */
  spellings(): readonly Spelling[] {
    const { mnemonic } = this;
    let spellings: readonly Spelling[] = [{ text: mnemonic, choices: [] }];
    if (!mnemonic.includes("<")) return spellings;
    spellings = [{ text: "", choices: [] }];
    for (const piece of mnemonic.match(/<[^>]*>|[^<]+/g) ?? []) {
      const options = piece.startsWith("<") ? this.spellingsOf(piece.slice(1, -1)) : [{ text: piece, choices: [] }];
      spellings = spellings.flatMap((before) =>
        options.map(({ text, choices }) => ({ text: before.text + text, choices: [...before.choices, ...choices] })),
      );
    }
    return spellings;
  }

  private spellingsOf(inner: string): readonly Spelling[] {
    const choice = choicePattern.exec(inner);
    const letter = choice?.[1] ?? inner.slice(inner.indexOf(":") + 1);
    // GNU as knows b.al, but not bal.
    const conditions = this.mnemonic.includes(".") ? conditionNames : conditionNames.slice(0, 14);
    const texts = choice === null ? conditions : (choice[2] as string).split("|").map((text) => [text]);
    return texts.flatMap((list, value) =>
      list.filter((text) => text !== "-").map((text) => ({ text, choices: [{ letter, value }] })),
    );
  }

  /** Reads the operands, all of the input; false with the failure noted if they are others. */
  parse(input: OperandInput, spelling: Spelling): boolean {
    let { value: word, mask: known } = this.pattern;
    for (const choice of spelling.choices) {
      const field = fieldReference(this.pattern, choice.letter);
      word |= field.place(choice.value);
      known |= field.mask;
    }
    input.restart(word >>> 0, known);
    this.compiledOperands ??= new Sequence(compileParts(this.operands, this.pattern), false);
    if (!this.compiledOperands.parse(input)) return false;
    if (!input.atEnd()) return input.expected(input.position, "the end of the operands");
    return input.accepted();
  }

  /** The word's text, or undefined if this syntax cannot express it. `address` in the guest, for labels. */
  print(word: number, address: bigint): string | undefined {
    this.compiledMnemonic ??= new Sequence(compileParts(this.mnemonic, this.pattern), false);
    this.compiledOperands ??= new Sequence(compileParts(this.operands, this.pattern), false);
    const operands = this.compiledOperands.print(word, address);
    if (operands === undefined) return undefined;
    const mnemonic = this.compiledMnemonic.print(word, address);
    return operands === "" || mnemonic === undefined ? mnemonic : `${mnemonic} ${operands}`;
  }
}
