/** The common ancestor of all errors that the package throws: a code to branch on, a message for people. */

export class CmodxError extends Error {
  override readonly name: string = "CmodxError";

  constructor(
    /** Stable name of the kind of error. */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** A mistake in cmodx itself. */
export class InternalError extends CmodxError {
  override readonly name = "InternalError";

  constructor(message: string) {
    super("internal", `${message}; this is a mistake in cmodx`);
  }
}
