/** From a thread's columns to words, by the engine's assembler. */
import { AssemblyError, assemble } from "../../engine/index.js";
import { errorAt } from "./source.js";
import type { Column, InstructionCell, LitmusSource, LitmusThread } from "./syntax.js";

export interface AssembledColumn {
  readonly address: bigint;
  readonly words: readonly number[];
}

export interface AssembledThread {
  readonly code: AssembledColumn;
  readonly handler?: AssembledColumn;
  /** Addresses of the labels of both columns. */
  readonly labels: ReadonlyMap<string, bigint>;
}

/** The address behind a column: where a thread is done. */
export function endOf(column: AssembledColumn): bigint {
  return column.address + 4n * BigInt(column.words.length);
}

/** One instruction and nothing else: the assembler would also take directives, comments and literal pools. */
const PLAIN = /^[A-Za-z][A-Za-z0-9_.]*(\s+[A-Za-z0-9_.,#+\-*()[\]!\s]*)?$/;

/** Assembles both columns of a thread. `renamed` gives the text for each symbolic register, X%a. */
export function assembleThread(
  source: LitmusSource,
  thread: LitmusThread,
  address: bigint,
  renamed: (cell: InstructionCell) => string,
): AssembledThread {
  const lines: string[] = [];
  const places: number[] = [];
  const add = (line: string, offset: number): void => {
    lines.push(line);
    places.push(offset);
  };
  const addColumn = (column: Column): void => {
    for (let index = 0; index <= column.instructions.length; index++) {
      for (const label of column.labels) if (label.index === index) add(`${label.name}:`, label.offset);
      const cell = column.instructions[index];
      if (cell !== undefined) add(plainText(source, cell, renamed(cell)), cell.offset);
    }
  };
  addColumn(thread.code);
  if (thread.handler !== undefined) {
    add('.section .handler, "ax"', thread.handler.instructions[0]?.offset ?? 0);
    addColumn(thread.handler);
  }
  // One word is left free between the columns, so that running off the end of the first is not running into the second.
  const handlerAddress = address + 4n * BigInt(thread.code.instructions.length + 1);
  const program = assembleLines(source, lines, places, address, handlerAddress);
  const column = (name: string, from: bigint, cells: Column): AssembledColumn => {
    const words = wordsOf(program.sections.find((section) => section.name === name)?.bytes);
    if (words.length !== cells.instructions.length) {
      throw errorAt(source, cells.instructions[0]?.offset ?? 0, "instruction", "a cell here is not one instruction");
    }
    return { address: from, words };
  };
  return {
    code: column(".text", address, thread.code),
    ...(thread.handler && { handler: column(".handler", handlerAddress, thread.handler) }),
    labels: program.symbols,
  };
}

function plainText(source: LitmusSource, cell: InstructionCell, text: string): string {
  if (PLAIN.test(text)) return text;
  throw errorAt(source, cell.offset, "instruction", `'${cell.text}' is not an instruction`);
}

function assembleLines(
  source: LitmusSource,
  lines: readonly string[],
  places: readonly number[],
  base: bigint,
  handler: bigint,
): ReturnType<typeof assemble> {
  try {
    return assemble(lines.join("\n"), { base, sections: { ".handler": handler } });
  } catch (error) {
    if (!(error instanceof AssemblyError)) throw error;
    const place = places[error.line - 1] ?? 0;
    throw errorAt(source, place + error.column - 1, "instruction", error.reason);
  }
}

function wordsOf(bytes: Uint8Array | undefined): readonly number[] {
  if (bytes === undefined) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getUint32(4 * index, true));
}

/** The word of an instruction on its own: `NOP`, `B .+8`. */
export function assembleWord(source: LitmusSource, text: string, offset: number): number {
  if (!PLAIN.test(text)) throw errorAt(source, offset, "instruction", `"${text}" is not an instruction`);
  try {
    const words = wordsOf(assemble(text, { base: 0 }).sections[0]?.bytes);
    if (words.length === 1) return words[0] as number;
  } catch (error) {
    if (!(error instanceof AssemblyError)) throw error;
    throw errorAt(source, offset, "instruction", `"${text}": ${error.reason}`);
  }
  throw errorAt(source, offset, "instruction", `"${text}" is not one instruction`);
}
