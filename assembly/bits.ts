/** Arithmetic that WebAssembly has no instruction for. */

/** The upper 64 bits of the unsigned 128-bit product. */
export function mulHighU(a: u64, b: u64): u64 {
  const aLow = a & 0xffffffff;
  const aHigh = a >>> 32;
  const bLow = b & 0xffffffff;
  const bHigh = b >>> 32;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 32);
  const other = aLow * bHigh + (middle & 0xffffffff);
  return aHigh * bHigh + (middle >>> 32) + (other >>> 32);
}

/** The upper 64 bits of the signed 128-bit product. */
export function mulHighS(a: i64, b: i64): i64 {
  return <i64>mulHighU(<u64>a, <u64>b) - (b & (a >> 63)) - (a & (b >> 63));
}

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
