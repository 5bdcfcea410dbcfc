/** A file's bytes, read with every offset checked. */
import { ElfError, type ElfErrorCode, hex } from "./errors.js";
import { limits } from "./format.js";

const decoder = new TextDecoder("utf-8");

export class Reader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(
    bytes: Uint8Array,
    /** What messages call it. */
    readonly file: string,
  ) {
    // A Buffer's slice() would be no copy.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.bytes.length;
  }

  fail(code: ElfErrorCode, offset: number, reason: string): never {
    throw new ElfError(code, this.file, offset, reason);
  }

  u8(offset: number): number {
    this.#check(offset, 1);
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    this.#check(offset, 2);
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    this.#check(offset, 4);
    return this.#view.getUint32(offset, true);
  }

  u64(offset: number): bigint {
    this.#check(offset, 8);
    return this.#view.getBigUint64(offset, true);
  }

  i64(offset: number): bigint {
    this.#check(offset, 8);
    return this.#view.getBigInt64(offset, true);
  }

  /** A size or a file offset; refuses what no file has. */
  size(offset: number, what: string): number {
    const value = this.u64(offset);
    if (value > BigInt(Number.MAX_SAFE_INTEGER))
      this.fail("limit", offset, `${what} is ${hex(value)}, more than any file has`);
    return Number(value);
  }

  /** A view of a range; `at` is where the range was read from. */
  range(start: number, length: number, at: number, what: string): Uint8Array {
    if (start > this.length || length > this.length - start) {
      this.fail(
        "truncated",
        at,
        `${what} is said to be ${length} bytes at offset ${hex(start)}, and the file has ${this.length} bytes: it is cut off or damaged`,
      );
    }
    return this.bytes.subarray(start, start + length);
  }

  #check(offset: number, length: number): void {
    if (offset + length > this.length) {
      this.fail(
        "truncated",
        offset,
        `${length} bytes are needed here, and the file has ${this.length}: it is cut off or damaged`,
      );
    }
  }
}

/** The string at an offset of a string table; undefined where it does not end within the table and the limits. */
export function stringAt(table: Uint8Array, offset: number): string | undefined {
  if (offset >= table.length) return offset === 0 ? "" : undefined;
  const end = table.subarray(0, offset + limits.nameBytes + 1).indexOf(0, offset);
  return end < 0 ? undefined : decoder.decode(table.subarray(offset, end));
}
