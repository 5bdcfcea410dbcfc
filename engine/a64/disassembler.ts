/** From an instruction word to its text, with the aliases that GNU objdump prefers. */
import { decode } from "./decode.js";
import { instructions } from "./syntax/instructions.js";

/**
 * The GNU as syntax of a word at an address in the guest; undefined if it is not allocated. Assembling
 * the text at the same address gives the same word. Labels are printed as absolute addresses.
 */
export function disassemble(word: number, address: bigint): string | undefined {
  const unsigned = word >>> 0;
  const row = decode(unsigned);
  if (row === undefined) return undefined;
  const text = instructions.print(row, unsigned, address);
  if (text === undefined)
    throw new Error(
      `no syntax of ${row.name} expresses 0x${unsigned.toString(16)}: a mistake in the instruction table`,
    );
  return text;
}
