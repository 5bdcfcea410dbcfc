/** From a test as it was written to a problem of the checker: addresses for everything that has a name. */
import type { CodeBlock, DataBlock, FaultFilter, Problem, ProblemThread } from "../model/problem.js";
import { type AssembledThread, assembleThread, assembleWord, endOf } from "./assemble.js";
import { Observer, type Shown, threadIndex } from "./observer.js";
import { elementOffset, placeLocations, roomFor } from "./places.js";
import { type Atom, atomsOf, namesOf } from "./propositions.js";
import { RegisterChoice } from "./registers.js";
import { errorAt } from "./source.js";
import { type PlacedLabel, type PlacedLocation, Symbols } from "./symbols.js";
import type { FaultAtom, LitmusTest, LitmusValue } from "./syntax.js";

/** Where the first thread's code stands, and how far the next one's is from it. A branch reaches from any to any. */
const CODE_BASE = 0x0000_6b3d_57a1_0000n;
const CODE_STRIDE = 0x1_0000n;

export interface LaidOut {
  readonly problem: Problem;
  readonly symbols: Symbols;
  /** All that the problem observes, by nameText. */
  readonly observed: ReadonlyMap<string, Shown>;
  /** What a state shows: the names of the condition and of `locations`, in herd's order. */
  readonly shown: readonly Shown[];
  /** Fault atoms of the condition and of `locations`. */
  readonly faults: readonly FaultAtom[];
  /** What a value of the condition is as a number. */
  readonly numberOf: (value: LitmusValue, offset: number) => bigint;
  /** Where in the text the instruction at an address stands. */
  readonly offsetOf: (pc: bigint) => number | undefined;
  /** A remark of the checker with names and lines in place of addresses, and instructions in place of words. */
  readonly named: (remark: string) => string;
}

/** Throws a LitmusError. */
export function layOut(test: LitmusTest): LaidOut {
  const registers = new RegisterChoice(test);
  const assembled = test.threads.map((thread, index) =>
    assembleThread(test.source, thread, CODE_BASE + CODE_STRIDE * BigInt(index), (cell) =>
      registers.rename(thread.id, cell),
    ),
  );
  const locations = placeLocations(test);
  const labels = labelsOf(test, assembled);
  const numberOf = valueReader(test, locations, labels);
  const words = assembled.flatMap(({ code, handler }) => [...code.words, ...(handler?.words ?? [])]);
  const symbols = new Symbols(locations, labels, [...words, ...instructionValues(test, numberOf)]);
  const observer = new Observer(test, locations, registers);
  const condition = atomsOf(test.condition.proposition);
  for (const item of test.locations) if (item.kind === "name") observer.add(item.name, item.offset, item.type);
  for (const atom of condition) for (const name of namesOf(atom)) observer.add(name, atom.offset);
  const shown = observer.inOrder();
  for (const atom of test.filter ? atomsOf(test.filter) : []) {
    for (const name of namesOf(atom)) observer.add(name, atom.offset);
  }
  const isFault = (atom: Atom | LitmusTest["locations"][number]): atom is FaultAtom => atom.kind === "fault";
  const faults = [...test.locations.filter(isFault), ...condition.filter(isFault)];
  const filtered = test.filter ? atomsOf(test.filter).filter(isFault) : [];
  const problem: Problem = {
    name: test.name,
    code: assembled.flatMap(({ code, handler }): readonly CodeBlock[] => (handler ? [code, handler] : [code])),
    data: locations.map((location) => dataBlock(test, location, numberOf)),
    threads: threadsOf(test, assembled, registers, numberOf),
    exits: assembled.flatMap(({ code, handler }) => (handler ? [endOf(code), endOf(handler)] : [endOf(code)])),
    observed: observer.observables,
    observedFaults: [...faults, ...filtered].map((atom) => faultFilter(test, atom, symbols)),
    ...test.cacheType,
    // herd takes each modified instruction to be alone in its cache line, and flags that it does.
    lineBytes: 4,
  };
  const offsetOf = offsets(test, assembled);
  const named = (remark: string): string =>
    remark.replace(/0x[0-9a-f]{6,}/g, (number) => {
      const offset = offsetOf(BigInt(number));
      const line = offset === undefined ? undefined : errorAt(test.source, offset, "syntax", "").line;
      return symbols.placeText(BigInt(number), line) ?? number;
    });
  return { problem, symbols, observed: observer.byName, shown, faults, numberOf, offsetOf, named };
}

/** All labels. Where several stand at one address, those that the initial state names come first: states show the first. */
function labelsOf(test: LitmusTest, assembled: readonly AssembledThread[]): readonly PlacedLabel[] {
  const isNamed = ({ thread, label }: PlacedLabel): boolean =>
    test.initial.some(({ value }) => value?.kind === "label" && value.thread === thread && value.label === label);
  const labels = test.threads.flatMap(({ id }, index) =>
    [...(assembled[index] as AssembledThread).labels].map(([label, address]) => ({ thread: id, label, address })),
  );
  return [...labels.filter(isNamed), ...labels.filter((label) => !isNamed(label))];
}

