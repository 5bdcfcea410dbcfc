/** Problems of the checker as machines that execute: what they reach is among the final states that the checker finds. */
import { type Fault, WeakMachine, type WindowSpec } from "../../engine/index.js";
import { faultKey, passes, stateKey } from "./combinations.js";
import type { FaultType, FinalState, Problem, ThreadFault } from "./problem.js";

export interface ProblemMachine {
  /** A core for each thread, ready to execute. */
  readonly machine: WeakMachine;
  /** The final state of the last execution. */
  state(): FinalState;
  /** The same for two executions exactly if their final states are; cheaper than those. */
  key(): string;
}

function windowsOf(problem: Problem): WindowSpec[] {
  const code = problem.code.map(({ address, words, access = "rwx", guarded = false }, index): WindowSpec => {
    return { name: `code ${index}`, address, size: 4 * words.length, access, guarded };
  });
  const data = problem.data.map(({ address, bytes, access = "rw" }, index): WindowSpec => {
    return { name: `data ${index}`, address, size: bytes.length, access };
  });
  return [...code, ...data].filter(({ size }) => size > 0);
}

function faultType(fault: Fault): FaultType {
  switch (fault.kind) {
    case "undefined-instruction":
    case "udf":
      return "undefined";
    case "instruction-abort":
      return fault.reason === "permission" ? "permission" : "translation";
    case "data-abort":
      return fault.reason === "alignment" ? "alignment" : fault.reason === "permission" ? "permission" : "translation";
    case "pc-alignment":
      return "alignment";
    case "branch-target":
    case "svc":
    case "hvc":
    case "smc":
    case "brk":
      return fault.kind;
    default:
      return "other";
  }
}

/** Makes a machine of a problem. Throws a MachineOptionsError if it has more parts than a machine. */
export function problemMachine(problem: Problem): ProblemMachine {
  const windows = windowsOf(problem);
  const ctr = { dic: problem.dic, idc: problem.idc || problem.dic };
  const { lineBytes } = problem;
  const machine = WeakMachine.create({ cores: problem.threads.length, windows, ctr, lineBytes, historyBytes: 1 << 20 });
  for (const { address, words } of problem.code) {
    if (words.length > 0) machine.write(address, new Uint8Array(Uint32Array.from(words).buffer));
  }
  for (const { address, bytes } of problem.data) if (bytes.length > 0) machine.write(address, bytes);
  for (const [index, thread] of problem.threads.entries()) {
    const core = machine.cores[index];
    if (core === undefined) continue;
    for (const [n, value] of thread.registers) {
      if (n === 31) core.sp = value;
      else core.setX(n, value);
    }
    core.pc = thread.entry;
    core.handler = thread.handler ?? 0n;
  }
  machine.exits = problem.exits;
  return { machine, state: () => stateOf(problem, machine), key: () => stateKey(stateOf(problem, machine)) };
}

function observedValue(machine: WeakMachine, of: Problem["observed"][number]): bigint {
  if (of.kind === "register") {
    const core = machine.cores[of.thread];
    return core === undefined ? 0n : of.register === 31 ? core.sp : core.x(of.register);
  }
  return machine.read(of.address, of.bytes).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function stateOf(problem: Problem, machine: WeakMachine): FinalState {
  const found = new Map<string, ThreadFault>();
  if (problem.observedFaults.length > 0) {
    for (const { core, fault } of machine.faults()) {
      const address = fault.kind === "data-abort" ? { address: fault.address } : {};
      const taken: ThreadFault = { thread: core, pc: fault.pc, type: faultType(fault), ...address };
      if (problem.observedFaults.some((filter) => passes(filter, taken))) found.set(faultKey(taken), taken);
    }
  }
  const faults = [...found.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, fault]) => fault);
  return { values: problem.observed.map((each) => observedValue(machine, each)), faults };
}
