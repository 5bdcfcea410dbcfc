/**
 * The one file that knows the compiler library. Importing it costs 0.4 s and 100 MB, so only the
 * interpreter generator (at build time) and the compile worker do.
 */
import binaryen from "binaryen";

export type Expression = binaryen.ExpressionRef;
export type WasmModule = binaryen.Module;

/** Wasm value types that the engine uses. */
export type Type = "i32" | "i64";

export const none = binaryen.none;

export function typeOf(type: Type): binaryen.Type {
  return type === "i32" ? binaryen.i32 : binaryen.i64;
}

/** The handler's parameters: core, word, pc. Its result is the next PC. */
export const handlerParameters = binaryen.createType([binaryen.i32, binaryen.i32, binaryen.i64]);
export const handlerResult = binaryen.i64;

/** A parameter or result list. */
export function typesOf(types: readonly Type[]): binaryen.Type {
  return types.length === 0 ? binaryen.none : binaryen.createType(types.map(typeOf));
}

/** A module that imports the machine's shared memory and function table. */
export function createModule(): WasmModule {
  const module = new binaryen.Module();
  module.setFeatures(
    binaryen.Features.Atomics |
      binaryen.Features.MutableGlobals |
      binaryen.Features.SignExt |
      binaryen.Features.BulkMemory,
  );
  return module;
}

/** What binaryen's types leave out. */
const loads = (binaryen as unknown as { readonly Load: { setSigned(load: Expression, signed: boolean): void } }).Load;

/**
 * i32.load. Binaryen marks its own as signed, and its optimiser believes that where it merges the load with a zero
 * extension: i64.extend_i32_u(i32.load) became i64.load32_s.
 */
export function loadWord(module: WasmModule, offset: number, align: number, pointer: Expression): Expression {
  const load = module.i32.load(offset, align, pointer);
  loads.setSigned(load, false);
  return load;
}

const constants = (
  binaryen as unknown as { readonly Const: { setValueI64(constant: Expression, value: bigint): void } }
).Const;

/** Gives an i64.const that stands in code already another value. */
export function setConstant(constant: Expression, value: bigint): void {
  constants.setValueI64(constant, value);
}

/**
 * Code that ends in branches, as code that seems to go on. A named block around what does not go on makes binaryen search all of it for
 * branches to that name: in deeply nested blocks that takes time with the square of their size.
 */
export function seemsToEnd(module: WasmModule, code: Expression): Expression {
  return binaryen.getExpressionType(code) === binaryen.unreachable ? module.if(module.i32.const(1), code) : code;
}

/** Binary of the module; optimised first if `level` is above 0 (binaryen's -O levels). Disposes of the module. */
export function emit(module: WasmModule, level: 0 | 1 | 2 | 3 | 4): Uint8Array {
  if (level > 0) {
    binaryen.setOptimizeLevel(level);
    binaryen.setShrinkLevel(0);
    module.optimize();
  }
  const binary = module.emitBinary();
  module.dispose();
  return binary;
}
