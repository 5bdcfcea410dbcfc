/**
 * Semihosting: what a program without an operating system asks its host for with HLT #0xF000 (Arm Semihosting for AArch32
 * and AArch64, release 2.0 and later, the A64 rows). W0 is the operation, X1 its parameter or the address of a block of
 * 64-bit words, X0 the answer. There is a console and an exit, but no file system: the one file is ":tt".
 */
import { ArgumentError } from "./errors.js";
import type { GuestMemory } from "./guest-memory.js";

/** Where the guest writes to: its standard streams, or the debug channel of SYS_WRITEC and SYS_WRITE0. */
export type SemihostingStream = "stdout" | "stderr" | "console";

export interface SemihostingOptions {
  /** Takes what the guest writes; the bytes are the callee's. Nothing becomes of it by default. */
  readonly write?: (stream: SemihostingStream, bytes: Uint8Array) => void;
  /** Gives up to `length` bytes of the guest's standard input, none at its end. Default: an empty input. */
  readonly read?: (length: number) => Uint8Array;
  /** What SYS_GET_CMDLINE gives, in ASCII. Default: nothing. */
  readonly commandLine?: string;
  /** Seconds since 1970 for SYS_TIME. Default: the host's clock. Elapsed times come from MachineOptions.counter. */
  readonly time?: () => number;
}

/** The guest has called SYS_EXIT or SYS_EXIT_EXTENDED. */
export interface GuestExit {
  /** The status that the program gives, as a signed 32-bit number; 1 where `reason` is no ordinary exit. */
  readonly code: number;
  /** ADP_Stopped_*: 0x20026 for an ordinary exit (ApplicationExit). */
  readonly reason: number;
}

const SYS_OPEN = 0x01;
const SYS_CLOSE = 0x02;
const SYS_WRITEC = 0x03;
const SYS_WRITE0 = 0x04;
const SYS_WRITE = 0x05;
const SYS_READ = 0x06;
const SYS_READC = 0x07;
const SYS_ISERROR = 0x08;
const SYS_ISTTY = 0x09;
const SYS_FLEN = 0x0c;
const SYS_CLOCK = 0x10;
const SYS_TIME = 0x11;
const SYS_ERRNO = 0x13;
const SYS_GET_CMDLINE = 0x15;
const SYS_HEAPINFO = 0x16;
const SYS_EXIT = 0x18;
const SYS_EXIT_EXTENDED = 0x20;
const SYS_ELAPSED = 0x30;
const SYS_TICKFREQ = 0x31;

const APPLICATION_EXIT = 0x20026;
const TICKS_PER_SECOND = 1_000_000_000;
const TICKS_PER_CENTISECOND = TICKS_PER_SECOND / 100;

/** Handles of ":tt". All of them are open from the start, so that a program need not ask. */
const STDOUT = 1n;
const STDERR = 2n;
const STDIN = 3n;
const streams: ReadonlyMap<bigint, SemihostingStream> = new Map([
  [STDOUT, "stdout"],
  [STDERR, "stderr"],
]);
const CONSOLE_FILE = ":tt";
/** Modes of SYS_OPEN are fopen's: r, rb, r+, r+b; w, ...; a, ..., of which the console takes reads, output and errors. */
const MODES_A_KIND = 4n;
const MODES = 12n;

const ENOENT = 2;
const EBADF = 9;
const EFAULT = 14;
const EINVAL = 22;
const ENOSYS = 38;

/** Bytes handed to `write` at most at a time. */
const PIECE_BYTES = 1 << 16;
const ALL_ONES = 0xffff_ffff_ffff_ffffn;

/** Why an operation gives -1, or what the specification has in place of it. */
class Refusal {
  constructor(
    readonly errno: number,
    readonly answer = ALL_ONES,
  ) {}
}

/** What becomes of a call: X0, an exit, or nothing where the specification has no answer. */
type Outcome = bigint | number | GuestExit | Refusal | undefined;

const badPointer = new Refusal(EFAULT);

function text(value: string): Uint8Array {
  return Uint8Array.from(value, (character) => character.charCodeAt(0));
}

export class Semihosting {
  readonly #start: number;
  #errno = 0;

