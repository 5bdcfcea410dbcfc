/**
 * What the guest writes, on its way to the process's standard streams: collected in blocks and written synchronously, since
 * the guest runs synchronously. What goes to the two streams keeps its order.
 */
import { writeSync } from "node:fs";

/** The reader of the output has gone (EPIPE). */
export class ReaderGoneError extends Error {
  override readonly name = "ReaderGoneError";
}

export type Descriptor = 1 | 2;

const BLOCK_BYTES = 1 << 16;
/** A pipe that somebody has made non-blocking is tried again after this many milliseconds. */
const RETRY_MS = 2;

function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
}

function writeAll(descriptor: Descriptor, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length; ) {
    try {
      done += writeSync(descriptor, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EPIPE") throw new ReaderGoneError("the reader of the output has gone");
      if (code !== "EAGAIN") throw error;
      pause();
    }
  }
}

export class Output {
  readonly #block = new Uint8Array(BLOCK_BYTES);
  #used = 0;
  #descriptor: Descriptor = 1;
  readonly #encoder = new TextEncoder();

  /** Throws a ReaderGoneError, or the system's error. */
  write(descriptor: Descriptor, bytes: Uint8Array): void {
    if (descriptor !== this.#descriptor || this.#used + bytes.length > BLOCK_BYTES) this.flush();
    this.#descriptor = descriptor;
    if (bytes.length > BLOCK_BYTES) {
      writeAll(descriptor, bytes);
      return;
    }
    this.#block.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  /** As `write`. */
  writeText(descriptor: Descriptor, text: string): void {
    this.write(descriptor, this.#encoder.encode(text));
  }

  /** Writes what has been collected. */
  flush(): void {
    const used = this.#used;
    this.#used = 0;
    if (used > 0) writeAll(this.#descriptor, this.#block.subarray(0, used));
  }
}
