/** Names of addresses, for messages. */
import { hex } from "./errors.js";

/** How far behind a symbol an address is still said to be in it, bytes. */
const REACH = 1n << 20n;

/** `name+0x10 (0xffff800010000010)`, or the address alone if no symbol stands shortly before it. */
export function describeAddress(symbols: ReadonlyMap<string, bigint>, address: bigint): string {
  let best: { name: string; address: bigint } | undefined;
  for (const [name, candidate] of symbols) {
    if (candidate > address || address - candidate >= REACH) continue;
    if (best === undefined || candidate > best.address) best = { name, address: candidate };
  }
  if (best === undefined) return hex(address);
  const offset = address - best.address;
  return `${best.name}${offset === 0n ? "" : `+${hex(offset)}`} (${hex(address)})`;
}
