/** Addresses for the locations of a test. */

import { atomsOf, namesOf } from "./propositions.js";
import { errorAt } from "./source.js";
import type { PlacedLocation } from "./symbols.js";
import type { LitmusTest, LitmusType, LitmusValue } from "./syntax.js";
import { sizeOf } from "./types.js";

/** Where locations stand, each in cache lines of its own. */
const DATA_BASE = 0x0000_59c2_36d4_8000n;
const LINE = 64;
/** Names of locations that a test may have. */
const MAXIMUM_LOCATIONS = 1024;
/** A location that nobody declared is as wide as the widest access to it. */
const UNDECLARED_BYTES = 8;

/** Bytes of memory for a location: whole cache lines, so that an access that overhangs stays within it. */
export function roomFor(bytes: number): number {
  return Math.max(LINE, Math.ceil(bytes / LINE) * LINE);
}

/** Places every location that the test names, in the order in which it does. */
export function placeLocations(test: LitmusTest): readonly PlacedLocation[] {
  const types = new Map<string, LitmusType | undefined>();
  const pageTables = new Set<string>();
  const add = (name: string, offset: number, type?: LitmusType): void => {
    if (pageTables.has(name)) throw errorAt(test.source, offset, "unsupported", "cmodx has no model of page tables");
    if (type !== undefined || !types.has(name)) types.set(name, type ?? types.get(name));
    if (types.size > MAXIMUM_LOCATIONS) {
      throw errorAt(test.source, offset, "size", `more than ${MAXIMUM_LOCATIONS} locations`);
    }
  };
  const addValue = (value: LitmusValue | undefined, offset: number): void => {
    if (value?.kind === "address") add(value.name, offset);
    if (value?.kind === "array") for (const element of value.values) addValue(element, offset);
  };
  // Page table entries of tests that do not use them stay out of memory.
  for (const { name, value } of test.initial) {
    if (name.kind === "location" && value?.kind === "page-table-entry") pageTables.add(name.name);
  }
  for (const { name, type, value, offset } of test.initial) {
    if (value?.kind === "page-table-entry") continue;
    if (name.kind === "location") add(name.name, offset, type);
    addValue(value, offset);
  }
  for (const item of test.locations) {
    if (item.kind === "fault") {
      if (item.location !== undefined) add(item.location, item.offset);
    } else if (item.name.kind === "location") add(item.name.name, item.offset);
  }
  for (const atom of [test.filter, test.condition.proposition].flatMap((part) => (part ? atomsOf(part) : []))) {
    for (const name of namesOf(atom)) if (name.kind === "location") add(name.name, atom.offset);
    if (atom.kind === "value") addValue(atom.value, atom.offset);
    if (atom.kind === "fault" && atom.location !== undefined) add(atom.location, atom.offset);
  }
  let address = DATA_BASE;
  return [...types].map(([name, type]) => {
    const bytes = type === undefined ? UNDECLARED_BYTES : sizeOf(type);
    const placed: PlacedLocation = { name, address, bytes, ...(type && { type }) };
    address += BigInt(roomFor(bytes));
    return placed;
  });
}

/** The distance of an element from its location. `wrong` makes the error of a location without such an element. */
export function elementOffset({ name, type }: PlacedLocation, index: number, wrong: (reason: string) => Error): bigint {
  if (index === 0) return 0n;
  if (type?.kind !== "array") throw wrong(`${name} is not an array`);
  if (index >= type.length) throw wrong(`${name} has ${type.length} elements, and no [${index}]`);
  return BigInt(index * type.element.bytes);
}
