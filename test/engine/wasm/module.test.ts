import fc from "fast-check";
import { expect, test } from "vitest";
import { type Expression, none, typeOf, WasmModule, type WasmType } from "#engine/wasm/module.js";

const I32 = typeOf("i32");
const I64 = typeOf("i64");

/** A function of two i32 as V8 has it, and three locals: 2 of i32, 3 of i64, 4 of i32. */
function compiled<T>(result: WasmType, body: (m: WasmModule) => Expression): (a?: number, b?: number) => T {
  const module = new WasmModule();
  module.addFunction("run", [I32, I32], result, [I32, I64, I32], body(module));
  module.addFunctionExport("run", "exported");
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.emit()));
  return exports["exported"] as (a?: number, b?: number) => T;
}

test("constants of every size come out as they went in", () => {
  const edges = Array.from({ length: 65 }, (_, bit) => 1n << BigInt(bit)).flatMap((n) => [n, n - 1n, -n, -n - 1n]);
  const constants = [...edges, ...fc.sample(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), 200)];
  const module = new WasmModule();
  constants.forEach((value, index) => {
    module.addFunction(`w${index}`, [], I64, [], module.i64.const(value));
    module.addFunction(`n${index}`, [], I32, [], module.i32.const(Number(BigInt.asIntN(32, value))));
    for (const name of [`w${index}`, `n${index}`]) module.addFunctionExport(name, name);
  });
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.emit()));
  const call = (name: string): unknown => (exports[name] as () => unknown)();
  constants.forEach((value, index) => {
    expect(call(`w${index}`)).toBe(BigInt.asIntN(64, value));
    expect(call(`n${index}`)).toBe(Number(BigInt.asIntN(32, value)));
  });
});

test("branches go by their labels, from any depth", () => {
  // The sum of the numbers below a, but for multiples of b; 1000 if a is 7.
  const run = compiled<number>(I32, (m) => {
    const get = (local: number): Expression => m.local.get(local, I32);
    const isMultiple = m.i32.eqz(m.i32.sub(get(2), m.i32.mul(m.i32.div_u(get(2), get(1)), get(1))));
    return m.block(null, [
      m.block("out", [
        m.loop(
          "turn",
          m.block(null, [
            m.br_if("out", m.i32.ge_u(get(2), get(0))),
            m.if(m.i32.eq(get(0), m.i32.const(7)), m.return(m.i32.const(1000)), m.nop()),
            m.block("next", [m.if(isMultiple, m.br("next")), m.local.set(4, m.i32.add(get(4), get(2)))]),
            m.local.set(2, m.i32.add(get(2), m.i32.const(1))),
            m.br("turn"),
          ]),
        ),
      ]),
      m.return(get(4)),
    ]);
  });
  expect(run(10, 3)).toBe(1 + 2 + 4 + 5 + 7 + 8);
  expect(run(5, 2)).toBe(1 + 3);
  expect(run(7, 2)).toBe(1000);
  expect(run(0, 1)).toBe(0);
});

test("a table of branches, and one that is far too long an index", () => {
  const run = compiled<number>(I32, (m) =>
    m.block(null, [
      m.block("else", [
        m.block("two", [
          m.block("one", [m.switch(["one", "two", "one"], "else", m.local.get(0, I32))]),
          m.return(m.i32.const(1)),
        ]),
        m.return(m.i32.const(2)),
      ]),
      m.return(m.i32.const(-1)),
    ]),
  );
  expect([0, 1, 2, 3, -1].map((index) => run(index))).toEqual([1, 2, 1, -1, -1]);
});

test("code behind what never goes on is left out, and need not have the types that it would need", () => {
  const ends = (m: WasmModule): Expression =>
    m.if(m.local.get(0, I32), m.return(m.i32.const(1)), m.return(m.i32.const(2)));
  const run = compiled<number>(I32, (m) => m.block(null, [ends(m), m.drop(m.nop())], I32));
  expect([run(1), run(0)]).toEqual([1, 2]);
  // As one side of a value, and as an operand.
  const value = compiled<number>(I32, (m) =>
    m.i32.add(m.i32.const(10), m.if(m.local.get(1, I32), ends(m), m.i32.const(5))),
  );
  expect([value(1, 1), value(0, 1), value(0, 0)]).toEqual([1, 2, 15]);
  const endless = compiled<number>(I32, (m) =>
    m.loop(
      "again",
      m.block(null, [
        m.if(m.local.get(0, I32), m.return(m.i32.const(3))),
        m.local.set(0, m.i32.const(1)),
        m.br("again"),
      ]),
    ),
  );
  expect(endless(0)).toBe(3);
});

test("imports, globals, elements and data stand where their names and places say", () => {
  const module = new WasmModule();
  const m = module;
  module.addMemoryImport("env", "memory", 1);
  module.addTableImport("env", "table");
  module.addGlobalImport("imported", "env", "global", I32);
  module.addFunctionImport("first", "env", "first", [I64], I32);
  module.addGlobal("own", I32, m.i32.const(300));
  module.addFunction("sum", [], I32, [], m.i32.add(m.global.get("imported", I32), m.global.get("own", I32)));
  // An import that is asked for late still comes before all functions.
  module.addFunctionImport("second", "env", "second", [], none);
  const calls = [m.call("second", [], none), m.call("first", [m.i64.const(7n)], I32)];
  module.addFunction("calls", [], I32, [], m.block(null, calls, I32));
  module.addElements(2, ["calls", "sum"]);
  module.addData(1000, Uint8Array.of(1, 2, 3));
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 65536, shared: true });
  const table = new WebAssembly.Table({ initial: 4, element: "anyfunc" });
  const log: unknown[] = [];
  const env = {
    memory,
    table,
    global: 5,
    first: (n: bigint) => Number(n) + log.push(n),
    second: () => log.push("second"),
  };
  new WebAssembly.Instance(new WebAssembly.Module(module.emit()), { env });
  expect([(table.get(2) as () => number)(), (table.get(3) as () => number)()]).toEqual([9, 305]);
  expect(log).toEqual(["second", 7n]);
  expect([...new Uint8Array(memory.buffer, 999, 5)]).toEqual([0, 1, 2, 3, 0]);
});

test("a name that is not there is named", () => {
  const missing = new WasmModule();
  missing.addFunction("run", [], none, [], missing.call("nobody", [], none));
  expect(() => missing.emit()).toThrow(/'nobody'/);
  const outside = new WasmModule();
  outside.addFunction("run", [], none, [], outside.block(null, [outside.block("inner", []), outside.br("inner")]));
  expect(() => outside.emit()).toThrow(/'inner'/);
});