  /** `counter`: the system counter, 10^9 ticks a second. */
  constructor(
    private readonly memory: GuestMemory,
    private readonly counter: () => number,
    private readonly options: SemihostingOptions,
  ) {
    this.#start = counter();
  }

  /** Does what the guest asks for: gives X0, nothing if it is to stay, or the exit. Throws what the options' functions throw. */
  call(operation: number, parameter: bigint): bigint | GuestExit | undefined {
    const outcome = this.#perform(operation, parameter);
    if (outcome instanceof Refusal) {
      this.#errno = outcome.errno;
      return outcome.answer;
    }
    return typeof outcome === "number" ? BigInt.asUintN(64, BigInt(outcome)) : outcome;
  }

  #perform(operation: number, parameter: bigint): Outcome {
    switch (operation) {
      case SYS_WRITEC:
        return this.#writeCharacter(parameter);
      case SYS_WRITE0:
        return this.#writeString(parameter);
      case SYS_READC:
        return this.#readCharacter();
      case SYS_CLOCK:
        return Math.floor(this.#elapsed() / TICKS_PER_CENTISECOND);
      case SYS_TIME:
        return Math.floor(this.options.time?.() ?? Date.now() / 1000);
      case SYS_ERRNO:
        return this.#errno;
      case SYS_TICKFREQ:
        return TICKS_PER_SECOND;
      case SYS_ELAPSED:
        return this.#store(parameter, words(BigInt(this.#elapsed())));
      case SYS_HEAPINFO:
        return this.#heapInfo(parameter);
      default:
        return this.#performOnBlock(operation, parameter);
    }
  }

