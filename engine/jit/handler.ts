/**
 * The function by which a region is entered from its slot. It is called as an interpreter's handler, but for its second parameter:
 * PSTATE.BTYPE as it is met with, where the word is a handler's. It gives the next PC; the address that it was entered at, with the fuel
 * untouched, means that it has declined.
 */
import * as layout from "../../assembly/layout.js";
import { Code, PC_PARAMETER, WORD_PARAMETER } from "../wasm/code.js";
import { type Expression, handlerParameters, handlerResult, type WasmModule } from "../wasm/module.js";
import {
  calledParameters,
  calledResults,
  calledTypes,
  DECLINED,
  FUEL_PARAMETER,
  LINK_PARAMETER,
  RESULT_REGISTER,
  SP_PARAMETER,
  X0_PARAMETER,
} from "./convention.js";
import { LINK_REGISTER } from "./flow.js";
import { exitReasons, type PlanEntry, type RegionPlan } from "./plan.js";
import { fieldOf } from "./state.js";

/**
 * Adds it, to a module that has the function `called`, which may execute `need` instructions before it looks at the fuel, and takes SP to be so
 * many bytes away from where it is at the head at each entry.
 */
export function addHandler(
  m: WasmModule,
  { entries, core }: RegionPlan,
  need: number,
  depths: readonly bigint[],
): void {
  const code = new Code(m, undefined, core);
  const { i32, i64 } = code.types;
  const local = (): number => code.newLocal("i64");
  const [fuel, result, link, pointer, home] = [local(), local(), local(), local(), local()];
  const get = (local: number): Expression => m.local.get(local, i64);
  const lands = landsAt(m, entries, i64);
  if (lands !== undefined) {
    const isGood = m.i32.and(m.i32.shr_u(lands, m.local.get(WORD_PARAMETER, i32)), m.i32.const(1));
    code.push(m.if(m.i32.eqz(isGood), declined(m, code)));
  }
  const leeway = (): Expression => code.loadI64(layout.LEEWAY);
  code.push(m.local.set(fuel, m.i64.add(code.loadI64(layout.FUEL), leeway())));
  // The run loop has no leeway to give: the slice had better end here.
  const late = m.select(code.loadI32(layout.REGION_STACK), m.i64.const(0n), leeway());
  code.push(m.if(m.i64.lt_s(m.i64.sub(get(fuel), late), m.i64.const(BigInt(need))), declined(m, code)));
  code.push(m.local.set(link, code.loadI64(fieldOf(LINK_REGISTER))));
  const depth = entries.reduce((rest, entry, index) => {
    const here = depths[index] as bigint;
    return here === 0n ? rest : m.select(isAt(m, entry, i64), m.i64.const(here), rest);
  }, m.i64.const(0n));
  code.push(m.local.set(pointer, code.loadI64(layout.SP)));
  code.push(m.local.set(home, m.i64.sub(get(pointer), depth)));
  const own = entries.filter(({ dispatched }) => !dispatched);
  const others = own.length < entries.length;
  // Where the dispatch node leads to it goes by the address.
  if (others) code.storeI64(layout.PC, m.local.get(PC_PARAMETER, i64));
  const place = pick(m, own, i64, others ? own.length : 0, (_, index) => index);
  const operands = [
    get(fuel),
    m.i32.add(code.loadI32(layout.REGION_STACK), place),
    get(link),
    code.loadI64(fieldOf(RESULT_REGISTER)),
    get(home),
  ];
  code.push(m.callInto([fuel, result], "called", operands));
  const returned = code.nested(() => {
    code.storeI64(layout.FUEL, m.i64.sub(get(fuel), leeway()));
    code.storeI64(fieldOf(RESULT_REGISTER), get(result));
    code.storeI64(fieldOf(LINK_REGISTER), get(link));
    code.storeI64(layout.SP, get(home));
    const count = layout.COUNT_EXITS + 8 * exitReasons.indexOf("return");
    code.storeI64(count, m.i64.add(code.loadI64(count), m.i64.const(1n)));
    code.push(m.return(get(link)));
  });
  code.push(m.if(m.i64.ge_s(get(fuel), m.i64.const(0n)), returned));
  const again = code.nested(() => {
    code.storeI64(layout.SP, get(pointer));
    code.push(declined(m, code));
  });
  code.push(m.if(m.i64.eq(get(fuel), m.i64.const(DECLINED)), again));
  code.push(m.return(get(result)));
  m.addFunction("region", handlerParameters, handlerResult, code.localTypes(), code.take());
  m.addFunctionExport("region", "region");
}

/** Adds a function that is called as a region is, and does nothing but decline: to a module that imports the address as `pc`. */
export function addAbsent(m: WasmModule, core: number): void {
  const code = new Code(m, calledTypes, core);
  const { i64 } = code.types;
  const get = (parameter: number): Expression => m.local.get(parameter, i64);
  code.storeI64(layout.FUEL, m.i64.sub(get(FUEL_PARAMETER), code.loadI64(layout.LEEWAY)));
  code.storeI64(fieldOf(RESULT_REGISTER), get(X0_PARAMETER));
  code.storeI64(fieldOf(LINK_REGISTER), get(LINK_PARAMETER));
  code.storeI64(layout.SP, get(SP_PARAMETER));
  code.push(m.return(m.i64.const(DECLINED), m.global.get("pc", i64)));
  m.addFunction("called", calledParameters, calledResults, [], code.take());
  m.addFunctionExport("called", "called");
}

/** Code that gives back the instruction, with what it was met with. */
function declined(m: WasmModule, code: Code): Expression {
  return code.nested(() => {
    code.storeI32(layout.BTYPE, m.local.get(WORD_PARAMETER, code.types.i32));
    code.push(m.return(m.local.get(PC_PARAMETER, code.types.i64)));
  });
}

/** PlanEntry.lands of where the region is entered; undefined if it does not matter there. */
function landsAt(m: WasmModule, entries: readonly PlanEntry[], i64: number): Expression | undefined {
  if (entries.every(({ lands }) => lands === 15)) return undefined;
  return pick(m, entries, i64, entries[0]?.lands ?? 0, ({ lands }) => lands);
}

/** An i32 that each entry has, of the one that the region is entered at; `other` of one that is not among these. */
function pick(
  m: WasmModule,
  entries: readonly PlanEntry[],
  i64: number,
  other: number,
  partOf: (entry: PlanEntry, index: number) => number,
): Expression {
  return entries.reduce((rest, entry, index) => {
    const value = partOf(entry, index);
    if (value === other) return rest;
    return m.select(isAt(m, entry, i64), m.i32.const(value), rest);
  }, m.i32.const(other));
}

function isAt(m: WasmModule, { pc }: PlanEntry, i64: number): Expression {
  return m.i64.eq(m.local.get(PC_PARAMETER, i64), m.i64.const(BigInt.asIntN(64, pc)));
}
