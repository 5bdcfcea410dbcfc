/**
 * A WebAssembly module under construction: expressions are made from the inside out, functions of them, and `emit` writes the binary format.
 *
 * It has what the engine needs and no more: no optimiser (the interpreter's module goes through binaryen's at build time, regions are
 * optimised by V8 in any case), and no check of types, which V8 does when it compiles the module.
 */
import { ByteWriter } from "./bytes.js";
import { Expressions, unreachable } from "./expressions.js";
import { BodyWriter, type Names } from "./function-body.js";
import { type Expression, I32, I64, instructions, none, type Type, type WasmType } from "./instructions.js";

export { type Expression, none, type Type, type WasmType } from "./instructions.js";

export function typeOf(type: Type): WasmType {
  return type === "i32" ? I32 : I64;
}

/** The handler's parameters: core, word, pc. Its result is the next PC. */
export const handlerParameters: readonly WasmType[] = [I32, I32, I64];
export const handlerResult = I64;

const NOP = 0x01;
const RETURN = 0x0f;
const CALL_INDIRECT = 0x11;
const DROP = 0x1a;
const SELECT = 0x1b;
const LOCAL_GET = 0x20;
const LOCAL_SET = 0x21;
const FUNCREF = 0x70;
const FUNCTION_TYPE = 0x60;
/** Kinds of imports and exports. */
const FUNCTION = 0;
const TABLE = 1;
const MEMORY = 2;
const GLOBAL = 3;
/** Limits of a shared memory: with a maximum. */
const SHARED = 3;

/** What a function gives: one value or none, or several, with which its body has to return by itself. */
type Results = WasmType | readonly WasmType[];

interface Import {
  readonly module: string;
  readonly base: string;
  readonly kind: number;
  /** What the binary format has behind the kind. */
  readonly description: readonly number[];
}

interface Function {
  readonly name: string;
  readonly signature: number;
  readonly result: Results;
  readonly locals: readonly WasmType[];
  readonly body: Expression;
}

interface Global {
  readonly name: string;
  readonly type: WasmType;
  readonly value: Expression;
}

/** Writes one entry of a section. */
type Part = (out: ByteWriter) => void;

/** Magic number and version. */
const HEADER = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0);

export class WasmModule {
  private readonly expressions = new Expressions();
  /** Numbers of the functions' types, by their binary format. */
  private readonly signatures = new Map<string, number>();
  private readonly imports: Import[] = [];
  private readonly importedFunctions = new Set<string>();
  private readonly importedGlobals = new Set<string>();
  private readonly functions: Function[] = [];
  private readonly globals: Global[] = [];
  private readonly exports: { readonly name: string; readonly function: string }[] = [];
  private readonly elements: { readonly at: Expression; readonly functions: readonly string[] }[] = [];
  private readonly data: { readonly at: Expression; readonly bytes: Uint8Array }[] = [];

  // ---- expressions: instructions ---------------------------------------------------------------

  private readonly named = instructions(this.expressions);
  readonly i32 = this.named.i32;
  readonly i64 = this.named.i64;
  readonly atomic = this.named.atomic;

  readonly local = {
    get: (local: number, type: WasmType): Expression => this.expressions.instruction(LOCAL_GET, type, [], [local]),
    set: (local: number, value: Expression): Expression =>
      this.expressions.instruction(LOCAL_SET, none, [value], [local]),
  };

  readonly global = {
    get: (name: string, type: WasmType): Expression => this.expressions.global(name, type),
  };

  nop(): Expression {
    return this.expressions.instruction(NOP, none, []);
  }

  drop(value: Expression): Expression {
    return this.expressions.instruction(DROP, none, [value]);
  }

  select(condition: Expression, ifTrue: Expression, ifFalse: Expression): Expression {
    const type = this.expressions.typeOf(ifTrue);
    return this.expressions.instruction(SELECT, type, [ifTrue, ifFalse, condition]);
  }

  call(name: string, operands: readonly Expression[], type: WasmType): Expression {
    return this.expressions.call(name, operands, type);
  }

  /** Calls the function with this index in the imported table; what it gives is for a `return`, or is one value of this type. */
  callTable(
    index: Expression,
    operands: readonly Expression[],
    parameters: readonly WasmType[],
    result: Results,
  ): Expression {
    const type = typeof result === "number" ? result : none;
    const immediates = [this.signature(parameters, result), 0];
    return this.expressions.instruction(CALL_INDIRECT, type, [...operands, index], immediates);
  }

