/** Litmus tests: reading, laying out for the checker, judging, printing. */
export { LitmusError, type LitmusErrorCode, type Place } from "./errors.js";
export { differences, type Expectation, expectationOf } from "./expectation.js";
export { type LaidOut, layOut } from "./layout.js";
export type { Shown } from "./observer.js";
export { parseLitmus } from "./parse.js";
export { formatVerdict, type PrintOptions, verdictJson } from "./print.js";
export { runLitmus } from "./run.js";
export type { LitmusTest } from "./syntax.js";
export { type Observation, type Verdict, verdictOf } from "./verdict.js";
