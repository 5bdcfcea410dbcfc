/** What the commands share in reading their arguments. */
import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";

/** A mistake in how the command was called: exit status 2. */
export class UsageError extends Error {}

/** The command has said what it had to say, and ends with this status. */
export class ExitStatus extends Error {
  constructor(readonly status: number) {
    super(`exit status ${status}`);
  }
}

/** An address: 0x and hexadecimal digits, or decimal. */
export function parseAddress(text: string): bigint {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) throw new InvalidArgumentError("An address is 0x... or decimal.");
  const address = BigInt(text);
  if (address >= 1n << 64n) throw new InvalidArgumentError("An address has 64 bits.");
  return address;
}

/** A parser of whole numbers in decimal; `what` names them in its message. */
export function parseWhole(what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`${what} is a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

/** The standard input as messages name it, or a file. */
export function inputName(path: string): string {
  return path === "-" ? "the standard input" : path;
}

/** A pipe's reader may find nothing in it yet, which only a stream waits for. */
async function readStandardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The bytes of a file, or of the standard input for "-". */
export async function readInput(path: string): Promise<Buffer> {
  let bytes: Buffer;
  try {
    bytes = path === "-" ? await readStandardInput() : readFileSync(path);
  } catch (error) {
    throw new UsageError(`can't read ${inputName(path)}: ${(error as Error).message}`);
  }
  if (bytes.length === 0) throw new UsageError(`${inputName(path)} is empty`);
  return bytes;
}
