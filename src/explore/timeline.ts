/**
 * An execution as rows of lanes, one a core, beside what memory and the instruction caches hold of the words that matter: those
 * that one core writes and another reads or fetches.
 */
import { disassemble } from "../../engine/index.js";
import type { Problem } from "../model/problem.js";
import type { CacheTrace, ExecutionEvent } from "./events.js";

/** What a row is about, for those who colour it. */
export type Tone = "plain" | "store" | "maintenance" | "read" | "stale" | "fault";

/** Bytes whose contents are shown. */
export interface Place {
  readonly address: bigint;
  readonly bytes: number;
  /** Whether it is fetched, as one instruction. */
  readonly code: boolean;
}

export interface Contents {
  readonly place: Place;
  readonly title: string;
  /** The core that may fetch it: what its instruction cache may hold, several words with | between them. Absent: memory. */
  readonly core?: number;
}

export interface Row {
  readonly core: number;
  /** The instruction; several in a row that nothing is to be said of are one row. */
  readonly instruction: string;
  /** What it did, in words; empty where the instruction says it. */
  readonly text: string;
  readonly tone: Tone;
  /** What each of the timeline's contents is after the row. */
  readonly values: readonly string[];
  /** The row whose store a load or fetch saw, or did not see though it had happened. */
  readonly saw?: number;
  readonly missed?: number;
}

export interface Timeline {
  readonly title: string;
  /** By core. */
  readonly lanes: readonly string[];
  readonly contents: readonly Contents[];
  /** What the contents were at first. */
  readonly initial: readonly string[];
  readonly rows: readonly Row[];
}

const HEX = 16;

function hex(value: bigint | number): string {
  return `0x${value.toString(HEX)}`;
}

/** Memory byte by byte, as stores take effect. */
class Shadow {
  readonly #bytes = new Map<bigint, number>();

  constructor({ code, data }: Problem) {
    for (const { address, words } of code) {
      for (const [index, word] of words.entries()) this.write(address + BigInt(4 * index), 4, BigInt(word));
    }
    for (const { address, bytes } of data) {
      for (const [index, byte] of bytes.entries()) this.#bytes.set(address + BigInt(index), byte);
    }
  }

  write(address: bigint, bytes: number, value: bigint): void {
    for (let byte = 0; byte < bytes; byte++) {
      this.#bytes.set(address + BigInt(byte), Number((value >> BigInt(8 * byte)) & 0xffn));
    }
  }

