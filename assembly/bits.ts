/** Arithmetic that WebAssembly has no instruction for. */

/** The 64 bits in reverse order. */
export function rbit(a: u64): u64 {
  a = ((a >>> 1) & 0x5555555555555555) | ((a & 0x5555555555555555) << 1);
  a = ((a >>> 2) & 0x3333333333333333) | ((a & 0x3333333333333333) << 2);
  a = ((a >>> 4) & 0x0f0f0f0f0f0f0f0f) | ((a & 0x0f0f0f0f0f0f0f0f) << 4);
  a = ((a >>> 8) & 0x00ff00ff00ff00ff) | ((a & 0x00ff00ff00ff00ff) << 8);
  a = ((a >>> 16) & 0x0000ffff0000ffff) | ((a & 0x0000ffff0000ffff) << 16);
  return (a >>> 32) | (a << 32);
}

/** One step of a reflected CRC over the low `bytes` of a value; `table` has the polynomial's 256 remainders. */
export function crc32(table: u32, bytes: u32, accumulator: u32, value: u64): u32 {
  for (let i: u32 = 0; i < bytes; i++) {
    const index = (accumulator ^ <u32>value) & 0xff;
    accumulator = (accumulator >>> 8) ^ load<u32>(table + (index << 2));
    value >>>= 8;
  }
  return accumulator;
}
