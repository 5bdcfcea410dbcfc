/** The note by which a file says that its code may stand in guarded pages (.note.gnu.property, AAELF64). */
import * as format from "./format.js";
import type { Reader } from "./reader.js";

/** Notes of 64-bit files that hold properties are aligned to 8 bytes. */
const NOTE_ALIGNMENT = 8;
const NOTE_HEADER = 12;
const PROPERTY_HEADER = 8;

function aligned(value: number): number {
  return Math.ceil(value / NOTE_ALIGNMENT) * NOTE_ALIGNMENT;
}

/** Whether the notes in `length` bytes of the file, which are there, declare BTI. Throws an ElfError for notes that run over. */
export function declaresBti(reader: Reader, start: number, length: number): boolean {
  const end = start + length;
  for (let at = start; at + NOTE_HEADER <= end; ) {
    const nameBytes = reader.u32(at);
    const descriptorBytes = reader.u32(at + 4);
    const descriptor = at + aligned(NOTE_HEADER + nameBytes);
    if (descriptor + descriptorBytes > end) {
      reader.fail(
        "malformed",
        at,
        `the note's name of ${nameBytes} and contents of ${descriptorBytes} bytes run over its section's end`,
      );
    }
    const isProperty =
      reader.u32(at + 8) === format.NT_GNU_PROPERTY_TYPE_0 && nameBytes === 4 && reader.u32(at + NOTE_HEADER) === GNU;
    if (isProperty && hasBti(reader, descriptor, descriptor + descriptorBytes)) return true;
    at = descriptor + aligned(descriptorBytes);
  }
  return false;
}

/** "GNU" and a zero, as a little-endian word. */
const GNU = 0x0055_4e47;

function hasBti(reader: Reader, start: number, end: number): boolean {
  for (let at = start; at + PROPERTY_HEADER <= end; ) {
    const type = reader.u32(at);
    const bytes = reader.u32(at + 4);
    const contents = at + PROPERTY_HEADER;
    if (contents + bytes > end) reader.fail("malformed", at, `the property's ${bytes} bytes run over the note's end`);
    if (type === format.GNU_PROPERTY_AARCH64_FEATURE_1_AND && bytes >= 4) {
      return (reader.u32(contents) & format.FEATURE_1_BTI) !== 0;
    }
    at = contents + aligned(bytes);
  }
  return false;
}
