/** Hot regions compiled to WebAssembly. Importing this is cheap: what translates lives in the compile worker. */
export { RegionCache } from "./cache.js";
export { type CompileChannel, compileWorker } from "./compiler.js";
export { CompileWorkerError } from "./errors.js";
export { type JitOptions, jitDefaults, patient, type RegionHost } from "./host.js";
export { type ExitReason, exitReasons, type PathCounts, type PlanWindow } from "./plan.js";
