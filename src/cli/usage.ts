/** What the commands share in reading their arguments. */
import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";

/** A mistake in how the command was called: exit status 2. */
export class UsageError extends Error {}

/** An address: 0x and hexadecimal digits, or decimal. */
export function parseAddress(text: string): bigint {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) throw new InvalidArgumentError("An address is 0x... or decimal.");
  const address = BigInt(text);
  if (address >= 1n << 64n) throw new InvalidArgumentError("An address has 64 bits.");
  return address;
}

/** The bytes of a file, or of the standard input for "-". */
export function readInput(path: string): Buffer {
  try {
    return readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new UsageError(`can't read ${path === "-" ? "the standard input" : path}: ${(error as Error).message}`);
  }
}
