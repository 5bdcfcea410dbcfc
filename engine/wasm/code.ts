/** A wasm function under construction: its locals and the statements emitted so far. */
import { type Expression, none, type Type, typeOf, type WasmModule } from "./module.js";

/** Parameters of every handler, and of the function by which a region is entered. */
export const CORE_PARAMETER = 0;
export const WORD_PARAMETER = 1;
export const PC_PARAMETER = 2;
const PARAMETERS: readonly Type[] = ["i32", "i32", "i64"];

export type TemporariesMark = Readonly<Record<Type, number>>;

export class Code {
  private readonly locals: Type[] = [];
  /** Locals for temporaries, by type and in the order in which they are handed out. */
  private readonly pool: Record<Type, number[]> = { i32: [], i64: [] };
  /** How many of the pool are in use. */
  private used: TemporariesMark = { i32: 0, i64: 0 };
  private statements: Expression[] = [];

  constructor(
    readonly module: WasmModule,
    private readonly parameters: readonly Type[] = PARAMETERS,
    /** Address of the core's block, if the function is for one core only; elsewhere its first parameter is that. */
    private readonly block?: number,
  ) {}

  /** Wasm value types by name. */
  readonly types = { i32: typeOf("i32"), i64: typeOf("i64") };

  /** A fresh local; its index counts the parameters. */
  newLocal(type: Type): number {
    this.locals.push(type);
    return this.parameters.length + this.locals.length - 1;
  }

  /**
   * A local for a value of passing interest: fresh, or one that was in use when `releaseTo` gave it back. Functions with
   * thousands of locals take V8 long to compile.
   */
  newTemporary(type: Type): number {
    const index = this.used[type];
    const { i32, i64 } = this.used;
    this.used = type === "i32" ? { i32: index + 1, i64 } : { i32, i64: index + 1 };
    let local = this.pool[type][index];
    if (local === undefined) {
      local = this.newLocal(type);
      this.pool[type].push(local);
    }
    return local;
  }

  /** The temporaries in use, for `releaseTo`. */
  mark(): TemporariesMark {
    return this.used;
  }

  /** Gives back the temporaries handed out since `mark` (since the beginning without one): nothing may read them any more. */
  releaseTo(mark: TemporariesMark = { i32: 0, i64: 0 }): void {
    this.used = mark;
  }

  localTypes(): number[] {
    return this.locals.map(typeOf);
  }

  push(statement: Expression): void {
    this.statements.push(statement);
  }

  /** The statements since the last take, as one expression without a value. */
  take(): Expression {
    return this.module.block(null, this.takeStatements(), none);
  }

  takeStatements(): Expression[] {
    const taken = this.statements;
    this.statements = [];
    return taken;
  }

  /** What `emit` pushes, apart from the statements before it. */
  collect(emit: () => void): Expression[] {
    const before = this.takeStatements();
    emit();
    const inner = this.takeStatements();
    this.statements = before;
    return inner;
  }

  /** What `emit` pushes, as one expression without a value. */
  nested(emit: () => void): Expression {
    return this.module.block(null, this.collect(emit), none);
  }

  /** Address of the core's block. */
  core(): Expression {
    const { block, module: m } = this;
    return block === undefined ? m.local.get(CORE_PARAMETER, this.types.i32) : m.i32.const(block);
  }

  loadI32(field: number): Expression {
    return this.module.i32.load(this.offsetOf(field), 4, this.base());
  }

  loadI64(field: number): Expression {
    return this.module.i64.load(this.offsetOf(field), 8, this.base());
  }

  storeI32(field: number, value: Expression): void {
    this.push(this.module.i32.store(this.offsetOf(field), 4, this.base(), value));
  }

  storeI64(field: number, value: Expression): void {
    this.push(this.module.i64.store(this.offsetOf(field), 8, this.base(), value));
  }

  /** Of a constant address V8 makes a displacement: no machine register holds the block's. */
  private offsetOf(field: number): number {
    return this.block === undefined ? field : this.block + field;
  }

  private base(): Expression {
    return this.block === undefined ? this.core() : this.module.i32.const(0);
  }
}
