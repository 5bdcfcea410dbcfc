/** The weak machine: what its interpreter's handlers call, and what engine/weak calls. */
export { crc32, rbit } from "../bits";
export { checkSPAlignment, raise, trap, undefined } from "../exceptions";
export { readSystem, writePState, writeSystem } from "../system";
export { addressTranslation } from "../translation";
export { access, isGuarded } from "../windows";
export { loadFrom, storeTo } from "./accesses";
export { clearExclusive, compareAndSwapPair, loadExclusive, loadExclusivePair, storeExclusive } from "./exclusives";
export { barrier, cleanLine as dataCache, eret, hint, invalidateLine as instructionCache } from "./order";
export { fetchable } from "./fetch";
export { reset, run, seal } from "./run";
export { abandon, settle } from "./waiting";
export { compareAndSwap, update } from "./updates";
