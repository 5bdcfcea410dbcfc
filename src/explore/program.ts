/** What an execution of a problem depends on beside its choices, as one text. */
import { programHash } from "../../engine/index.js";
import type { Problem } from "../model/problem.js";

function hex(value: bigint): string {
  return value.toString(16);
}

/** Everything of a problem but its name, in a fixed order. */
function describe({ code, data, threads, exits, observed, observedFaults, idc, dic, lineBytes }: Problem): string {
  return JSON.stringify([
    code.map(({ address, words }) => [hex(address), words]),
    data.map(({ address, bytes }) => [hex(address), Buffer.from(bytes).toString("hex")]),
    threads.map(({ entry, registers, handler }) => [
      hex(entry),
      [...registers].sort(([a], [b]) => a - b).map(([register, value]) => [register, hex(value)]),
      handler === undefined ? null : hex(handler),
    ]),
    exits.map(hex),
    observed.map((each) =>
      each.kind === "register" ? [each.thread, each.register] : ["memory", hex(each.address), each.bytes],
    ),
    observedFaults.length,
    [idc, dic, lineBytes],
  ]);
}

/** The hash of a problem for schedule strings. */
export function problemHash(problem: Problem): string {
  return programHash(describe(problem));
}
