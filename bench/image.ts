/**
 * One image for every engine: the cases of src/dispatch in a machine whose windows stand where a Linux
 * process may have its segments, and the same bytes as a static ELF file.
 */
import { writeFileSync } from "node:fs";
import { assemble, type Machine, type WindowSpec } from "cmodx/engine";

export const STACK_TOP = 0x13010000n;
/** Where the ELF file's _start stands; no window of the machine. */
const STUB = 0x14000000n;
const STUB_DATA = 0x14010000n;

const PAGE = 4096;
const WINDOW_BYTES = 65536;

export const windows: WindowSpec[] = [
  { name: "text", address: 0x10000000n, size: WINDOW_BYTES, access: "rx", guarded: true },
  { name: "patch", address: 0x11000000n, size: WINDOW_BYTES, access: "rw", alias: "text" },
  { name: "data", address: 0x12000000n, size: WINDOW_BYTES, access: "rw" },
  { name: "stack", address: 0x13000000n, size: WINDOW_BYTES, access: "rw" },
  // Beyond the 128 MiB that B reaches from text.
  { name: "modules", address: 0x20000000n, size: WINDOW_BYTES, access: "rx", guarded: true },
];

const SEGMENTS = ["text", "data", "modules", "stack"];

/**
 * Calls x0 = `loop`(turns) `runs` times; each run writes 40 bytes to standard output: the monotonic clock
 * before and after (seconds and nanoseconds each), and x0. Linux system calls: clock_gettime 113, write 64, exit 93.
 */
const stub = (loop: bigint, turns: number, runs: number): string => `
	.globl	_start
_start:
	ldr	x20, =${runs}
	ldr	x21, =buffer
1:	mov	x0, #1
	mov	x1, x21
	mov	x8, #113
	svc	#0
	ldr	x0, =${turns}
	ldr	x16, =0x${loop.toString(16)}
	blr	x16
	str	x0, [x21, #32]
	mov	x0, #1
	add	x1, x21, #16
	mov	x8, #113
	svc	#0
	mov	x0, #1
	mov	x1, x21
	mov	x2, #40
	mov	x8, #64
	svc	#0
	subs	x20, x20, #1
	b.ne	1b
	mov	x0, #0
	mov	x8, #93
	svc	#0
	.section .data, "aw"
	.balign	8
buffer:	.space	40
`;

interface Segment {
  readonly address: bigint;
  readonly bytes: Uint8Array;
  /** PF_X 1, PF_W 2, PF_R 4. */
  readonly protection: number;
}

const EHDR_BYTES = 64;
const PHDR_BYTES = 56;
const EM_AARCH64 = 183;

function writeHeader(view: DataView, entry: bigint, segments: number): void {
  new Uint8Array(view.buffer).set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // ET_EXEC
  view.setUint16(18, EM_AARCH64, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, entry, true);
  view.setBigUint64(32, BigInt(EHDR_BYTES), true);
  view.setUint16(52, EHDR_BYTES, true);
  view.setUint16(54, PHDR_BYTES, true);
  view.setUint16(56, segments, true);
}

/** A static executable of the given segments: ELF-64 little-endian, no sections. */
export function elfFile(entry: bigint, segments: readonly Segment[]): Uint8Array {
  const offsets: number[] = [];
  let size = PAGE;
  for (const segment of segments) {
    offsets.push(size);
    size += Math.ceil(segment.bytes.length / PAGE) * PAGE;
  }
  const file = new Uint8Array(size);
  const view = new DataView(file.buffer);
  writeHeader(view, entry, segments.length);
  segments.forEach(({ address, bytes, protection }, index) => {
    const at = EHDR_BYTES + index * PHDR_BYTES;
    const offset = offsets[index] ?? 0;
    view.setUint32(at, 1, true); // PT_LOAD
    view.setUint32(at + 4, protection, true);
    view.setBigUint64(at + 8, BigInt(offset), true);
    view.setBigUint64(at + 16, address, true);
    view.setBigUint64(at + 24, address, true);
    view.setBigUint64(at + 32, BigInt(bytes.length), true);
    view.setBigUint64(at + 40, BigInt(bytes.length), true);
    view.setBigUint64(at + 48, BigInt(PAGE), true);
    file.set(bytes, offset);
  });
  return file;
}

/** Writes the machine's memory, and a _start that runs and times `loop`, as an executable. */
export function writeElf(path: string, machine: Machine, loop: bigint, turns: number, runs: number): void {
  const start = assemble(stub(loop, turns, runs), { base: STUB, sections: { ".data": STUB_DATA }, file: "start.s" });
  const own = machine.windows
    .filter((window) => SEGMENTS.includes(window.name))
    .map((window) => ({
      address: window.address,
      bytes: machine.read(window.address, window.size),
      protection: window.access.includes("x") ? 5 : 6,
    }));
  const extra = start.sections
    .filter((section) => section.bytes.length > 0)
    .map((section) => ({
      address: section.address,
      bytes: section.bytes,
      protection: section.flags.includes("x") ? 5 : 6,
    }));
  writeFileSync(path, elfFile(STUB, [...own, ...extra]), { mode: 0o755 });
}

/** What a run of such an executable wrote. */
export function parseRuns(output: Buffer): { nanoseconds: number; x0: bigint }[] {
  return Array.from({ length: Math.floor(output.length / 40) }, (_, run) => {
    const word = (index: number): bigint => output.readBigUInt64LE(run * 40 + index * 8);
    const nanoseconds = (word(2) - word(0)) * 1_000_000_000n + word(3) - word(1);
    return { nanoseconds: Number(nanoseconds), x0: word(4) };
  });
}
