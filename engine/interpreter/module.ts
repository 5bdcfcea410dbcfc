/** The interpreter as one wasm module: a handler for each form, the decoder, and the tables they read. */

import * as layout from "../../assembly/layout.js";
import { decodeBitMasks } from "../a64/bitmask-immediate.js";
import { conditionTable, crc32 } from "../a64/bits.js";
import { InternalError } from "../a64/errors.js";
import { type Form, formsOf } from "../a64/forms.js";
import type { Polynomial } from "../a64/ops.js";
import type { Row } from "../a64/row.js";
import { Code } from "../wasm/code.js";
import { flagKinds } from "../wasm/flag-locals.js";
import { materialise } from "../wasm/flags.js";
import { type Expression, handlerParameters, handlerResult, WasmModule } from "../wasm/module.js";
import type { Value } from "../wasm/value.js";
import { ValueOps } from "../wasm/values.js";
import { addDecoder, addLandingPads, decoderTree } from "./decoder.js";
import { InterpreterOps } from "./ops.js";
import { optimised } from "./optimise.js";

/** Makes a form's handler: the body, and the types of its locals. */
export type HandlerMaker = (module: WasmModule, form: Form) => { readonly body: Expression; readonly locals: number[] };

const plainHandler: HandlerMaker = (module, form) => {
  const o = new InterpreterOps(module);
  form.row.meaning(o, o.fieldsOf(form));
  return { body: o.finish(), locals: o.code.localTypes() };
};

/** A module with a handler for each form of the rows; `make` says over which backend. */
export function interpreterModule(
  rows: readonly Row[],
  make: HandlerMaker = plainHandler,
): { readonly binary: Uint8Array; readonly forms: number } {
  const forms = formsOf(rows);
  const module = new WasmModule();
  module.addMemoryImport("env", "memory", 1);
  module.addTableImport("env", "table");
  const names = forms.map((form) => addHandler(module, form, make));
  addUndefined(module);
  addDecoder(module, "decode", layout.DECODER);
  addLandingPads(module, "lands", forms);
  addFlags(module, "nzcv");
  addTables(module, forms);
  module.addElements(layout.FIRST_FORM, ["undefined", ...names]);
  module.addElements(layout.TABLE_NZCV, ["nzcv", "decode", "lands"]);
  return { binary: optimised(module.emit()), forms: forms.length };
}

function addHandler(module: WasmModule, form: Form, make: HandlerMaker): string {
  const name = `${form.handler}`;
  const { body, locals } = make(module, form);
  module.addFunction(name, handlerParameters, handlerResult, locals, body);
  return name;
}

/** Words of no form: the core raises the exception. */
function addUndefined(module: WasmModule): void {
  const { i32, i64 } = new Code(module).types;
  module.addFunctionImport("undefinedWord", "core", "undefined", handlerParameters, handlerResult);
  const operands = [module.local.get(0, i32), module.local.get(1, i32), module.local.get(2, i64)];
  module.addFunction(
    "undefined",
    handlerParameters,
    handlerResult,
    [],
    module.call("undefinedWord", operands, handlerResult),
  );
}

class FlagOps extends ValueOps {
  constructor(module: WasmModule) {
    super(new Code(module, ["i32", "i64", "i64"]));
  }
}

/** nzcv(kind, a, b): NZCV from what a region keeps of its last flag-setting instruction; see FlagLocals. */
function addFlags(module: WasmModule, name: string): void {
  const o = new FlagOps(module);
  const m = module;
  const kind = (): number => m.local.get(0, o.code.types.i32);
  const a: Value = { type: "i64", local: 1 };
  const b: Value = { type: "i64", local: 2 };
  for (const { number, operation, width } of flagKinds) {
    const branch = o.code.nested(() => {
      const result = operation === "logical" ? a : operation === "add" ? o.add(width, a, b) : o.sub(width, a, b);
      o.code.push(
        m.return(
          materialise(o, {
            kind: operation,
            width,
            a: o.cut(width, a),
            b: o.cut(width, b),
            result: o.cut(width, result),
          }),
        ),
      );
    });
    o.code.push(m.if(m.i32.eq(kind(), m.i32.const(number)), branch));
  }
  o.code.push(m.return(o.narrow(a)));
  const { i32, i64 } = o.code.types;
  m.addFunction(name, [i32, i64, i64], i32, o.code.localTypes(), o.code.take());
}

/** The logical immediates, the conditions, the CRCs and the decoder's tree, at their places in the control block. */
function addTables(module: WasmModule, forms: readonly Form[]): void {
  const bitmasks = new BigUint64Array(8192);
  for (let index = 0; index < bitmasks.length; index++) bitmasks[index] = decodeBitMasks(index, 64) ?? 0n;
  const conditions = new Uint16Array(16);
  for (let cond = 0; cond < 16; cond++) conditions[cond] = conditionTable(cond);
  const decoder = decoderTree(forms);
  if (decoder.length > layout.DECODER_BYTES)
    throw new InternalError(`the decoder's tree has ${decoder.length} bytes, more than its place`);
  module.addData(layout.DECODER, decoder);
  module.addData(layout.CRC32_TABLE, crcTable("CRC32"));
  module.addData(layout.CRC32C_TABLE, crcTable("CRC32C"));
  module.addData(layout.BITMASKS, new Uint8Array(bitmasks.buffer));
  module.addData(layout.CONDITIONS, new Uint8Array(conditions.buffer));
}

/** What a CRC's low byte becomes in the step that shifts it out. */
function crcTable(polynomial: Polynomial): Uint8Array {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => Number(crc32(polynomial, 1, 0n, BigInt(byte))));
  return new Uint8Array(table.buffer);
}
