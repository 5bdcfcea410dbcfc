/** The one file that knows binaryen. It runs when the package is built, and has all the time that it wants. */
import binaryen from "binaryen";
import { InternalError } from "../a64/errors.js";

/** Of binaryen's -O levels. */
const OPTIMISE_LEVEL = 2;

/** A module after binaryen's passes. Throws an InternalError if it is not valid. */
export function optimised(binary: Uint8Array): Uint8Array {
  const module = binaryen.readBinary(binary);
  module.setFeatures(
    binaryen.Features.Atomics |
      binaryen.Features.MutableGlobals |
      binaryen.Features.SignExt |
      binaryen.Features.BulkMemory,
  );
  if (!module.validate()) throw new InternalError("the interpreter's module is not valid");
  binaryen.setOptimizeLevel(OPTIMISE_LEVEL);
  binaryen.setShrinkLevel(0);
  module.optimize();
  const optimisedBinary = module.emitBinary();
  module.dispose();
  return optimisedBinary;
}