  read({ address, bytes }: Place): bigint {
    let value = 0n;
    for (let byte = bytes - 1; byte >= 0; byte--) {
      value = (value << 8n) | BigInt(this.#bytes.get(address + BigInt(byte)) ?? 0);
    }
    return value;
  }
}

type Access = ExecutionEvent & Required<Pick<ExecutionEvent, "address">>;

const accesses: ReadonlySet<ExecutionEvent["type"]> = new Set(["read", "write", "issue", "fetch"]);

function isAccess(event: ExecutionEvent): event is Access {
  return event.address !== undefined && accesses.has(event.type);
}

function overlap(place: Place, { address, bytes }: Pick<Access, "address" | "bytes">): boolean {
  return address < place.address + BigInt(place.bytes) && place.address < address + BigInt(bytes);
}

/** What a core looks at: the bytes of a load, or the word of an instruction. */
function placeOf(event: ExecutionEvent): Place | undefined {
  if (event.type === "execute") return { address: event.pc, bytes: 4, code: true };
  if (event.address === undefined || (event.type !== "read" && event.type !== "fetch")) return undefined;
  return { address: event.address, bytes: event.bytes, code: event.type === "fetch" };
}

/** What one core writes and another reads or fetches, in the order of addresses, each once. */
function placesOf(problem: Problem, events: readonly ExecutionEvent[]): Place[] {
  const writes = events.filter(isAccess).filter(({ type }) => type === "write");
  const shadow = new Shadow(problem);
  const places = new Map<string, Place>();
  for (const event of events) {
    const place = placeOf(event);
    if (place === undefined) continue;
    const written = writes.some((write) => write.core !== event.core && overlap(place, write));
    if (written && changes(place, shadow.read(place), writes)) {
      places.set(`${place.address}/${place.bytes}/${place.code}`, place);
    }
  }
  return [...places.values()].sort((a, b) =>
    a.address < b.address ? -1 : a.address > b.address ? 1 : a.bytes - b.bytes,
  );
}

/** Whether a place ever holds anything but its first value. */
function changes(place: Place, initial: bigint, writes: readonly Access[]): boolean {
  const shadow = new Map<bigint, number>();
  const byteAt = (address: bigint): number =>
    shadow.get(address) ?? Number((initial >> (8n * (address - place.address))) & 0xffn);
  for (const write of writes.filter((each) => overlap(place, each))) {
    for (let byte = 0; byte < write.bytes; byte++) {
      const address = write.address + BigInt(byte);
      if (address < place.address || address >= place.address + BigInt(place.bytes)) continue;
      const value = Number((write.value >> BigInt(8 * byte)) & 0xffn);
      if (value !== byteAt(address)) return true;
      shadow.set(address, value);
    }
  }
  return false;
}

export interface TimelineOptions {
  readonly title: string;
  readonly problem: Problem;
  readonly events: readonly ExecutionEvent[];
  readonly caches: readonly CacheTrace[];
  /** Gives addresses and words, 0x..., their names. */
  readonly named: (text: string) => string;
}

/** As far as that an address is told from where it is used. */
const NEAR = 1n << 20n;

/** An address without a name: by the distance from `here` if that is small. */
function fromHere(address: bigint, here: bigint): string {
  const distance = address - here;
  if (distance >= NEAR || distance <= -NEAR || address < NEAR) return hex(address);
  return distance < 0n ? `. - ${-distance}` : `. + ${distance}`;
}

/** The louder ones last. */
const tones: readonly Tone[] = ["plain", "read", "maintenance", "store", "stale", "fault"];

function louder(a: Tone, b: Tone): Tone {
  return tones.indexOf(b) > tones.indexOf(a) ? b : a;
}

/** Whether an event is of the instruction that `group` tells of, and comes with it: a store may take effect much later. */
function belongs(group: readonly ExecutionEvent[], event: ExecutionEvent | undefined): boolean {
  const [first] = group;
  if (event === undefined || first === undefined || event.core !== first.core || event.pc !== first.pc) return false;
  const has = (type: ExecutionEvent["type"]): boolean => group.some((each) => each.type === type);
  if (event.type === "fetch") return false;
  if (event.type === "execute") return has("fetch") && !has("execute");
  return has("execute") && !(event.type === "write" && has("issue"));
}

/** What is said of an event. */
interface Told {
  readonly text: string;
  readonly tone: Tone;
  readonly saw?: number;
  readonly missed?: number;
}

const nothing: Told = { text: "", tone: "plain" };

class Builder {
  readonly #rows: Row[] = [];
  readonly #places: readonly Place[];
  readonly #contents: readonly Contents[];
  readonly #shadow: Shadow;
  /** By content, as text. */
  readonly #values: string[];
  /** The rows of the stores that have taken effect, by their time. */
  readonly #stores = new Map<number, number>();
  /** The stores that wait. */
  readonly #waiting: Access[] = [];
  /** The word that each core executed last at an address. */
  readonly #words = new Map<string, number>();

  constructor(readonly options: TimelineOptions) {
    const { problem, events } = options;
    this.#shadow = new Shadow(problem);
    this.#places = placesOf(problem, events);
    this.#contents = this.#places.flatMap((place) => this.#contentsOf(place));
    this.#values = this.#contents.map(({ place }) => this.#inMemory(place));
  }

  #contentsOf(place: Place): Contents[] {
    const title = this.options.named(hex(place.address));
    const memory: Contents = { place, title };
    if (!place.code) return [memory];
    const caches = this.options.caches.filter(({ address }) => address === place.address);
    return [memory, ...caches.map(({ core }) => ({ place, title, core }))];
  }

