/** cmodx disasm */
import { existsSync } from "node:fs";
import { Command } from "commander";
import { print } from "./output.js";
import { inputName, parseAddress, readInput, UsageError } from "./usage.js";

interface Flags {
  readonly base?: bigint;
  readonly json?: true;
}

const WORD_BYTES = 4;
const ADDRESS_SPACE = 1n << 64n;

/** Words written out: 8 hexadecimal digits, or 0x and up to 8. */
function writtenWords(inputs: readonly string[]): Uint8Array {
  const bytes = new Uint8Array(inputs.length * WORD_BYTES);
  const view = new DataView(bytes.buffer);
  inputs.forEach((text, index) => {
    if (!/^(0x[0-9a-f]{1,8}|[0-9a-f]{8})$/i.test(text)) {
      const reason = existsSync(text)
        ? `'${text}' is a file: give one file, or words`
        : `'${text}' is neither a file nor an instruction word (8 hexadecimal digits)`;
      throw new UsageError(reason);
    }
    view.setUint32(index * WORD_BYTES, Number.parseInt(text, 16), true);
  });
  return bytes;
}

/** Bytes from a file, the standard input, or words written out. */
async function inputBytes(inputs: readonly string[]): Promise<Uint8Array> {
  const [only] = inputs;
  if (only === undefined || inputs.length > 1 || !(only === "-" || existsSync(only))) return writtenWords(inputs);
  const bytes = await readInput(only);
  if (bytes.length % WORD_BYTES !== 0) {
    throw new UsageError(`${inputName(only)} has ${bytes.length} bytes, and instructions have ${WORD_BYTES} each`);
  }
  return bytes;
}

async function run(inputs: string[], flags: Flags): Promise<void> {
  const base = flags.base ?? 0n;
  if (base % BigInt(WORD_BYTES) !== 0n) throw new UsageError("instructions stand at multiples of 4: see --base");
  const bytes = await inputBytes(inputs);
  if (base + BigInt(bytes.length) > ADDRESS_SPACE) {
    throw new UsageError("the last words would stand beyond the 64-bit addresses: see --base");
  }
  const { formatWords, wordsJson } = await import("../report/listing.js");
  await print(flags.json ? wordsJson(bytes, base) : formatWords(bytes, base));
}

export function disasmCommand(): Command {
  return new Command("disasm")
    .description("disassemble A64 words, from a file of little-endian words or written out in hexadecimal")
    .argument("<input...>", "a file, - for the standard input, or words")
    .option("-b, --base <address>", "address of the first word", parseAddress)
    .option("--json", "print JSON")
    .action(run);
}
