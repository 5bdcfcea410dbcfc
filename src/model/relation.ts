/** Relations over a few hundred events as bit matrices. */

export class Relation {
  /** 32-bit words of a row. */
  readonly words: number;
  readonly bits: Uint32Array;

  constructor(readonly size: number) {
    this.words = (size + 31) >>> 5;
    this.bits = new Uint32Array(size * this.words);
  }

  clone(): Relation {
    const copy = new Relation(this.size);
    copy.bits.set(this.bits);
    return copy;
  }

  has(from: number, to: number): boolean {
    return (((this.bits[from * this.words + (to >>> 5)] as number) >>> (to & 31)) & 1) === 1;
  }

  set(from: number, to: number): void {
    const at = from * this.words + (to >>> 5);
    this.bits[at] = (this.bits[at] as number) | (1 << (to & 31));
  }

  /** The members of a row, smallest first. */
  *targets(from: number): Generator<number> {
    for (let word = 0; word < this.words; word++) {
      let rest = this.bits[from * this.words + word] as number;
      while (rest !== 0) {
        const low = rest & -rest;
        yield word * 32 + (31 - Math.clz32(low));
        rest ^= low;
      }
    }
  }

  #join(from: number, through: number): void {
    const [into, of] = [from * this.words, through * this.words];
    for (let word = 0; word < this.words; word++) {
      this.bits[into + word] = (this.bits[into + word] as number) | (this.bits[of + word] as number);
    }
  }

  /** Closes a relation whose pairs all go to higher numbers. */
  closeForwards(): void {
    for (let from = this.size - 1; from >= 0; from--) {
      for (const to of [...this.targets(from)]) this.#join(from, to);
    }
  }

  /** Adds a pair to a transitive relation and closes it again. False, and nothing done, if that makes a cycle. */
  order(from: number, to: number): boolean {
    if (from === to || this.has(to, from)) return false;
    if (this.has(from, to)) return true;
    for (let before = 0; before < this.size; before++) {
      if (before !== from && !this.has(before, from)) continue;
      this.set(before, to);
      this.#join(before, to);
    }
    return true;
  }
}
