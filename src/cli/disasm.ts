/** cmodx disasm */
import { existsSync } from "node:fs";
import { Command } from "commander";
import { parseAddress, readInput, UsageError } from "./usage.js";

interface Flags {
  readonly base?: bigint;
  readonly json?: true;
}

/** Bytes from a file or the standard input, or from words written out: 8 hexadecimal digits, 0x or not. */
function inputBytes(inputs: readonly string[]): Uint8Array {
  const [only] = inputs;
  if (only !== undefined && inputs.length === 1 && (only === "-" || existsSync(only))) return readInput(only);
  const bytes = new Uint8Array(inputs.length * 4);
  const view = new DataView(bytes.buffer);
  inputs.forEach((text, index) => {
    if (!/^(0x[0-9a-f]{1,8}|[0-9a-f]{8})$/i.test(text)) {
      throw new UsageError(`'${text}' is neither a file nor an instruction word (8 hexadecimal digits)`);
    }
    view.setUint32(index * 4, Number.parseInt(text, 16), true);
  });
  return bytes;
}

async function run(inputs: string[], flags: Flags): Promise<void> {
  const bytes = inputBytes(inputs);
  if (bytes.length % 4 !== 0) {
    throw new UsageError(`${inputs[0]} has ${bytes.length} bytes, and instructions have 4 each`);
  }
  const { formatWords, listWords } = await import("../report/listing.js");
  const words = listWords(bytes, flags.base ?? 0n);
  const json = (): string => `${JSON.stringify({ report: "disasm", words }, null, 2)}\n`;
  process.stdout.write(flags.json ? json() : formatWords(words, new Map()));
}

export function disasmCommand(): Command {
  return new Command("disasm")
    .description("disassemble A64 words, from a file of little-endian words or written out in hexadecimal")
    .argument("<input...>", "a file, - for the standard input, or words")
    .option("-b, --base <address>", "address of the first word", parseAddress)
    .option("--json", "print JSON")
    .action(run);
}
