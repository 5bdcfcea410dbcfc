/** cmodx asm */
import { writeFileSync } from "node:fs";
import { Command } from "commander";
import type { Program } from "../../engine/index.js";
import { print } from "./output.js";
import { parseAddress, readInput, UsageError } from "./usage.js";

interface Flags {
  readonly base?: bigint;
  readonly output?: string;
  readonly json?: true;
}

/** A flat image larger than this is a section at a mistaken address. */
const MAX_IMAGE_BYTES = 1n << 28n;

/** The sections as one run of bytes from the first address to the last, zero between them. */
function flatImage(program: Program): Uint8Array {
  const sections = program.sections.filter((section) => section.bytes.length > 0);
  if (sections.length === 0) return new Uint8Array(0);
  const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);
  const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
  const first = sections.map((section) => section.address).reduce(min);
  const last = sections.map((section) => section.address + BigInt(section.bytes.length)).reduce(max);
  if (last - first > MAX_IMAGE_BYTES) {
    throw new UsageError(`the sections stand ${last - first} bytes apart, too far for one flat image`);
  }
  const image = new Uint8Array(Number(last - first));
  for (const section of sections) image.set(section.bytes, Number(section.address - first));
  return image;
}

async function run(file: string, flags: Flags): Promise<void> {
  const source = (await readInput(file)).toString("utf8");
  const [{ assemble }, { formatProgram, programJson }] = await Promise.all([
    import("../../engine/index.js"),
    import("../report/listing.js"),
  ]);
  const base = flags.base === undefined ? {} : { base: flags.base };
  const program = assemble(source, { ...base, file: file === "-" ? "<stdin>" : file });
  if (flags.output !== undefined) {
    try {
      writeFileSync(flags.output, flatImage(program));
    } catch (error) {
      if (error instanceof UsageError) throw error;
      throw new UsageError(`can't write ${flags.output}: ${(error as Error).message}`);
    }
  }
  if (flags.json) await print([programJson(program)]);
  else if (flags.output === undefined) await print(formatProgram(program));
}

export function asmCommand(): Command {
  return new Command("asm")
    .description("assemble A64 text in GNU as syntax; print a listing, or write the bytes")
    .argument("<file>", "assembly text, - for the standard input")
    .option("-b, --base <address>", "address of .text (default 0x10000)", parseAddress)
    .option("-o, --output <file>", "write the sections' bytes as one flat image, and no listing")
    .option("--json", "print JSON: sections, words and symbols")
    .action(run);
}
