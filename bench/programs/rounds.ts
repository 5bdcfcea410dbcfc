/** How often a program does its work: the word `program_rounds` in its ELF file. */
import { parseElf } from "cmodx/engine";

/** A copy of the executable that does its work `rounds` times. */
export function withRounds(elf: Uint8Array, rounds: number): Uint8Array {
  const file = parseElf(elf);
  const symbol = file.symbols.find(({ name }) => name === "program_rounds");
  const header = file.programHeaders.find(
    ({ address, bytes }) =>
      symbol !== undefined && symbol.value >= address && symbol.value < address + BigInt(bytes.length),
  );
  if (symbol === undefined || header === undefined) throw new Error("the file has no program_rounds");
  // Not slice(), by which a Buffer would share its memory.
  const copy = new Uint8Array(elf);
  const offset = header.bytes.byteOffset - elf.byteOffset + Number(symbol.value - header.address);
  new DataView(copy.buffer).setUint32(offset, rounds, true);
  return copy;
}
