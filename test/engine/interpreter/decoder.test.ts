/** The decoder in wasm, which walks a tree made of the forms, against the one of the host, which looks through the rows. */

import { expect, test } from "vitest";
import * as layout from "#assembly/layout.js";
import { Decoder } from "#engine/a64/decode.js";
import { type Form, formsOf, UNDEFINED_HANDLER } from "#engine/a64/forms.js";
import { executedRows } from "#engine/a64/table.js";
import { engineModules } from "#engine/machine/modules.js";
import { Random, runSeed } from "../../support/random.js";

const RANDOM_WORDS = 200_000;
const WORDS_A_FORM = 40;

function wasmDecoder(): (word: number) => number {
  const { core, interpreter } = engineModules();
  const memory = new WebAssembly.Memory({ shared: true, initial: 16, maximum: 16 });
  const table = new WebAssembly.Table({ element: "anyfunc", initial: layout.FIRST_REGION });
  const nothing = (): number => 0;
  const host = Object.fromEntries(
    WebAssembly.Module.imports(core)
      .filter(({ module }) => module === "host")
      .map(({ name }) => [name, nothing]),
  );
  const env = { memory, table };
  const { exports } = new WebAssembly.Instance(core, { env, host });
  new WebAssembly.Instance(interpreter, { env, core: exports as WebAssembly.ModuleImports });
  return table.get(layout.TABLE_DECODE) as (word: number) => number;
}

const decoder = new Decoder(executedRows);
const forms = formsOf(executedRows);
const formsByRow = new Map(executedRows.map((row) => [row, forms.filter((form) => form.row === row)]));

/** The handler that a word should have. */
function handlerOf(word: number): number {
  const row = decoder.decode(word);
  const candidates: readonly Form[] = (row && formsByRow.get(row)) ?? [];
  return candidates.find(({ mask, value }) => (word & mask) >>> 0 === value)?.handler ?? UNDEFINED_HANDLER;
}

test(`random words, and words of every form with a bit turned over, seed ${runSeed}`, () => {
  const found = wasmDecoder();
  const random = new Random(`decoder ${runSeed}`);
  const words = Array.from({ length: RANDOM_WORDS }, () => random.u32());
  for (const { mask, value } of forms) {
    for (let i = 0; i < WORDS_A_FORM; i++) {
      const word = (value | (random.u32() & ~mask)) >>> 0;
      words.push(word, (word ^ (1 << random.below(32))) >>> 0);
    }
  }
  const differing = words
    .filter((word) => found(word) !== handlerOf(word))
    .map((word) => `${word.toString(16).padStart(8, "0")}: ${found(word)}, not ${handlerOf(word)}`);
  expect(differing.slice(0, 10)).toEqual([]);
});
