/** Expressions, and how they are written as the body of a function. */
import { InternalError } from "../a64/errors.js";
import type { ByteWriter } from "./bytes.js";
import { type Expression, none, type WasmType } from "./instructions.js";

/** The type of code that never goes on behind itself. */
export const unreachable: WasmType = 0;

export type Node =
  /** Immediates are unsigned numbers. */
  | {
      readonly kind: "instruction";
      readonly type: WasmType;
      readonly opcode: number;
      readonly operands: readonly Expression[];
      readonly immediates: readonly number[];
    }
  | { readonly kind: "i32"; readonly type: WasmType; readonly value: number }
  | { readonly kind: "i64"; readonly type: WasmType; value: bigint }
  /** With a label: a block that branches to it leave. */
  | {
      readonly kind: "sequence";
      readonly type: WasmType;
      readonly label: string | undefined;
      readonly body: readonly Expression[];
    }
  /** Branches to the label begin it anew. */
  | { readonly kind: "loop"; readonly type: WasmType; readonly label: string; readonly body: Expression }
  | {
      readonly kind: "if";
      readonly type: WasmType;
      readonly condition: Expression;
      readonly then: Expression;
      readonly otherwise: Expression;
    }
  | { readonly kind: "branch"; readonly type: WasmType; readonly label: string; readonly condition: Expression }
  | {
      readonly kind: "table";
      readonly type: WasmType;
      readonly labels: readonly string[];
      readonly otherwise: string;
      readonly index: Expression;
    }
  | {
      readonly kind: "call" | "global";
      readonly type: WasmType;
      readonly name: string;
      readonly operands: readonly Expression[];
    };

type NodeOf<Kind extends Node["kind"]> = Extract<Node, { readonly kind: Kind }>;

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

export interface Names {
  readonly functions: ReadonlyMap<string, number>;
  readonly globals: ReadonlyMap<string, number>;
}

/** Writes expressions as instructions. Code that cannot be reached is left out. */
export class BodyWriter {
  /** For each label in force, how many constructs are open within the one that holds it, it included. */
  private readonly labels = new Map<string, number>();
  private open = 0;

  constructor(
    private readonly out: ByteWriter,
    private readonly nodes: readonly Node[],
    private readonly names: Names,
  ) {}

  /** A whole expression with its end, whose value is of this type. */
  body(expression: Expression, result: WasmType): void {
    this.write(expression);
    // What never ends is as good as any value.
    if (this.node(expression).type !== result) this.out.byte(UNREACHABLE);
    this.out.byte(END);
  }

  private node(expression: Expression): Node {
    const node = this.nodes[expression];
    if (node === undefined) throw new InternalError(`no expression has the number ${expression}`);
    return node;
  }

  private write(expression: Expression): void {
    const node = this.node(expression);
    switch (node.kind) {
      case "instruction":
        return this.instruction(node);
      case "i32":
        this.out.byte(I32_CONST);
        return this.out.signed(node.value);
      case "i64":
        this.out.byte(I64_CONST);
        return this.out.signed64(node.value);
      case "sequence":
        return this.sequence(node);
      case "loop":
        this.construct(LOOP, none, node.label, () => this.write(node.body));
        if (node.type === unreachable) this.out.byte(UNREACHABLE);
        return;
      case "if":
        return this.conditional(node);
      case "branch":
        if (node.condition !== 0) this.write(node.condition);
        this.out.byte(node.condition === 0 ? BR : BR_IF);
        return this.target(node.label);
      case "table":
        this.write(node.index);
        this.out.byte(BR_TABLE);
        this.out.unsigned(node.labels.length);
        for (const label of node.labels) this.target(label);
        return this.target(node.otherwise);
      case "call":
        for (const operand of node.operands) this.write(operand);
        this.out.byte(CALL);
        return this.out.unsigned(placeOf(this.names.functions, node.name));
      case "global":
        this.out.byte(GLOBAL_GET);
        return this.out.unsigned(placeOf(this.names.globals, node.name));
    }
  }

  private instruction({ opcode, operands, immediates }: NodeOf<"instruction">): void {
    for (const operand of operands) this.write(operand);
    if (opcode > 0xff) this.out.byte(opcode >> 8);
    this.out.byte(opcode & 0xff);
    for (const immediate of immediates) this.out.unsigned(immediate);
  }

  private sequence({ label, body }: NodeOf<"sequence">): void {
    if (label === undefined) this.statements(body);
    else this.construct(BLOCK, none, label, () => this.statements(body));
  }

  private statements(body: readonly Expression[]): void {
    for (const statement of body) {
      this.write(statement);
      if (this.node(statement).type === unreachable) return;
    }
  }

  private conditional({ type, condition, then, otherwise }: NodeOf<"if">): void {
    this.write(condition);
    this.construct(IF, type === unreachable ? none : type, undefined, () => {
      this.write(then);
      if (otherwise === 0) return;
      this.out.byte(ELSE);
      this.write(otherwise);
    });
    if (type === unreachable) this.out.byte(UNREACHABLE);
  }

  private construct(opcode: number, type: WasmType, label: string | undefined, inside: () => void): void {
    this.out.byte(opcode);
    this.out.byte(type);
    this.open++;
    if (label !== undefined) this.labels.set(label, this.open);
    inside();
    if (label !== undefined) this.labels.delete(label);
    this.open--;
    this.out.byte(END);
  }

  private target(label: string): void {
    this.out.unsigned(this.open - placeOf(this.labels, label));
  }
}

/** Throws an InternalError if there is none. */
export function placeOf(places: ReadonlyMap<string, number>, name: string): number {
  const found = places.get(name);
  if (found === undefined) throw new InternalError(`wasm code refers to '${name}', which is not there`);
  return found;
}
