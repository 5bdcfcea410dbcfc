/**
 * The immediate of the logical instructions (Arm ARM, DecodeBitMasks): a run of ones, rotated within an
 * element of 2, 4, 8, 16, 32 or 64 bits, the element repeated over the register. In the instruction it is
 * the 13-bit field N:immr:imms.
 */
import type { Width } from "./ops.js";

function ones(count: number): bigint {
  return (1n << BigInt(count)) - 1n;
}

/** Rotates the low `size` bits right; the bits above them are zero. */
function rotateRight(element: bigint, size: number, amount: number): bigint {
  return ((element >> BigInt(amount)) | (element << BigInt(size - amount))) & ones(size);
}

function replicate(element: bigint, size: number, width: number): bigint {
  let value = element;
  for (let filled = size; filled < width; filled *= 2) value |= value << BigInt(filled);
  return value;
}

/**
 * The value that N:immr:imms stands for in a register of `width` bits, or undefined where the field is
 * reserved. Several fields may stand for one value: bits of immr above the element's size do not count.
 */
export function decodeBitMasks(nImmrImms: number, width: Width): bigint | undefined {
  const n = (nImmrImms >>> 12) & 1;
  const immr = (nImmrImms >>> 6) & 63;
  const imms = nImmrImms & 63;
  if (n === 1 && width === 32) return undefined;
  const length = 31 - Math.clz32((n << 6) | (~imms & 63));
  if (length < 1) return undefined;
  const levels = 2 ** length - 1;
  const s = imms & levels;
  const r = immr & levels;
  if (s === levels) return undefined;
  const size = 2 ** length;
  return replicate(rotateRight(ones(s + 1), size, r), size, width);
}

/** The field N:immr:imms, with the least immr, for a value of `width` bits (unsigned), or undefined if there is none. */
export function encodeBitMask(value: bigint, width: Width): number | undefined {
  if (value <= 0n || value >= ones(width)) return undefined;
  let size: number = width;
  let element = value;
  while (size > 2) {
    const half = size / 2;
    const low = element & ones(half);
    if (element >> BigInt(half) !== low) break;
    element = low;
    size = half;
  }
  // Written out, the rotated run reads 0..01..10..0 (its zeros at the end give the rotation) or 1..10..01..1 (its ones in front do).
  const digits = element.toString(2).padStart(size, "0");
  const parts = /^(1*)(0*)(1*)(0*)$/.exec(digits);
  if (parts === null) return undefined;
  const [leading, , run, trailing] = parts.slice(1).map((part) => part.length) as [number, number, number, number];
  if (leading > 0 && trailing > 0) return undefined;
  const count = leading + run;
  const immr = trailing > 0 ? size - trailing : leading;
  const imms = ((size === 64 ? 0 : -size * 2) & 63) | (count - 1);
  return ((size === 64 ? 1 : 0) << 12) | (immr << 6) | imms;
}
