/**
 * The words in which versions of the same code can differ: those that regions were made from and that have ever been replaced. Most words never are,
 * so that these few tell which version is the one for what a core holds now.
 */
import { LINE } from "../../assembly/layout.js";
import type { Region } from "./region.js";

/** States for which is remembered what an entry was linked to. */
const MAX_STATES = 256;

/** By line; bit i is word i. */
type Words = Map<bigint, number>;

export class PatchedWords {
  private readonly held: Words = new Map();
  private readonly replaced: Words = new Map();
  /** How often there came more of them. */
  changes = 0;

  /** A region was made from these. */
  hold(lines: ReadonlyMap<bigint, number>): void {
    for (const [line, words] of lines) this.held.set(line, (this.held.get(line) ?? 0) | words);
  }

  /** Of the words of a line that are being replaced, those that some region was made from. Whether there are new ones among them shows in `changes`. */
  replace(line: bigint, mask: number): number {
    const concerned = (this.held.get(line) ?? 0) & mask;
    const before = this.replaced.get(line) ?? 0;
    if ((concerned & ~before) === 0) return concerned;
    this.replaced.set(line, before | concerned);
    this.changes++;
    return concerned;
  }

  /** Their places among addresses. */
  placesIn(addresses: readonly bigint[]): number[] {
    return [...addresses.keys()].filter((place) => {
      const pc = addresses[place] as bigint;
      const offset = pc % BigInt(LINE);
      return (((this.replaced.get(pc - offset) ?? 0) >>> (Number(offset) / 4)) & 1) === 1;
    });
  }

  /** Calls back with each line that has some, and which. */
  forEach(visit: (line: bigint, words: number) => void): void {
    for (const [line, words] of this.replaced) visit(line, words);
  }

  clear(): void {
    this.held.clear();
    this.replaced.clear();
  }
}

/** What entries were linked to, by a hash of the state that the patched words were in: to be compared before it is believed. */
export class KnownVersions {
  private readonly byEntry = new Map<bigint, Map<number, Region>>();
  private changes = 0;

  /** The one for this state, where so many changes have been seen; states of fewer words are forgotten. */
  get(pc: bigint, state: number, changes: number): Region | undefined {
    if (changes !== this.changes) this.clear();
    this.changes = changes;
    return this.byEntry.get(pc)?.get(state);
  }

  set(pc: bigint, state: number, region: Region): void {
    const known = this.byEntry.get(pc);
    if (known === undefined || known.size >= MAX_STATES) this.byEntry.set(pc, new Map([[state, region]]));
    else known.set(state, region);
  }

  /** There are more regions entered at these addresses, or fewer. */
  forget(entries: Region["entries"]): void {
    for (const { pc } of entries) this.byEntry.delete(pc);
  }

  clear(): void {
    this.byEntry.clear();
  }
}
