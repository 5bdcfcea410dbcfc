/** Names of code addresses, found fast: for traces, which ask at every instruction. */
import type { ElfImage } from "../../engine/index.js";

export class CodeSymbols {
  readonly #addresses: BigUint64Array;
  readonly #names: readonly string[];

  constructor(image: ElfImage) {
    const code = image.segments.filter(({ access }) => access.includes("x"));
    const isCode = (address: bigint): boolean =>
      code.some((segment) => address >= segment.address && address - segment.address < BigInt(segment.memorySize));
    const found = new Map<bigint, string>();
    // Global names come first in an image's symbols: they win over local ones at the same place.
    for (const [name, address] of image.symbols) if (isCode(address) && !found.has(address)) found.set(address, name);
    const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
    this.#addresses = BigUint64Array.from(sorted, ([address]) => address);
    this.#names = sorted.map(([, name]) => name);
  }

  /** `name+0x10` by the last symbol at or before an address; undefined if there is none. */
  describe(address: bigint): string | undefined {
    let low = 0;
    let high = this.#addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#addresses[middle] as bigint) <= address) low = middle + 1;
      else high = middle;
    }
    if (low === 0) return undefined;
    const offset = address - (this.#addresses[low - 1] as bigint);
    return `${this.#names[low - 1]}${offset === 0n ? "" : `+0x${offset.toString(16)}`}`;
  }
}
