/** How many regions a core has had. Counted in its block: whatever thread runs it, they go on. */
import * as layout from "../../assembly/layout.js";

// Places in `counts`.
const COMPILED = 0;
const LINKED = 1;
const UNLINKED = 2;

export class RegionCounts {
  /** REGIONS_COMPILED, REGIONS_LINKED and REGIONS_UNLINKED, and REGIONS_BYTES, of the core. */
  private readonly counts: Uint32Array;
  private readonly bytes: Float64Array;

  constructor(memory: WebAssembly.Memory, core: number) {
    this.counts = new Uint32Array(memory.buffer, core + layout.REGIONS_COMPILED, 3);
    this.bytes = new Float64Array(memory.buffer, core + layout.REGIONS_BYTES, 1);
  }

  /** A region was compiled to so many bytes of wasm. */
  compiled(bytes: number): void {
    this.count(COMPILED);
    this.bytes[0] = (this.bytes[0] as number) + bytes;
  }

  linked(): void {
    this.count(LINKED);
  }

  unlinked(): void {
    this.count(UNLINKED);
  }

  /** All regions were forgotten. */
  cleared(): void {
    this.bytes[0] = 0;
  }

  private count(what: number): void {
    this.counts[what] = (this.counts[what] as number) + 1;
  }
}
