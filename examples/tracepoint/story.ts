/** What the example shows, a line a step. */
import { RET0, type StaticCall } from "cmodx";
import type { Loaded } from "./load.js";

/** Turns that the scheduler is run for after each step. */
const TURNS = 10;

const describe = ({ machine }: Loaded, call: StaticCall): string => {
  const target = call.query();
  const names = [...machine.symbols].filter(([, address]) => address === target).map(([name]) => name);
  return `${call.name} ${call.state} -> ${names[0] ?? "nothing"}`;
};

function callOf({ calls }: Loaded, name: string): StaticCall {
  const call = calls.get(name);
  if (call === undefined) throw new Error(`the kernel has no static call '${name}'`);
  return call;
}

/** Runs the example; gives what it has to tell. */
export function* story(loaded: Loaded): Generator<string> {
  const { core } = loaded.machine;
  const [pick, throttle, idle, trace] = ["sched_pick", "sched_throttle", "sched_idle", "tp_func_sched_switch"].map(
    (name) => callOf(loaded, name),
  ) as [StaticCall, StaticCall, StaticCall, StaticCall];
  const states = (...calls: StaticCall[]): string => calls.map((call) => describe(loaded, call)).join("; ");
  const run = (): string => `${TURNS} turns ran tasks ${core.call("schedule", TURNS)}`;

  yield `static calls in the object: ${[...loaded.calls.keys()].join(", ")}`;
  yield `at first: ${states(pick, throttle, idle)}`;
  yield `  ${run()}`;
  core.call("take_over");
  yield `the module takes over: ${states(pick, throttle, idle)}`;
  yield `  ${run()}, idle turns ${core.call("idles_seen")}`;
  throttle.update(RET0);
  yield `the host lifts the limit: ${states(throttle)}`;
  pick.update("pick_backwards");
  yield `the host chooses a policy of the kernel's: ${states(pick)}`;
  yield `  ${run()}`;
  core.call("give_back");
  yield `the module gives back: ${states(pick, throttle, idle)}`;
  yield `  ${run()}`;

  yield `no probe: ${states(trace)}`;
  core.call("attach", 0);
  yield `one probe: ${states(trace)}`;
  yield `  ${run()}, seen ${core.call("switches_seen", 0)}`;
  core.call("attach", 1);
  yield `two probes: ${states(trace)}`;
  yield `  ${run()}, seen ${core.call("switches_seen", 0)} and ${core.call("switches_seen", 1)}`;
  core.call("detach", 0);
  core.call("detach", 1);
  yield `no probe: ${states(trace)}`;
  yield `  ${run()}, seen ${core.call("switches_seen", 0)} and ${core.call("switches_seen", 1)}`;
}
