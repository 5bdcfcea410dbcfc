/** Files that commands read. */
import { readFileSync } from "node:fs";
import { UsageError } from "./status.js";

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
