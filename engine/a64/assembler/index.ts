/**
 * The assembler: text in GNU as syntax to a program with addresses. There is no linker behind it: every
 * section gets its address here, and every symbol must be defined in the text or handed in.
 */
import type { Program, ProgramSection } from "../program.js";
import { ExpressionProblem, type ExpressionReader } from "../syntax/input.js";
import { instructions } from "../syntax/instructions.js";
import { AssemblyError } from "./errors.js";
import { absolute, readExpression } from "./expressions.js";
import { StatementReader } from "./reader.js";
import { runStatements } from "./run.js";
import type { Section } from "./sections.js";
import { splitStatements } from "./source.js";
import { AssemblyState } from "./state.js";

export { AssemblyError } from "./errors.js";

export interface AssembleOptions {
  /** Address of .text; 0x10000 if absent. */
  readonly base?: bigint | number;
  /** Addresses of other sections by name; each of the rest follows the one before it, aligned. */
  readonly sections?: Readonly<Record<string, bigint | number>>;
  /** Addresses of symbols that the text uses and does not define. */
  readonly symbols?: ReadonlyMap<string, bigint> | Readonly<Record<string, bigint | number>>;
  /** A name for the text in messages. */
  readonly file?: string;
  /** Bytes that all sections may have together; 64 MiB if absent. */
  readonly maximumSize?: number;
  /** Takes the messages of .warning. */
  readonly onWarning?: (message: string) => void;
}

const DEFAULT_BASE = 0x10000n;
const DEFAULT_MAXIMUM_SIZE = 64 * 1024 * 1024;
const EXPANSION_LIMITS = { expandedStatements: 1_000_000, expandedCharacters: 16_000_000 };

/** Assembles a text. Throws an AssemblyError that says what is wrong and where. */
export function assemble(text: string, options: AssembleOptions = {}): Program {
  const file = options.file ?? "input.s";
  const reader = new StatementReader(splitStatements(text, file), EXPANSION_LIMITS);
  const state = new AssemblyState(reader, {
    externals: externalSymbols(options.symbols),
    maximumSize: options.maximumSize ?? DEFAULT_MAXIMUM_SIZE,
    warn: options.onWarning ?? (() => {}),
  });
  runStatements(state);
  const sections = [...state.sections.values()].filter((section) => section.flags !== "" || section.size > 0);
  placeSections(sections, options, file);
  state.applyFixups();
  return {
    sections: sections.filter((section) => section.size > 0 && section.flags.includes("a")).map(programSection),
    symbols: state.symbolValues(),
  };
}

function externalSymbols(symbols: AssembleOptions["symbols"]): ReadonlyMap<string, bigint> {
  if (symbols === undefined) return new Map();
  const entries =
    symbols instanceof Map ? [...symbols] : Object.entries(symbols as Readonly<Record<string, bigint | number>>);
  return new Map(entries.map(([name, value]) => [name, BigInt.asIntN(64, BigInt(value))]));
}

function programSection(section: Section): ProgramSection {
  const { name, flags } = section;
  return { name, flags, address: section.address as bigint, bytes: section.bytes() };
}

/** Gives every section its address. */
function placeSections(sections: readonly Section[], options: AssembleOptions, file: string): void {
  const wrong = (reason: string): AssemblyError =>
    new AssemblyError({ file, line: 1, column: 1, source: "", notes: [] }, reason);
  let next = BigInt(options.base ?? DEFAULT_BASE);
  const placed: Section[] = [];
  for (const section of sections) {
    const given =
      section.name === ".text" && options.base !== undefined ? options.base : options.sections?.[section.name];
    const alignment = BigInt(section.alignment);
    const address = given === undefined ? ((next + alignment - 1n) / alignment) * alignment : BigInt(given);
    if (address % alignment !== 0n) {
      throw wrong(
        `section ${section.name} needs an address that is a multiple of ${alignment}; it was given 0x${address.toString(16)}`,
      );
    }
    section.address = BigInt.asUintN(64, address);
    if (!section.flags.includes("a")) continue;
    next = address + BigInt(section.size);
    const other = placed.find((candidate) => overlap(candidate, section));
    if (other !== undefined)
      throw wrong(`the sections ${other.name} and ${section.name} overlap at 0x${address.toString(16)}`);
    placed.push(section);
  }
}

function overlap(a: Section, b: Section): boolean {
  const [from, to] = [a.address as bigint, b.address as bigint];
  return from < to + BigInt(b.size) && to < from + BigInt(a.size);
}

/**
 * The word of one instruction without labels or symbols, standing at `address`. Throws an AssemblyError.
 * The quick way for tools and tests; `assemble` takes whole texts.
 */
export function assembleInstruction(text: string, address: bigint): number {
  const trimmed = text.trim();
  const mnemonic = /^[^\s]*/.exec(trimmed)?.[0] ?? "";
  const encoding = instructions.encode(
    mnemonic.toLowerCase(),
    trimmed.slice(mnemonic.length),
    address,
    numbersOnly(address),
  );
  if (encoding !== undefined && !("failure" in encoding)) return encoding.word;
  const failure = encoding?.failure;
  const column = failure === undefined ? 1 : mnemonic.length + failure.position + 1;
  throw new AssemblyError(
    { file: "input.s", line: 1, column, source: trimmed, notes: [] },
    failure === undefined ? `unknown instruction '${mnemonic}'` : `${mnemonic}: ${failure.reason}`,
  );
}

function numbersOnly(address: bigint): ExpressionReader {
  const undefinedName = (name: string, position: number): undefined => {
    throw new ExpressionProblem(position, `undefined symbol '${name}'`);
  };
  return {
    expression: (text, position) => {
      const { value, end } = readExpression(text, position, {
        symbol: undefinedName,
        numericLabel: (number, direction, position) => undefinedName(number + direction, position),
        here: () => absolute(address),
      });
      return { value: value?.value, end };
    },
  };
}
