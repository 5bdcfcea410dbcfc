/** What must hold of the example's objects, whoever has compiled them. */
import { StaticCall } from "cmodx";
import type { LinkObject, MachineOptions } from "cmodx/engine";
import { expect } from "vitest";
import { type Loaded, loadExample } from "../../examples/tracepoint/load.js";
import { symbolOf } from "../support/static-calls.js";

export const prebuilt = new URL("../../examples/tracepoint/prebuilt/", import.meta.url);

export type Objects = Record<"kernel" | "module", LinkObject>;

export const engines = [
  { engine: "interpreter", jit: false },
  { engine: "JIT", jit: { background: false } },
] as const;

/** A target, the trampoline's state with it, and what a call with 3 gives. */
interface Choice {
  readonly target: string | null;
  readonly state: string;
  readonly value: bigint;
}

const choices: readonly Choice[] = [
  { target: null, state: "RET", value: 3n },
  { target: "__static_call_return0", state: "B", value: 0n },
  { target: "pick_backwards", state: "B", value: 2n },
  { target: "pick_even_first", state: "NOP+literal", value: 0n },
];

const sides = ["host", "guest"] as const;

function pickOf({ calls }: Loaded): StaticCall {
  const call = calls.get("sched_pick");
  if (call === undefined) throw new Error("no sched_pick");
  return call;
}

/** What both sides see of a target, in memory and by calling. */
function expectChoice(loaded: Loaded, { target, state, value }: Choice, compiles: boolean): void {
  const { machine } = loaded;
  const { core } = machine;
  const call = pickOf(loaded);
  const address = target === null ? 0n : symbolOf(machine, target);
  expect(call.state).toBe(state);
  expect(call.query()).toBe(target === null ? null : address);
  expect(core.call("query_pick")).toBe(address);
  expect(machine.readU64(symbolOf(machine, "__SCT__sched_pick") - 8n)).toBe(address);
  expect(core.call("call_pick", 3)).toBe(value);
  expect(call.call(3)).toBe(value);
  expect(call.callCond(3)).toBe(target === null ? undefined : value);
  if (!compiles) return;
  expect(core.forceCompile("call_pick")).toBe(true);
  expect(core.call("call_pick", 3)).toBe(value);
}

/** From each target to each, changed by the host and by the guest. */
export async function expectTransitions(objects: Objects, jit: MachineOptions["jit"]): Promise<void> {
  const loaded = await loadExample(objects, { jit: jit ?? false });
  const { machine } = loaded;
  const update = (side: (typeof sides)[number], { target }: Choice): void => {
    if (side === "host") pickOf(loaded).update(target);
    else machine.core.call("update_pick", target === null ? 0 : symbolOf(machine, target));
  };
  for (const from of choices) {
    for (const to of choices) {
      for (const side of sides) {
        update(side, from);
        expectChoice(loaded, from, jit !== false);
        update(side, to);
        expectChoice(loaded, to, jit !== false);
      }
    }
  }
  if (jit !== false) expect(machine.stats().regions.entries).toBeGreaterThan(0);
  machine.dispose();
}

/** As it is loaded, before anything was changed: the keys of the file, each with its own definition. */
export async function expectDefinitions(objects: Objects): Promise<void> {
  const { machine, calls } = await loadExample(objects, { jit: false });
  const defined = [...calls.values()].map((call) => [call.name, call.design, call.state, call.query()]);
  expect(defined.sort()).toEqual([
    ["sched_idle", "hybrid", "RET", null],
    ["sched_pick", "hybrid", "B", symbolOf(machine, "pick_round_robin")],
    ["sched_throttle", "hybrid", "B", symbolOf(machine, "__static_call_return0")],
    ["tp_func_sched_switch", "hybrid", "RET", null],
  ]);
  // The header's trampoline is the design's, but for the patched instruction.
  StaticCall.define(machine, { name: "ours", design: "hybrid" });
  const words = (name: string): readonly number[] =>
    [-8, -4, 0, 8, 12, 16, 20].map((offset) => machine.readU32(symbolOf(machine, `__SCT__${name}`) + BigInt(offset)));
  for (const name of calls.keys()) expect(words(name)).toEqual(words("ours"));
  machine.dispose();
}

/** Guest code that changes the target it calls, hot. */
export async function expectAlternation(objects: Objects, jit: MachineOptions["jit"], rounds: number): Promise<void> {
  const { machine } = await loadExample(objects, { jit: jit ?? false });
  const [near, far] = ["pick_backwards", "pick_even_first"].map((name) => symbolOf(machine, name)) as [bigint, bigint];
  const sum = Array.from({ length: rounds }, (_, round) => ((round + 4) % 5) + (((round % 5) + 2) % 5));
  const expected = BigInt(sum.reduce((total, each) => total + each, 0));
  expect(machine.core.call("alternate_pick", near, far, rounds)).toBe(expected);
  const { compiled } = machine.stats().regions;
  expect(machine.core.call("alternate_pick", near, far, rounds)).toBe(expected);
  // Regions that were made come back as the code does.
  expect(machine.stats().regions.compiled).toBe(compiled);
  machine.dispose();
}

const ITERATOR = "__traceiter_sched_switch";
const MAX_PROBES = 6;

/** 0, 1 and n probes: nothing, the probe itself, the iterator. */
export async function expectTracepoint(objects: Objects, jit: MachineOptions["jit"]): Promise<void> {
  const { machine, calls } = await loadExample(objects, { jit: jit ?? false });
  const { core } = machine;
  const seen: number[] = Array.from({ length: MAX_PROBES + 1 }, () => 0);
  const attached = new Set<number>();
  const result = (name: string, which: number): bigint => BigInt.asIntN(32, core.call(name, which));
  const check = (): void => {
    const [state, target] =
      attached.size === 0 ? ["RET"] : attached.size === 1 ? ["NOP+literal", "count_switch"] : ["B", ITERATOR];
    const call = calls.get("tp_func_sched_switch");
    expect([call?.state, call?.query()]).toEqual([state, target === undefined ? null : symbolOf(machine, target)]);
    expect(core.call("schedule", 50)).toBe(BigInt.asUintN(64, BigInt("12340".repeat(10))));
    for (const which of attached) seen[which] = (seen[which] ?? 0) + 50;
    expect(seen.map((_, which) => Number(core.call("switches_seen", which)))).toEqual(seen);
    // 50 turns of five tasks: the last one went from task 4 to task 0.
    for (const which of attached) expect(core.call("last_seen", which)).toBe(40n);
  };
  const attach = (which: number): void => {
    expect(result("attach", which)).toBe(0n);
    attached.add(which);
    check();
  };
  const detach = (which: number): void => {
    expect(result("detach", which)).toBe(0n);
    attached.delete(which);
    check();
  };
  check();
  attach(0);
  expect(result("attach", 0)).toBe(-17n);
  expect(result("detach", 1)).toBe(-2n);
  for (let which = 1; which < MAX_PROBES; which++) attach(which);
  expect(result("attach", MAX_PROBES)).toBe(-28n);
  detach(0);
  attach(MAX_PROBES);
  for (const which of [3, 6, 1, 5, 2]) detach(which);
  attach(2);
  detach(4);
  detach(2);
  machine.dispose();
}