  /** Calls a function with several results, and sets locals to them. */
  callInto(locals: readonly number[], name: string, operands: readonly Expression[]): Expression {
    const sets = [...locals].reverse().map((local) => this.expressions.instruction(LOCAL_SET, none, [], [local]));
    return this.block(null, [this.expressions.call(name, operands, none), ...sets], none);
  }

  /** Gives a constant that stands in code already another value. */
  setConstant(constant: Expression, value: bigint): void {
    this.expressions.setConstant(constant, value);
  }

  // ---- expressions: control ----------------------------------------------------------------------

  /** One after the other. Branches to the label, if there is one, go behind it; it has no value then. */
  block(label: string | null, body: readonly Expression[], type?: WasmType): Expression {
    if (label !== null) return this.expressions.sequence(label, body, none);
    const last = body.at(-1);
    const ends = body.some((statement) => this.expressions.typeOf(statement) === unreachable);
    const own = ends ? unreachable : (type ?? (last === undefined ? none : this.expressions.typeOf(last)));
    return this.expressions.sequence(null, body, own);
  }

  /** Branches to the label begin it anew. It has no value. */
  loop(label: string, body: Expression): Expression {
    const isEndless = this.expressions.typeOf(body) === unreachable;
    return this.expressions.loop(label, body, isEndless ? unreachable : none);
  }

  /** Has a value if both sides have one. */
  if(condition: Expression, then: Expression, otherwise: Expression = 0): Expression {
    const first = this.expressions.typeOf(then);
    const second = otherwise === 0 ? none : this.expressions.typeOf(otherwise);
    return this.expressions.if(condition, then, otherwise, first === unreachable ? second : first);
  }

  br(label: string): Expression {
    return this.expressions.branch(label, 0);
  }

  br_if(label: string, condition: Expression): Expression {
    return this.expressions.branch(label, condition);
  }

  /** To `labels[index]`, to `otherwise` beyond their end. */
  switch(labels: readonly string[], otherwise: string, index: Expression): Expression {
    return this.expressions.table(labels, otherwise, index);
  }

  return(...values: Expression[]): Expression {
    return this.expressions.instruction(RETURN, unreachable, values);
  }

  // ---- parts ---------------------------------------------------------------------------------------

  private signature(parameters: readonly WasmType[], result: Results): number {
    const results = typeof result !== "number" ? result : result === none ? [] : [result];
    const key = [FUNCTION_TYPE, parameters.length, ...parameters, results.length, ...results].join();
    const known = this.signatures.get(key);
    if (known !== undefined) return known;
    this.signatures.set(key, this.signatures.size);
    return this.signatures.size - 1;
  }

  private import(module: string, base: string, kind: number, description: readonly number[]): void {
    this.imports.push({ module, base, kind, description });
  }

  /** A shared memory of at least so many pages of 64 KiB. */
  /** A shared memory of so many pages. V8 takes one that cannot grow for the same behind every call, and loads another one's address again. */
  addMemoryImport(module: string, base: string, least: number, most = 2 ** 16): void {
    const pages = new ByteWriter();
    pages.unsigned(least);
    pages.unsigned(most);
    this.import(module, base, MEMORY, [SHARED, ...pages.written]);
  }

  addTableImport(module: string, base: string): void {
    this.import(module, base, TABLE, [FUNCREF, 0, 0]);
  }

  addFunctionImport(
    name: string,
    module: string,
    base: string,
    parameters: readonly WasmType[],
    result: Results,
  ): void {
    this.importedFunctions.add(name);
    const type = new ByteWriter();
    type.unsigned(this.signature(parameters, result));
    this.import(module, base, FUNCTION, [...type.written]);
  }

  isImported(functionName: string): boolean {
    return this.importedFunctions.has(functionName);
  }

  addGlobalImport(name: string, module: string, base: string, type: WasmType): void {
    this.importedGlobals.add(name);
    this.import(module, base, GLOBAL, [type, 0]);
  }

  /** One that never changes. */
  addGlobal(name: string, type: WasmType, value: Expression): void {
    this.globals.push({ name, type, value });
  }