  /** A value as the place's contents are shown. */
  #textOf(place: Pick<Place, "address" | "code">, value: bigint): string {
    const { named } = this.options;
    if (!place.code) return value === 0n ? "0" : named(hex(value));
    const text = disassemble(Number(value), place.address) ?? hex(value);
    return text.replace(/0x[0-9a-f]+/g, (digits) => {
      const name = named(digits);
      return name === digits ? fromHere(BigInt(digits), place.address) : name;
    });
  }

  #inMemory(place: Place): string {
    return this.#textOf(place, this.#shadow.read(place));
  }

  build(): Timeline {
    const { title, problem, events } = this.options;
    const initial = [...this.#values];
    for (let at = 0; at < events.length; ) at = this.#instruction(events, at);
    return {
      title,
      lanes: problem.threads.map(({ name }) => name),
      contents: this.#contents,
      initial,
      rows: this.#rows,
    };
  }

  /** Tells the events of one instruction that come together; gives where the next ones begin. */
  #instruction(events: readonly ExecutionEvent[], first: number): number {
    let end = first + 1;
    while (belongs(events.slice(first, end), events[end])) end++;
    const group = events.slice(first, end);
    this.#say(group.find(({ type }) => type === "execute") ?? (group.at(-1) as ExecutionEvent), group, end - 1);
    return end;
  }

  /** `last` is the number of the group's last event. */
  #say(own: ExecutionEvent, group: readonly ExecutionEvent[], last: number): void {
    const executed = group.some(({ type }) => type === "execute");
    const told = group.map((event) => this.#tell(event, executed));
    this.#look(last);
    const texts = told.map(({ text }) => text).filter((text) => text !== "");
    if (executed && this.#loadsLater(own, last)) texts.push("its load waits");
    const tone = told.reduce<Tone>((worst, each) => louder(worst, each.tone), "plain");
    const instruction = this.#instructionText(own);
    if (texts.length === 0 && tone === "plain" && this.#extends(own.core, instruction)) return;
    const [saw] = told.flatMap((each) => each.saw ?? []);
    const [missed] = told.flatMap((each) => each.missed ?? []);
    this.#rows.push({
      core: own.core,
      instruction,
      text: texts.join("; "),
      tone,
      values: [...this.#values],
      ...(saw === undefined ? {} : { saw }),
      ...(missed === undefined ? {} : { missed }),
    });
  }

  /** Whether an instruction's load is satisfied only after the event with this number. */
  #loadsLater({ core, pc }: ExecutionEvent, event: number): boolean {
    const next = this.options.events.find(
      (each, index) =>
        index > event && each.core === core && each.pc === pc && (each.type === "read" || each.type === "execute"),
    );
    return next?.type === "read" && isAccess(next) && this.#isShown(next);
  }

  /** Where nothing could be fetched there is no instruction, only where it should have been. */
  #instructionText({ core, pc }: ExecutionEvent): string {
    const word = this.#words.get(`${core} ${pc}`);
    return word === undefined
      ? `at ${this.options.named(hex(pc))}`
      : this.#textOf({ address: pc, code: true }, BigInt(word));
  }

  /** Adds a plain instruction to a row of such, if that is the core's last one. */
  #extends(core: number, instruction: string): boolean {
    const last = this.#rows.at(-1);
    if (last === undefined || last.core !== core || last.tone !== "plain" || last.text !== "") return false;
    if (last.values.some((value, at) => value !== this.#values[at])) return false;
    const [first = ""] = last.instruction.split(" ... ");
    this.#rows[this.#rows.length - 1] = { ...last, instruction: `${first} ... ${instruction}` };
    return true;
  }

  #tell(event: ExecutionEvent, executed: boolean): Told {
    switch (event.type) {
      case "execute":
        return this.#execute(event);
      case "clean":
        return { text: "cleans the line to the point of unification", tone: "maintenance" };
      case "invalidate":
        return { text: "invalidates the line in all instruction caches", tone: "maintenance" };
      case "barrier":
        return { text: "", tone: "maintenance" };
      case "fault":
        return { text: this.#faultText(event), tone: "fault" };
      case "issue":
        return isAccess(event) ? this.#issue(event) : { text: "its effect waits", tone: "maintenance" };
      case "write":
        return isAccess(event) ? this.#write(event, executed) : nothing;
      case "fetch":
      case "read":
        return isAccess(event) ? this.#read(event, executed) : nothing;
    }
  }

  #execute({ core, pc, value }: ExecutionEvent): Told {
    this.#words.set(`${core} ${pc}`, Number(value));
    return nothing;
  }

  /** What the instruction caches may hold after an event. */
  #look(event: number): void {
    for (const [index, { place, core }] of this.#contents.entries()) {
      const cache = this.options.caches.find((each) => each.core === core && each.address === place.address);
      if (cache !== undefined) this.#values[index] = this.#heldText(place, cache.held[event]);
    }
  }

  #heldText(place: Place, held: readonly number[] | undefined): string {
    if (held === undefined) return "any bytes";
    return held
      .map((word) => this.#textOf(place, BigInt(word)))
      .reverse()
      .join(" | ");
  }

  #faultText({ fault, pc }: ExecutionEvent): string {
    const { named } = this.options;
    if (fault?.kind === "instruction-abort") return `takes a fault: nothing to execute at ${named(hex(pc))}`;
    if (fault?.kind === "data-abort")
      return `takes a fault: ${fault.reason} ${fault.access} at ${named(hex(fault.address))}`;
    return `takes an exception: ${fault?.kind ?? "unknown"}`;
  }

  /** Whether any of the contents are of these bytes. */
  #isShown(event: Access): boolean {
    return this.#places.some((place) => overlap(place, event));
  }

  #issue(event: Access): Told {
    this.#waiting.push(event);
    if (!this.#isShown(event)) return nothing;
    return { text: `stores ${this.#what(event)}; no other core sees it yet`, tone: "store" };
  }

  #what(event: Access): string {
    const code = this.#places.some((place) => place.code && overlap(place, event));
    const value =
      code && event.bytes === 4 ? this.#textOf({ address: event.address, code }, event.value) : this.#pieces(event);
    return `${value} to ${this.options.named(hex(event.address))}`;
  }

  /** A value that is stored, by the instructions that it consists of where it goes over some. */
  #pieces(event: Access): string {
    const code = this.#places.some((place) => place.code && overlap(place, event));
    if (!code || event.bytes !== 8) return this.#textOf({ address: event.address, code: false }, event.value);
    const words = [event.value & 0xffff_ffffn, event.value >> 32n];
    return words
      .map((word, index) => this.#textOf({ address: event.address + BigInt(4 * index), code }, word))
      .join(" | ");
  }

  #write(event: Access, executed: boolean): Told {
    const waiting = this.#waiting.findIndex((each) => each.core === event.core && each.address === event.address);
    if (waiting >= 0) this.#waiting.splice(waiting, 1);
    this.#shadow.write(event.address, event.bytes, event.value);
    this.#stores.set(event.time, this.#rows.length);
    for (const [index, { place, core }] of this.#contents.entries()) {
      if (core === undefined) this.#values[index] = this.#inMemory(place);
    }
    if (!this.#isShown(event)) return nothing;
    const what = this.#what(event);
    return { text: executed ? `stores ${what}` : `its store of ${what} takes effect`, tone: "store" };
  }

  #read(event: Access, executed: boolean): Told {
    const place: Place = { address: event.address, bytes: event.bytes, code: event.type === "fetch" };
    if (!this.#isShown(event)) return nothing;
    const newest = this.#shadow.read(place);
    const found = this.#textOf(place, event.value);
    const where = this.options.named(hex(place.address));
    const load = executed ? `loads ${found} from ${where}` : `its load of ${where} finds ${found}`;
    const verb = place.code ? `fetches ${found}` : load;
    const saw = this.#stores.get(event.writer);
    if (newest === event.value) return { text: verb, tone: "read", ...(saw === undefined ? {} : { saw }) };
    if (this.#waiting.some((store) => store.core === event.core && overlap(place, store))) {
      return { text: `${verb}, by its own store that waits`, tone: "read" };
    }
    const missed = this.#newestStore(place);
    const since = missed === undefined ? "" : ` since step ${missed + 1}`;
    const text = `${verb}, though memory has ${this.#textOf(place, newest)}${since}`;
    return { text, tone: "stale", ...(missed === undefined ? {} : { missed }) };
  }

  /** The row of the last store to a place. */
  #newestStore(place: Place): number | undefined {
    const last = this.options.events.findLast(
      (event) => event.type === "write" && isAccess(event) && overlap(place, event) && this.#stores.has(event.time),
    );
    return last && this.#stores.get(last.time);
  }
}

export function timelineOf(options: TimelineOptions): Timeline {
  return new Builder(options).build();
}
