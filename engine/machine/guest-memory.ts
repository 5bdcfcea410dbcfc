/** The guest's memory as the host reaches it: by guest addresses, through the windows. */
import { hex, UnmappedRangeError } from "./errors.js";
import type { PlacedWindow } from "./memory-map.js";

export class GuestMemory {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Aligned words and doublewords, which a host's access must not tear while cores run. */
  readonly #words32: Int32Array;
  readonly #words64: BigInt64Array;

  /** `written` is told which bytes of the shared memory have been overwritten. */
  constructor(
    memory: WebAssembly.Memory,
    readonly windows: readonly PlacedWindow[],
    private readonly written: (host: number, length: number) => void,
  ) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
    this.#words32 = new Int32Array(memory.buffer);
    this.#words64 = new BigInt64Array(memory.buffer);
  }

  /** Where `length` bytes at a guest address stand in the shared memory. Throws an UnmappedRangeError unless they stand in one window. */
  hostAddress(address: bigint, length: number, what: string): number {
    for (const { base, size, host } of this.windows) {
      const offset = address - base;
      if (offset >= 0n && offset + BigInt(length) <= BigInt(size)) return host + Number(offset);
    }
    const windows = this.windows.map(({ spec, base, size }) => `${spec.name} ${hex(base)}+${hex(size)}`).join(", ");
    throw new UnmappedRangeError(address, length, what, windows);
  }

  /**
   * The memory itself at an address, up to `length` bytes or the end of the window; undefined where there is none that the guest
   * may read ("r") or write ("w").
   */
  view(address: bigint, length: number, right: "r" | "w"): Uint8Array | undefined {
    for (const { spec, base, size, host } of this.windows) {
      const offset = address - base;
      if (offset < 0n || offset >= BigInt(size)) continue;
      if (!spec.access.includes(right)) return undefined;
      const start = host + Number(offset);
      return this.#bytes.subarray(start, Math.min(start + length, host + size));
    }
    return undefined;
  }

  // As Machine has them.

  read(address: bigint, length: number): Uint8Array {
    const host = this.hostAddress(address, length, "host read");
    return this.#bytes.slice(host, host + length);
  }

  write(address: bigint, bytes: Uint8Array): void {
    this.#change(address, bytes.length, (host) => this.#bytes.set(bytes, host));
  }

  clear(address: bigint, length: number): void {
    this.#change(address, length, (host) => this.#bytes.fill(0, host, host + length));
  }

  readU32(address: bigint): number {
    const host = this.hostAddress(address, 4, "host read");
    return host % 4 === 0 ? Atomics.load(this.#words32, host / 4) >>> 0 : this.#view.getUint32(host, true);
  }

  readU64(address: bigint): bigint {
    const host = this.hostAddress(address, 8, "host read");
    if (host % 8 !== 0) return this.#view.getBigUint64(host, true);
    return BigInt.asUintN(64, Atomics.load(this.#words64, host / 8));
  }

  writeU32(address: bigint, value: number): void {
    this.#change(address, 4, (host) => {
      if (host % 4 === 0) Atomics.store(this.#words32, host / 4, value | 0);
      else this.#view.setUint32(host, value, true);
    });
  }

  writeU64(address: bigint, value: bigint): void {
    this.#change(address, 8, (host) => {
      if (host % 8 === 0) Atomics.store(this.#words64, host / 8, value);
      else this.#view.setBigUint64(host, value, true);
    });
  }

  #change(address: bigint, length: number, write: (host: number) => void): void {
    const host = this.hostAddress(address, length, "host write");
    write(host);
    this.written(host, length);
  }
}
