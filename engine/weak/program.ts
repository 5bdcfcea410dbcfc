/** What the executions of a machine depend on beside their choices, for schedule strings. */
import { createHash } from "node:crypto";
import { programHash } from "../choices/index.js";
import type { WeakMachine } from "./machine.js";

const REGISTERS = 31;

/** The hash of what a machine's executions begin with: memory, registers, where they end, and its caches' kind. */
export function programOf(machine: WeakMachine): string {
  machine.reset();
  const hash = createHash("sha256");
  for (const { address, size, access, guarded = false, alias } of machine.windows) {
    hash.update(`${address} ${size} ${access} ${guarded} ${alias === undefined}\n`);
    if (alias === undefined) hash.update(machine.read(address, size));
  }
  for (const core of machine.cores) {
    const registers = Array.from({ length: REGISTERS }, (_, n) => core.x(n));
    hash.update(`${registers.join(" ")} ${core.sp} ${core.pc} ${core.handler}\n`);
  }
  hash.update(`${machine.exits.join(" ")} ${machine.cacheType} ${machine.lineBytes}`);
  return programHash(hash.digest("hex"));
}
