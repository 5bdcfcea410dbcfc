/** What the commands share that take a schedule string. */
import { UsageError } from "./status.js";

/** Calls what replays: a schedule string that can't be replayed is a mistake in how the command was called. */
export async function replaying<T>(replay: () => T): Promise<T> {
  const { ScheduleError } = await import("../../engine/index.js");
  try {
    return replay();
  } catch (error) {
    throw error instanceof ScheduleError ? new UsageError(error.message) : error;
  }
}