  /** The operations whose parameter is the address of a block. */
  #performOnBlock(operation: number, block: bigint): Outcome {
    switch (operation) {
      case SYS_OPEN:
        return this.#withWords(block, 3, (name, mode, length) => this.#open(name, mode, length));
      case SYS_CLOSE:
        return this.#withWords(block, 1, (handle) => this.#withHandle(handle, 0));
      case SYS_WRITE:
        return this.#withWords(block, 3, (handle, address, length) => this.#write(handle, address, length));
      case SYS_READ:
        return this.#withWords(block, 3, (handle, address, length) => this.#read(handle, address, length));
      case SYS_ISERROR:
        return this.#withWords(block, 1, (status) => (BigInt.asIntN(64, status) < 0n ? 1 : 0));
      case SYS_ISTTY:
        return this.#withWords(block, 1, (handle) => this.#withHandle(handle, 1));
      case SYS_FLEN:
        return this.#withWords(block, 1, (handle) => this.#withHandle(handle, 0));
      case SYS_GET_CMDLINE:
        return this.#withWords(block, 2, (address, length) => this.#commandLine(block, address, length));
      case SYS_EXIT:
      case SYS_EXIT_EXTENDED:
        return this.#withWords(block, 2, exit);
      default:
        return new Refusal(ENOSYS);
    }
  }

  #elapsed(): number {
    return this.counter() - this.#start;
  }

  // ---- the console --------------------------------------------------------------------------------

  #open(name: bigint, mode: bigint, length: bigint): Outcome {
    if (mode >= MODES) return new Refusal(EINVAL);
    if (length !== BigInt(CONSOLE_FILE.length)) return new Refusal(ENOENT);
    const bytes = this.#load(name, CONSOLE_FILE.length);
    if (bytes === undefined) return badPointer;
    if (String.fromCharCode(...bytes) !== CONSOLE_FILE) return new Refusal(ENOENT);
    return [STDIN, STDOUT, STDERR][Number(mode / MODES_A_KIND)];
  }

  #withHandle(handle: bigint, answer: number): Outcome {
    return handle === STDIN || streams.has(handle) ? answer : new Refusal(EBADF);
  }

  #writeCharacter(address: bigint): Outcome {
    const bytes = this.#load(address, 1);
    if (bytes === undefined) return badPointer;
    this.options.write?.("console", bytes);
    return undefined;
  }

  #writeString(address: bigint): Outcome {
    for (let next = address; ; ) {
      const view = this.memory.view(next, PIECE_BYTES, "r");
      if (view === undefined) return badPointer;
      const end = view.indexOf(0);
      const bytes = end < 0 ? view.slice() : view.slice(0, end);
      if (bytes.length > 0) this.options.write?.("console", bytes);
      if (end >= 0) return undefined;
      next += BigInt(bytes.length);
    }
  }

  /** Gives the number of bytes that were not written. */
  #write(handle: bigint, address: bigint, length: bigint): Outcome {
    const stream = streams.get(handle);
    if (stream === undefined) return new Refusal(EBADF, length);
    for (let left = length; left > 0n; ) {
      const view = this.memory.view(address + length - left, left < PIECE_BYTES ? Number(left) : PIECE_BYTES, "r");
      if (view === undefined) return new Refusal(EFAULT, left);
      this.options.write?.(stream, view.slice());
      left -= BigInt(view.length);
    }
    return 0;
  }

  #input(length: number): Uint8Array {
    const bytes = this.options.read?.(length) ?? new Uint8Array(0);
    if (bytes.length > length)
      throw new ArgumentError(`semihosting.read gave ${bytes.length} bytes, asked for ${length}`);
    return bytes;
  }

  #readCharacter(): Outcome {
    return this.#input(1)[0] ?? -1;
  }

  /** Gives the number of bytes that were not read. */
  #read(handle: bigint, address: bigint, length: bigint): Outcome {
    if (handle !== STDIN) return new Refusal(EBADF, length);
    if (length === 0n) return 0;
    const view = this.memory.view(address, length < PIECE_BYTES ? Number(length) : PIECE_BYTES, "w");
    if (view === undefined) return new Refusal(EFAULT, length);
    const bytes = this.#input(view.length);
    this.memory.write(address, bytes);
    return length - BigInt(bytes.length);
  }

  // ---- the program's surroundings -----------------------------------------------------------------

  #commandLine(block: bigint, address: bigint, length: bigint): Outcome {
    const bytes = text(`${this.options.commandLine ?? ""}\0`);
    if (BigInt(bytes.length) > length) return new Refusal(EINVAL);
    const stored = this.#store(address, bytes);
    return stored === 0 ? this.#store(block + 8n, words(BigInt(bytes.length - 1))) : stored;
  }

  /** Base and limit of the heap, then of the stack: the windows of these names, 0 for one that is not there. */
  #heapInfo(parameter: bigint): Outcome {
    const block = this.#words(parameter, 1)?.[0];
    if (block === undefined) return badPointer;
    const range = (name: string): readonly [bigint, bigint] => {
      const window = this.memory.windows.find(({ spec }) => spec.name === name);
      return window === undefined ? [0n, 0n] : [window.base, window.base + BigInt(window.size)];
    };
    const [heapBase, heapEnd] = range("heap");
    const [stackEnd, stackBase] = range("stack");
    return this.#store(block, words(heapBase, heapEnd, stackBase, stackEnd));
  }

  // ---- the guest's memory -------------------------------------------------------------------------

  /** A copy of a few bytes, of more windows than one where need be. */
  #load(address: bigint, length: number): Uint8Array | undefined {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const view = this.memory.view(address + BigInt(done), length - done, "r");
      if (view === undefined) return undefined;
      bytes.set(view, done);
      done += view.length;
    }
    return bytes;
  }

  #words(address: bigint, count: number): readonly bigint[] | undefined {
    const bytes = this.#load(address, 8 * count);
    if (bytes === undefined) return undefined;
    const view = new DataView(bytes.buffer);
    return Array.from({ length: count }, (_, i) => view.getBigUint64(8 * i, true));
  }

  #withWords(block: bigint, count: number, perform: (...args: bigint[]) => Outcome): Outcome {
    const values = this.#words(block, count);
    return values === undefined ? badPointer : perform(...values);
  }

  /** Writes within one window: 0, or the refusal. */
  #store(address: bigint, bytes: Uint8Array): 0 | Refusal {
    if (this.memory.view(address, bytes.length, "w")?.length !== bytes.length) return badPointer;
    this.memory.write(address, bytes);
    return 0;
  }
}

function exit(reason: bigint, subcode: bigint): GuestExit {
  const isOrdinary = reason === BigInt(APPLICATION_EXIT);
  return { reason: Number(reason), code: isOrdinary ? Number(BigInt.asIntN(32, subcode)) : 1 };
}

function words(...values: readonly bigint[]): Uint8Array {
  const bytes = new Uint8Array(8 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setBigUint64(8 * i, value, true));
  return bytes;
}
