import fc from "fast-check";
import { expect, test } from "vitest";
import { type Expression, none, typeOf, WasmModule } from "#engine/wasm/module.js";
import { FlowGraph } from "#engine/wasm/structure.js";

/** Successors of each block: none, one, or [where the next bit of the input is 1, otherwise]. */
type Shape = readonly (readonly number[])[];

/** The blocks passed, for a choice at each branch; the walk ends with the input. */
function walk(shape: Shape, choices: number, steps: number): number[] {
  const passed: number[] = [];
  let at: number | undefined = 0;
  for (let step = 0; at !== undefined && step < steps; step++) {
    passed.push(at);
    const successors: readonly number[] = shape[at] ?? [];
    at = successors[successors.length === 2 && ((choices >>> (step % 32)) & 1) === 1 ? 0 : successors.length - 1];
  }
  return passed;
}

const I32 = typeOf("i32");
/** Parameters and locals of the compiled graph. */
const CHOICES = 0;
const STEPS = 1;
const STEP = 2;
const FIRST_FREE = 3;

/** The same as a wasm function (choices, steps) that calls `pass(block)` for each block. */
function compile(shape: Shape): WebAssembly.Module {
  const module = new WasmModule();
  module.addFunctionImport("pass", "env", "pass", [I32], none);
  const local = (index: number): Expression => module.local.get(index, I32);
  let locals = 0;
  const graph = new FlowGraph(module, () => FIRST_FREE + locals++);
  shape.forEach((successors, id) => {
    const code = [
      module.if(module.i32.ge_u(local(STEP), local(STEPS)), module.br("end")),
      module.call("pass", [module.i32.const(id)], none),
      module.local.set(STEP, module.i32.add(local(STEP), module.i32.const(1))),
    ];
    if (successors.length === 0) code.push(module.br("end"));
    graph.addBlock(module.block(null, code, none));
  });
  shape.forEach((successors, id) => {
    const step = module.i32.sub(local(STEP), module.i32.const(1));
    const bit = module.i32.and(module.i32.shr_u(local(CHOICES), step), module.i32.const(1));
    successors.forEach((to, index) => {
      graph.addBranch(id, to, index === 0 && successors.length === 2 ? bit : 0, 0);
    });
  });
  const body = module.block("end", [graph.render(0)], none);
  const types = Array.from({ length: 1 + locals }, () => I32);
  module.addFunction("run", [I32, I32], none, types, body);
  module.addFunctionExport("run", "run");
  return new WebAssembly.Module(module.emit());
}

function run(shape: Shape, choices: number, steps: number): number[] {
  const passed: number[] = [];
  const { exports } = new WebAssembly.Instance(compile(shape), { env: { pass: (id: number) => passed.push(id) } });
  (exports["run"] as (choices: number, steps: number) => void)(choices, steps);
  return passed;
}

const shapes = fc
  .integer({ min: 1, max: 12 })
  .chain((size) => fc.array(fc.array(fc.nat(size - 1), { maxLength: 2 }), { minLength: size, maxLength: size }));

test("any graph, irreducible ones included, takes the paths that its branches say", () => {
  fc.assert(
    fc.property(shapes, fc.integer(), (shape, choices) => {
      expect(run(shape, choices, 40)).toEqual(walk(shape, choices, 40));
    }),
    { numRuns: 400 },
  );
});

test("a loop with two entries", () => {
  // 0 goes to 1 or to 2, which go to each other: the textbook's irreducible graph.
  const shape = [[1, 2], [2], [1, 3], []];
  for (const choices of [0b0, 0b1, 0b111, 0b101010]) expect(run(shape, choices, 20)).toEqual(walk(shape, choices, 20));
});

test("nested loops that leave two levels at once", () => {
  const shape = [[1], [2, 6], [3, 1], [4, 2], [5, 3], [1, 6], []];
  for (let choices = 0; choices < 256; choices++) {
    expect(run(shape, choices * 0x01010101, 64)).toEqual(walk(shape, choices * 0x01010101, 64));
  }
});
