/** Choices: who makes them, how they are written down, replayed, and made fewer. */
export {
  alternativeOf,
  byKind,
  type Chooser,
  coreAt,
  coreOf,
  coresOf,
  inTurn,
  MAX_CORES,
  MAX_KINDS,
  STEP,
  sequential,
} from "./chooser.js";
export { Departures } from "./departures.js";
export { ScheduleError, type ScheduleErrorCode } from "./errors.js";
export { type Choice, type ChoiceLog, Recorder, Replay } from "./log.js";
export { Priorities } from "./priorities.js";
export { Rates } from "./rates.js";
export { RoundRobin } from "./round-robin.js";
export { formatSchedule, parseSchedule, parseScheduleOf, programHash, type Schedule } from "./schedule.js";
export { type Attempt, type Shrunk, shrink } from "./shrink.js";
export { Uniform } from "./uniform.js";
export { Weighted } from "./weighted.js";
