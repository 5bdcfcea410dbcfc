/** Where thread-local variables stand (AAELF64, TLS variant 1). */
import { TCB_BYTES } from "./format.js";

/** The offset from the thread pointer: of byte `offset` of the block, which is aligned as the block's first address is. */
export function tlsOffset(offset: bigint, blockAddress: bigint, alignment: bigint): bigint {
  // The thread pointer is aligned; the block starts at the first address behind the control block that is congruent to its own.
  const misalignment = blockAddress % alignment;
  const start = ((TCB_BYTES - misalignment + alignment - 1n) / alignment) * alignment + misalignment;
  return start + offset;
}
