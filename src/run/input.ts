/** What the guest reads: the process's standard input, of which it gets what has arrived. */

/** There is no input yet: the guest's call is to be made again later, so that signals are handled meanwhile. */
export class InputPendingError extends Error {
  override readonly name = "InputPendingError";
}

export class Input {
  #stream: NodeJS.ReadStream | undefined;
  #left: Uint8Array = new Uint8Array(0);
  #ended = false;
  #error: Error | undefined;

  /** Up to `length` bytes, none at the end of the input. Throws an InputPendingError, or the system's error. */
  read(length: number): Uint8Array {
    this.#stream ??= this.#open();
    if (this.#error !== undefined) throw this.#error;
    if (this.#left.length === 0) this.#left = (this.#stream.read() as Buffer | null) ?? this.#left;
    if (this.#left.length === 0 && !this.#ended) throw new InputPendingError("no input yet");
    const bytes = this.#left.subarray(0, length);
    this.#left = this.#left.subarray(length);
    return bytes;
  }

  #open(): NodeJS.ReadStream {
    return process.stdin
      .on("end", () => {
        this.#ended = true;
      })
      .on("error", (error) => {
        this.#error = error;
      });
  }

  /** An open stream would keep the process. */
  close(): void {
    this.#stream?.destroy();
  }
}
