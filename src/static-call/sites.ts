/**
 * Call sites that are patched, as kernel/static_call_inline.c keeps them: what a design's `site` puts into the section
 * .static_call_sites, { u64 site, key; } [], is linked to the keys when the code has been loaded.
 */
import type { Machine } from "../../engine/index.js";
import { StaticCallError } from "./errors.js";
import { writableAlias } from "./placement.js";
import { placementOf, symbolAddress } from "./placements.js";

const SECTION = ".static_call_sites";
const ENTRY_BYTES = 16;
/** Where a key has the address of its first table of sites. */
const TABLES = 8n;
/** BL: the six fixed bits at the top. */
const BL_OPCODE = 0b100101;

/** Code that has been loaded: an assembled Program. */
export interface WithSections {
  readonly sections: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

interface SiteKey {
  readonly name: string;
  readonly procedure: bigint;
  readonly patched: bigint;
  readonly writable: bigint;
  /** Its sites so far. */
  readonly sites: Set<bigint>;
}

/** The keys whose sites are patched, by address; an entry goes when its machine goes. */
const keys = new WeakMap<Machine, Map<bigint, SiteKey>>();

function keysOf(machine: Machine): Map<bigint, SiteKey> {
  const known = keys.get(machine) ?? new Map<bigint, SiteKey>();
  keys.set(machine, known);
  return known;
}

/** Makes a key known, so that sites can be linked to it. */
export function noteKey(
  machine: Machine,
  address: bigint,
  name: string,
  update: Omit<SiteKey, "name" | "sites">,
): void {
  keysOf(machine).set(address, { ...update, name, sites: new Set() });
}

interface Entry {
  readonly site: bigint;
  readonly key: bigint;
}

function entriesOf({ sections }: WithSections): Entry[] {
  return sections
    .filter(({ name }) => name === SECTION)
    .flatMap(({ bytes }) => {
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      return Array.from({ length: Math.floor(bytes.length / ENTRY_BYTES) }, (_, index) => ({
        site: view.getBigUint64(index * ENTRY_BYTES, true),
        key: view.getBigUint64(index * ENTRY_BYTES + 8, true),
      }));
    });
}

function keyOf(machine: Machine, { site, key }: Entry): SiteKey {
  const known = keysOf(machine).get(key);
  const at = `the call site at 0x${site.toString(16)}`;
  if (known === undefined) {
    throw new StaticCallError("unknown-site", `${at} belongs to no static call whose sites are patched`);
  }
  if (!known.sites.has(site) && machine.readU32(site) >>> 26 !== BL_OPCODE) {
    throw new StaticCallError("unknown-site", `${at} is no BL: has its code been loaded?`);
  }
  return known;
}

/** Puts a table of sites in front of the key's others, and lets each call what the key has. */
function link(machine: Machine, address: bigint, key: SiteKey, sites: readonly bigint[]): void {
  const symbol = `__SCS__${key.name}.${key.sites.size}`;
  const rows = sites.map((site) => `\t.quad ${site}, ${writableAlias(machine, site)}\n`);
  const next = machine.readU64(address + TABLES);
  const table = `\t.section .data, "aw"\n\t.balign 8\n${symbol}:\n\t.quad ${next}\n${rows.join("")}\t.quad 0, 0\n`;
  placementOf(machine).load(table, `${symbol}.s`);
  machine.writeU64(address + TABLES, symbolAddress(machine, symbol));
  for (const site of sites) key.sites.add(site);
  machine.core.call(key.procedure, key.patched, key.writable, machine.readU64(address), address);
  // Whatever was taken from the procedure: this is where the sites begin.
  for (const site of sites) machine.cleanAndInvalidate(site, 4);
}

/**
 * static_call_init and static_call_add_module: from now on updates patch the call sites of code that has been loaded. Does
 * nothing for code that has none; sites that are not linked go through their key's trampoline. No update may be under way.
 * Gives how many there are. Throws a StaticCallError if one is no call of a key of the machine, or can't be written.
 */
export function linkSites(machine: Machine, code: WithSections): number {
  const found = new Map<bigint, bigint[]>();
  const entries = entriesOf(code);
  for (const entry of entries) {
    if (keyOf(machine, entry).sites.has(entry.site)) continue;
    found.set(entry.key, [...(found.get(entry.key) ?? []), entry.site]);
  }
  for (const [address, sites] of found) link(machine, address, keysOf(machine).get(address) as SiteKey, sites);
  return entries.length;
}
