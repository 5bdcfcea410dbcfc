/**
 * Expressions of a module: instructions with their operands, and control. They are cells of one array, an expression's number being the place
 * of its first cell: a region has ten thousand of them, and as objects they kept the garbage collector busy.
 */
import { InternalError } from "../a64/errors.js";
import { type Expression, I32, I64, type Instructions, none, type WasmType } from "./instructions.js";

/** The type of code that never goes on behind itself. */
export const unreachable: WasmType = 0;

// What an expression is, and what is in its cells behind the first one. Not an object: of a switch over numbers that stand in the code V8 makes a table.

/** Number of operands, number of immediates, operands, immediates. */
export const KIND_INSTRUCTION = 0;
/** The number. */
export const KIND_I32 = 1;
/** Its low half, its high half. */
export const KIND_I64 = 2;
/** Label or 0, number of parts, parts. Branches to the label leave it. */
export const KIND_SEQUENCE = 3;
/** Label, body. Branches to the label begin it anew. */
export const KIND_LOOP = 4;
/** Condition, one side, the other one or 0. */
export const KIND_IF = 5;
/** Label, condition or 0. */
export const KIND_BRANCH = 6;
/** Index, label of what is beyond the table, number of labels, labels. */
export const KIND_TABLE = 7;
/** Name, number of operands, operands. */
export const KIND_CALL = 8;
/** Name. */
export const KIND_GLOBAL = 9;

const FIRST_CAPACITY = 1 << 15;

export class Expressions implements Instructions {
  /** The first one has an opcode, a type and a kind, of 16, 8 and 8 bits. */
  cells = new Int32Array(FIRST_CAPACITY);
  /** No expression has the number 0. */
  private used = 1;
  /** Labels and the names of functions and globals, by their numbers from 1 on. */
  readonly names: string[] = [""];
  private readonly numbers = new Map<string, number>();

  private add(kind: number, type: WasmType, more: number, opcode = 0): Expression {
    const at = this.used;
    this.used = at + 1 + more;
    if (this.used > this.cells.length) this.grow();
    this.cells[at] = (opcode << 16) | (type << 8) | kind;
    return at;
  }

  private grow(): void {
    const larger = new Int32Array(2 * this.used);
    larger.set(this.cells);
    this.cells = larger;
  }

  /** A loop: TypedArray.set takes longer for a few numbers. */
  private put(at: number, values: readonly number[]): void {
    const { cells } = this;
    const { length } = values;
    for (let i = 0; i < length; i++) cells[at + i] = values[i] as number;
  }

  private number(name: string): number {
    const known = this.numbers.get(name);
    if (known !== undefined) return known;
    this.numbers.set(name, this.names.length);
    return this.names.push(name) - 1;
  }

  typeOf(expression: Expression): WasmType {
    return ((this.cells[expression] as number) >> 8) & 0xff;
  }

  instruction(
    opcode: number,
    type: WasmType,
    operands: readonly Expression[],
    immediates: readonly number[] = [],
  ): Expression {
    const { length: first } = operands;
    const { length: second } = immediates;
    const at = this.add(KIND_INSTRUCTION, type, 2 + first + second, opcode);
    const { cells } = this;
    cells[at + 1] = first;
    cells[at + 2] = second;
    let place = at + 3;
    for (let i = 0; i < first; i++) cells[place++] = operands[i] as number;
    for (let i = 0; i < second; i++) cells[place++] = immediates[i] as number;
    return at;
  }

  i32(value: number): Expression {
    const at = this.add(KIND_I32, I32, 1);
    this.cells[at + 1] = value;
    return at;
  }

  i64(value: bigint): Expression {
    const at = this.add(KIND_I64, I64, 2);
    this.setConstant(at, value);
    return at;
  }

  /** Gives a constant another value. */
  setConstant(constant: Expression, value: bigint): void {
    const kind = (this.cells[constant] as number) & 0xff;
    if (kind !== KIND_I32 && kind !== KIND_I64) throw new InternalError("only a constant can be given another value");
    this.cells[constant + 1] = Number(BigInt.asIntN(32, value));
    if (kind === KIND_I64) this.cells[constant + 2] = Number(BigInt.asIntN(32, value >> 32n));
  }

  sequence(label: string | null, body: readonly Expression[], type: WasmType): Expression {
    const at = this.add(KIND_SEQUENCE, type, 2 + body.length);
    this.cells[at + 1] = label === null ? 0 : this.number(label);
    this.cells[at + 2] = body.length;
    this.put(at + 3, body);
    return at;
  }

  loop(label: string, body: Expression, type: WasmType): Expression {
    const at = this.add(KIND_LOOP, type, 2);
    this.cells[at + 1] = this.number(label);
    this.cells[at + 2] = body;
    return at;
  }

  if(condition: Expression, then: Expression, otherwise: Expression, type: WasmType): Expression {
    const at = this.add(KIND_IF, type, 3);
    this.cells[at + 1] = condition;
    this.cells[at + 2] = then;
    this.cells[at + 3] = otherwise;
    return at;
  }

  branch(label: string, condition: Expression): Expression {
    const at = this.add(KIND_BRANCH, condition === 0 ? unreachable : none, 2);
    this.cells[at + 1] = this.number(label);
    this.cells[at + 2] = condition;
    return at;
  }

  table(labels: readonly string[], otherwise: string, index: Expression): Expression {
    const at = this.add(KIND_TABLE, unreachable, 3 + labels.length);
    this.cells[at + 1] = index;
    this.cells[at + 2] = this.number(otherwise);
    this.cells[at + 3] = labels.length;
    labels.forEach((label, i) => {
      this.cells[at + 4 + i] = this.number(label);
    });
    return at;
  }

  call(name: string, operands: readonly Expression[], type: WasmType): Expression {
    const at = this.add(KIND_CALL, type, 2 + operands.length);
    this.cells[at + 1] = this.number(name);
    this.cells[at + 2] = operands.length;
    this.put(at + 3, operands);
    return at;
  }

  global(name: string, type: WasmType): Expression {
    const at = this.add(KIND_GLOBAL, type, 1);
    this.cells[at + 1] = this.number(name);
    return at;
  }
}