  addFunction(
    name: string,
    parameters: readonly WasmType[],
    result: Results,
    locals: readonly WasmType[],
    body: Expression,
  ): void {
    this.functions.push({ name, signature: this.signature(parameters, result), result, locals, body });
  }

  addFunctionExport(name: string, exported: string): void {
    this.exports.push({ name: exported, function: name });
  }

  /** Puts functions into the imported table when the module is instantiated. */
  addElements(at: number, functions: readonly string[]): void {
    this.elements.push({ at: this.i32.const(at), functions });
  }

  /** Writes bytes into the memory when the module is instantiated. */
  addData(at: number, bytes: Uint8Array): void {
    this.data.push({ at: this.i32.const(at), bytes });
  }

  // ---- the binary format -----------------------------------------------------------------------------

  emit(): Uint8Array<ArrayBuffer> {
    const names: Names = {
      functions: numbered([...this.importedFunctions, ...this.functions.map(({ name }) => name)]),
      globals: numbered([...this.importedGlobals, ...this.globals.map(({ name }) => name)]),
    };
    const out = new ByteWriter(4096);
    out.bytes(HEADER);
    for (const [number, parts] of this.sections(names)) {
      if (parts.length === 0) continue;
      const section = new ByteWriter(1024);
      section.unsigned(parts.length);
      for (const write of parts) write(section);
      out.byte(number);
      out.vector(section.written);
    }
    return out.written.slice();
  }

  /** The sections in the order of the binary format, by their numbers there. */
  private sections(names: Names): readonly (readonly [number, readonly Part[]])[] {
    const functionAt = (name: string): number => names.functions.get(name) as number;
    const constant = (value: Expression, type: WasmType, out: ByteWriter): void =>
      new BodyWriter(out, this.expressions, names).body(value, type);
    return [
      [
        1,
        [...this.signatures.keys()].map(
          (key): Part =>
            (out) =>
              out.bytes(Uint8Array.from(key.split(","), Number)),
        ),
      ],
      [
        2,
        this.imports.map(
          (each): Part =>
            (out) =>
              writeImport(out, each),
        ),
      ],
      [
        3,
        this.functions.map(
          ({ signature }): Part =>
            (out) =>
              out.unsigned(signature),
        ),
      ],
      [
        6,
        this.globals.map(
          ({ type, value }): Part =>
            (out) => {
              out.bytes(Uint8Array.of(type, 0));
              constant(value, type, out);
            },
        ),
      ],
      [
        7,
        this.exports.map(
          (each): Part =>
            (out) => {
              out.name(each.name);
              out.byte(FUNCTION);
              out.unsigned(functionAt(each.function));
            },
        ),
      ],
      [
        9,
        this.elements.map(
          ({ at, functions }): Part =>
            (out) => {
              out.unsigned(0);
              constant(at, I32, out);
              out.unsigned(functions.length);
              for (const name of functions) out.unsigned(functionAt(name));
            },
        ),
      ],
      [
        10,
        this.functions.map(
          (each): Part =>
            (out) =>
              out.vector(this.code(each, names)),
        ),
      ],
      [
        11,
        this.data.map(
          ({ at, bytes }): Part =>
            (out) => {
              out.unsigned(0);
              constant(at, I32, out);
              out.vector(bytes);
            },
        ),
      ],
    ];
  }

  private code({ result, locals, body }: Function, names: Names): Uint8Array {
    const out = new ByteWriter(4096);
    const runs: { readonly type: WasmType; length: number }[] = [];
    for (const type of locals) {
      const last = runs.at(-1);
      if (last?.type === type) last.length++;
      else runs.push({ type, length: 1 });
    }
    out.unsigned(runs.length);
    for (const { type, length } of runs) {
      out.unsigned(length);
      out.byte(type);
    }
    new BodyWriter(out, this.expressions, names).body(body, typeof result === "number" ? result : none);
    return out.written;
  }
}

function numbered(names: readonly string[]): ReadonlyMap<string, number> {
  return new Map(names.map((name, number) => [name, number]));
}

function writeImport(out: ByteWriter, { module, base, kind, description }: Import): void {
  out.name(module);
  out.name(base);
  out.byte(kind);
  out.bytes(Uint8Array.from(description));
}