type NumberOf = LaidOut["numberOf"];

function valueReader(test: LitmusTest, locations: readonly PlacedLocation[], labels: readonly PlacedLabel[]): NumberOf {
  const wrong = (offset: number, reason: string, code: "symbol" | "value" | "unsupported" = "symbol"): Error =>
    errorAt(test.source, offset, code, reason);
  return (value, offset) => {
    switch (value.kind) {
      case "number":
        return value.value;
      case "instruction":
        return BigInt(assembleWord(test.source, value.text, offset));
      case "label": {
        const found = labels.find(({ thread, label }) => thread === value.thread && label === value.label);
        if (found === undefined) throw wrong(offset, `there is no label P${value.thread}:${value.label}`);
        return found.address;
      }
      case "address": {
        const location = locations.find(({ name }) => name === value.name);
        if (location === undefined) throw wrong(offset, `there is no location ${value.name}`);
        return location.address + elementOffset(location, value.index ?? 0, (reason) => wrong(offset, reason, "value"));
      }
      case "array":
        throw wrong(offset, "a list of values stands where one should", "value");
      case "page-table-entry":
        throw wrong(offset, "cmodx has no model of page tables", "unsupported");
    }
  };
}

/** The instructions that the initial state and the condition hold as values. */
function instructionValues(test: LitmusTest, numberOf: NumberOf): readonly number[] {
  const values = test.initial.map(({ value, offset }) => ({ value, offset }));
  for (const part of [test.condition.proposition, ...(test.filter ? [test.filter] : [])]) {
    for (const atom of atomsOf(part))
      if (atom.kind === "value") values.push({ value: atom.value, offset: atom.offset });
  }
  return values.flatMap(({ value, offset }) =>
    value?.kind === "instruction" ? [Number(numberOf(value, offset))] : [],
  );
}

function dataBlock(test: LitmusTest, location: PlacedLocation, numberOf: NumberOf): DataBlock {
  const bytes = new Uint8Array(roomFor(location.bytes));
  const initial = test.initial.find(
    ({ name, value }) => name.kind === "location" && name.name === location.name && value !== undefined,
  );
  if (initial?.value !== undefined) {
    const { value, offset } = initial;
    const values = value.kind === "array" ? value.values : [value];
    const width = location.type?.kind === "array" ? location.type.element.bytes : location.bytes;
    for (const [index, element] of values.entries()) {
      const number = numberOf(element, offset);
      for (let byte = 0; byte < width; byte++)
        bytes[index * width + byte] = Number((number >> BigInt(8 * byte)) & 0xffn);
    }
  }
  return { address: location.address, bytes };
}

function threadsOf(
  test: LitmusTest,
  assembled: readonly AssembledThread[],
  choice: RegisterChoice,
  numberOf: NumberOf,
): readonly ProblemThread[] {
  const registers = test.threads.map(() => new Map<number, bigint>());
  for (const { name, value, offset } of test.initial) {
    if (name.kind === "location") continue;
    const index = threadIndex(test, name.thread, offset);
    if (value !== undefined) registers[index]?.set(choice.numberOf(name), numberOf(value, offset));
  }
  return test.threads.map(({ id }, index) => {
    const { code, handler } = assembled[index] as AssembledThread;
    return {
      name: `P${id}`,
      entry: code.address,
      registers: registers[index] ?? new Map(),
      ...(handler && { handler: handler.address }),
    };
  });
}

function faultFilter(test: LitmusTest, atom: FaultAtom, symbols: Symbols): FaultFilter {
  const thread = threadIndex(test, atom.thread, atom.offset);
  const label = atom.label === undefined ? undefined : symbols.label(atom.thread, atom.label);
  if (atom.label !== undefined && label === undefined) {
    throw errorAt(test.source, atom.offset, "symbol", `there is no label P${atom.thread}:${atom.label}`);
  }
  const location = atom.location === undefined ? undefined : symbols.location(atom.location);
  return {
    thread,
    ...(label && { pc: label.address }),
    ...(location && { location: { address: location.address, bytes: location.bytes } }),
  };
}

function offsets(test: LitmusTest, assembled: readonly AssembledThread[]): LaidOut["offsetOf"] {
  const places = new Map<bigint, number>();
  for (const [index, { code, handler }] of test.threads.entries()) {
    const { code: main, handler: faults } = assembled[index] as AssembledThread;
    for (const [row, cell] of code.instructions.entries()) places.set(main.address + 4n * BigInt(row), cell.offset);
    for (const [row, cell] of (handler?.instructions ?? []).entries()) {
      if (faults !== undefined) places.set(faults.address + 4n * BigInt(row), cell.offset);
    }
  }
  return (pc) => places.get(pc);
}
