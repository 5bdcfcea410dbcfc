/** Hot regions compiled to WebAssembly. Importing this is cheap: the compiler library lives in the compile worker. */
export { RegionCache, type RegionStats } from "./cache.js";
export { CompileWorkerError } from "./errors.js";
export { type JitOptions, jitDefaults, type RegionHost } from "./host.js";
export { type ExitReason, exitReasons, type PathCounts } from "./plan.js";
