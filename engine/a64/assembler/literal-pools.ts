/** `ldr x0, =value`: values that stand in a pool behind the code, each once. */
import type { SourcePosition } from "./errors.js";
import type { Section } from "./sections.js";
import type { AssemblySymbol, NameContext } from "./symbols.js";

export interface PoolEntry {
  /** Stands where the value will. */
  readonly symbol: AssemblySymbol;
  readonly size: 4 | 8;
  /** The known value, or an expression that is worked out at the end. */
  readonly value: bigint | undefined;
  readonly text: string;
  readonly start: number;
  readonly context: NameContext;
  readonly position: SourcePosition;
}

export class LiteralPools {
  private readonly pending = new Map<Section, Map<string, PoolEntry>>();

  /** The entry with this key in the section's pool; made if it is new. */
  entry(section: Section, key: string, make: () => PoolEntry): PoolEntry {
    let pool = this.pending.get(section);
    if (pool === undefined) {
      pool = new Map();
      this.pending.set(section, pool);
    }
    let entry = pool.get(key);
    if (entry === undefined) {
      entry = make();
      pool.set(key, entry);
    }
    return entry;
  }

  /** The section's pending entries, those of 4 bytes first; they are no longer pending then. */
  take(section: Section): readonly PoolEntry[] {
    const entries = [...(this.pending.get(section)?.values() ?? [])];
    this.pending.delete(section);
    return [...entries.filter((entry) => entry.size === 4), ...entries.filter((entry) => entry.size === 8)];
  }

  /** The sections with pending entries, in the order of their first. */
  sections(): readonly Section[] {
    return [...this.pending.keys()];
  }
}
