/** The core: what the interpreter's handlers and compiled regions call, and what engine/machine calls. */
export { crc32, rbit } from "./bits";
export { lockPairs } from "./broadcast";
export { checkSPAlignment, eret, raise, trap, undefined } from "./exceptions";
export { fill, slotAddress } from "./icache";
export { broadcast, barrier, cleanAndInvalidate, dataCache, hostWrites, instructionCache } from "./maintenance";
export { followOn, noteBranch } from "./regions";
export { execute, executeSpecial, run } from "./run";
export { hint, readSystem, writePState, writeSystem } from "./system";
export { addressTranslation } from "./translation";
export { access, isGuarded } from "./windows";
