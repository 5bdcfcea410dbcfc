/** Sections: bytes that grow, an alignment, and later an address. */

/** What a section without flags of its own gets, by its name or the part before its second dot. */
const standardSections: Readonly<Record<string, { readonly flags: string; readonly nobits?: boolean }>> = {
  ".text": { flags: "ax" },
  ".init": { flags: "ax" },
  ".fini": { flags: "ax" },
  ".data": { flags: "aw" },
  ".init_array": { flags: "aw" },
  ".fini_array": { flags: "aw" },
  ".rodata": { flags: "a" },
  ".bss": { flags: "aw", nobits: true },
  ".comment": { flags: "" },
  ".note": { flags: "" },
};

/** The flags of a section by its name; undefined if the name says nothing. */
export function standardFlags(name: string): { readonly flags: string; readonly nobits?: boolean } | undefined {
  if (name.startsWith(".debug_")) return { flags: "" };
  const family = /^\.[^.]+/.exec(name)?.[0] ?? name;
  return Object.hasOwn(standardSections, family) ? standardSections[family] : undefined;
}

export class Section {
  /** Bytes so far. */
  size = 0;
  /** Bytes; a power of two. */
  alignment = 1;
  /** Set once all sections have their sizes. */
  address: bigint | undefined;
  private buffer = new Uint8Array(0);

  constructor(
    readonly name: string,
    /** GNU flags of a, w and x, in that order. */
    readonly flags: string,
    /** Holds no bytes but zeros (.bss). */
    readonly nobits: boolean,
  ) {}

  get executable(): boolean {
    return this.flags.includes("x");
  }

  /** Appends zeros and gives them to be filled in. */
  reserve(length: number): Uint8Array {
    const start = this.size;
    this.size += length;
    if (this.size > this.buffer.length) {
      const grown = new Uint8Array(Math.max(256, 2 ** Math.ceil(Math.log2(this.size))));
      grown.set(this.buffer);
      this.buffer = grown;
    }
    return this.buffer.subarray(start, this.size);
  }

  /** The bytes from `offset` on, to be changed in place. */
  at(offset: number, length: number): Uint8Array {
    return this.buffer.subarray(offset, offset + length);
  }

  bytes(): Uint8Array {
    return this.buffer.slice(0, this.size);
  }

  raiseAlignment(alignment: number): void {
    this.alignment = Math.max(this.alignment, alignment);
  }
}

/** Writes the low `size` bytes of a value, least significant first. */
export function writeLittleEndian(target: Uint8Array, value: bigint, size: number): void {
  let rest = value;
  for (let index = 0; index < size; index++) {
    target[index] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}
