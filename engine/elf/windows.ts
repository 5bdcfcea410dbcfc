/** The windows that a machine needs for images: what MachineOptions.windows takes (the type is the machine's, by its shape). */
import type { ElfAccess, ElfImage } from "./image.js";
import { accessOf } from "./image.js";

export interface ImageWindow {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
  readonly access: ElfAccess;
  readonly guarded: boolean;
}

export interface WindowOptions {
  /** Bytes of stack, rounded up to pages; 256 KiB if absent, none if 0. The machine's SP begins at its top. */
  readonly stack?: number;
  /** Bytes of a window "heap" on the first page after the images; none if absent. */
  readonly heap?: number;
}

const PAGE = 4096n;
const DEFAULT_STACK = 256 * 1024;
/** Unmapped bytes below the stack, so that running over it faults. */
const GUARD = 0x1_0000n;

interface Pages {
  first: bigint;
  /** Behind the last page. */
  end: bigint;
  access: ElfAccess;
  guarded: boolean;
}

function pageDown(address: bigint): bigint {
  return address - (address % PAGE);
}

function pageUp(address: bigint): bigint {
  return pageDown(address + PAGE - 1n);
}

function withCode(pages: { readonly access: ElfAccess }): boolean {
  return pages.access.includes("x");
}

/** One access for two neighbours: what either allows. Guarded if all code of the two is. */
function join(into: Pages, other: Pages): void {
  const either = into.access + other.access;
  into.guarded = [into, other].filter(withCode).every(({ guarded }) => guarded) && either.includes("x");
  into.access = accessOf(either.includes("w"), either.includes("x"));
  if (other.end > into.end) into.end = other.end;
}

/** Segments in whole pages, in the order of their addresses. */
function pagesOf(images: readonly ElfImage[]): readonly Pages[] {
  const wanted = images
    .flatMap(({ segments }) => segments)
    .filter(({ memorySize }) => memorySize > 0)
    .map(({ address, memorySize, access, guarded }) => ({
      first: pageDown(address),
      end: pageUp(address + BigInt(memorySize)),
      access,
      guarded,
    }))
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0));
  const result: Pages[] = [];
  for (const pages of wanted) {
    const last = result.at(-1);
    const isShared = last !== undefined && pages.first < last.end;
    const isSame =
      last !== undefined && pages.first === last.end && pages.access === last.access && pages.guarded === last.guarded;
    if (last !== undefined && (isShared || isSame)) join(last, pages);
    else result.push(pages);
  }
  return result;
}

const kinds: Readonly<Record<ElfAccess, string>> = { r: "rodata", rw: "data", rx: "text", rwx: "memory" };

/** "text", "rodata", "data", or "memory" for rwx; "text-2" for a second one, and so on. */
function named(pages: readonly Pages[]): readonly ImageWindow[] {
  const counts = new Map<string, number>();
  return pages.map(({ first, end, access, guarded }) => {
    const kind = kinds[access];
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return {
      name: count === 1 ? kind : `${kind}-${count}`,
      address: first,
      size: Number(end - first),
      access,
      guarded,
    };
  });
}

/**
 * Windows that hold the images' segments, a heap and a stack. A window is whole pages of 4096 bytes. Segments that
 * share a page become one window that allows what any of them does (a linker that aligns segments to pages leaves none such);
 * neighbours with the same rights become one too. The stack stands above everything, 64 KiB away.
 */
export function windowsFor(
  images: ElfImage | readonly ElfImage[],
  options: WindowOptions = {},
): readonly ImageWindow[] {
  const windows = [...named(pagesOf("segments" in images ? [images] : images))];
  let end = windows.reduce(
    (last, { address, size }) => (address + BigInt(size) > last ? address + BigInt(size) : last),
    PAGE,
  );
  const add = (name: string, address: bigint, bytes: number): void => {
    const size = Number(pageUp(BigInt(bytes)));
    windows.push({ name, address, size, access: "rw", guarded: false });
    end = address + BigInt(size);
  };
  if (options.heap !== undefined && options.heap > 0) add("heap", end, options.heap);
  const stack = options.stack ?? DEFAULT_STACK;
  if (stack > 0) add("stack", end + GUARD, stack);
  return windows;
}
