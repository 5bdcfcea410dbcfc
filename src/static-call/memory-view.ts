/** Guest memory by symbols, as designs look at it. */
import type { Machine } from "../../engine/index.js";
import type { MemoryView } from "./design.js";

export function memoryView(machine: Machine, address: (symbol: string) => bigint): MemoryView {
  return {
    address,
    u32: (symbol, offset) => machine.readU32(address(symbol) + BigInt(offset)),
    u64: (symbol, offset) => machine.readU64(address(symbol) + BigInt(offset)),
  };
}
