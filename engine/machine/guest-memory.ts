/** The guest's memory as the host reaches it: by guest addresses, through the windows. */
import { hex, UnmappedRangeError } from "./errors.js";
import type { PlacedWindow } from "./memory-map.js";

export class GuestMemory {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  /** `beforeWrite` is told which bytes of the shared memory will be overwritten. */
  constructor(
    memory: WebAssembly.Memory,
    readonly windows: readonly PlacedWindow[],
    private readonly beforeWrite: (host: number, length: number) => void,
  ) {
    this.#bytes = new Uint8Array(memory.buffer);
    this.#view = new DataView(memory.buffer);
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

  #writable(address: bigint, length: number): number {
    const host = this.hostAddress(address, length, "host write");
    this.beforeWrite(host, length);
    return host;
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
    this.#bytes.set(bytes, this.#writable(address, bytes.length));
  }

  clear(address: bigint, length: number): void {
    const host = this.#writable(address, length);
    this.#bytes.fill(0, host, host + length);
  }

  readU32(address: bigint): number {
    return this.#view.getUint32(this.hostAddress(address, 4, "host read"), true);
  }

  readU64(address: bigint): bigint {
    return this.#view.getBigUint64(this.hostAddress(address, 8, "host read"), true);
  }

  writeU32(address: bigint, value: number): void {
    this.#view.setUint32(this.#writable(address, 4), value, true);
  }

  writeU64(address: bigint, value: bigint): void {
    this.#view.setBigUint64(this.#writable(address, 8), value, true);
  }
}
