import { CmodxError } from "../a64/errors.js";

/**
 * schedule-damaged   not a schedule string, or one with a part missing or changed
 * schedule-version   written by a cmodx whose choices mean something else
 * schedule-program   of another program, or of the same one under other conditions
 */
export type ScheduleErrorCode = "schedule-damaged" | "schedule-version" | "schedule-program";

/** A schedule string that can't be replayed here. */
export class ScheduleError extends CmodxError {
  override readonly name = "ScheduleError";

  constructor(code: ScheduleErrorCode, message: string) {
    super(code, message);
  }
}
