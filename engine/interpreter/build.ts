/**
 * Build step: makes dist/wasm/interpreter.wasm from the instruction table. Run by `npm run build` as
 * `node dist/engine/interpreter/build.js`.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { executedRows } from "../a64/table.js";
import { interpreterModule } from "./module.js";

const output = new URL("../../wasm/interpreter.wasm", import.meta.url);
const started = performance.now();
const { binary, forms } = interpreterModule(executedRows);
mkdirSync(new URL(".", output), { recursive: true });
writeFileSync(output, binary);
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(
  `${fileURLToPath(output)}: ${forms} forms of ${executedRows.length} instructions, ${binary.length} bytes, ${seconds} s`,
);
