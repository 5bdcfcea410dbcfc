/** Bytes that are being written, with the number formats of WebAssembly's binary format (LEB128). */

const utf8 = new TextEncoder();

export class ByteWriter {
  private buffer: Uint8Array;
  private used = 0;

  constructor(capacity = 256) {
    this.buffer = new Uint8Array(capacity);
  }

  get length(): number {
    return this.used;
  }

  /** What has been written: a view that is good until more is written. */
  get written(): Uint8Array {
    return this.buffer.subarray(0, this.used);
  }

  private reserve(more: number): void {
    if (this.used + more > this.buffer.length) this.grow(more);
  }

  private grow(more: number): void {
    const larger = new Uint8Array(2 * (this.used + more));
    larger.set(this.written);
    this.buffer = larger;
  }

  byte(value: number): void {
    if (this.used === this.buffer.length) this.grow(1);
    this.buffer[this.used++] = value;
  }

  /** A number below 2^32. */
  unsigned(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  /** A number that fits 32 bits with its sign. */
  signed(value: number): void {
    let rest = value;
    for (; rest > 0x3f || rest < -0x40; rest >>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest & 0x7f);
  }

  /** A number of 64 bits with its sign, by its halves. */
  signed64(lowHalf: number, highHalf: number): void {
    let low = lowHalf;
    let high = highHalf;
    while (high !== low >> 31) {
      this.byte((low & 0x7f) | 0x80);
      low = (low >>> 7) | (high << 25);
      high >>= 7;
    }
    this.signed(low);
  }

  bytes(values: Uint8Array): void {
    this.reserve(values.length);
    this.buffer.set(values, this.used);
    this.used += values.length;
  }

  /** Bytes behind their number. */
  vector(values: Uint8Array): void {
    this.unsigned(values.length);
    this.bytes(values);
  }

  name(text: string): void {
    this.vector(utf8.encode(text));
  }
}
