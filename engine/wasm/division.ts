/** Divisions by constants, as compilers write them: the upper half of a product with a reciprocal, shifted. */

/**
 * The divisor d for which the upper 64 bits of x * factor, shifted to the right by `shift`, are x / d for all x of so many bits (Granlund and
 * Montgomery, "Division by invariant integers using multiplication", theorem 4.2); undefined if there is none.
 */
export function divisorOf(factor: bigint, shift: number, bits: number): bigint | undefined {
  if (factor === 0n) return undefined;
  const power = 1n << BigInt(64 + shift);
  const divisor = (power + factor - 1n) / factor;
  const excess = factor * divisor - power;
  return divisor >> 64n === 0n && excess << BigInt(bits) <= power ? divisor : undefined;
}
