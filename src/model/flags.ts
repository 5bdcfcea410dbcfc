/**
 * Remarks on a test, with herd's names.
 *
 * violates-CMODX-requirements: an instruction is overwritten while it may be fetched, and one of the two is not among
 * those that the Arm ARM (B2.2.5, "Concurrent modification and execution of instructions") allows in that place. Source:
 * CMODX-unordered-conflicts of herdtools7's aarch64.cat: a fetch and a store to its word that ordered-before leaves
 * unordered in some allowed execution. Departures: B.cond is on the list, as in the manual and unlike herd's code; every
 * HINT counts as NOP, which the manual says of BTI and the like; a zero that is stored is a number to herd and no
 * instruction, so that it does not count here either, while UDF that stands in the code does; an instruction that is
 * overwritten by itself is not modified. A store to some of an instruction's bytes counts by what it leaves.
 */
import type { Instruction } from "../../engine/index.js";
import type { Candidate } from "./candidate.js";
import type { FetchEvent, Trace, WriteEvent } from "./events.js";
import { piece } from "./memory.js";
import type { ModelFlag } from "./problem.js";

const modifiable: ReadonlySet<string> = new Set([
  "B",
  "B.cond",
  "BL",
  "BRK",
  "CBNZ",
  "CBZ",
  "HVC",
  "ISB",
  "SMC",
  "SVC",
  "TBNZ",
  "TBZ",
]);

type Decode = (word: number) => Instruction | undefined;

const HINT_MASK = 0xfffff01f;
const HINT = 0xd503201f;

/** Whether another core may execute the word while it is written, or is overwritten. */
function isModifiable(word: number, decode: Decode): boolean {
  if ((word & HINT_MASK) >>> 0 === HINT) return true;
  const name = decode(word)?.name;
  return name !== undefined && modifiable.has(name);
}

/** A fetch and a store to the same word that may not be left unordered. */
export interface Conflict {
  readonly fetch: number;
  readonly store: number;
  readonly flag: ModelFlag;
}

function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

/** The word that a store leaves of one; it may reach only some of its bytes. */
function overwritten(word: number, at: bigint, { address, bytes, value }: WriteEvent): number {
  let left = BigInt(word);
  for (let shift = 0n; shift < 32n; shift += 8n) {
    const byte = at + shift / 8n;
    if (byte < address || byte >= address + BigInt(bytes)) continue;
    left = (left & ~(0xffn << shift)) | (piece(value, address, byte, 1) << shift);
  }
  return Number(left);
}

/** The conflicts of a candidate whose flag is not among those known. */
export function* conflicts(candidate: Candidate, names: readonly string[], decode: Decode): Generator<Conflict> {
  for (const fetch of candidate.fetches) {
    const {
      event: fetched,
      cells,
      thread,
    } = candidate.node(fetch) as { event: FetchEvent } & ReturnType<Candidate["node"]>;
    const old = Number(fetched.value);
    const stores = new Set(cells.flatMap((cell) => candidate.storesTo(cell)));
    for (const store of stores) {
      const { event, thread: writer } = candidate.node(store);
      const written = event as WriteEvent;
      const word = overwritten(old, fetched.address, written);
      if (word === 0 || word === old || (isModifiable(old, decode) && isModifiable(word, decode))) continue;
      const detail =
        `${names[writer]} at ${hex(written.pc)} writes ${hex(word)} to ${hex(fetched.address)} ` +
        `while ${names[thread]} may fetch ${hex(old)} from there`;
      yield { fetch, store, flag: { name: "violates-CMODX-requirements", detail } };
    }
  }
}

/** What herd remarks on any execution made of these traces. */
export function remarks(traces: readonly Trace[], isCode: (address: bigint) => boolean): ModelFlag[] {
  const events = traces.flatMap((trace) => trace.events);
  const words = new Set<bigint>();
  for (const event of events) {
    if (event.kind !== "write") continue;
    for (let word = event.address & ~3n; word < event.address + BigInt(event.bytes); word += 4n) {
      if (isCode(word)) words.add(word);
    }
  }
  const found: ModelFlag[] = [];
  if (words.size > 1) {
    found.push({
      name: "Assuming-no-two-modified-instructions-are-on-the-same-cache-line",
      detail: `${words.size} instruction words are written`,
    });
  }
  if (events.some((event) => event.kind === "barrier" && event.op === "DMB" && !event.fullSystem)) {
    found.push({
      name: "Shareability-argument-for-DMB-is-deprecated",
      detail: "all observers are in one shareability domain here",
    });
  }
  return found;
}
