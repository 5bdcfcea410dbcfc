/** Expressions as the body of a function in WebAssembly's binary format. */
import { InternalError } from "../a64/errors.js";
import type { ByteWriter } from "./bytes.js";
import {
  type Expressions,
  KIND_BRANCH,
  KIND_CALL,
  KIND_GLOBAL,
  KIND_I32,
  KIND_I64,
  KIND_IF,
  KIND_INSTRUCTION,
  KIND_LOOP,
  KIND_SEQUENCE,
  KIND_TABLE,
  unreachable,
} from "./expressions.js";
import { type Expression, none, type WasmType } from "./instructions.js";

const UNREACHABLE = 0x00;
const BLOCK = 0x02;
const LOOP = 0x03;
const IF = 0x04;
const ELSE = 0x05;
const END = 0x0b;
const BR = 0x0c;
const BR_IF = 0x0d;
const BR_TABLE = 0x0e;
const CALL = 0x10;
const GLOBAL_GET = 0x23;
const I32_CONST = 0x41;
const I64_CONST = 0x42;

/** Functions and globals by their names. */
export interface Names {
  readonly functions: ReadonlyMap<string, number>;
  readonly globals: ReadonlyMap<string, number>;
}

/** Code that cannot be reached is left out. */
export class BodyWriter {
  private readonly cells: Int32Array;
  /** For each label in force, by its number, how many constructs are open within the one that holds it, it included. */
  private readonly labels: (number | undefined)[] = [];
  private open = 0;

  constructor(
    private readonly out: ByteWriter,
    private readonly expressions: Expressions,
    private readonly names: Names,
  ) {
    this.cells = expressions.cells;
  }

  /** A whole expression with its end, whose value is of this type. */
  body(expression: Expression, result: WasmType): void {
    this.write(expression);
    // What never ends is as good as any value.
    if (this.expressions.typeOf(expression) !== result) this.out.byte(UNREACHABLE);
    this.out.byte(END);
  }

  private cell(place: number): number {
    return this.cells[place] as number;
  }

  private write(at: Expression): void {
    const kind = (this.cells[at] as number) & 0xff;
    if (kind === KIND_INSTRUCTION) this.instruction(at);
    else this.rest(at, kind);
  }

  private rest(at: Expression, kind: number): void {
    switch (kind) {
      case KIND_I32:
        this.out.byte(I32_CONST);
        return this.out.signed(this.cell(at + 1));
      case KIND_I64:
        this.out.byte(I64_CONST);
        return this.out.signed64(this.cell(at + 1), this.cell(at + 2));
      case KIND_SEQUENCE:
        return this.sequence(at);
      case KIND_LOOP:
        this.begin(LOOP, none, this.cell(at + 1));
        this.write(this.cell(at + 2));
        this.end(this.cell(at + 1));
        return this.endFor(at);
      case KIND_IF:
        return this.conditional(at);
      case KIND_BRANCH:
        return this.branch(this.cell(at + 1), this.cell(at + 2));
      case KIND_TABLE:
        return this.table(at);
      case KIND_CALL:
        this.all(at + 3, this.cell(at + 2));
        this.out.byte(CALL);
        return this.out.unsigned(this.named(this.names.functions, this.cell(at + 1)));
      case KIND_GLOBAL:
        this.out.byte(GLOBAL_GET);
        return this.out.unsigned(this.named(this.names.globals, this.cell(at + 1)));
      default:
        throw new InternalError(`no expression has the number ${at}`);
    }
  }

  private all(first: number, count: number): void {
    for (let place = first; place < first + count; place++) this.write(this.cell(place));
  }

  /** Most of what there is, mostly written before V8 has optimised this: it spares calls and looks at properties. */
  private instruction(at: Expression): void {
    const { cells, out } = this;
    let place = at + 3;
    const operands = place + (cells[at + 1] as number);
    while (place < operands) this.write(cells[place++] as number);
    const opcode = (cells[at] as number) >>> 16;
    if (opcode > 0xff) out.byte(opcode >> 8);
    out.byte(opcode & 0xff);
    const immediates = place + (cells[at + 2] as number);
    while (place < immediates) out.unsigned((cells[place++] as number) >>> 0);
  }

  private sequence(at: Expression): void {
    const label = this.cell(at + 1);
    if (label !== 0) this.begin(BLOCK, none, label);
    for (let part = 0; part < this.cell(at + 2); part++) {
      const statement = this.cell(at + 3 + part);
      this.write(statement);
      if (this.expressions.typeOf(statement) === unreachable) break;
    }
    if (label !== 0) this.end(label);
  }

  private conditional(at: Expression): void {
    const type = this.expressions.typeOf(at);
    const otherwise = this.cell(at + 3);
    this.write(this.cell(at + 1));
    this.begin(IF, type === unreachable ? none : type, 0);
    this.write(this.cell(at + 2));
    if (otherwise !== 0) {
      this.out.byte(ELSE);
      this.write(otherwise);
    }
    this.end(0);
    this.endFor(at);
  }

  private branch(label: number, condition: Expression): void {
    if (condition !== 0) this.write(condition);
    this.out.byte(condition === 0 ? BR : BR_IF);
    this.target(label);
  }

  private table(at: Expression): void {
    const count = this.cell(at + 3);
    this.write(this.cell(at + 1));
    this.out.byte(BR_TABLE);
    this.out.unsigned(count);
    for (let place = at + 4; place < at + 4 + count; place++) this.target(this.cell(place));
    this.target(this.cell(at + 2));
  }

  private begin(opcode: number, type: WasmType, label: number): void {
    this.out.byte(opcode);
    this.out.byte(type);
    this.open++;
    if (label !== 0) this.labels[label] = this.open;
  }

  private end(label: number): void {
    if (label !== 0) this.labels[label] = undefined;
    this.open--;
    this.out.byte(END);
  }

  /** To V8 a construct goes on behind its end, even if no way leads there. */
  private endFor(construct: Expression): void {
    if (this.expressions.typeOf(construct) === unreachable) this.out.byte(UNREACHABLE);
  }

  private target(label: number): void {
    const level = this.labels[label];
    if (level === undefined) throw this.missing(label);
    this.out.unsigned(this.open - level);
  }

  private named(places: ReadonlyMap<string, number>, name: number): number {
    const found = places.get(this.expressions.names[name] as string);
    if (found === undefined) throw this.missing(name);
    return found;
  }

  private missing(name: number): InternalError {
    return new InternalError(`wasm code refers to '${this.expressions.names[name]}', which is not there`);
  }
}
