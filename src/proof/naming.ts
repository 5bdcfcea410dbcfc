/** Names for the addresses and words of a scene. */
import { disassemble } from "../../engine/index.js";

/** How far behind a symbol an address still belongs to it. */
const REACH = 0x400n;
/** How far before a symbol. */
const BEFORE = 16n;
/** Smaller numbers are values, not instructions. */
const LEAST_WORD = 0x1_0000n;
const MOST_WORD = 0xffff_ffffn;

/** A function that replaces 0x... in a text by a symbol and an offset, or by the instruction that the word is. */
export function namer(symbols: ReadonlyMap<string, bigint>): (text: string) => string {
  const places = [...symbols].sort(([, a], [, b]) => (a < b ? -1 : a > b ? 1 : 0));
  const nameOf = (value: bigint): string | undefined => {
    let best: readonly [string, bigint] | undefined;
    for (const place of places) if (place[1] <= value && value - place[1] < REACH) best = place;
    // What a trampoline has before itself has no symbol of its own.
    const next = places.find(([, address]) => address > value && address - value <= BEFORE);
    if (best === undefined && next !== undefined) return `${next[0]}-${next[1] - value}`;
    if (best === undefined || best[1] < LEAST_WORD) return undefined;
    return best[1] === value ? best[0] : `${best[0]}+${value - best[1]}`;
  };
  const wordOf = (value: bigint): string | undefined =>
    value >= LEAST_WORD && value <= MOST_WORD ? disassemble(Number(value), 0n) : undefined;
  return (text) => text.replace(/0x[0-9a-f]+/g, (digits) => nameOf(BigInt(digits)) ?? wordOf(BigInt(digits)) ?? digits);
}
