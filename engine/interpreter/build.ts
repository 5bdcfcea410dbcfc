/**
 * Build step: makes dist/wasm/interpreter.wasm and dist/wasm/weak-interpreter.wasm from the instruction table. Run by
 * `npm run build` as `node dist/engine/interpreter/build.js`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { executedRows } from "../a64/table.js";
import { type HandlerMaker, interpreterModule } from "./module.js";
import { weakHandler } from "./weak-ops.js";

function build(name: string, make?: HandlerMaker): void {
  const output = new URL(`../../wasm/${name}.wasm`, import.meta.url);
  const started = performance.now();
  const { binary, forms } = interpreterModule(executedRows, make);
  mkdirSync(new URL(".", output), { recursive: true });
  writeFileSync(output, binary);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const made = `${forms} forms of ${executedRows.length} instructions`;
  console.log(`${fileURLToPath(output)}: ${made}, ${binary.length} bytes, ${seconds} s`);
}

build("interpreter");
build("weak-interpreter", weakHandler);
