/** Values and addresses that break things. */
import type { WindowSpec } from "cmodx/engine";
import type { Random } from "./random.js";

const ALL_ONES = (1n << 64n) - 1n;

/** Edges of the arithmetic of both widths. */
const edges: readonly bigint[] = [
  0n,
  1n,
  2n,
  ALL_ONES,
  ALL_ONES - 1n,
  1n << 63n,
  (1n << 63n) - 1n,
  (1n << 63n) + 1n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0xffff_ffff_8000_0000n,
  0xffff_ffff_7fff_ffffn,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  31n,
  32n,
  33n,
  63n,
  64n,
  65n,
  0x5555_5555_5555_5555n,
];

/** A small machine with every kind of neighbourhood between windows. */
export const smallWindows: readonly WindowSpec[] = [
  { name: "text", address: 0xffff_8000_1000_0000n, size: 8192, access: "rx", guarded: true },
  { name: "plain", address: 0xffff_8000_1000_2000n, size: 8192, access: "rwx" },
  { name: "data", address: 0xffff_8000_2000_0000n, size: 8192, access: "rw" },
  // Goes on where "data" ends, in guest and host memory alike: an access may go over the boundary.
  { name: "more", address: 0xffff_8000_2000_2000n, size: 4096, access: "rw" },
  { name: "constants", address: 0xffff_8000_2000_3000n, size: 4096, access: "r" },
  // Goes on where "constants" ends, but only in guest memory.
  { name: "again", address: 0xffff_8000_2000_4000n, size: 4096, access: "rw", alias: "data" },
  { name: "low", address: 0x1_0000n, size: 4096, access: "rw" },
  { name: "stack", address: 0xffff_8000_f000_0000n, size: 4096, access: "rw" },
  { name: "patch", address: 0xffff_8000_4000_0000n, size: 8192, access: "rw", alias: "text" },
  // The last page that a window may have, below the one to which calls return.
  { name: "top", address: 0xffff_ffff_ffff_e000n, size: 4096, access: "rw" },
];

/** An address in or next to a window: mostly inside and aligned, sometimes at an edge, sometimes just outside. */
export function addressNear(window: WindowSpec, random: Random): bigint {
  const size = BigInt(window.size);
  switch (random.below(8)) {
    case 0:
      return window.address + BigInt(random.below(17)) - 8n;
    case 1:
      return window.address + size + BigInt(random.below(33)) - 24n;
    case 2:
    case 3:
      return window.address + BigInt(random.below(window.size));
    default:
      return window.address + BigInt(random.below(window.size / 16) * 16);
  }
}

/** A register's value: half of them edges and addresses, half random. */
export function registerValue(windows: readonly WindowSpec[], random: Random): bigint {
  switch (random.below(8)) {
    case 0:
    case 1:
      return random.pick(edges);
    case 2:
    case 3:
      return addressNear(random.pick(windows), random);
    case 4:
      return BigInt(random.below(256));
    case 5:
      return BigInt(random.u32());
    default:
      return random.u64();
  }
}
