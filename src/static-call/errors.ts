import { CmodxError } from "../../engine/index.js";

/**
 * full            no room for another key
 * occupied        what is loaded reaches into the part of a window that is kept for static calls
 * unknown-trampoline   a trampoline found in an image is none of a design
 * not-writable    what the patch procedure would write is mapped nowhere as writable
 * duplicate       the machine has a key of that name
 * bad-name        not an assembler symbol
 * bad-target      not a multiple of 4: no instruction stands there, and B can't encode it
 * fixed-target    the design's target can't change, or has to be given
 * no-type         a kCFI-checked key without a type hash
 * unknown-site    an entry of .static_call_sites is no call of a key whose sites are patched
 * no-protection   what was to be taken away from the design is nothing that it has
 * internal        a mistake in cmodx
 */
export type StaticCallErrorCode =
  | "full"
  | "occupied"
  | "unknown-trampoline"
  | "not-writable"
  | "duplicate"
  | "bad-name"
  | "bad-target"
  | "fixed-target"
  | "no-type"
  | "unknown-site"
  | "no-protection"
  | "internal";

/** What a static call refuses. Faults of the guest code that it runs are the engine's own errors. */
export class StaticCallError extends CmodxError {
  override readonly name = "StaticCallError";

  constructor(code: StaticCallErrorCode, message: string) {
    super(code, message);
  }
}
