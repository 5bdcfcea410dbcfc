/** The machine under Arm's memory model, an execution at a time. */
export type { WeakEnd } from "./core.js";
export { WeakCore } from "./core.js";
export { type WeakEvent, type WeakObserver, weakKinds } from "./events.js";
export { type Exploration, type ExploreOptions, explore } from "./explore.js";
export { replay, type WeakFailure } from "./failure.js";
export {
  type WeakFault,
  type WeakLimits,
  WeakMachine,
  type WeakMachineOptions,
  type WeakOutcome,
  type WeakReason,
} from "./machine.js";
export { programOf } from "./program.js";
