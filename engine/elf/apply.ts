/** Applies a relocation: computes its value as AAELF64 has it, checks that the place can hold it, and puts it there. */
import { parsePattern } from "../a64/pattern.js";
import { ElfError, hex } from "./errors.js";
import type { Relocation } from "./objects.js";
import type { RelocationRule } from "./relocations.js";
import type { Target } from "./resolve.js";
import { tlsOffset } from "./tls.js";

/** A relocation in its place. */
export interface Site {
  readonly file: string;
  readonly section: string;
  readonly relocation: Relocation;
  readonly target: Target;
  /** P. */
  readonly address: bigint;
}

export interface RelocationContext {
  /** S; 0 for a weak symbol that nothing defines. */
  address(target: Target): bigint;
  /** G. */
  entry(rule: RelocationRule, target: Target, addend: bigint): bigint;
  /** Of the global offset table. */
  table(): bigint;
  /** Of the veneer that was made for branches that do not reach, if one was. */
  veneer(target: Target, addend: bigint): bigint | undefined;
  readonly threadBlock: { readonly address: bigint; readonly alignment: bigint } | undefined;
}

/** What is wrong with thread-local accesses where no object has such variables. */
export const NO_THREAD_SECTION = "a thread-local relocation, and no thread-local section (SHF_TLS)";

const NOP = parsePattern("11010101000000110010 0000 000 11111").value;

const PAGE_MASK = ~0xfffn;

function page(address: bigint): bigint {
  return address & PAGE_MASK;
}

/** Whether a branch at `from` reaches `to`. */
export function reaches({ range }: RelocationRule, from: bigint, to: bigint): boolean {
  const distance = BigInt.asIntN(64, to - from);
  return range === undefined || (distance >= range.minimum && distance < range.end);
}

/** Throws an ElfError if the value does not fit its place. */
export function applyRelocation(view: DataView, offset: number, site: Site, context: RelocationContext): void {
  const { rule } = site.relocation;
  const isWeak = site.target.where.kind === "weak";
  // A call of a weak function that is not there goes on behind the call.
  if (isWeak && rule.operation === "branch") return view.setUint32(offset, NOP, true);
  const value = BigInt.asIntN(64, relocatedValue(site, context));
  if (rule.range !== undefined && (value < rule.range.minimum || value >= rule.range.end))
    outOfRange(site, value, context);
  if (value % rule.multiple !== 0n) {
    fail(
      site,
      "relocation-alignment",
      `R_AARCH64_${rule.name}: the value ${hex(value)} is no multiple of ${rule.multiple}: align the symbol`,
    );
  }
  rule.encoder.put(view, offset, value);
}

function relocatedValue(site: Site, context: RelocationContext): bigint {
  const {
    relocation: { rule, addend },
    target,
    address: place,
  } = site;
  const isWeak = target.where.kind === "weak";
  const symbol = (): bigint => context.address(target) + addend;
  switch (rule.operation) {
    case "none":
      return 0n;
    case "absolute":
      return symbol();
    // Relative to a weak symbol that is not there: as if it stood here (AAELF64, "Weak references").
    case "relative":
      return isWeak ? addend : symbol() - place;
    case "page":
      return isWeak ? page(page(place) + addend) - page(place) : page(symbol()) - page(place);
    case "branch":
      return branchDistance(site, symbol(), context);
    case "entry":
      return context.entry(rule, target, addend);
    case "entry-relative":
      return context.entry(rule, target, addend) - place;
    case "entry-page":
      return page(context.entry(rule, target, addend)) - page(place);
    case "entry-in-table":
      return context.entry(rule, target, addend) - page(context.table());
    case "thread":
      return threadOffset(site, symbol(), context);
  }
}

function branchDistance(site: Site, to: bigint, context: RelocationContext): bigint {
  const {
    relocation: { rule, addend },
    target,
    address: place,
  } = site;
  if (reaches(rule, place, to)) return to - place;
  const veneer = context.veneer(target, addend);
  return (veneer !== undefined && reaches(rule, place, veneer) ? veneer : to) - place;
}

function threadOffset(site: Site, address: bigint, { threadBlock }: RelocationContext): bigint {
  if (threadBlock === undefined) fail(site, "malformed", NO_THREAD_SECTION);
  return tlsOffset(address - threadBlock.address, threadBlock.address, threadBlock.alignment);
}

function outOfRange(site: Site, value: bigint, context: RelocationContext): never {
  const { rule, addend } = site.relocation;
  const { minimum, end } = rule.range as { minimum: bigint; end: bigint };
  const veneer = rule.operation === "branch" ? context.veneer(site.target, addend) : undefined;
  const noVeneer = veneer === undefined ? "" : `, nor does the distance to the veneer at ${hex(veneer)}`;
  const advice =
    {
      absolute: "place the symbol at a lower address, or compile with -fPIE",
      thread: "make the thread-local variables smaller, or compile with a larger -mtls-size",
    }[rule.operation as "absolute" | "thread"] ?? "place the sections nearer to each other";
  fail(
    site,
    "relocation-range",
    `R_AARCH64_${rule.name}: the value ${hex(value)} does not fit in ${hex(minimum)} to ${hex(end - 1n)}${noVeneer}: ${advice}`,
  );
}

function fail(site: Site, code: "relocation-range" | "relocation-alignment" | "malformed", reason: string): never {
  const { file, section, relocation, target } = site;
  throw new ElfError(code, file, relocation.at, reason, { section, offset: relocation.offset, symbol: target.name });
}
