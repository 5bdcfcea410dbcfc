/** Our linking compared with what GNU ld made of the same objects with data/layout.ld. */
import { type ElfImage, type LinkObject, linkElf } from "cmodx/engine";

/** Entries that GNU ld reserves at the start of .got, bytes. */
const RESERVED = 8n;

/** Links objects with the sections where an executable has them. */
export function linkAs(
  objects: readonly LinkObject[],
  theirs: ElfImage,
  symbols: Record<string, bigint> = {},
): ElfImage {
  const addresses = theirs.sections.map(
    ({ name, address }) => [name, name === ".got" ? address + RESERVED : address] as const,
  );
  return linkElf(objects, { text: 0x40_0000n, data: 0x100_0000n, sections: Object.fromEntries(addresses), symbols });
}

/** The bytes of an image at an address. */
function bytesAt(image: ElfImage, address: bigint, size: number): Uint8Array {
  const segment = image.segments.find(
    (one) => address >= one.address && address + BigInt(size) <= one.address + BigInt(one.memorySize),
  );
  if (segment === undefined) return new Uint8Array();
  const offset = Number(address - segment.address);
  const bytes = new Uint8Array(size);
  bytes.set(segment.bytes.subarray(offset, offset + size));
  return bytes;
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What differs: words of our sections that are other ones in theirs, sections of theirs that we lack, symbols elsewhere. */
export function differences(ours: ElfImage, theirs: ElfImage): readonly string[] {
  const words = ours.sections
    .filter(({ name }) => theirs.sections.some((section) => section.name === name))
    .flatMap(({ name, address, size }) =>
      Array.from({ length: Math.ceil(size / 4) }, (_, i) => i * 4).flatMap((offset) => {
        const width = Math.min(4, size - offset);
        const [mine, other] = [ours, theirs].map((image) => hex(bytesAt(image, address + BigInt(offset), width)));
        return mine === other ? [] : [`${name}+0x${offset.toString(16)}: ${mine}, GNU ld has ${other}`];
      }),
    );
  const missing = theirs.sections.filter(
    ({ name, size }) => size > 0 && !ours.sections.some((section) => section.name === name),
  );
  const elsewhere = [...ours.symbols].filter(
    ([name, address]) => theirs.symbols.has(name) && theirs.symbols.get(name) !== address,
  );
  return [
    ...words,
    ...missing.map(({ name }) => `${name} is missing`),
    ...elsewhere.map(([name]) => `${name} is elsewhere`),
  ];
}
