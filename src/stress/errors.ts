import { CmodxError } from "../../engine/index.js";

/**
 * fixed-target     the design's target can't change
 * bad-campaign     options that do not describe a campaign
 * not-mergeable    reports that are not the shards of one campaign
 * stuck            a core did not come to an end, though it was told to
 * internal         a mistake in cmodx
 */
export type StressErrorCode = "fixed-target" | "bad-campaign" | "not-mergeable" | "stuck" | "internal";

/** What a campaign refuses, or failed at by itself. What it was made to find is in its report. */
export class StressError extends CmodxError {
  override readonly name = "StressError";

  constructor(code: StressErrorCode, message: string) {
    super(code, message);
  }
}
